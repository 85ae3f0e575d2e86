"""The demo (演示): sample encounters of invented patients, audited over HTTP, with every finding shown."""
