"""Tables of privacy (隐私保护数据表)."""

from sqlalchemy import Boolean, Column, LargeBinary, SmallInteger, Table

from app.store.tables import metadata

lookup_secret = Table(
    "lookup_secret",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1
    Column("content", LargeBinary, nullable=False),  # sealed: what patients are looked up with
    Column("has_plain", Boolean, nullable=False),  # whether some patients are stored by their own ids yet
)
