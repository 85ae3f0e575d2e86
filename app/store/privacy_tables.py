"""Tables of privacy (隐私保护数据表): the secrets by which patients are named without their names."""

from sqlalchemy import Boolean, Column, LargeBinary, SmallInteger, Table

from app.store.tables import metadata

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1
    Column("secret", LargeBinary(32), nullable=False),  # names in Redis are made with it; see store/redis/hot_keys.py
)

lookup_secret = Table(
    "lookup_secret",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1
    Column("content", LargeBinary, nullable=False),  # sealed: what patients are looked up with
    Column("has_plain", Boolean, nullable=False),  # whether some patients are stored by their own ids yet
)
