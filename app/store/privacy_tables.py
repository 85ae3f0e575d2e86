"""What encryption needs (加密所需), as SQLAlchemy sees them; migrations/ makes them."""
