"""Stock balance: a unit on each side of what there was, periods that meet, units, and an oracle."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.feed import StockBalance
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, line, missing, open_rule
from tests.engine.kinds.oracle import in_cents

KIND = "stock_balance"
POINTS = [{"item_code": "X*|C1", "item_name": "药品"}]
WORDS = {"message": "{item}：{period}收费{charged}，可供{available}，多出{excess}"}
MARCH = {"facility": "F", "item_code": "XA", "start": "2026-03-01", "end": "2026-03-31", "opening": 4, "received": 6}


def judged(*lines, stock=(MARCH,)):
    rows = {} if stock is None else {"stock": list(stock)}
    return fed.judge(KIND, {}, POINTS, encounter(*lines), rows, **WORDS)


def charge(id, quantity, day=date(2026, 3, 10), code="XA", **fields):
    return line(id, code, day, **{"quantity": quantity, "amount": quantity, **fields})


@pytest.mark.parametrize(
    ("quantities", "found", "amount_at_issue"),
    [
        (["10"], [], 0),
        (["10.001"], [["L0"]], "0"),
        (["11"], [["L0"]], "1"),
        (["4", "6"], [], 0),
        (["4", "7"], [["L1"]], "1"),
        (["4", "5", "3", "2"], [["L2", "L3"]], "4"),
    ],
)
def test_around_what_there_was(quantities, found, amount_at_issue):
    judgement = judged(*[charge(f"L{number}", quantity) for number, quantity in enumerate(quantities)])
    assert at_fault(judgement) == found
    assert amount(judgement) == Decimal(amount_at_issue)
    assert not missing(judgement)


def test_the_words_and_the_earlier_lines():
    (finding,) = judged(charge("L1", "8", item_name="甲药"), charge("L2", "4.5", item_name="甲药")).findings
    assert finding.message == "甲药：2026-03-01至2026-03-31收费12.5，可供10，多出2.5"
    assert (finding.lines, finding.related_lines) == (("L2",), ("L1",))


@pytest.mark.parametrize(
    ("changes", "is_hit"),
    [
        ({}, False),
        ({"dispensed_elsewhere": 1}, True),
        ({"closing": 1}, True),
        ({"closing": 1, "received": 7}, False),
        ({"dispensed_elsewhere": 90}, True),  # less than nothing is nothing
        ({"charged": 10}, False),
        ({"charged": 11}, True),
        ({"charged": 3}, False),
    ],
)
def test_every_column_counts(changes, is_hit):
    assert bool(judged(charge("L1", "10"), stock=[{**MARCH, **changes}]).findings) is is_hit


def test_what_all_bills_charge_touches_at_most_what_this_one_does():
    judgement = judged(charge("L1", "2"), charge("L2", "3"), stock=[{**MARCH, "charged": 14}])
    assert at_fault(judgement) == [["L1", "L2"]]
    assert amount(judgement) == 4
    assert amount(judged(charge("L1", "2"), stock=[{**MARCH, "charged": 99}])) == 2


def test_each_period_by_itself_and_the_next_one_cuts_the_first_off():
    april = {**MARCH, "start": "2026-04-01", "end": "2026-04-30", "opening": 1, "received": 0}
    lines = [charge("L1", "10", date(2026, 3, 31)), charge("L2", "2", date(2026, 4, 1))]
    assert at_fault(judged(*lines, stock=[MARCH, april])) == [["L2"]]
    assert at_fault(judged(*lines, stock=[{**MARCH, "end": "2026-04-30"}, april])) == [["L2"]]


@pytest.mark.parametrize(
    ("stock", "day"),
    [
        (None, date(2026, 3, 10)),
        ([], date(2026, 3, 10)),
        ([{**MARCH, "facility": "F2"}], date(2026, 3, 10)),
        ([{**MARCH, "item_code": "XB"}], date(2026, 3, 10)),
        ([MARCH], date(2026, 2, 28)),
        ([MARCH], date(2026, 4, 1)),
    ],
)
def test_without_a_balance_of_the_day_nothing_is_judged(stock, day):
    judgement = judged(charge("L1", "99", day), stock=stock)
    assert not judgement.findings
    assert set(missing(judgement)) == {"feed.stock"}
    assert judgement.not_evaluated[0].message == "没有进销存数据，未作判断；请导入后再审"


def test_other_items_need_no_feed():
    judgement = judged(charge("L1", "99", code="H1"), stock=None)
    assert not judgement.findings
    assert not missing(judgement)


@pytest.mark.parametrize(("unit", "lacking"), [("", set()), ("盒", set()), ("片", {"line.unit"})])
def test_another_unit_is_not_compared(unit, lacking):
    judgement = judged(charge("L1", "11", unit=unit), stock=[{**MARCH, "unit": "盒"}])
    assert set(missing(judgement)) == lacking
    assert bool(judgement.findings) is not bool(lacking)


def test_an_unknown_amount_leaves_the_amount_open():
    assert amount(judged(charge("L1", "8"), line("L2", "XA", date(2026, 3, 10), quantity="4"))) is None


def expected(visit, records):
    """Day by day: which balance holds, what of the item is charged in it."""
    found, lacking = [], set()
    for code in ("XA", "XB"):
        mine = sorted((one for one in records or () if one.item_code == code), key=lambda one: one.start)
        pots: dict[date, list] = {}
        for one in visit.charge_lines:
            if one.item_code != code:
                continue
            begun = [balance for balance in mine if balance.start <= one.service_date]
            if not begun or one.service_date > begun[-1].end:
                lacking.add("feed.stock")
            else:
                pots.setdefault(begun[-1].start, [begun[-1]]).append(one)
        for balance, *lines in pots.values():
            lines.sort(key=lambda one: one.service_date)
            there_was = max(balance.opening + balance.received - (balance.closing or 0), 0)
            own = sum(one.quantity for one in lines)
            beyond = min(max(own, balance.charged or 0) - there_was, own)
            if beyond > 0:
                found.append(_fault(lines, Fraction(own - beyond)))
    return found, lacking


def _fault(lines, left):
    guilty, money = [], Fraction(0)
    for one in lines:
        within = min(left, Fraction(one.quantity))
        left -= within
        if within < one.quantity:
            guilty.append(one.id)
            money += Fraction(one.amount) * (Fraction(one.quantity) - within) / Fraction(one.quantity)
    return tuple(guilty), in_cents(money)


def draw(random):
    lines = [
        drawn.line(
            number, drawn.one_of(random, "XA", "XA", "XB", "H"), drawn.day(random),
            amount=Decimal(random.choice("036")), quantity=Decimal(drawn.one_of(random, "1", "2", "0.5", "3")),
        )
        for number in range(random.randrange(5))
    ]  # fmt: skip
    if random.randrange(20) == 0:
        return drawn.encounter(tuple(lines)), None
    records = {}
    for _ in range(random.randint(1, 4)):
        start = drawn.day(random) - timedelta(days=1)
        one = StockBalance(
            facility=drawn.one_of(random, "F", "F", "F", "G"), item_code=drawn.one_of(random, "XA", "XA", "XB"),
            start=start, end=start + timedelta(days=random.randrange(5)), opening=Decimal(random.randrange(3)),
            received=Decimal(random.randrange(3)), closing=drawn.one_of(random, None, None, Decimal(1)),
            charged=drawn.one_of(random, None, None, Decimal(3)),
        )  # fmt: skip
        if one.facility == "F":
            records[one.key] = one
    return drawn.encounter(tuple(lines)), list(records.values())


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    fed.agree(
        open_rule(KIND, {}, POINTS, **WORDS), StockBalance, draw, expected,
        lambda finding: (finding.lines, finding.amount_at_issue),
    )  # fmt: skip
