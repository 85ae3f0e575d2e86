"""Findings under review (疑点处理), as SQLAlchemy sees them; migrations/ makes them."""
