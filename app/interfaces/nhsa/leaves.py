"""Leaves (字段值): what a value that may be text, number, flag or blank means; what it does not say is noted.

A `Reader` belongs to one message and gathers, in Chinese for the record, what it could not understand.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from typing import Any, TypeVar

from app.domain.money import LARGEST, ZERO

V = TypeVar("V")
_BLANK_NUMBERS = frozenset({"", "-", "--", "null", "NULL", "None"})
_BLANK_TEXTS = frozenset({"-", "--", "null", "NULL"})
_BLANK_DATES = _BLANK_NUMBERS | {"0", "0000-00-00", "0000-00-00 00:00:00"}
_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d",
    "%Y-%m-%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
)
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_CHINA = timezone(timedelta(hours=8))
_FLAGS = {"1": True, "true": True, "True": True, "0": False, "false": False, "False": False}
_ANY_SIZE = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
_NOTES = 200  # a message with more faults than that is not told apart any further


class Reader:
    """The first argument of each reading is the field's name, for the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.has_noted = False

    def note(self, what: str) -> None:
        self.has_noted = True
        if len(self.notes) < _NOTES and what not in self.notes:
            self.notes.append(what)

    def text(self, name: str, value: Any, limit: int = 64) -> str:
        """Trimmed text; blank for null and for the dashes that stand for nothing."""
        if type(value) is str:
            if value.isalnum() and len(value) <= limit and value not in _BLANK_TEXTS:
                return value
        else:
            if value is None:
                return ""
            if isinstance(value, (dict, list)):
                self.note(f"{name} 应为文本")
                return ""
            value = _written(value)
        value = value.strip()
        if len(value) > limit:
            self.note(f"{name} 超过 {limit} 个字符，已截断")
            value = value[:limit]
        return "" if value in _BLANK_TEXTS else value

    def number(self, name: str, value: Any) -> Decimal | None:
        """The number, or None where none is given; negative and absurd ones are noted and left out."""
        if value is None:
            return None
        try:
            found = Decimal(value)  # most are plain, and this is the hottest line of a message
            if ZERO <= found <= LARGEST:
                return found
        except (InvalidOperation, TypeError, ValueError):
            return self._unusual_number(name, value)
        self.note(f"{name} {_told(value)}超出范围，未采用")
        return None

    def _unusual_number(self, name: str, value: Any) -> Decimal | None:
        written = value.strip().replace(",", "") if isinstance(value, str) else "?"
        if written in _BLANK_NUMBERS:
            return None
        try:
            found = Decimal(written)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite():
            return self.number(name, found)
        self.note(f"{name} {_told(value)}不是数字")
        return None

    def when(self, name: str, value: Any) -> datetime | None:
        """Local date and time; None for blank, for the far dates that mean "not yet", and for what is no date."""
        if value is None:
            return None
        written = (value if isinstance(value, str) else _written(value)).strip()
        if written in _BLANK_DATES:
            return None
        found = _date_in(written)
        if found is None:
            self.note(f"{name} {_told(value)}不是日期")
            return None
        if not 1900 < found.year < 9999:
            return None
        return found if found.tzinfo is None else found.astimezone(_CHINA).replace(tzinfo=None)

    def day(self, name: str, value: Any) -> date | None:
        found = self.when(name, value)
        return None if found is None else found.date()

    def flag(self, name: str, value: Any) -> bool | None:
        text = self.text(name, value)
        found = _FLAGS.get(text)
        if found is None and text:
            self.note(f"{name} {_told(text)}不是 0 或 1")
        return found

    def one_of(self, name: str, dictionary: Mapping[str, V], unknown: V, value: Any) -> V:
        """What the code means by this caller's dictionary; a code that it does not hold is noted."""
        text = self.text(name, value)
        found = dictionary.get(text)
        if found is None:
            if text:
                self.note(f"{name} {_told(text)}不在字典中")
            return unknown
        return found

    def objects(self, name: str, node: Any) -> list[Any]:
        """The objects of a node that may be a list, one object, or blank."""
        found = objects(node)
        entries = node if isinstance(node, list) else [node]
        if len(found) < len(entries):
            for entry in entries:
                if isinstance(entry, (str, int, float)) and str(entry).strip() not in _BLANK_NUMBERS:
                    self.note(f"{name} {_told(entry)}不是对象")
        return found


def objects(node: Any) -> list[Any]:
    """The same where nothing need be noted."""
    if isinstance(node, list):
        return [one for one in node if one is not None and not isinstance(one, (str, int, float))]
    return [] if node is None or isinstance(node, (str, int, float)) else [node]


def _written(value: Any) -> str:
    """A number or flag as text: equal values give equal text."""
    if isinstance(value, Decimal):
        plain = value.normalize(_ANY_SIZE)
        is_whole = plain.adjusted() < 30 and plain == plain.to_integral_value()
        return str(int(plain)) if is_whole else str(plain)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _told(value: Any) -> str:
    written = str(value)
    return f"“{written if len(written) <= 20 else written[:20] + '…'}”"


def _date_in(text: str) -> datetime | None:
    if text.isdecimal():
        form = _DIGITS.get(len(text))
        return None if form is None else _parsed(text, form)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return next((found for form in _FORMATS if (found := _parsed(text, form))), None)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - local time of the facility
    except ValueError:
        return None
