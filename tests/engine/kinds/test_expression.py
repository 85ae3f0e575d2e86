"""Expressions: facts one by one, what an author gets wrong, and random expressions against three-valued logic."""

import operator
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter, FacilityLevel, Sex
from app.knowledge.pack import PackError
from tests.engine.kinds import agreement, compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, at_fault, encounter, judge, missing, open_rule

KIND = "expression"


def outcome(expression: str, lines: str = "a A1", reads: str = "", **fields: Any) -> Any:
    point = {"item_code": "A1", "expression": expression, "reads": reads}
    found = judge(KIND, {}, [point], encounter(*oracle.spelled(lines), **fields))
    return at_fault(found) or missing(found)


HIT, CLEAN = [["a"]], {}  # type: ignore[var-annotated]
STAY = {"start_at": "2026-03-08T23:00:00"}
ILL = {"diagnoses": [{"code": "I10.x00"}, {"code": "K35.800"}]}

CASES: list[tuple[str, str, dict[str, Any], Any]] = [
    ("patient.age == 5", "a A1", {"patient": {"birth_date": "2021-03-10"}}, HIT),
    ("patient.age == 4", "a A1", {"patient": {"birth_date": "2021-03-11"}}, HIT),
    ("patient.age_days == 28", "a A1", {"patient": {"birth_date": "2026-02-10"}}, HIT),
    ("patient.sex == 'male'", "a A1", {"patient": {"sex": "male"}}, HIT),
    ("patient.sex == 'male'", "a A1", {"patient": {"sex": "female"}}, CLEAN),
    ("patient.sex == 'male'", "a A1", {}, {"patient.sex": ["a"]}),
    ("patient.pregnancy == 'pregnant'", "a A1", {"patient": {"pregnancy": "pregnant"}}, HIT),
    ("encounter.care_type == 'inpatient'", "a A1", {"care_type": "inpatient"}, HIT),
    ("encounter.department == 'A03'", "a A1", {"department": "A03"}, HIT),
    ("encounter.days == 3", "a A1", STAY, HIT),
    ("encounter.days == 2", "a A1", STAY | {"end_at": "2026-03-10T01:00:00"}, HIT),
    ("encounter.days > 0", "a A1", {}, {"start_at": ["a"]}),
    ("'K35.800' in encounter.diagnoses", "a A1", ILL, HIT),
    ("encounter.diagnoses.exists(d, d.startsWith('K3'))", "a A1", ILL, HIT),
    ("encounter.diagnoses.all(d, d.startsWith('K3'))", "a A1", ILL, CLEAN),
    ("encounter.diagnoses.filter(d, d.contains('8')).size() == 1", "a A1", ILL, HIT),
    ("size(encounter.diagnoses) > 0", "a A1", {}, {"diagnoses": ["a"]}),
    ("'I10.x00' in encounter.diagnoses", "a A1", {"diagnoses": [{"code": "本地"}]}, {"diagnoses": ["a"]}),
    ("size(encounter.diagnoses) > 0", "a A1", {"diagnoses": [{"code": "I10.x00"}] * 201}, {"diagnoses": ["a"]}),
    ("size(encounter.diagnoses) == 200", "a A1", {"diagnoses": [{"code": "I10.x00"}] * 200}, HIT),
    ("size(encounter.procedures) == 0", "a A1", {}, HIT),
    ("facility.level == 'tertiary'", "a A1", {"facility": {"level": "tertiary"}}, HIT),
    ("facility.type == 'A1'", "a A1", {"facility": {"type": "A1"}}, HIT),
    ("coverage.insurance_type == 'resident'", "a A1", {"coverage": {"insurance_type": "resident"}}, HIT),
    ("line.item_code == 'A1' && line.item_name == '药'", "a A1 item_name=药", {}, HIT),
    ("line.quantity * 2.0 == 3.0", "a A1 quantity=1.5", {}, HIT),
    ("line.unit_price == 2.5", "a A1 quantity=4 amount=10", {}, HIT),
    ("line.unit_price == 3.0", "a A1 quantity=4 amount=10 unit_price=3", {}, HIT),
    ("line.unit_price > 3.0", "a A1", {}, {"line.unit_price": ["a"]}),
    ("line.amount == 12.0", "a A1 quantity=4 unit_price=3", {}, HIT),
    ("line.department == 'B'", "a A1 department=B", {"department": "A"}, HIT),
    ("line.department == 'A'", "a A1", {"department": "A"}, HIT),
    ("line.is_standing", "a A1 is_standing=true", {}, HIT),
    ("!line.has_consent", "a A1 has_consent=false", {}, HIT),
    ("!line.has_consent", "a A1", {}, {"line.has_consent": ["a"]}),
    ("!has(line.has_consent)", "a A1", {}, HIT),
    ("line.formulary_class == 'c'", "a A1 formulary_class=c", {}, HIT),
    ("line.days_supply > 7", "a A1 days_supply=8", {}, HIT),
    ("line.prescription_id == 'R'", "a A1 prescription_id=R", {}, HIT),
    ("line.title == 'chief'", "a A1", {}, {"practitioner.title": ["a"]}),
    ("same_day.count == 2 && same_day.quantity == 4.0", "b A1 quantity=3; a A1; c A1 +1; d A12", {}, HIT),
    ("stay.count == 3 && stay.quantity == 5.0", "b A1 quantity=3; c A1; a A1 +1; d A12", {}, HIT),
    ("stay.count == 3 && same_day.count == 1", "b A1; c A1; a A1 +1", {}, HIT),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "lines", "fields", "expected"), CASES)
