"""Notices to others and saved views (通知与视图), as SQLAlchemy sees them; migrations/ makes them."""
