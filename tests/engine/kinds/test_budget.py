"""Budget: a cent on each side of a level, what counts already, what lies past the budget, and an oracle."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.feed import Budget
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, encounter, line, missing, open_rule
from tests.engine.kinds.oracle import in_cents

KIND = "budget"
WORDS = {"message": "{subject} {month} {spent}/{budget} {percent}% {level}%"}
MARCH = {"facility": "F", "department": "D1", "month": "2026-03", "amount": 1000, "spent_until": "2026-03-09"}
LEVELS = {"per": "department", "levels": ["100", "90", "110"]}


def judged(spent, *amounts, day=date(2026, 3, 10), budgets=None, parameters=None, **fields):
    lines = [line(f"L{number}", "H", day, **({"amount": one} if one else {})) for number, one in enumerate(amounts)]
    rows = {"budgets": [{**MARCH, "spent": spent}] if budgets is None else budgets}
    visit = encounter(*lines, **{"department": "D1", **fields})
    return fed.judge(KIND, LEVELS if parameters is None else parameters, [], visit, rows, **WORDS)


@pytest.mark.parametrize(
    ("spent", "own", "level"),
    [
        (800, "99.99", None),
        (800, "100", "90"),
        (900, "99.99", "90"),
        (900, "100", "100"),
        (1000, "99.99", "100"),
        (1000, "100", "110"),
        (9000, "1", "110"),
    ],
)
def test_only_the_highest_level_reached_speaks(spent, own, level):
    judgement = judged(spent, own)
    assert [one.facts["level"] for one in judgement.findings] == ([level] if level else [])
    assert not missing(judgement)


@pytest.mark.parametrize(("spent", "past"), [(800, 0), (950, 50), (1000, 100), (5000, 100)])
def test_the_amount_is_what_of_the_encounter_lies_past_the_budget(spent, past):
    assert amount(judged(spent, "60", "40")) == past


def test_the_words():
    (finding,) = judged(900, "55.5").findings
    assert finding.message == "科室D1 2026-03 955.5/1000 95.55% 90%"
    (finding,) = judged(0, "5", budgets=[{**MARCH, "amount": 0, "spent": 0}]).findings
    assert finding.facts["percent"] == "100以上"


@pytest.mark.parametrize(
    ("day", "fields", "is_hit"),
    [
        (date(2026, 3, 10), {}, True),
        (date(2026, 3, 9), {}, False),  # counted in what was spent
        (date(2026, 3, 31), {}, True),
        (date(2026, 2, 28), {"end_at": "2026-03-31T10:00:00"}, False),
        (date(2026, 4, 1), {"end_at": "2026-03-31T10:00:00"}, False),
    ],
)
def test_what_is_added(day, fields, is_hit):
    assert bool(judged(899, "1", day=day, **fields).findings) is is_hit


def test_what_the_patient_pays_is_not_spent():
    visit = encounter(line("L1", "H", date(2026, 3, 10), amount="10", uncovered_amount="9.01"), department="D1")
    assert not fed.judge(KIND, LEVELS, [], visit, {"budgets": [{**MARCH, "spent": "899"}]}, **WORDS).findings


def test_a_facility_s_budget_is_the_one_without_a_department():
    whole = {**MARCH, "department": "", "spent": 950}
    parameters = {"per": "facility"}
    (finding,) = judged(0, "1", budgets=[whole, {**MARCH, "spent": 0}], parameters=parameters, department="").findings
    assert finding.facts["subject"] == "本机构"
    assert not judged(0, "1", budgets=[whole, {**MARCH, "spent": 0}]).findings


@pytest.mark.parametrize(
    ("budgets", "fields", "lacking"),
    [
        ([], {}, {"feed.budgets"}),
        ([{**MARCH, "spent": 999, "month": "2026-04"}], {}, {"feed.budgets"}),
        ([{**MARCH, "spent": 999}], {"department": ""}, {"department"}),
        ([{**MARCH, "spent": 999}], {"department": "D2"}, {"feed.budgets"}),
    ],
)
def test_what_is_missing_is_said(budgets, fields, lacking):
    judgement = judged(0, "1", budgets=budgets, **fields)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking


def test_an_unknown_amount_hides_only_what_is_not_reached_yet():
    assert set(missing(judged(800, "1", None))) == {"line.amount"}
    judgement = judged(900, "1", None)
    assert judgement.findings
    assert not missing(judgement)


@pytest.mark.parametrize("levels", [[], ["0"], ["-5"], ["NaN"], ["Infinity"]])
def test_levels_out_of_reason_are_refused(levels):
    with pytest.raises(PackError, match=r"levels|percentages"):
        open_rule(KIND, {"levels": levels}, [])


def expected(visit, records):
    if not visit.charge_lines:
        return [], set()
    if records is None:
        return [], {"feed.budgets"}
    if not visit.department:
        return [], {"department"}
    month = str(max(one.service_date for one in visit.charge_lines))[:7]
    match = [one for one in records or () if (one.department, one.month) == (visit.department, month)]
    if not match:
        return [], {"feed.budgets"}
    (budget,) = match
    spent, allotted = Fraction(budget.spent), Fraction(budget.amount)
    new = [
        one
        for one in visit.charge_lines
        if one.service_date > budget.spent_until and str(one.service_date)[:7] == month
    ]
    own = sum((Fraction(one.amount) for one in new if one.amount is not None), Fraction(0))
    reached = [level for level in (90, 100, 110) if spent + own >= Fraction(level, 100) * allotted]
    if not reached or not spent + own:
        return [], {"line.amount"} if any(one.amount is None for one in new) else set()
    past = min(own, max(spent + own - allotted, Fraction(0)))
    return [(str(reached[-1]), in_cents(past))], set()


def draw(random):
    lines = tuple(
        drawn.line(
            number,
            "H",
            drawn.day(random, 22),
            amount=drawn.one_of(random, *map(Decimal, ("1", "0.99", "5", "10")), None),
        )
        for number in range(random.randrange(4))
    )
    records = [
        Budget(
            facility="F", department=department, month=month, amount=Decimal(drawn.one_of(random, 100, 100, 0)),
            spent=Decimal(drawn.one_of(random, 0, 50, 89, 90, 99, 105, 109)), spent_until=drawn.day(random),
        )
        for department in ("D1", "D2") for month in ("2026-02", "2026-03", "2026-04") if random.randrange(5)
    ]  # fmt: skip
    visit = drawn.encounter(lines, department=drawn.one_of(random, "", "D1", "D1", "D2", "D2"))
    return visit, drawn.one_of(random, records, records, records, records, None)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    fed.agree(
        open_rule(KIND, LEVELS, [], **WORDS), Budget, draw, expected,
        lambda finding: (finding.facts["level"], finding.amount_at_issue),
    )  # fmt: skip
