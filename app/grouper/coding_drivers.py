"""Drivers (决定分组的诊断, A1): secondary diagnoses that alone carry the group, found by leaving each out.

Diagnoses of one ICD-10 category are one disease: two of its codes do not vouch for each other. Where something is
carried by two categories, neither is sole. Source: CHS-DRG 1.1, one complication is enough for the severity.
"""

from collections.abc import Iterator

from app.grouper.coding_case import Driver
from app.grouper.coding_regroup import Codes, Regrouper, is_dearer, is_of_one_adrg, without

_MOST_STEPS = 3  # MCC, then CC, then none: no more levels lie beneath a group
_CATEGORY = 3


def drivers_of(regroup: Regrouper) -> tuple[Driver, ...]:
    """Those without which the recorded group falls, then those that carry what is left, and so on."""
    found: list[Driver] = []
    left = regroup.stay.diagnoses
    for step in range(1, _MOST_STEPS + 1):
        made = list(_sole(regroup, left, step))
        if not made:
            break
        found += made
        left = without(left, [code for driver in made for code in driver.codes])
    return tuple(found)


def _sole(regroup: Regrouper, diagnoses: Codes, step: int) -> Iterator[Driver]:
    base = regroup.drg(diagnoses)
    for codes in _by_category(diagnoses):
        rest = without(diagnoses, codes)
        if regroup.drg(rest) == base:
            continue
        with_it, outcome = regroup.of(diagnoses), regroup.of(rest)
        names = tuple([regroup.scheme.diagnosis_names.get(code, "") for code in codes])
        variant = regroup.compared(f"去掉其他诊断{'、'.join(codes)}", outcome, with_it)
        dearer = is_dearer(variant, with_it)
        if is_of_one_adrg(variant, with_it) if dearer is None else dearer:
            level = min([regroup.scheme.complication(code)[0] or "none" for code in codes], key=_LEVELS.index)
            yield Driver(
                step=step,
                codes=codes,
                names=names,
                level="" if level == "none" else level,
                with_it=with_it,
                without=variant,
            )


_LEVELS = ("mcc", "cc", "none")


def _by_category(diagnoses: Codes) -> list[Codes]:
    """The secondary diagnoses, those of one category together, in the order of the codes."""
    found: dict[str, list[str]] = {}
    for code in dict.fromkeys(diagnoses[1:]):
        if code != diagnoses[0]:
            found.setdefault(code[:_CATEGORY], []).append(code)
    return [tuple(sorted(found[category])) for category in sorted(found)]
