"""Price limit: highest prices by facility level, judged by unit price or by amount."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.decision import Stage
from app.domain.encounter import FacilityLevel
from app.domain.line import ChargeLine
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

CODE = "002503020030000"
NEIGHBOUR = "002503020030001"


def judged(line_fields, *, level="", max_price="60.00", levels=""):
    return judge(
        "price_limit",
        {},
        [{"item_code": CODE, "max_price": max_price, "facility_levels": levels}],
        encounter(line("L1", CODE, **line_fields), facility={"level": level}),
    )


@pytest.mark.parametrize(
    ("fields", "excess"),
    [
        ({"unit_price": "60.00"}, None),
        ({"unit_price": "60.01"}, "0.01"),
        ({"unit_price": "60.01", "quantity": "3", "amount": "180.03"}, "0.03"),
        ({"unit_price": "65", "quantity": "0.5"}, "2.50"),
        ({"amount": "60.00"}, None),
        ({"amount": "60.01"}, "0.01"),
        ({"amount": "120", "quantity": "2"}, None),
        ({"amount": "130", "quantity": "2"}, "10"),
        ({"amount": "0"}, None),
        ({"unit_price": "60", "amount": "1000"}, None),  # the price that is given is what is judged
    ],
)
def test_at_and_above_the_limit(fields, excess):
    judgement = judged(fields)
    assert at_fault(judgement) == ([["L1"]] if excess else [])
    assert amount(judgement) == Decimal(excess or 0)
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("paid", "is_hit"), [("0.33", False), ("0.34", False), ("0.35", True)], ids=["below", "rounded", "above"]
)
def test_an_amount_rounded_to_cents_is_not_above_the_price(paid, is_hit):
    """0.336 yuan is billed as 0.34: more than the price times one, and right all the same."""
    assert bool(at_fault(judged({"amount": paid}, max_price="0.336"))) is is_hit


@pytest.mark.parametrize(
    ("level", "levels", "hit", "unknown"),
    [
        ("tertiary", "tertiary", True, False),
        ("secondary", "tertiary", False, False),
        ("secondary", "tertiary|secondary", True, False),
        ("", "tertiary", False, True),
        ("", "", True, False),
        ("ungraded", "", True, False),
    ],
)
def test_levels(level, levels, hit, unknown):
    judgement = judged({"unit_price": "61"}, level=level, levels=levels)
    assert at_fault(judgement) == ([["L1"]] if hit else [])
    assert missing(judgement) == ({"facility.level": ["L1"]} if unknown else {})


def test_an_unknown_level_does_not_matter_below_the_limit():
    judgement = judged({"unit_price": "60"}, levels="tertiary")
    assert not judgement.findings
    assert not missing(judgement)


def test_neither_price_nor_amount():
    assert missing(judged({})) == {"line.unit_price": ["L1"]}
    assert missing(judged({}, level="secondary", levels="tertiary")) == {}


def test_words_and_other_codes():
    judgement = judge(
        "price_limit",
        {},
        [{"item_code": CODE, "max_price": "60.00"}],
        encounter(
            line("L1", CODE, unit_price="62.50", quantity="2", item_name="糖化血红蛋白测定"),
            line("L2", NEIGHBOUR, unit_price="62.50"),
            line("L3", CODE, amount="200", quantity="3"),
        ),
        message="{item}单价{price}元，最高{max_price}元，超出{excess}元",
    )
    assert [finding.message for finding in judgement.findings] == [
        "糖化血红蛋白测定单价62.5元，最高60元，超出2.5元",
        f"{CODE}单价66.666667元，最高60元，超出6.666667元",
    ]
    assert amount(judgement) == Decimal("25.00")
    assert judgement.lines_without_rules == ("L2",)


@pytest.mark.parametrize(
    "cells", [{"max_price": ""}, {"max_price": "-1"}, {"max_price": "sixty"}, {"max_price": "NaN"}]
)
def test_what_is_not_a_price_is_refused(cells):
    with pytest.raises(PackError, match="max_price"):
        open_rule("price_limit", {}, [{"item_code": CODE, **cells}])


def test_a_blank_alternative_is_refused():
    with pytest.raises(PackError, match="facility_levels"):
        open_rule("price_limit", {}, [{"item_code": CODE, "max_price": "1", "facility_levels": "tertiary|"}])


LEVELS = ["tertiary", "secondary", "primary", "ungraded"]
POINTS = [
    {"item_code": CODE, "max_price": "60", "facility_levels": "tertiary"},
    {"item_code": CODE, "max_price": "54.005", "facility_levels": "secondary|primary"},
    {"item_code": f"{CODE}|{NEIGHBOUR}", "max_price": "100", "facility_levels": ""},
]
EDGES = ("0", "54", "54.005", "54.01", "60", "60.01", "100", "100.01", "120", "120.01", "108.01")


def half_up(value):
    """Cents, half up, in whole numbers."""
    return Fraction((value * 200 + 1) // 2, 100)


def expected(code, level, price, paid, quantity):
    """Point by point: the excess as hit, or a missing fact."""
    hits, unknown = [], set()
    for point in POINTS:
        levels = [name for name in point["facility_levels"].split("|") if name]
        if code not in point["item_code"].split("|") or (levels and level and level not in levels):
            continue
        limit, count = Fraction(point["max_price"]), Fraction(quantity)
        if price is not None:
            is_above, excess = Fraction(price) > limit, (Fraction(price) - limit) * count
        elif paid is not None:
            total = Fraction(paid)
            is_above, excess = total > limit * count and total > half_up(limit * count), total - limit * count
        else:
            unknown.add("line.unit_price")
            continue
        if is_above and levels and not level:
            unknown.add("facility.level")
        elif is_above:
            hits.append(half_up(excess))
    return hits, unknown


def drawn_money(random):
    return random.choice((None, Decimal(random.choice(EDGES)), Decimal(random.randrange(13_001)) / 100))


def draw(random):
    lines = tuple(
        ChargeLine(
            id=f"L{number}",
            service_date=DAY,
            item_code=random.choice([CODE, NEIGHBOUR, "002503020030"]),
            unit_price=drawn_money(random),
            amount=drawn_money(random),
            quantity=Decimal(random.choice(("1", "2", "3", "0.5", "7.25"))),
        )
        for number in range(random.randint(1, 2))
    )
    level = FacilityLevel(random.choice(["", *LEVELS]))
    return compared.visit(place={"level": level}, charge_lines=lines), None, Stage.ORDERING


def expected_of_all(visit, _history, _stage):
    findings, lacking = [], {}
    for one in visit.charge_lines:
        hits, unknown = expected(one.item_code, visit.facility.level, one.unit_price, one.amount, one.quantity)
        findings += [oracle.finding([one], [], excess) for excess in hits]
        for fact in unknown:
            lacking.setdefault(fact, set()).add(one.id)
    return findings, lacking


@oracle_of("price_limit")
def test_as_the_definition_says():
    compared.agree(open_rule("price_limit", {}, POINTS), draw, expected_of_all)
