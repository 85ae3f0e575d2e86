"""The console of audit staff (审核工作台): pages rendered here, over the same use cases as the REST interface."""
