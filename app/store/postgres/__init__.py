"""Everything in one PostgreSQL database (数据库存储): for several workers, and for years of records."""
