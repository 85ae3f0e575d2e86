"""Accounts and sessions of staff (账号与会话), as SQLAlchemy sees them; migrations/ makes them."""
