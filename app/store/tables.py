"""The tables (数据表), as SQLAlchemy sees them; migrations/ makes them.

In PostgreSQL audits and findings are partitioned by the month of `recorded_at`, history lines by that of their
encounter: their primary keys hold that column too, and foreign keys to them are left out there.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
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
    Column("content", LargeBinary, nullable=False),  # as app/store/packing.py packs it
    Index(None, "facility", "encounter"),
    Index(None, "recorded_at", postgresql_using="brin"),
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
    Column("recorded_at", BigInteger, nullable=False),  # that of its audit
    Index(None, "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("request_digest", LargeBinary(32), nullable=False),
    Column("audit_seq", _SEQUENCE, ForeignKey("audits.seq"), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # that of its audit
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

alerts = Table(
    "alerts",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("audit", String(32), nullable=False),
    Column("finding", String(32), nullable=False),
    Column("lead", String(32), nullable=False),  # the finding that leads its card; blank where it got none
    Column("rule", String(100), nullable=False),
    Column("facility", String(64), nullable=False),
    Column("encounter", String(64), nullable=False),
    Column("hook", String(32), nullable=False),
    Column("tier", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),  # shown, or why not
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("answer", String(16), nullable=False),  # accepted, overridden, or blank: nobody knows
    Column("reason", String(64), nullable=False),
    Column("wait_ms", BigInteger, nullable=True),  # from the card to the answer
    Index(None, "finding"),
    Index(None, "lead"),
    Index(None, "facility", "encounter"),
    Index(None, "rule", "recorded_at"),
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

history_encounters = Table(
    "history_encounters",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("encounter", String(64), primary_key=True),
    Column("patient", String(64), nullable=False),
    Column("month", Integer, nullable=False),  # YYYYMM, of its first day as first told: where its lines are kept
    Column("last_date", Date, nullable=False),  # the latest day that was ever told of it
    Column("has_death", Boolean, nullable=False),
    Column("header", String, nullable=False),  # JSON: the encounter without lines
    Index(None, "patient", "facility", "last_date"),
)

history_lines = Table(
    "history_lines",
    metadata,
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("facility", String(64), primary_key=True),
    Column("encounter", String(64), primary_key=True),
    Column("line", String(64), primary_key=True),
    Column("service_date", Date, nullable=False),
    Column("item_code", String(64), nullable=False),
    Column("is_charge", Boolean, nullable=False),
    Column("order_id", String(64), nullable=False),  # the order that a charge carries out, or blank
    Column("is_withdrawn", Boolean, nullable=False),
    Column("content", String, nullable=False),  # JSON: the line
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("facility", String(64), nullable=False),
    Column("encounter", String(64), nullable=False),
    Column("line", String(64), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
)

rulesets = Table(
    "rulesets",
    metadata,
    Column("revision", String(64), primary_key=True),
    Column("format", String(16), nullable=False),  # the mark of the compiled form
    Column("size", BigInteger, nullable=False),  # bytes
    Column("stored_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("stored_by", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),  # zstd of the compiled form
)

ruleset_moves = Table(
    "ruleset_moves",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("revision", String(64), ForeignKey("rulesets.revision"), nullable=False),
    Column("action", String(16), nullable=False),  # publish | rollback
    Column("caller", String(64), nullable=False),
    Column("reason", String, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
)

trail_entries = Table(
    "trail_entries",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=False),  # from 0 on, without gaps
    Column("kind", String(32), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("body", LargeBinary, nullable=False),  # the exact bytes that are hashed
    Column("leaf", LargeBinary(32), nullable=False),  # RFC 6962 hash of the body
    Index(None, "subject"),
)

trail_private = Table(
    "trail_private",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=False),  # that of its entry, which commits to it
    Column("salt", LargeBinary(16), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

trail_nodes = Table(
    "trail_nodes",
    metadata,
    Column("height", SmallInteger, primary_key=True, autoincrement=False),  # 8, 16, 24, …
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

trail_checkpoints = Table(
    "trail_checkpoints",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", String, nullable=False),  # C2SP signed note
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
)

stays = Table(
    "stays",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("department", String(64), nullable=False),  # that discharged the patient, or blank
    Column("discharge_date", Date, nullable=False),
    Column("content", String, nullable=False),  # JSON: the settled stay, without any name
    Index(None, "discharge_date"),
)
