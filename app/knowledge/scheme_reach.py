"""What of a grouping scheme can never be reached (不可达规则与分组), as far as its tables alone tell.

A condition is taken apart into the parts that must all hold. It can never hold where two of them exclude each other;
it is never reached where an earlier one, that always answers, holds whenever it does.
"""

from collections.abc import Iterable, Iterator

from app.knowledge.scheme_bounds import Bounds, bounds_of, implies
from app.knowledge.scheme_condition import Condition, conjuncts
from app.knowledge.scheme_issues import SchemeIssue
from app.knowledge.scheme_tables import NEXT, RuleRow, SchemeTables

Parts = tuple[Condition, ...]


def unreachable(tables: SchemeTables) -> Iterator[SchemeIssue]:
    """A warning for every rule and split that no case can reach."""
    gates = {mdc.code: tuple(conjuncts(mdc.condition)) for mdc in tables.mdcs}
    before: list[tuple[RuleRow, Parts]] = []
    order = {mdc.code: place for place, mdc in enumerate(tables.mdcs)}
    for rule in sorted(tables.rules, key=lambda row: (order.get(row.mdc, -1), row.seq)):
        parts = (*gates.get(rule.mdc, ()), *conjuncts(rule.condition))
        bounds = bounds_of(parts, tables)
        if bounds is None:
            yield _never(rule, "no case can meet its condition and that of its MDC together")
        elif (earlier := _shadow(bounds, before)) is not None:
            yield _never(rule, f"{earlier.code} of {earlier.mdc} in line {earlier.line} takes all of its cases before")
        else:
            yield from _dead_splits(rule, parts, tables)
        if _always_answers(rule, tables):
            before.append((rule, parts))


def _never(rule: RuleRow, why: str) -> SchemeIssue:
    what = f"the rule {rule.code} of {rule.mdc} can never be reached"
    return SchemeIssue("rules.csv", rule.line, what, why, "mend the condition or the order, or take the rule out")


def _shadow(bounds: Bounds, before: Iterable[tuple[RuleRow, Parts]]) -> RuleRow | None:
    return next((rule for rule, parts in before if all(implies(bounds, part) for part in parts)), None)


def _always_answers(rule: RuleRow, tables: SchemeTables) -> bool:
    if rule.kind == "QY" or rule.otherwise != NEXT:
        return True
    return any(not tuple(_asked(split.condition)) for split in tables.splits.get(rule.seq, ()))


def _asked(condition: Condition) -> Iterator[Condition]:
    """The parts that are not simply true."""
    from app.knowledge.scheme_condition import TRUE

    return (part for part in conjuncts(condition) if part != TRUE)


def _dead_splits(rule: RuleRow, parts: Parts, tables: SchemeTables) -> Iterator[SchemeIssue]:
    before: list[tuple[str, int, Parts]] = []
    for split in tables.splits.get(rule.seq, ()):
        asked = tuple(conjuncts(split.condition))
        bounds = bounds_of((*parts, *asked), tables)
        why = "no case can meet its condition and those of its rule and MDC together"
        if bounds is not None:
            shadows = (
                f"{drg} in line {line} always holds before"
                for drg, line, earlier in before
                if all(implies(bounds, part) for part in earlier)
            )
            why = next(shadows, "")
        if why:
            what = f"the group {split.drg} of {rule.code} can never be reached"
            yield SchemeIssue("splits.csv", split.line, what, why, "mend the condition or the order, or take it out")
        before.append((split.drg, split.line, asked))
