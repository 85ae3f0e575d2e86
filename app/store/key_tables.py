"""Keys of machines (接口密钥), as SQLAlchemy sees them; migrations/ makes them."""
