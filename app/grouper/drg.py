"""DRG grouping (DRG 分组): the group of a stay in a scheme; pure, the same stay gives the same answer.

The scheme's MDCs are tried in their order, in each its rules, in each the splits, until one answers. `plan.py` has
settled beforehand all that the principal diagnosis and first procedure decide, so that little is left to run here.
"""

import msgspec

from app.domain.stay import Stay
from app.grouper.check import NEWBORN_DAYS, complaints_of, failed
from app.grouper.condition import Record
from app.grouper.entry import severity
from app.grouper.explain import explained
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.plan import Step
from app.grouper.scheme import Scheme
from app.grouper.trace import Trace, Translation
from app.grouper.translate import translated


def group(scheme: Scheme, stay: Stay, *, translate: bool = False, trace: bool = False) -> Grouping:
    """The group of the stay, which may be that there is none: see GroupingStatus.

    With `translate`, codes of the clinical edition are first turned into those of the grouper's edition, each once;
    raises ValueError where the scheme has no code maps. With `trace`, the answer tells how it came about.
    """
    if translate or trace:
        return _in_steps(scheme, stay, translate, trace)
    age = stay.age_years
    if not age or not stay.sex or not stay.diagnoses:  # what is missing with these can only be told by a closer look
        days = stay.age_days
        is_newborn = age == 0 and (days is None or (days <= NEWBORN_DAYS and stay.weight_grams is None))
        if age is None or is_newborn or not stay.sex or not stay.diagnoses:
            return failed(scheme, GroupingStatus.CHECK_FAILED, complaints_of(stay))
    diagnoses = [*map(scheme.diagnoses.__getitem__, stay.diagnoses)]
    procedures = [*map(scheme.procedures.__getitem__, stay.procedures)]
    planner = scheme.planner
    sets = diagnoses[0][0], procedures[0][0] if procedures else 0, len(procedures) > 1
    plan = planner.plans.get(sets) or planner.plan(*sets)
    answer = plan if isinstance(plan, Grouping) else _run(plan, (stay, diagnoses, procedures))
    if answer is None or answer is planner.ungroupable:
        return _retried(scheme, stay) if scheme.retries_procedures else planner.ungroupable
    return answer


def _run(steps: tuple[Step, ...], record: Record) -> Grouping | None:
    """The answer of the first step that holds and gives one."""
    severe = -1
    for test, answers, splits, otherwise in steps:
        if test is not None and not test(record):
            continue
        if answers is not None:
            if severe < 0:
                severe = severity(record[1])
            answer = answers[severe]
        else:
            answer = otherwise
            for asked, given in splits:
                if asked is None or asked(record):
                    answer = given
                    break
        if answer is not None:
            return answer
    return None


def _retried(scheme: Scheme, stay: Stay) -> Grouping:
    """The answer with one of the other procedures as the only one, the first that has one."""
    for code in stay.procedures[1:]:
        answer = group(scheme, msgspec.structs.replace(stay, procedures=(code,)))
        if answer is not scheme.planner.ungroupable:
            return answer
    return scheme.planner.ungroupable


def _in_steps(scheme: Scheme, stay: Stay, translate: bool, trace: bool) -> Grouping:
    told: tuple[Translation, ...] = ()
    found: Stay | Grouping = stay
    if translate:
        found, told = translated(scheme, stay)
    if isinstance(found, Stay):
        if not trace:
            return group(scheme, found)
        complaints = complaints_of(found)
        if not complaints:
            return explained(scheme, found, told, lambda variant: group(scheme, variant))
        found = failed(scheme, GroupingStatus.CHECK_FAILED, complaints)
    if not trace:
        return found
    steps = Trace(translations=told, hints=found.complaints, conclusion=f"分组结果：{found.status}。")
    return msgspec.structs.replace(found, trace=steps)