def test_every_fact(expression: str, lines: str, fields: dict[str, Any], expected: Any) -> None:
    assert outcome(expression, lines, **fields) == expected


def test_a_sum_is_judged_once_with_the_other_lines_related() -> None:
    point = {"item_code": "A1", "expression": "same_day.count > 1"}
    judged = encounter(*oracle.spelled("a A1; b A1; c A1; d A1 +1"))
    (found,) = judge(KIND, {}, [point], judged, message="{expression}").findings
    assert (found.lines, found.related_lines, found.message) == (("c",), ("a", "b"), "same_day.count > 1")


@pytest.mark.parametrize(
    ("expression", "reads", "expected"),
    [
        ("line.quantity > 0.0 || patient.age > 3", "", HIT),
        ("line.quantity > 9.0 && patient.age > 3", "", CLEAN),
        ("line.quantity > 9.0 || patient.age > 3", "", {"patient.birth_date": ["a"]}),
        ("line.quantity > 0.0 || patient.age > 3", "patient.age", {"patient.birth_date": ["a"]}),
        ("line.quantity > 0.0", "facility.level|line.quantity", {"facility.level": ["a"]}),
        ("line.department == 'X' || encounter.department == 'X'", "", {"department": ["a"]}),
    ],
)
def test_an_unknown_fact_matters_only_where_the_outcome_hangs_on_it(expression: str, reads: str, expected: Any) -> None:
    assert outcome(expression, reads=reads) == expected


@pytest.mark.parametrize(
    ("expression", "reads", "words"),
    [
        ("1 + 1", "", "it must give true"),
        ("patient.sex", "", "it must give true"),
        ("patient.age > 3 ? true : 'no'", "", "it must give true"),
        ("line.quantity * 2 > 3.0", "", "cannot be computed"),
        ("patient.age > 99 && line.department == 'ICU' && line.quantity * 2 > 3.0", "", "cannot be computed"),
        ("patient.age >", "", "Failed to parse"),
        ("patient.agee > 3", "", "cannot read 'patient.agee'"),
        ("line.quantity > 1.0", "line.colour", "reads names 'line.colour'"),
        ("", "", "missing required field `expression`"),
    ],
)
def test_what_a_rule_author_gets_wrong(expression: str, reads: str, words: str) -> None:
    with pytest.raises(PackError, match=words):
        open_rule(KIND, {}, [{"item_code": "A1", "expression": expression, "reads": reads}])


def test_an_expression_that_breaks_down_is_said_to_be_not_evaluated() -> None:
    point = {"item_code": "A1", "expression": "encounter.procedures[0] == '47.0100'"}
    (told,) = judge(KIND, {}, [point], encounter(*oracle.spelled("a A1"))).not_evaluated
    assert (told.missing, told.lines) == ("internal_error", ("a",))


# The slow reading: an expression is a tree; it is true, false or unknown (None), as in Kleene's logic.

OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, "==": operator.eq, "!=": operator.ne}
NUMBERS = ["patient.age", "encounter.days", "line.days_supply", "line.amount", "same_day.quantity", "stay.count"]
TEXTS = {"patient.sex": ["male", "female"], "facility.level": ["tertiary"], "line.prescription_id": ["R1", "R2"]}
FACT = {"patient.age": "patient.birth_date", "encounter.days": "start_at"}


