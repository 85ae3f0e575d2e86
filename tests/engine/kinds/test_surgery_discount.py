"""Operations through one incision: near misses one by one, and drawn days against the definition."""

from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest

from app.domain.decision import Stage
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, missing, open_rule

KIND = "surgery_discount"
GUT = [
    {"item_code": "A1", "group": "gut", "rate": "0.5"},
    {"item_code": "A2", "group": "gut", "rate": "0.5"},
    {"item_code": "A3", "group": "gut", "rate": "0.7", "full_price": "100"},
    {"item_code": "B1", "group": "bile", "rate": "0.5"},
]

# what, lines, lines at fault, amount
CASES = [
    ("both in full", "a A1 amount=100; b A2 amount=60", [["b"]], "30"),
    ("the dearest is full whichever is sent first", "b A2 amount=60; a A1 amount=100", [["b"]], "30"),
    ("of equals the first is full", "a A1 amount=60; b A2 amount=60", [["b"]], "30"),
    ("half an operation, at half", "a A1 amount=100; b A2 unit_price=60 quantity=0.5 amount=30", [], "0"),
    (
        "half an operation, a cent more",
        "a A1 amount=100; b A2 unit_price=60 quantity=0.5 amount=30.01",
        [["b"]],
        "0.01",
    ),
    ("the amount is less than the price", "a A1 amount=100; b A2 unit_price=60 amount=30", [], "0"),
    ("a lowered price cannot be seen", "a A1 amount=100; b A2 unit_price=30 amount=30", [["b"]], "15"),
    ("a full price that is known", "a A1 amount=200; b A3 unit_price=70 amount=70", [], "0"),
    ("a cent above its rate", "a A1 amount=200; b A3 unit_price=70.01 amount=70.01", [["b"]], "0.01"),
    ("the full price decides which is the dearest", "a A1 amount=80; b A3 amount=70", [["a"]], "10"),
    ("the discount stands on the dearest", "a A1 unit_price=100 amount=50; b A2 amount=60", [], "0"),
    ("on the dearest, but not enough", "a A1 unit_price=100 amount=90; b A2 amount=60", [["b"]], "20"),
    ("the same operation twice", "a A1 amount=100; b A1 amount=100", [], "0"),
    ("the next day", "a A1 amount=100; b A2 +1 amount=60", [], "0"),
    ("another group", "a A1 amount=100; b B1 amount=60", [], "0"),
    ("a neighbour", "a A1 amount=100; b A22 amount=60", [], "0"),
    (
        "three operations, one of them discounted",
        "a A1 amount=100; b A2 amount=60; c A3 amount=100",
        [["b", "c"]],
        "60",
    ),
    ("two of the second", "a A1 amount=100; b A2 unit_price=60 quantity=2 amount=120", [["b"]], "60"),
    ("no more than is claimed", "a A1 amount=100; b A2 amount=60 uncovered_amount=50", [["b"]], "10"),
    ("wholly paid by the patient", "a A1 amount=100; b A2 amount=60 uncovered_amount=60", [], "0"),
]


