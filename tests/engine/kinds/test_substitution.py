"""Dearer items charged for cheaper ones: near misses one by one, and drawn encounters against the definition."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.decision import Stage
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, missing, open_rule
from tests.engine.kinds.compared import visit

KIND = "substitution"
STENT = {"item_code": "C1*", "cheaper_name": "裸支架"}
PROCEDURES = {**STENT, "evidence_procedures": "36.07*", "contrary_procedures": "36.06*"}
DISEASES = {**STENT, "evidence_diagnoses": "D18*", "contrary_diagnoses": "D17*|L72*"}
ONLY_EVIDENCE = {**STENT, "evidence_diagnoses": "D18*", "evidence_code": "E1"}


def judged(point, lines="a C1", procedures=(), diagnoses=(), stage=Stage.ORDERING, **rule):
    coded = {
        "procedures": [{"code": code} for code in procedures],
        "diagnoses": [{"code": code} for code in diagnoses],
    }
    return judge(KIND, {}, [point], encounter(*oracle.spelled(lines), **coded), None, stage, **rule)


@pytest.mark.parametrize(
    ("point", "procedures", "diagnoses", "stage", "is_hit", "lacking"),
    [
        (PROCEDURES, ["36.0602"], [], Stage.ORDERING, True, set()),
        (PROCEDURES, ["36.0602", "36.0700"], [], Stage.ORDERING, False, set()),
        (PROCEDURES, ["36.0500"], [], Stage.ORDERING, False, set()),
        (PROCEDURES, [], [], Stage.ORDERING, False, {"procedures"}),
        (PROCEDURES, [], [], Stage.SETTLED, False, set()),
        (DISEASES, [], ["D17.100"], Stage.ORDERING, True, set()),
        (DISEASES, [], ["D17.100", "D18.000"], Stage.ORDERING, False, set()),
        (DISEASES, [], ["D16.100"], Stage.ORDERING, False, set()),
        (DISEASES, [], ["D17.100", "包块"], Stage.ORDERING, False, {"diagnoses"}),
        (DISEASES, [], ["D18.000", "包块"], Stage.ORDERING, False, set()),
        (DISEASES, [], [], Stage.ORDERING, False, {"diagnoses"}),
        (ONLY_EVIDENCE, [], ["D17.100"], Stage.ORDERING, True, set()),
        (ONLY_EVIDENCE, [], ["D18.000"], Stage.ORDERING, False, set()),
        (ONLY_EVIDENCE, [], [], Stage.ORDERING, False, {"diagnoses"}),
    ],
)
def test_evidence(point, procedures, diagnoses, stage, is_hit, lacking):
    judgement = judged(point, procedures=procedures, diagnoses=diagnoses, stage=stage)
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


@pytest.mark.parametrize(
    ("lines", "is_hit"), [("a C1; b E1", False), ("a C1; b E1 +1", True), ("a C1; b E12", True), ("a C2; b X", False)]
)
def test_items_of_the_day_are_evidence(lines, is_hit):
    assert bool(judged(ONLY_EVIDENCE, lines, diagnoses=["D17.100"]).findings) is is_hit


@pytest.mark.parametrize(
    ("lines", "faults"), [("a C1; b K1", [["a"]]), ("a C1; b K1 +1", []), ("a C1; c C1; b K1", [["a"], ["c"]])]
)
def test_items_of_the_day_are_contrary(lines, faults):
    assert at_fault(judged({**STENT, "contrary_code": "K1"}, lines)) == faults


@pytest.mark.parametrize(
    ("line", "total"),
    [
        ("quantity=2 unit_price=800", "1000"),
        ("quantity=2 amount=1600", "1000"),
        ("amount=200", "0"),
        ("amount=800 uncovered_amount=700", "100"),
        ("amount=800 uncovered_amount=100", "500"),
    ],
)
def test_the_amount_is_what_it_costs_above_the_cheaper(line, total):
    judgement = judged({**PROCEDURES, "cheaper_price": "300"}, f"a C1 {line}", ["36.0602"])
    assert amount(judgement) == Decimal(total)


def test_what_was_found_is_said():
    contrary = {**STENT, "contrary_code": "K1", "contrary_procedures": "36.06*"}
    (found,) = judged(contrary, "a C1; b K1 item_name=裸支架", ["36.0602"], message="见{found}").findings
    assert (found.message, found.related_lines) == ("见36.0602、裸支架", ("b",))
    (found,) = judged(ONLY_EVIDENCE, diagnoses=["D17.100"], message="{found}").findings
    assert found.message == "未见相应依据"


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        (STENT, "gives no evidence"),
        ({**STENT, "item_code": "C1", "evidence_code": "C1"}, "its own evidence"),
        ({**PROCEDURES, "cheaper_price": "-1"}, "must be a number from 0"),
    ],
)
def test_what_cannot_be_judged_is_refused(point, reason):
    with pytest.raises(PackError, match=reason):
        open_rule(KIND, {}, [point])


POINTS = [
    {**PROCEDURES, "evidence_code": "E1", "contrary_diagnoses": "L72*", "cheaper_price": "15"},
    {"item_code": "C2", "cheaper_name": "甲", "evidence_diagnoses": "D18*"},
]


def expected(one, _history, stage):
    findings, lacking = [], set()
    for line in one.charge_lines:
        for point in POINTS:
            if oracle.matches(point["item_code"], line.item_code):
                outcome = by_point(one, stage, line, point)
                if isinstance(outcome, str):
                    lacking.add(outcome)
                elif outcome:
                    findings.append(oracle.finding([line], [], at_issue(line, point)))
    return findings, lacking


def seen(one, line, point, side):
    return (
        any(oracle.matches(point.get(f"{side}_procedures", "-"), done.code) for done in one.procedures)
        or any(oracle.matches(point.get(f"{side}_diagnoses", "-"), disease.code) for disease in one.diagnoses)
        or any(
            oracle.matches(point.get(f"{side}_code", "-"), other.item_code) and other.service_date == line.service_date
            for other in one.charge_lines
        )
    )


def open_question(one, stage, point, side):
    if f"{side}_procedures" in point and not one.procedures and stage is not Stage.SETTLED:
        return "procedures"
    unsure = not one.diagnoses or any(disease.code == "病" for disease in one.diagnoses)
    return "diagnoses" if f"{side}_diagnoses" in point and unsure else False


def by_point(one, stage, line, point):
    if seen(one, line, point, "evidence"):
        return False
    if any(name.startswith("contrary") for name in point) and not seen(one, line, point, "contrary"):
        return open_question(one, stage, point, "contrary")
    return open_question(one, stage, point, "evidence") or True


def at_issue(line, point):
    claimed = oracle.claimed(line)
    if claimed is None or "cheaper_price" not in point:
        return claimed
    cost = Fraction(line.amount) if line.amount is not None else Fraction(line.unit_price) * Fraction(line.quantity)
    return min(max(cost - 15 * Fraction(line.quantity), Fraction(0)), claimed)


@oracle_of(KIND)
def test_as_the_definition():
    def draw(random):
        one = visit(
            diagnoses=compared.diseases(random, ["D18.000", "L72.100", "D17.000", "病"]),
            procedures=compared.procedures(random, ["36.0602", "36.0700", "36.0500"]),
            charge_lines=compared.charges(random, ["C1", "C11", "C2", "E1", "X"], 3, spread=1),
        )
        return one, None, random.choice((Stage.ORDERING, Stage.SETTLED))

    compared.agree(open_rule(KIND, {}, POINTS), draw, expected)
