"""The steps of a payment standard: a cent on each side, and an oracle over drawn stays."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from app.domain.encounter import CareType, Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, encounter, judge, line, missing, open_rule

KIND = "payment_standard"
WORDS = {"message": "已用{total}，标准{standard}的{percent}%，{step}"}
POINTS = [
    {"from_percent": "90", "step": "接近"},
    {"from_percent": "100", "step": "达到"},
    {"from_percent": "110", "step": "超过"},
]


def judged(*amounts, standard="1000", care_type="inpatient"):
    lines = [
        line(f"L{number}", "H", **({"amount": one} if one is not None else {}))
        for number, one in enumerate(amounts, start=1)
    ]
    given = {} if standard is None else {"payment_standard_amount": standard}
    return judge(KIND, {}, POINTS, encounter(*lines, care_type=care_type, **given), **WORDS)


@pytest.mark.parametrize(
    ("amounts", "step"),
    [
        (["899.99"], None),
        (["500", "400"], "接近"),
        (["999.99"], "接近"),
        (["1000"], "达到"),
        (["1099.99"], "达到"),
        (["1100"], "超过"),
        (["5000"], "超过"),
    ],
)
def test_only_the_highest_step_speaks(amounts, step):
    judgement = judged(*amounts)
    assert [one.message.rpartition("，")[2] for one in judgement.findings] == ([step] if step else [])


def test_the_words_and_the_amount_above_the_standard():
    (found,) = judged("1000", "150.5").findings
    assert found.message == "已用1150.5，标准1000的115%，超过"
    assert found.amount_at_issue == Decimal("150.50")
    assert amount(judged("900")) == 0


def test_an_unknown_amount_hides_only_what_is_not_reached_yet():
    assert set(missing(judged("100", None))) == {"line.amount"}
    judgement = judged("1000", None)
    assert len(judgement.findings) == 1
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"standard": None}, {"payment_standard_amount"}),
        ({"standard": None, "care_type": "outpatient"}, set()),
        ({"care_type": "outpatient"}, set()),
        ({"care_type": ""}, {"care_type"}),
    ],
)
def test_who_is_not_judged(fields, lacking):
    judgement = judged("5000", **fields)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking


@pytest.mark.parametrize("percent", ["0", "-1", "x"])
def test_a_step_out_of_reason_is_refused(percent):
    with pytest.raises(PackError, match="from_percent"):
        open_rule(KIND, {}, [{"from_percent": percent}])


@pytest.mark.parametrize("standard", ["0", "-5", "NaN"])
def test_a_standard_that_is_no_amount_is_refused(standard):
    with pytest.raises(ValueError, match="payment_standard_amount"):
        encounter(payment_standard_amount=standard)


def expected(visit):
    if not visit.charge_lines or visit.care_type is CareType.OUTPATIENT:
        return [], set()
    if visit.payment_standard_amount is None:
        return [], {"payment_standard_amount"}
    share = Fraction(0)
    unknown = False
    for one in visit.charge_lines:
        if one.amount is None and one.unit_price is None:
            unknown = True
        else:
            total = one.amount if one.amount is not None else one.unit_price * one.quantity
            share += Fraction(total) / Fraction(visit.payment_standard_amount)
    if share >= Fraction(9, 10):
        return [()], set()
    return [], {"line.amount"} if unknown else set()


def draw(random: Random) -> Encounter:
    lines = []
    for number in range(random.randrange(4)):
        fields = drawn.one_of(
            random,
            {},
            {"unit_price": Decimal("0.01"), "quantity": Decimal(random.randint(1, 2))},
            {"amount": Decimal(random.choice(["300", "299.99", "600", "299.995"]))},
            {"amount": Decimal(random.choice(["299.99", "300.01", "599.99"]))},
        )
        lines.append(drawn.line(number, "H", **fields))
    return drawn.encounter(
        tuple(lines),
        care_type=drawn.one_of(random, CareType.INPATIENT, CareType.DAY_CASE, CareType.OUTPATIENT),
        payment_standard_amount=drawn.one_of(random, None, Decimal(1000), Decimal("999.99"), Decimal("666.67")),
        start_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)