@pytest.mark.parametrize(("lines", "faults", "total"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(lines: str, faults: list[list[str]], total: str) -> None:
    found = judge(KIND, {}, GUT, encounter(*oracle.spelled(lines)))
    assert at_fault(found) == faults
    assert amount(found) == Decimal(total)
    assert not missing(found)


def test_without_an_amount_it_is_not_judged() -> None:
    assert missing(judge(KIND, {}, GUT, encounter(*oracle.spelled("a A1 amount=100; b A2")))) == {"line.amount": ["b"]}
    assert missing(judge(KIND, {}, GUT, encounter(*oracle.spelled("a A1; b B1")))) == {}


def test_the_words_of_a_finding() -> None:
    day = encounter(*oracle.spelled("a A1 item_name=大手术 amount=100; b A2 amount=60"))
    message = "{group}{count}种，{main}之外不超过{percent}%，多收{excess}元"
    (found,) = judge(KIND, {}, GUT, day, message=message).findings
    assert (found.message, found.related_lines) == ("gut2种，大手术之外不超过50%，多收30元", ("a",))


def test_a_row_that_has_ended_speaks_for_no_one() -> None:
    points = [
        {"item_code": "A1", "group": "gut", "rate": "0.5", "effective_end": "2026-03-10"},
        {"item_code": "A1", "group": "gut", "rate": "0.8", "effective_start": "2026-03-11"},
        {"item_code": "A2", "group": "gut", "rate": "0.8"},
        {"item_code": "A3", "group": "gut", "rate": "0.8", "effective_end": "2026-03-10"},
    ]
    for lines, faults, total in [
        ("a A2 amount=100; b A1 amount=50", [["b"]], "25"),
        ("a A2 +1 amount=100; b A1 +1 amount=50", [["b"]], "10"),
        ("b A1 +1 amount=50; a A2 +1 amount=100", [["b"]], "10"),
        ("a A2 +1 amount=100; b A3 +1 amount=50", [], "0"),
    ]:
        found = judge(KIND, {}, points, encounter(*oracle.spelled(lines)))
        assert (at_fault(found), amount(found)) == (faults, Decimal(total))


def test_one_finding_where_two_rows_name_an_item() -> None:
    points = [{"item_code": "A*", "group": "gut", "rate": "0.5"}, {"item_code": "A2", "group": "gut", "rate": "0.9"}]
    found = judge(KIND, {}, points, encounter(*oracle.spelled("a A1 amount=100; b A2 amount=60")))
    assert (at_fault(found), amount(found)) == ([["b"]], Decimal(30))


@pytest.mark.parametrize("column", [{"rate": "1.1"}, {"rate": "-0.5"}, {"rate": "0.5", "full_price": "-1"}])
def test_what_is_no_rate_or_price_is_refused(column: dict[str, str]) -> None:
    with pytest.raises(PackError, match="must be a number from 0"):
        open_rule(KIND, {}, [{"item_code": "A1", "group": "gut", **column}])


def test_many_operations_of_one_day_stay_quick() -> None:
    text = ";".join(f"l{number} A{1 + number % 2} amount=60" for number in range(2000))
    (found,) = judge(KIND, {}, GUT, encounter(*oracle.spelled(text))).findings
    assert found.amount_at_issue == 30 * 1000


DRAWN = [
    {"item_code": "A1|A1x", "group": "gut", "rate": "0.5"},
    {"item_code": "A2", "group": "gut", "rate": "0.5", "full_price": "30"},
    {"item_code": "A3*", "group": "gut", "rate": "0.25"},
    {"item_code": "A2", "group": "bile", "rate": "0.75"},
    {"item_code": "B1", "group": "bile", "rate": "0.5", "full_price": "10"},
]


def expected(visit, _history, _stage):
    findings, lacking = [], set()
    for group in ("gut", "bile"):
        points = [point for point in DRAWN if point["group"] == group]
        for number in range(3):
            judge_day(visit, points, compared.days(number), findings, lacking)
    return findings, lacking


def judge_day(visit, points, day, findings, lacking):
    lines, rates, prices = [], {}, {}
    for line in visit.charge_lines:
        named = [point for point in points if oracle.matches(point["item_code"], line.item_code)]
        if line.service_date == day and named:
            lines.append(line)
            rates[line.id] = Fraction(named[0]["rate"])
            prices[line.id] = price(line, named[0])
    if len({line.item_code for line in lines}) < 2:
        return
    if None in prices.values() or any(cost(line) is None for line in lines):
        lacking.add("line.amount")
        return
    top = max(prices.values())
    first = next(line for line in lines if prices[line.id] == top)
    kept = [line for line in lines if line.item_code == first.item_code]
    excess, faults = Fraction(0), []
    for line in kept:
        excess -= max(prices[line.id] * ceil(line.quantity) - cost(line), 0)
    for line in lines:
        allowed = prices[line.id] * ceil(line.quantity) * rates[line.id]
        if line not in kept and cost(line) > Fraction(oracle.in_cents(allowed)):
            faults.append(line)
            excess += min(cost(line) - allowed, oracle.claimed(line))
    if excess > 0:
        findings.append(oracle.finding(faults, [line for line in lines if line not in faults], excess))


def cost(line):
    if line.amount is not None:
        return Fraction(line.amount)
    return None if line.unit_price is None else Fraction(line.unit_price) * Fraction(line.quantity)


def price(line, point):
    if "full_price" in point:
        return Fraction(point["full_price"])
    if line.unit_price is not None:
        return Fraction(line.unit_price)
    return None if line.amount is None else Fraction(line.amount) / Fraction(line.quantity)


@oracle_of(KIND)
def test_as_the_definition() -> None:
    codes = ["A1", "A1", "A1x", "A2", "A2", "A3", "A30", "A4", "B1"]

    def draw(random):
        return compared.visit(charge_lines=compared.charges(random, codes, 5)), None, Stage.SETTLED

    compared.agree(open_rule(KIND, {}, DRAWN), draw, expected)
