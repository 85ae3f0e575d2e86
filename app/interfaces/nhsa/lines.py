"""Order lines (处方、医嘱明细) of a visit: from the national order object to the domain's lines.

A line's id is its `rx_id`; where clients repeat one, the later lines get the item code and a number behind it, so that
the same line has the same id when the message is sent again. The same object sent N times is one line.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from app.domain.line import ChargeLine, FormularyClass, ItemCategory, OrderLine, Practitioner
from app.domain.money import CENT, LARGEST_QUANTITY, SMALLEST
from app.interfaces.nhsa.dictionaries import (
    CATEGORY,
    CATEGORY_BY_LETTER,
    FORMULARY_CLASS,
    TITLE,
    UNMAPPED_CODES,
)
from app.interfaces.nhsa.leaves import Reader, objects
from app.interfaces.nhsa.message import Order
from app.interfaces.nhsa.profiles import Profile

L = TypeVar("L", OrderLine, ChargeLine)


@dataclass(frozen=True, slots=True)
class Lines:
    """What a visit's orders became: order or charge lines, and for each line the `rx_id` to answer with."""

    lines: tuple[Any, ...]
    rx_ids: dict[str, str]


class LineReader:
    """Reads the orders of one visit. `fallback` is the day of an order that tells none."""

    def __init__(self, reader: Reader, profile: Profile, fallback: date) -> None:
        self._reader, self._profile, self._fallback = reader, profile, fallback
        self._practitioners: dict[tuple[Any, Any], Practitioner] = {}
        self._classes = {**FORMULARY_CLASS, **profile.formulary_class}
        self._titles = {**TITLE, **profile.title}

    def read(self, node: Any, line_type: type[L]) -> Lines:
        orders: list[Order] = objects(node)
        if isinstance(node, list) and len(orders) < len(node):
            self._reader.note("fsi_order_dtos holds entries that are no objects")
        ids = self._identify(orders)
        flags = [self._reader.flag(order.curr_drord_flag) for _, order in ids]
        all_current = True not in flags
        whole_bill = self._is_whole_bill(orders)
        own = self._profile.trust_own_payment and not self._copies_total(orders)
        lines = []
        for (line_id, order), flag in zip(ids, flags, strict=True):
            line = self._line(line_id, order, line_type, all_current or flag is True, whole_bill, own)
            if line is not None:
                lines.append(line)
        return Lines(tuple(lines), {line_id: self._reader.text(order.rx_id) for line_id, order in ids})

    def _identify(self, orders: list[Order]) -> list[tuple[str, Order]]:
        rx_ids = [self._reader.text(order.rx_id) or "line" for order in orders]
        if len(set(rx_ids)) == len(rx_ids):
            return list(zip(rx_ids, orders, strict=True))
        taken: set[str] = set()
        seen: set[bytes] = set()
        kept: list[tuple[str, Order]] = []
        for rx_id, order in zip(rx_ids, orders, strict=True):
            whole = msgspec.msgpack.encode(order)
            if whole in seen:
                self._reader.note("the same order object is repeated; it is judged once")
                continue
            seen.add(whole)
            kept.append((self._free_id(rx_id, order, taken), order))
        return kept

    def _free_id(self, rx_id: str, order: Order, taken: set[str]) -> str:
        line_id = rx_id
        if line_id in taken:
            base = line_id = f"{rx_id[:30]}#{self._reader.text(order.hilist_code)[:27]}"
            number = 2
            while line_id in taken:
                line_id, number = f"{base}#{number}", number + 1
        taken.add(line_id)
        return line_id

    def _is_whole_bill(self, orders: list[Order]) -> bool:
        """Whether `sumamt` is the total of the bill on every line, as one client sends it."""
        if len(orders) < 2:
            return False
        sums = {self._reader.number(order.sumamt, "sumamt") for order in orders}
        if len(sums) != 1 or not (total := sums.pop()):
            return False
        products = [self._product(order) for order in orders]
        if any(product is None or abs(product - total) <= CENT for product in products):
            return False
        self._reader.note("sumamt is the whole bill on every line; price times quantity is used")
        return True

    def _copies_total(self, orders: list[Order]) -> bool:
        """Whether `ownpay_amt` only repeats `sumamt`: nobody pays for every line of a claim alone."""
        if len(orders) < 2:
            return False
        number = self._reader.number
        for order in orders:
            total = number(order.sumamt, "sumamt")
            if not total or total != number(order.ownpay_amt, "ownpay_amt"):
                return False
        self._reader.note("ownpay_amt equals sumamt on every line; it is not used")
        return True

    def _product(self, order: Order) -> Decimal | None:
        price, count = self._reader.number(order.pric, "pric"), self._reader.number(order.cnt, "cnt")
        return None if price is None or count is None else price * count

    def _line(
        self, line_id: str, order: Order, line_type: type[L], current: bool, whole_bill: bool, own: bool
    ) -> L | None:
        reader = self._reader
        number, text = reader.number, reader.text
        quantity = self._quantity(order.cnt)
        if quantity is None:
            return None
        start = reader.when(order.drord_begn_date, "drord_begn_date")
        stop = reader.when(order.drord_stop_date, "drord_stop_date")
        if start is not None and stop is not None and stop < start:
            reader.note("drord_stop_date is before drord_begn_date; it is not used")
            stop = None
        code = text(order.hilist_code)
        if code in UNMAPPED_CODES:
            code = ""
        return line_type(
            id=line_id,
            service_date=self._day(start),
            item_code=code,
            item_name=text(order.hilist_name, 500),
            local_item_code=text(order.hosplist_code),
            local_item_name=text(order.hosplist_name, 500),
            category=self._category(order.hilist_type, code),
            prescription_id=text(order.rxno),
            group_id=text(order.grpno),
            quantity=quantity,
            unit=text(order.spec_unt),
            unit_price=number(order.pric, "pric"),
            amount=None if whole_bill else number(order.sumamt, "sumamt"),
            uncovered_amount=number(order.ownpay_amt, "ownpay_amt") if own else None,
            copay_amount=number(order.selfpay_amt, "selfpay_amt"),
            start_at=start,
            stop_at=stop,
            department=text(order.drord_dept_codg),
            practitioner=self._practitioner(order),
            is_standing=reader.flag(order.long_drord_flag),
            is_discharge_medication=text(order.drord_bhvr) == "1",
            formulary_class=self._classes.get(text(order.hilist_lv), FormularyClass.UNKNOWN),
            payment_note=text(order.hilist_memo, 500),
            current=current,
        )

    def _quantity(self, value: Any) -> Decimal | None:
        """The quantity; 1 where none is told; None for a line that takes back another (退费)."""
        found = self._reader.number(value, "cnt")
        if found is None:
            written = self._reader.text(value)
            if written.startswith("-") and written not in ("-", "--"):
                return None
            self._reader.note("cnt is not told; 1 is assumed")
            return Decimal(1)
        if SMALLEST <= found <= LARGEST_QUANTITY:
            return found
        self._reader.note(f"cnt {found} left out; the line is not judged")
        return None

    def _day(self, start: datetime | None) -> date:
        if start is None:
            self._reader.note("drord_begn_date is not told; the day of the visit is assumed")
            return self._fallback
        return start.date()

    def _category(self, written: Any, code: str) -> ItemCategory:
        found = CATEGORY.get(self._reader.text(written))
        return found or CATEGORY_BY_LETTER.get(code[:1], ItemCategory.UNKNOWN)

    def _practitioner(self, order: Order) -> Practitioner:
        try:
            key = (order.drord_dr_codg, order.drord_dr_profttl)
            found = self._practitioners.get(key)
        except TypeError:
            return Practitioner()
        if found is None:
            title = self._titles.get(self._reader.text(order.drord_dr_profttl), "")
            found = Practitioner(id=self._reader.text(order.drord_dr_codg), title=title)
            self._practitioners[key] = found
        return found
