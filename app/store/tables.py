"""The tables (数据表), as SQLAlchemy sees them; migrations/ makes them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what is declared INTEGER

audits = Table(
    "audits",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("caller", String(64), nullable=False),
    Column("facility", String(64), nullable=False),
    Column("encounter", String(64), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("ruleset", String(32), nullable=False),
    Column("request_digest", LargeBinary(32), nullable=False),  # SHA-256 of the exact request body
    Column(
        "content", LargeBinary, nullable=False
    ),  # zstd of msgpack [request, audit, what was sent instead, hidden findings]
    Index(None, "facility", "encounter"),
)

findings = Table(
    "findings",
    metadata,
    Column("audit_seq", _SEQUENCE, ForeignKey("audits.seq"), primary_key=True),
    Column("position", SmallInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", String(32), nullable=False),
    Column("rule", String(100), nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("point", String(100), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("visibility", String(16), nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("amount_cents", BigInteger, nullable=True),
    Column("lines", String, nullable=False),  # ids of the lines at fault, parted by |
    Index(None, "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("request_digest", LargeBinary(32), nullable=False),
    Column("audit_seq", _SEQUENCE, ForeignKey("audits.seq"), nullable=False),
)

dispositions = Table(
    "dispositions",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("finding", String(64), nullable=False),
    Column("is_known", Boolean, nullable=False),  # whether the finding was ever made here
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("caller", String(64), nullable=False),
    Column("practitioner", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("reason", String, nullable=False),
    Index(None, "finding"),
)

feed_loads = Table(
    "feed_loads",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("feed", String(32), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("caller", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of what was sent
    Column("row_count", Integer, nullable=False),
    Index(None, "feed"),
)

feed_records = Table(
    "feed_records",
    metadata,
    Column("feed", String(32), primary_key=True),
    Column("key", String, primary_key=True),  # JSON: what makes the record one and the same
    Column("content", LargeBinary, nullable=False),  # JSON
    Column("load_seq", _SEQUENCE, ForeignKey("feed_loads.seq"), nullable=False),
)
