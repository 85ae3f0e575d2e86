"""Asked lines (本次送审明细): what is said of the lines that were sent, and not of those that were laid beside them."""

from msgspec.structs import replace

from app.domain.audit import Judgement
from app.domain.encounter import Encounter


def as_sent(encounter: Encounter, added: frozenset[str]) -> Encounter:
    """The encounter without the lines that were `added` to it."""
    if not added:
        return encounter
    return replace(
        encounter,
        order_lines=tuple([line for line in encounter.order_lines if line.id not in added]),
        charge_lines=tuple([line for line in encounter.charge_lines if line.id not in added]),
    )


def about_what_was_sent(judgement: Judgement, added: frozenset[str]) -> Judgement:
    """Without what is said only of stored lines: it was said when they were sent."""
    open_points = []
    for one in judgement.not_evaluated:
        lines = tuple([line for line in one.lines if line not in added])
        if lines or not one.lines:
            open_points.append(replace(one, lines=lines))
    return replace(
        judgement,
        findings=tuple([one for one in judgement.findings if one.is_current or not added.issuperset(one.lines)]),
        not_evaluated=tuple(open_points),
        lines_without_rules=tuple([line for line in judgement.lines_without_rules if line not in added]),
    )
