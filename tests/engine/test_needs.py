"""What rules need of the past, before it is fetched."""

from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.engine.compiled import compile_rules
from app.engine.needs import NOTHING, Needs, all_of
from app.engine.ruleset import Ruleset
from tests.engine.kinds.build import encounter, line, order, rule_folder

SETTLED = {"stages": ["settled"]}


def ruleset(*rules: tuple[str, dict[str, Any], list[dict[str, str]], dict[str, Any]]) -> Ruleset:
    return Ruleset(
        compile_rules([rule_folder(*rule, id=f"rule-{number}", **more) for number, (*rule, more) in enumerate(rules)])
    )


def rolling(code: str, days: str, **more: Any) -> tuple[str, dict[str, Any], list[dict[str, str]], dict[str, Any]]:
    point = {"item_code": code, "limit": "1", "window_days": days}
    return "quantity_limit", {"measure": "times", "per": "rolling"}, [point], more


def visits(days: str, **more: Any) -> tuple[str, dict[str, Any], list[dict[str, str]], dict[str, Any]]:
    parameters = {"pattern": "frequent_visits", "window_days": days, "most": "2", "care_types": ["outpatient"]}
    return "visit_pattern", parameters, [], more


def of(codes: str = "", prefixes: str = "", days: int = 0, date_days: int = 0) -> Needs:
    return Needs(date_days, days, frozenset(codes.split()), frozenset(prefixes.split()))


A, B = encounter(line("1", "A1")), encounter(line("1", "B1"))


@pytest.mark.parametrize(
    ("rules", "asked", "needs"),
    [
        ([rolling("A1", "15")], A, of("A1", days=14)),
        ([rolling("A1", "15")], encounter(order("1", "A1")), of("A1", days=14)),
        ([rolling("A1", "1")], A, of("A1", days=1)),
        ([rolling("A1", "15")], B, NOTHING),
        ([rolling("A1", "15")], encounter(), NOTHING),
        ([rolling("A*|B1", "15")], A, of("B1", "A", days=14)),
        ([rolling("A1", "15"), rolling("A1|B1", "30")], A, of("A1 B1", days=29)),
        ([rolling("A1", "15"), rolling("B1", "30")], encounter(line("1", "A1"), line("2", "B1")), of("A1 B1", days=29)),
        ([rolling("A1", "15", **SETTLED)], A, NOTHING),
        ([visits("30")], encounter(), of(date_days=30)),
        ([visits("30"), visits("90"), visits("10")], encounter(), of(date_days=90)),
        ([visits("30"), rolling("A1", "15")], A, of("A1", days=14, date_days=30)),
        ([visits("30", **SETTLED)], A, NOTHING),
        (
            [("quantity_limit", {"measure": "times", "per": "day"}, [{"item_code": "A1", "limit": "1"}], {})],
            A,
            NOTHING,
        ),
        (
            [
                (
                    "required_companion",
                    {"within": "before"},
                    [{"item_code": "A1", "companion_code": "C*|D1", "window_days": "10"}],
                    {},
                )
            ],
            A,
            of("A1 D1", "C", days=9),
        ),
    ],
)
def test_what_is_needed(rules: list[Any], asked: Encounter, needs: Needs) -> None:
    assert ruleset(*rules).needs(asked, Stage.SETTLING) == needs


def test_any_item_needs_every_item() -> None:
    found = ruleset(rolling("*", "15")).needs(B, Stage.SETTLING)
    assert (found.codes, found.prefixes, found.days) == (frozenset(), {""}, 14)


def test_needs_are_those_of_the_stage() -> None:
    rules = ruleset(rolling("A1", "15", **SETTLED))
    assert rules.needs(A, Stage.SETTLING) == NOTHING
    assert rules.needs(A, Stage.SETTLED) == of("A1", days=14)


def test_the_whole_of_needs() -> None:
    one, other = of("A", "X", 3, 9), of("B", "Y", 7, 2)
    assert one | other == other | one == of("A B", "X Y", 7, 9)
    assert one | NOTHING == NOTHING | one == one | one == one
    assert all_of([]) == NOTHING
    assert all_of([NOTHING, one, other]) == one | other
