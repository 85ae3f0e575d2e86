"""Accounts and sessions of staff (账号与会话), as SQLAlchemy sees them; migrations/ makes them."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table

from app.store.tables import metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("created_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("changed_at", BigInteger, nullable=False),
    Column("password", String(255), nullable=False),  # argon2id; blank: they sign in elsewhere
    Column("must_change", Boolean, nullable=False),
    Column("otp", LargeBinary, nullable=False),  # sealed
    Column("has_otp", Boolean, nullable=False),
    Column("otp_step", BigInteger, nullable=False),
    Column("recovery", String, nullable=False),  # digests of codes, parted by blanks
    Column("roles", String, nullable=False),  # parted by blanks
    Column("scope", String, nullable=False),  # JSON
    Column("practitioner", String(64), nullable=False),  # as in the scope, to be found by
    Column("subject", String(512), nullable=True, unique=True),  # issuer and subject of OIDC
    Column("is_disabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "practitioner"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the token in the cookie
    Column("id", String(32), nullable=False),
    Column("account", String(32), nullable=False),  # blank: a doctor with a ticket and no account
    Column("way", String(16), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("agent", String(200), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("roles", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("purpose", String(200), nullable=False),
    Index(None, "account"),
    Index(None, "seen_at"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("place", String(64), primary_key=True),  # keyed digest of a login name, or of an address
    Column("count", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),  # of the latest that counted
    Index(None, "at"),
)

sign_in_tickets = Table(
    "sign_in_tickets",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Column("client", String(64), nullable=False),
    Column("scope", String, nullable=False),
    Column("purpose", String(200), nullable=False),
    Index(None, "expires_at"),
)
