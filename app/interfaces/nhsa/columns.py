"""Columns (字段列): reads one field of many lines. Codes, names, prices and dates repeat from line to line."""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from app.domain.line import FormularyClass, ItemCategory
from app.domain.money import LARGEST_QUANTITY, SMALLEST
from app.interfaces.nhsa.dictionaries import CATEGORY, UNMAPPED_CODES
from app.interfaces.nhsa.leaves import Reader, V
from app.interfaces.nhsa.profiles import Profile

_REMEMBERED = 50_000  # values per column


class Reading(Protocol):
    """Who holds the reader of the message at hand."""

    reader: Reader


class Column(dict[Any, V]):
    """Reads one field of many messages where a value of it is looked up, and remembers what gave rise to no note.

    It is kept from message to message. Values that Python holds for equal (1, true, 1.0) are read alike. A list or an
    object as value raises TypeError.
    """

    __slots__ = ("_read", "_reading")

    def __init__(self, reading: Reading, read: Callable[[Reader, Any], V]) -> None:
        super().__init__()
        self._reading, self._read = reading, read

    def __missing__(self, value: Any) -> V:
        reader = self._reading.reader
        reader.has_noted = False
        found = self._read(reader, value)
        if not reader.has_noted:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[value] = found
        return found


class Columns:
    """The fields of an order, read as one caller means them. Whoever uses them sets `reader` first.

    They are used by one thread and never across an await, so messages do not meet in them.
    """

    reader: Reader

    def __init__(self, profile: Profile) -> None:
        def column(read: Callable[..., V], *rest: Any, **more: Any) -> Column[V]:
            return Column(self, lambda reader, value: read(reader, *rest, value, **more))

        self.text = column(Reader.text, "明细的文本字段")
        self.name = column(Reader.text, "明细的名称或备注", limit=500)
        self.code, self.count = column(_read_code), column(_read_count)
        self.own, self.copay = column(Reader.number, "ownpay_amt"), column(Reader.number, "selfpay_amt")
        self.start, self.stop = column(Reader.when, "drord_begn_date"), column(Reader.when, "drord_stop_date")
        self.day_mark = column(self._read_day_mark)
        self.is_long, self.is_current = column(Reader.flag, "long_drord_flag"), column(Reader.flag, "curr_drord_flag")
        self.category = column(Reader.one_of, "hilist_type", CATEGORY, ItemCategory.UNKNOWN)
        self.formulary_class = column(Reader.one_of, "hilist_lv", profile.formulary_classes, FormularyClass.UNKNOWN)
        self.title = column(Reader.one_of, "drord_dr_profttl", profile.titles, "")

    def _read_day_mark(self, _: Reader, value: Any) -> str:
        start = self.start[value]
        return "" if start is None else f"#{start:%y%m%d}"


columns_of = lru_cache(maxsize=256)(Columns)


def _read_code(reader: Reader, value: Any) -> str:
    code = reader.text("hilist_code", value)
    return "" if code in UNMAPPED_CODES else code


def _read_count(reader: Reader, value: Any) -> Decimal | None:
    """The quantity; 1 where none is told; None for a line that takes back another (退费)."""
    found = reader.number("cnt", value)
    if found is None:
        if reader.text("cnt", value).startswith("-"):
            reader.note("cnt 为负数的明细（退费）未审核")
            return None
        reader.note("cnt 未填写或无法识别，按 1 计算")
        return Decimal(1)
    if SMALLEST <= found <= LARGEST_QUANTITY:
        return found
    reader.note(f"cnt 为 {found:.6g} 的明细未审核")
    return None
