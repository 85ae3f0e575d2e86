"""Order lines (处方、医嘱明细) of a visit: from the national order object to the domain's lines.

A line's id is its `rx_id`, item code and day, as clients repeat the `rx_id` (a prescription or tariff number): the same
line has the same id when the message comes again, also with more lines in it. The same object sent N times is one line.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec

from app.domain.line import ChargeLine, ItemCategory, OrderLine, Practitioner
from app.domain.money import CENT
from app.interfaces.nhsa.columns import columns_of
from app.interfaces.nhsa.dictionaries import CATEGORY_BY_LETTER
from app.interfaces.nhsa.leaves import Reader
from app.interfaces.nhsa.message import Order
from app.interfaces.nhsa.profiles import Profile

L = TypeVar("L", OrderLine, ChargeLine)
_LONGEST_ID = 64


class Lines(NamedTuple):
    """What a visit's orders became: order or charge lines, and for each line the `rx_id` to answer with."""

    lines: tuple[Any, ...]
    rx_ids: dict[str, str]


class _Bill(NamedTuple):
    """How the amounts of one message's orders are meant."""

    is_whole: bool  # sumamt is the total of the bill
    own_is_believed: bool


class LineReader:
    """Reads the orders of one visit. `fallback` is the day of an order that tells none."""

    def __init__(self, reader: Reader, profile: Profile, fallback: date) -> None:
        self._reader, self._profile, self._fallback = reader, profile, fallback
        self._columns = columns_of(profile)
        self._practitioners: dict[tuple[Any, Any], Practitioner] = {}

    def read(self, node: Any, line_type: type[L]) -> Lines:
        orders: list[Order] = self._reader.objects("fsi_order_dtos", node)
        self._columns.reader = self._reader
        try:
            return self._read(orders, line_type)
        except TypeError:  # a list or an object stands where a value should
            return self._read([self._flat(order) for order in orders], line_type)

    def _flat(self, order: Order) -> Order:
        fields = msgspec.structs.asdict(order)
        for name, value in fields.items():
            if isinstance(value, (list, dict)):
                self._reader.note(f"{name} 应为单个值")
                fields[name] = None
        return type(order)(**fields)

    def _read(self, orders: list[Order], line_type: type[L]) -> Lines:
        if not orders:
            return Lines((), {})
        bill = self._read_bill(orders)
        ids, rx_ids, orders = self._identify(orders)
        is_current, count = self._columns.is_current, self._columns.count
        flags = [is_current[order.curr_drord_flag] for order in orders]
        all_current = True not in flags
        lines = []
        for line_id, order, flag in zip(ids, orders, flags, strict=True):
            quantity = count[order.cnt]
            if quantity is not None:
                current = all_current or flag is True
                lines.append(self._line(line_id, order, line_type, quantity, current, bill))
        return Lines(tuple(lines), dict(zip(ids, rx_ids, strict=True)))

    def _identify(self, orders: list[Order]) -> tuple[list[str], list[str], list[Order]]:
        """Each order once, before it its line's id and its `rx_id`."""
        columns, text = self._columns, self._reader.text
        code, local, mark = columns.code, columns.text, columns.day_mark
        rx_ids = [text("rx_id", order.rx_id) for order in orders]
        ids = [
            f"{rx_id or 'line'}#{code[order.hilist_code] or local[order.hosplist_code]}{mark[order.drord_begn_date]}"
            for rx_id, order in zip(rx_ids, orders, strict=True)
        ]
        if max(map(len, ids)) > _LONGEST_ID:
            ids = [one if len(one) <= _LONGEST_ID else f"{one[:42]}#{_digest(one)}" for one in ids]
        if len(set(ids)) == len(ids):
            return ids, rx_ids, orders
        kept = list(self._without_repeats(ids, rx_ids, orders))
        return [one[0] for one in kept], [one[1] for one in kept], [one[2] for one in kept]

    def _without_repeats(
        self, ids: list[str], rx_ids: list[str], orders: list[Order]
    ) -> Iterator[tuple[str, str, Order]]:
        counts = Counter(ids)
        seen: dict[str, set[tuple[Any, ...]]] = {}
        for line_id, rx_id, order in zip(ids, rx_ids, orders, strict=True):
            if counts[line_id] > 1:
                line_id = self._told_apart(line_id, order)
                whole = msgspec.structs.astuple(order)
                alike = seen.setdefault(line_id, set())
                if whole in alike:
                    self._reader.note("同一医嘱对象重复出现，只审核一次")
                    continue
                alike.add(whole)
                line_id += f"~{len(alike)}" if len(alike) > 1 else ""
            yield line_id, rx_id, order

    def _told_apart(self, line_id: str, order: Order) -> str:
        """By all that the line says but whether it is current: that changes when the next line is written."""
        told = [str(value) for name, value in msgspec.structs.asdict(order).items() if name != "curr_drord_flag"]
        return f"{line_id[:42]}#{_digest(line_id + chr(31).join(told))}"

    def _read_bill(self, orders: list[Order]) -> _Bill:
        is_whole = self._is_whole_bill(orders)
        return _Bill(is_whole, self._profile.trust_own_payment and not self._copies_total(orders, is_whole))

    def _is_whole_bill(self, orders: list[Order]) -> bool:
        """Whether `sumamt` is the total of the bill on every line, as one client sends it."""
        if len(orders) < 2:
            return False
        total = self._total(orders[0])
        if not total or any(self._total(order) != total for order in orders):
            return False
        products = [self._product(order) for order in orders]
        if any(product is None or abs(product - total) <= CENT for product in products):
            return False
        self._reader.note("每条明细的 sumamt 都是整单金额，改用单价乘以数量")
        return True

    def _copies_total(self, orders: list[Order], whole_bill: bool) -> bool:
        """Whether `ownpay_amt` only repeats the line's total: nobody pays for every line of a claim alone."""
        if len(orders) < 2:
            return False
        for order in orders:
            own, total = self._columns.own[order.ownpay_amt], None if whole_bill else self._total(order)
            total = self._product(order) if total is None else total
            if not own or total is None or abs(own - total) > CENT:
                return False
        self._reader.note("每条明细的 ownpay_amt 都等于金额，未采用")
        return True

    def _total(self, order: Order) -> Decimal | None:
        return self._reader.number("sumamt", order.sumamt)

    def _product(self, order: Order) -> Decimal | None:
        price, count = self._reader.number("pric", order.pric), self._columns.count[order.cnt]
        return None if price is None or count is None else price * count

    def _line(self, line_id: str, order: Order, line_type: type[L], quantity: Decimal, current: bool, bill: _Bill) -> L:
        columns = self._columns
        text, name, number = columns.text, columns.name, self._reader.number
        start, stop = columns.start[order.drord_begn_date], columns.stop[order.drord_stop_date]
        if stop is not None and start is not None and stop < start:
            self._reader.note("drord_stop_date 早于 drord_begn_date，未采用")
            stop = None
        code = columns.code[order.hilist_code]
        return line_type(
            id=line_id,
            service_date=start.date() if start is not None else self._assumed_day(),
            item_code=code,
            item_name=name[order.hilist_name],
            local_item_code=text[order.hosplist_code],
            local_item_name=name[order.hosplist_name],
            category=columns.category[order.hilist_type] or CATEGORY_BY_LETTER.get(code[:1], ItemCategory.UNKNOWN),
            prescription_id=text[order.rxno],
            group_id=text[order.grpno],
            quantity=quantity,
            unit=text[order.spec_unt],
            specification=name[order.spec],
            unit_price=number("pric", order.pric),
            amount=None if bill.is_whole else number("sumamt", order.sumamt),
            uncovered_amount=columns.own[order.ownpay_amt] if bill.own_is_believed else None,
            copay_amount=columns.copay[order.selfpay_amt],
            start_at=start,
            stop_at=stop,
            department=text[order.drord_dept_codg],
            practitioner=self._practitioner(order),
            is_standing=columns.is_long[order.long_drord_flag],
            is_discharge_medication=text[order.drord_bhvr] == "1",
            formulary_class=columns.formulary_class[order.hilist_lv],
            payment_note=name[order.hilist_memo],
            current=current,
        )

    def _assumed_day(self) -> date:
        self._reader.note("drord_begn_date 未填写或无法识别，按就诊日期计算")
        return self._fallback

    def _practitioner(self, order: Order) -> Practitioner:
        key = order.drord_dr_codg, order.drord_dr_profttl
        found = self._practitioners.get(key)
        if found is None:
            columns = self._columns
            found = Practitioner(id=columns.text[order.drord_dr_codg], title=columns.title[order.drord_dr_profttl])
            self._practitioners[key] = found
        return found


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
