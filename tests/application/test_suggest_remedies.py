"""What is suggested for a finding: the whole packs are asked, and no remedy goes past what the rule allows."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from app.application.load_ruleset import load_ruleset
from app.application.suggest_remedies import Remedy, Way, suggest_remedies
from app.domain.case import Case
from app.domain.encounter import Diagnosis, Encounter, Facility, Patient, Sex
from app.domain.finding import Finding
from app.domain.line import OrderLine
from app.engine.ruleset import Ruleset
from tests.interfaces.cds_hooks.emr import CEPHALOSPORIN, CONSULTATION, LIMITED, LIRAGLUTIDE, MONITORING, RULES

DAY = date(2026, 10, 12)


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return load_ruleset(RULES)


def visit(*lines: OrderLine, diagnosis: str = "E66.900") -> Encounter:
    return Encounter(
        id="E1",
        facility=Facility(id="F1"),
        patient=Patient(id="P1"),
        diagnoses=(Diagnosis(code=diagnosis),),
        order_lines=lines,
    )


def remedies(ruleset: Ruleset, encounter: Encounter, changeable: set[str] | None = None) -> list[Remedy]:
    (finding,) = findings(ruleset, encounter)
    lines = {one.id: one for one in encounter.order_lines if changeable is None or one.id in changeable}
    return suggest_remedies(finding, ruleset, encounter, lines)


def findings(ruleset: Ruleset, encounter: Encounter) -> tuple[Finding, ...]:
    return ruleset.audit(Case(encounter)).findings


def order(id: str, code: str, quantity: str = "1") -> OrderLine:
    return OrderLine(id=id, service_date=DAY, item_code=code, quantity=Decimal(quantity))


@pytest.mark.parametrize(
    ("quantities", "left"),
    [
        (["5"], [("L0", Decimal(2))]),
        (["2.5"], [("L0", Decimal(2))]),
        (["1", "1", "1"], [("L2", None)]),
        (["2", "3"], [("L1", None)]),
        (["1", "3", "1"], [("L2", None), ("L1", Decimal(1))]),
    ],
)
def test_what_is_left_is_what_is_allowed(
    ruleset: Ruleset, quantities: list[str], left: list[tuple[str, Decimal | None]]
) -> None:
    lines = [order(f"L{n}", LIMITED, one) for n, one in enumerate(quantities)]
    first, *_ = remedies(ruleset, visit(*lines))
    assert list(first.lines) == left
    assert first.is_recommended
    assert first.way is (Way.REMOVE if all(amount is None for _, amount in left) else Way.REDUCE)
    changes = dict(first.lines)
    kept = [
        order(one.id, LIMITED, str(changes.get(one.id, one.quantity)))
        for one in lines
        if changes.get(one.id, one.quantity) is not None
    ]
    assert findings(ruleset, visit(*kept)) == ()


def test_a_duplicate_goes_the_other_stays(ruleset: Ruleset) -> None:
    (found,) = remedies(ruleset, visit(order("A", MONITORING), order("B", CONSULTATION)))
    assert (found.way, found.lines) == (Way.REMOVE, (("B", None),))


def test_an_alternative_is_named_by_the_point(ruleset: Ruleset) -> None:
    (found,) = remedies(ruleset, visit(order("A", CEPHALOSPORIN), diagnosis="K35.800"))
    assert (found.way, found.text, found.is_recommended) == (Way.ALTERNATIVE, "第二代头孢菌素", True)


def test_a_payment_limit_asks_for_the_indication_or_for_consent(ruleset: Ruleset) -> None:
    found = remedies(ruleset, visit(order("A", LIRAGLUTIDE)))
    assert [(one.way, one.text) for one in found] == [(Way.ADD_INDICATION, "E11*"), (Way.SELF_PAY, "")]
    assert not any(one.is_recommended for one in found)


def test_an_indication_that_is_there_is_not_asked_for(ruleset: Ruleset) -> None:
    encounter = visit(order("A", "XA10BJD229B002010104794"), diagnosis="E11.900")
    man = replace(encounter, patient=Patient(id="P1", sex=Sex.MALE))
    assert [one.way for one in remedies(ruleset, man)] == [Way.SELF_PAY]


def test_nothing_for_lines_that_cannot_be_changed(ruleset: Ruleset) -> None:
    assert remedies(ruleset, visit(order("A", LIRAGLUTIDE)), set()) == []
    lines = [order("L1", LIMITED, "1"), order("L2", LIMITED, "2"), order("L3", LIMITED, "1")]
    assert remedies(ruleset, visit(*lines), {"L3"}) == []
