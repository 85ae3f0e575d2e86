"""Keys of machines (接口密钥), as SQLAlchemy sees them; migrations/ makes them."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table

from app.store.tables import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # the number of its latest change, counted over all keys
    Column("last_used_at", BigInteger, nullable=True),  # microseconds since 1970, UTC; to the minute
    Column("content", LargeBinary, nullable=False),  # JSON: the key, with the SHA-256 of its secret
    Index(None, "revision", unique=True),
)

used_tokens = Table(
    "used_tokens",  # in use in PostgreSQL only: SQLite keeps its own in a file beside, as it commits otherwise
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Index(None, "expires_at"),
)
