"""Auxiliary catalogue (辅助目录): which coefficients a grouped stay meets; only the highest counts."""

from app.grouper.dip_context import Context
from app.grouper.dip_result import AuxiliaryHit
from app.knowledge.dip_records import Auxiliary, DipGroup

_NOTHING: tuple[AuxiliaryHit | None, tuple[AuxiliaryHit, ...]] = (None, ())


def auxiliaries_of(context: Context, group: DipGroup) -> tuple[AuxiliaryHit | None, tuple[AuxiliaryHit, ...]]:
    """The one that counts, and the others that fired, highest first. Layers that take no part have none."""
    by_code = context.catalogue.auxiliaries
    if not by_code or group.layer in context.catalogue.params.pricing.no_auxiliary:
        return _NOTHING
    rows = (*by_code.get(group.code, ()), *by_code.get("*", ()))
    if not rows:
        return _NOTHING
    context.group = group
    fired = [row for row in rows if context.judge_all(row.condition, f"辅助目录第{row.row}行") is True]
    if not fired:
        return _NOTHING
    first, *others = sorted(fired, key=lambda row: (-row.coefficient, row.row))
    return _hit(first), tuple([_hit(row) for row in others])


def _hit(row: Auxiliary) -> AuxiliaryHit:
    return AuxiliaryHit(row=row.row, kind=row.kind, condition=row.text, coefficient=row.coefficient)
