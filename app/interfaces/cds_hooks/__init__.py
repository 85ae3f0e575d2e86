"""CDS Hooks 2.0 (电子病历提醒服务): what an EMR calls when a doctor selects, signs or dispatches orders."""
