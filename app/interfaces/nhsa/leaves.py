"""Leaves (字段值): what a value that may be text, number, flag or blank means; what it does not say is noted.

A `Reader` belongs to one message. It remembers the texts it has read, as dates, codes and names repeat from line to
line, and gathers what it could not understand.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from app.domain.money import LARGEST

V = TypeVar("V")
_BLANK_NUMBERS = frozenset({"", "-", "--", "null", "NULL", "None"})
_BLANK_TEXTS = frozenset({"-", "--", "null", "NULL"})
_FORMATS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M")
_TRUE, _FALSE = frozenset({"1", "true", "True"}), frozenset({"0", "false", "False"})
_NOTES = 200  # a message with more faults than that is not told apart any further


class Reader:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self._dates: dict[str, datetime | None] = {}
        self._numbers: dict[Any, Decimal | None] = {}

    def note(self, what: str) -> None:
        if len(self.notes) < _NOTES and what not in self.notes:
            self.notes.append(what)

    def text(self, value: Any, limit: int = 64) -> str:
        """Trimmed text; blank for null and for the dashes that stand for nothing."""
        if type(value) is not str:
            if value is None:
                return ""
            if isinstance(value, (dict, list)):
                self.note(f"text expected, got {type(value).__name__}")
                return ""
            value = ("1" if value else "0") if isinstance(value, bool) else str(value)
        value = value.strip()
        if len(value) > limit:
            self.note(f"text cut at {limit} characters")
            value = value[:limit]
        return "" if value in _BLANK_TEXTS else value

    def number(self, value: Any, name: str) -> Decimal | None:
        """The number, or None where none is given; negative and absurd ones are noted and left out."""
        try:
            return self._numbers[value]
        except (KeyError, TypeError):
            pass
        found = self._read_number(value, name)
        if found is not None and not Decimal(0) <= found <= LARGEST:
            self.note(f"{name} {value} left out")
            found = None
        if isinstance(value, (str, int, Decimal)):
            self._numbers[value] = found
        return found

    def _read_number(self, value: Any, name: str) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            found = Decimal(value)
        elif isinstance(value, str):
            stripped = value.strip().replace(",", "")
            if stripped in _BLANK_NUMBERS:
                return None
            try:
                found = Decimal(stripped)
            except InvalidOperation:
                self.note(f"{name} {value[:20]!r} is not a number")
                return None
        else:
            self.note(f"{name} is {type(value).__name__}, not a number")
            return None
        return found if found.is_finite() else None

    def when(self, value: Any, name: str) -> datetime | None:
        """Local date and time; None for blank, for the far dates that mean "not yet", and for what is no date."""
        if type(value) is str:
            try:
                return self._dates[value]
            except KeyError:
                found = self._dates[value] = self._read_when(value.strip(), name)
                return found
        if value is not None:
            self.note(f"{name} is {type(value).__name__}, not a date")
        return None

    def _read_when(self, text: str, name: str) -> datetime | None:
        if text in _BLANK_NUMBERS:
            return None
        try:
            found: datetime | None = datetime.fromisoformat(text)
        except ValueError:
            found = _by_format(text)
        if found is None:
            self.note(f"{name} {text[:30]!r} is not a date")
            return None
        return None if found.year >= 9999 or found.year <= 1900 else found.replace(tzinfo=None)

    def day(self, value: Any, name: str) -> date | None:
        found = self.when(value, name)
        return None if found is None else found.date()

    def flag(self, value: Any) -> bool | None:
        text = self.text(value)
        return True if text in _TRUE else False if text in _FALSE else None

    def one_of(self, value: Any, dictionary: Mapping[str, V], unknown: V, name: str) -> V:
        """What the code means by this caller's dictionary; a code that it does not hold is noted."""
        text = self.text(value)
        found = dictionary.get(text)
        if found is None:
            if text:
                self.note(f"{name} {text[:20]!r} is not in the dictionary")
            return unknown
        return found


def _by_format(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - local time of the facility
        except ValueError:
            continue
    return None


def objects(node: Any) -> list[Any]:
    """The objects of a node that may be a list, one object, or blank."""
    if isinstance(node, list):
        return [one for one in node if one is not None and not isinstance(one, (str, int, float, bool))]
    return [] if node is None or isinstance(node, (str, int, float, bool)) else [node]
