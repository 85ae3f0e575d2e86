"""Tables of findings under review (复核数据表). Enumerations are kept as the numbers of app/store/review_codes.py: ten
million rows are looked through for every combination of filters, so a row of `reviews` is short, and the rest of a
review stands in `review_contents`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from app.store.tables import metadata

_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
UNKNOWN_AMOUNT = -1
NO_DEADLINE = 9_999_999  # after every day, so that what has no deadline comes last

reviews = Table(
    "reviews",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),  # that of the finding
    Column("first_found_at", BigInteger, nullable=False),  # microseconds since 1970, UTC; never changes
    Column("last_found_at", BigInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),  # -1: unknown
    Column("refund_cents", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),  # of the review, as staff know it
    Column("touched", Integer, nullable=False),  # counts every change of the row, sightings too
    Column("deadline", Integer, nullable=False),  # the day's number (date.toordinal)
    Column("state", SmallInteger, nullable=False),
    Column("severity", SmallInteger, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("insurance_type", SmallInteger, nullable=False),
    Column("care_type", SmallInteger, nullable=False),
    Column("answer", SmallInteger, nullable=False),  # the doctor's
    Column("is_trial", Boolean, nullable=False),
    Column("kind", Integer, nullable=False),  # the five before it, severity and stage as one number: review_codes.py
    Column("facility", String(64), nullable=False),
    Column("campus", String(64), nullable=False),
    Column("department", String(64), nullable=False),
    Column("practitioner", String(64), nullable=False),
    Column("encounter", String(64), nullable=False),
    Column("patient_key", String(64), nullable=False),  # keyed hash
    Column("rule", String(100), nullable=False),
    Column("rule_class", String(100), nullable=False),
    Column("category", String(100), nullable=False),
    Column("assignee", String(64), nullable=False),
    Index(None, "first_found_at", "seq"),
    Index(None, "amount_cents", "seq"),
    Index(None, "deadline", "seq"),
    Index(None, "severity", "first_found_at", "seq"),
    Index(None, "state", "first_found_at", "seq"),
    Index(None, "rule", "first_found_at", "seq"),
    Index(None, "department", "first_found_at", "seq"),
    Index(None, "practitioner", "first_found_at", "seq"),
    Index(None, "kind", "state", "first_found_at"),
    Index(None, "rule", "kind", "state", "amount_cents"),
    Index(None, "facility", "department", "kind", "state"),
    Index(None, "assignee", "first_found_at", "seq"),
    Index(None, "patient_key", "first_found_at"),
    Index(None, "encounter", "facility"),
)

review_kinds = Table(
    "review_kinds",  # those that there are: what a filter says of them becomes a list of numbers
    metadata,
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("severity", SmallInteger, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("insurance_type", SmallInteger, nullable=False),
    Column("care_type", SmallInteger, nullable=False),
    Column("answer", SmallInteger, nullable=False),
    Column("is_trial", Boolean, nullable=False),
)

review_stands = Table(
    "review_stands",  # those that there are: which states have a deadline, or somebody who sees to them
    metadata,
    Column("state", SmallInteger, primary_key=True, autoincrement=False),
    Column("has_deadline", Boolean, primary_key=True),
    Column("is_assigned", Boolean, primary_key=True),
)

review_topics = Table(
    "review_topics",  # those that there are
    metadata,
    Column("rule", String(100), primary_key=True),
    Column("rule_class", String(100), primary_key=True),
    Column("category", String(100), primary_key=True),
    Column("severity", SmallInteger, primary_key=True, autoincrement=False),
)

review_places = Table(
    "review_places",  # those that there are
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("campus", String(64), primary_key=True),
    Column("department", String(64), primary_key=True),
    Column("practitioner", String(64), primary_key=True),
)

review_contents = Table(
    "review_contents",
    metadata,
    Column("id", String(32), ForeignKey("reviews.id"), primary_key=True),
    Column("content", String, nullable=False),  # JSON: what of a review no filter asks for
)

review_items = Table(
    "review_items",
    metadata,
    Column("item", String(64), primary_key=True),
    Column("review", _SEQUENCE, ForeignKey("reviews.seq"), primary_key=True),
    Index(None, "review"),
)

review_steps = Table(
    "review_steps",
    metadata,
    Column("review", String(32), ForeignKey("reviews.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("comment", String, nullable=False),  # sealed: it may name somebody
    Column("content", String, nullable=False),  # JSON: the rest of the step
    Index(None, "actor", "recorded_at"),
    Index(None, "action", "recorded_at"),
)

review_attachments = Table(
    "review_attachments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("review", String(32), ForeignKey("reviews.id"), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("actor", String(64), nullable=False),
    Column("type", String(100), nullable=False),  # media type
    Column("size", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of what was sent
    Column("name", String, nullable=False),  # sealed: it may name somebody
    Column("content", LargeBinary, nullable=False),  # sealed
    Index(None, "review"),
)

review_counts = Table(
    "review_counts",
    metadata,
    Column("axis", SmallInteger, primary_key=True, autoincrement=False),  # what is counted by
    Column("period", Integer, primary_key=True, autoincrement=False),  # YYYYMM or YYYYMMDD of the first finding
    Column("is_trial", Boolean, primary_key=True),
    Column("facility", String(64), primary_key=True),
    Column("campus", String(64), primary_key=True),
    Column("department", String(64), primary_key=True),
    Column("key", String(100), primary_key=True),
    Column("total", BigInteger, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("undecided", BigInteger, nullable=False),
    Column("confirmed", BigInteger, nullable=False),
    Column("confirmed_cents", BigInteger, nullable=False),
    Column("false_positive", BigInteger, nullable=False),
    Column("excepted", BigInteger, nullable=False),
    Column("lapsed", BigInteger, nullable=False),
    Column("refund_cents", BigInteger, nullable=False),
    Column("overridden", BigInteger, nullable=False),
    Column("answered", BigInteger, nullable=False),
)

review_progress = Table(
    "review_progress",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # 1
    Column("next_seq", BigInteger, nullable=False),  # of the trail's entries: the first that was not taken in yet
)

search_terms = Table(
    "search_terms",
    metadata,
    Column("kind", String(8), primary_key=True),  # rule | item
    Column("code", String(100), primary_key=True),
    Column("text", String, nullable=False),
    Column("initials", String, nullable=False),  # of its pinyin
    Column("uses", BigInteger, nullable=False),  # how many reviews; of items only
)

departments = Table(
    "departments",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("campus", String(64), nullable=False),
    Column("head", String(64), nullable=False),  # the practitioner who leads it, or blank
    Column("initials", String, nullable=False),
)

practitioners = Table(
    "practitioners",
    metadata,
    Column("facility", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("department", String(64), nullable=False),
    Column("title", String(64), nullable=False),
    Column("initials", String, nullable=False),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("name", String(100), nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("content", String, nullable=False),  # JSON: filter, sorting, fields
    UniqueConstraint("account", "name"),
)