def drawn_tree(random: Random, depth: int = 3) -> Any:
    mark = random.choice(("!", "&&", "||", "leaf", "leaf", "leaf") if depth else ("leaf",))
    if mark != "leaf":
        return (mark, *(drawn_tree(random, depth - 1) for _ in range(1 if mark == "!" else 2)))
    path = random.choice(NUMBERS + list(TEXTS))
    if path in TEXTS:
        return path, random.choice(("==", "!=")), random.choice(TEXTS[path])
    return path, random.choice(list(OPERATORS)), random.randint(0, 7)


def written(tree: Any) -> str:
    if tree[0] == "!":
        return f"!({written(tree[1])})"
    if tree[0] in ("&&", "||"):
        return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"
    return f"{tree[0]} {tree[1]} {tree[2]!r}"


def paths(tree: Any) -> set[str]:
    return set().union(*map(paths, tree[1:])) if tree[0] in ("!", "&&", "||") else {tree[0]}


def truth(tree: Any, known: dict[str, Any]) -> bool | None:
    if tree[0] == "!":
        inner = truth(tree[1], known)
        return None if inner is None else not inner
    if tree[0] in ("&&", "||"):
        decisive = tree[0] == "||"
        sides = [truth(tree[1], known), truth(tree[2], known)]
        return decisive if decisive in sides else None if None in sides else not decisive
    return None if known[tree[0]] in (None, "") else OPERATORS[tree[1]](known[tree[0]], tree[2])


def facts_of(one: Any, lines: list[Any], judged: Encounter) -> dict[str, Any]:
    day, price, born = one.service_date, one.unit_price, judged.patient.birth_date
    last = max(other.service_date for other in lines)
    same_day = [other for other in lines if other.service_date == day and other.item_code == one.item_code]
    birthdays = [date(year, 3, 10) for year in range(2021, 2030)]
    return {
        "patient.age": None if born is None else sum(birthday <= day for birthday in birthdays),
        "encounter.days": None if judged.start_at is None else (last - DAY).days + 1,
        "line.days_supply": one.days_supply,
        "line.amount": one.amount if one.amount is not None else None if price is None else price * one.quantity,
        "same_day.quantity": sum((other.quantity for other in same_day), Decimal(0)),
        "stay.count": sum(other.item_code == one.item_code for other in lines),
        "patient.sex": judged.patient.sex,
        "facility.level": judged.facility.level,
        "line.prescription_id": one.prescription_id,
    }


def expected(tree: Any, judged: Encounter, _history: None, _stage: Stage) -> agreement.Told:
    counted, used = oracle.counted(judged, "*"), paths(tree)
    mine = oracle.counted(judged, "A1")
    faults, unknown = [], {}
    for one in mine:
        same_day = [other for other in mine if other.service_date == one.service_date]
        group = same_day if "same_day.quantity" in used else mine if "stay.count" in used else [one]
        known = facts_of(one, counted, judged)
        answer = truth(tree, known) if group[-1] is one else False
        if answer:
            faults.append((one.id,))
        elif answer is None:
            unknown[one.id] = {FACT.get(path, path) for path in used if known[path] in (None, "")}

    def lacking(missing: agreement.Missing) -> bool:
        """One of the facts that are unknown is told of each line."""
        told = [(id, fact) for fact, ids in missing.items() for id in ids]
        return sorted(id for id, _ in told) == sorted(unknown) and all(fact in unknown[id] for id, fact in told)

    return faults, lacking


def draw(random: Random) -> compared.Drawn:
    judged = compared.whole(
        random,
        ["A1", "A1", "A12"],
        [DAY, date(2026, 3, 11), date(2026, 3, 13)],
        most=4,
        patient={"sex": random.choice(list(Sex)), "birth_date": random.choice((None, date(2020, 3, 10)))},
        place={"level": random.choice((FacilityLevel.UNKNOWN, FacilityLevel.TERTIARY, FacilityLevel.PRIMARY))},
        start_at=random.choice((None, compared.at(0))),
    )
    return judged, None, Stage.ORDERING


@oracle_of(KIND)
def test_as_three_valued_logic() -> None:
    random = Random(20260310)
    trees = [drawn_tree(random) for _ in range(500)]
    variants = [
        (open_rule(KIND, {}, [{"item_code": "A1", "expression": written(tree)}]), partial(expected, tree))
        for tree in trees
    ]
    compared.agree_each(variants, draw, lambda finding: finding.lines)
