"""Notices to others (通知), as SQLAlchemy sees them; migrations/ makes them."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, String, Table, text

from app.store.tables import metadata, trail_entries

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

notices = Table(
    "notices",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),  # in the order of the commits
    Column("id", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("kind", String(32), nullable=False),
    Column("facility", String(64), nullable=False),
    Column("campus", String(64), nullable=False),
    Column("department", String(64), nullable=False),
    Column("practitioner", String(64), nullable=False),
    Column("body", String, nullable=False),  # JSON, as it is sent
    Index(None, "at"),
    sqlite_autoincrement=True,
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("first_seq", BigInteger, nullable=False),  # notices from here on
    Column("content", String, nullable=False),  # JSON: the webhook
    Column("secret", LargeBinary, nullable=False),  # sealed
)

notice_deliveries = Table(
    "notice_deliveries",
    metadata,
    Column("id", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("webhook", String(32), nullable=False),
    Column("notice", BigInteger, nullable=False),  # seq
    Column("state", String(12), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False),  # microseconds since 1970, UTC; while it is tried: when to try anew
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger, nullable=True),
    Column("status", SmallInteger, nullable=False),  # of the latest answer; 0: none
    Column("fault", String(200), nullable=False),  # why the latest try failed
    Index(None, "webhook", "notice", unique=True),
    Index(None, "state", "due_at"),
    Index(None, "created_at"),
)

notice_progress = Table(
    "notice_progress",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1
    Column("next_seq", BigInteger, nullable=False),  # of the notices: the first that no delivery was made of yet
)

# Entries that tell who looked at what, or what was away, are few among those of audits, and asked for by themselves.
ACCESS_KINDS = ("exported", "read", "signed_in", "unmasked")
IS_ACCESS = "kind IN ('degraded', 'exported', 'read', 'signed_in', 'unmasked')"
Index("ix_trail_entries_access", trail_entries.c.seq, sqlite_where=text(IS_ACCESS), postgresql_where=text(IS_ACCESS))
