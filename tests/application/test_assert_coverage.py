"""What is said of each order's payment."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from app.application.assert_coverage import Assertion, Cover, Ground, assert_coverage
from app.application.judge_encounter import judge
from app.application.load_ruleset import load_ruleset
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.encounter import Coverage, Diagnosis, Encounter, Facility, InsuranceType, Patient
from app.domain.finding import NotEvaluated
from app.domain.line import FormularyClass, OrderLine
from app.engine.ruleset import Ruleset
from tests.interfaces.cds_hooks.emr import CEPHALOSPORIN, LIMITED, LIRAGLUTIDE, MONITORING, RULES, WOMEN_ONLY

DAY = date(2026, 10, 12)


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    return load_ruleset(RULES)


def asserted(ruleset: Ruleset, encounter: Encounter, *open_lines: str) -> dict[str, Assertion]:
    audit, _ = judge(
        ruleset,
        AuditRequest(encounter=encounter),
        policy=DecisionPolicy(),
        audited_at=datetime(2026, 10, 12, tzinfo=UTC),
        audit_id="A",
        degraded=("history",) if open_lines else (),
    )
    if open_lines:
        audit = replace(audit, not_evaluated=(NotEvaluated(rule="r", missing="history", lines=open_lines),))
    return assert_coverage(audit, ruleset, encounter, encounter.order_lines)


def visit(
    *lines: OrderLine, diagnosis: str = "E66.900", insurance: InsuranceType = InsuranceType.EMPLOYEE
) -> Encounter:
    return Encounter(
        id="E1",
        facility=Facility(id="F1"),
        patient=Patient(id="P1"),
        coverage=Coverage(insurance_type=insurance),
        diagnoses=(Diagnosis(code=diagnosis),),
        order_lines=lines,
    )


def order(code: str, **more: Any) -> OrderLine:
    return OrderLine(id="L1", service_date=DAY, item_code=code, **more)


@pytest.mark.parametrize(
    ("one", "cover", "ground"),
    [
        (order(MONITORING), Cover.COVERED, Ground.CLEAN),
        (order(WOMEN_ONLY), Cover.COVERED, Ground.CLEAN),
        (order(LIRAGLUTIDE), Cover.CONDITIONAL, Ground.FINDING),
        (order(LIMITED, quantity=Decimal(9)), Cover.CONDITIONAL, Ground.FINDING),
        (order("LOCAL"), Cover.CONDITIONAL, Ground.UNCODED),
        (order(""), Cover.CONDITIONAL, Ground.UNCODED),
        (order(MONITORING, formulary_class=FormularyClass.C), Cover.NOT_COVERED, Ground.OFF_FORMULARY),
        (
            order(LIRAGLUTIDE, amount=Decimal(5), uncovered_amount=Decimal(5)),
            Cover.NOT_COVERED,
            Ground.SELF_PAID,
        ),
    ],
)
def test_assertions(ruleset: Ruleset, one: OrderLine, cover: Cover, ground: Ground) -> None:
    found = asserted(ruleset, visit(one))["L1"]
    assert (found.cover, found.ground) == (cover, ground)
    assert bool(found.findings) == (ground is Ground.FINDING)
    assert found.reason


def test_what_is_clear_is_not_covered(ruleset: Ruleset) -> None:
    found = asserted(ruleset, visit(order(CEPHALOSPORIN), diagnosis="K35.800"))["L1"]
    assert (found.cover, found.ground) == (Cover.NOT_COVERED, Ground.FINDING)


def test_nobody_is_insured(ruleset: Ruleset) -> None:
    found = asserted(ruleset, visit(order(MONITORING), insurance=InsuranceType.NONE))["L1"]
    assert (found.cover, found.ground) == (Cover.NOT_COVERED, Ground.NOT_INSURED)


def test_without_the_past_it_cannot_be_said(ruleset: Ruleset) -> None:
    lines = (order(MONITORING), OrderLine(id="L2", service_date=DAY, item_code=MONITORING))
    found = asserted(ruleset, visit(*lines), "L2")
    assert (found["L1"].cover, found["L2"].cover) == (Cover.COVERED, Cover.INDETERMINATE)
