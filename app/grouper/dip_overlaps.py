"""Overlaps in a DIP catalogue (病种重叠): groups that one stay can fall into and that no parameter tells apart."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.grouper.dip_catalogue import DipCatalogue, Entry, Stage
from app.knowledge.dip_expression import Term
from app.knowledge.dip_records import Bounds, DipGroup, Layer

_MOST_CODES = 8


class Overlap(NamedTuple):
    """Groups of one diagnosis that can tie. The message says so in Chinese."""

    layer: Layer
    diagnosis: str
    codes: tuple[str, ...]

    @property
    def message(self) -> str:
        told = "、".join(self.codes[:_MOST_CODES]) + (f"等{len(self.codes)}个" if len(self.codes) > _MOST_CODES else "")
        return (
            f"诊断{self.diagnosis or '（任何）'}的病种{told}可能同时收入一个病例，参数 choice 不能区分，"
            "将取编码最小者；请按本地规则补充 higher_score、catalogue_order 等"
        )


def overlaps(catalogue: DipCatalogue) -> list[Overlap]:
    """Warnings, by stage and diagnosis. What depends on the stay alone, as its number of operations, may still tie."""
    return [found for stage in catalogue.stages for found in _of_stage(stage)]


def _of_stage(stage: Stage) -> Iterator[Overlap]:
    if "catalogue_order" in stage.choice:
        return
    by_length = "longest_diagnosis" in stage.choice
    for prefix, bucket in stage.index.items():
        shorter = () if by_length else (prefix[:length] for length in range(len(prefix)))
        others = [entry for one in shorter if one in stage.index for entry in stage.index[one].entries]
        for tied in _tied(bucket.entries, others, stage):
            yield Overlap(stage.layers[0], prefix, tuple(sorted(tied)))


def _tied(own: Iterable[Entry], others: Iterable[Entry], stage: Stage) -> Iterator[set[str]]:
    """Sets of codes: groups of `own` that can tie with another one of them or of `others`."""
    by_key: dict[tuple[object, ...], list[tuple[Entry, bool]]] = {}
    for is_own, entries in ((True, own), (False, others)):
        for entry in entries:
            by_key.setdefault(_static(entry, stage.choice), []).append((entry, is_own))
    for found in by_key.values():
        tied: set[str] = set()
        for place, (first, is_own) in enumerate(found):
            for second, also_own in found[place + 1 :]:
                if (is_own or also_own) and first is not second and _both(first, second, stage.choice):
                    tied |= {first.group.code, second.group.code}
        if tied:
            yield tied


def _static(entry: Entry, choice: Iterable[str]) -> tuple[object, ...]:
    """What the criteria see of the group whatever the stay."""
    group = entry.group
    seen: list[object] = [entry.is_lesser, entry.asks_kind]
    for name in choice:
        if name in ("related", "and_terms"):
            seen.append(max(map(len, group.related), default=0))
        if name == "and_terms":
            seen.append(max(map(len, group.main), default=0))
        elif name == "full_code":
            seen.append(all(not term.prefixes for one in (*group.main, *group.related) for term in one))
        elif name == "type_order":
            seen.append((entry.group_class, group.kind))
        elif name.startswith("higher_score"):
            seen.append(group.score)
        elif name == "nearest_mean_cost":
            seen.append(group.mean_cost)
    return tuple(seen)


def _both(first: Entry, second: Entry, choice: Iterable[str]) -> bool:
    """Whether one stay can fulfil both groups, with the same main operation where that one decides."""
    one, two = first.group, second.group
    if bool(one.main) != bool(two.main) or not _bounds_meet(one, two):
        return False
    if not one.main or "main_operation" not in choice:
        return True
    return any(_share(terms[0], others[0]) for terms in one.main for others in two.main)


def _share(one: Term, two: Term) -> bool:
    if not one.exact.isdisjoint(two.exact):
        return True
    return (
        any(code.startswith(two.prefixes) for code in one.exact)
        or any(code.startswith(one.prefixes) for code in two.exact)
        or any(a.startswith(b) or b.startswith(a) for a in one.prefixes for b in two.prefixes)
    )


def _bounds_meet(one: DipGroup, two: DipGroup) -> bool:
    pairs = ((one.age, two.age), (one.age_days, two.age_days), (one.weight, two.weight))
    return all(_meet(a, b) for a, b in pairs)


def _meet(a: Bounds, b: Bounds) -> bool:
    return not (
        (a.low is not None and b.high is not None and a.low > b.high)
        or (b.low is not None and a.high is not None and b.low > a.high)
    )
