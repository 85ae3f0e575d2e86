"""Why a variant is grouped otherwise (变体差异的依据): MDC, rule, split, and which table lets an MCC or CC count."""

from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

from app.domain.stay import Stay
from app.grouper.compiled_scheme import CompiledRule
from app.grouper.entry import BITS, CC, EXCLUDES, MCC, Entry
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.hints import principal_bits
from app.grouper.scheme import Scheme
from app.grouper.what_if_result import Change
from app.grouper.wording import Facts, wording
from app.knowledge.scheme_condition import TRUE, Condition, Severity, atoms

_MOST_TOLD = 6  # secondary diagnoses of which is told why they count


class Standing(NamedTuple):
    """What a secondary diagnosis is: MCC, CC or blank; its exclusion table; whether it counts."""

    level: str
    table: int
    counts: bool


_NOTHING = Standing("", 0, False)


class Seen:
    """A stay with its group, and, once asked for, what each of its secondary diagnoses counts as."""

    __slots__ = ("_standings", "grouping", "scheme", "stay")

    def __init__(self, scheme: Scheme, stay: Stay, grouping: Grouping) -> None:
        self.scheme, self.stay, self.grouping = scheme, stay, grouping
        self._standings: dict[str, Standing] | None = None

    @property
    def principal(self) -> str:
        return self.stay.diagnoses[0] if self.stay.diagnoses else ""

    @property
    def excluded(self) -> int:
        """The number of the principal diagnosis' exclusion table; 0: it excludes nothing."""
        return self.scheme.diagnoses[self.principal][EXCLUDES]

    @property
    def standings(self) -> dict[str, Standing]:
        if self._standings is None:
            entries, excluded = self.scheme.diagnoses, self.excluded
            self._standings = {code: _standing(entries[code], excluded) for code in self.stay.diagnoses[1:]}
        return self._standings


def _standing(entry: Entry, excluded: int) -> Standing:
    levels = [
        Standing(level, entry[at], entry[at] != excluded) for level, at in (("MCC", MCC), ("CC", CC)) if entry[at]
    ]
    counting = [one for one in levels if one.counts]
    return (counting or levels or [_NOTHING])[0]


def counting(seen: Seen, level: str) -> tuple[str, ...]:
    """The secondary diagnoses that count as MCC, or as CC, each once."""
    return tuple([code for code, one in seen.standings.items() if one.counts and one.level == level])


class _Rules:
    """The rules and splits that give a group, with their wording, made when first asked for."""

    def __init__(self, scheme: Scheme) -> None:
        self.principal_bits = principal_bits(scheme)
        self.mdcs = {mdc.code: mdc.condition for mdc in scheme.header.mdcs}
        self._giving: dict[str, list[tuple[CompiledRule, Condition]]] = {}
        self._said: dict[int, str] = {}
        self._by_severity: dict[int, bool] = {}
        for rule in scheme.header.rules:
            if rule.kind == "QY":
                self._giving.setdefault(rule.code, []).append((rule, TRUE))
            for split in rule.splits:
                self._giving.setdefault(split.drg, []).append((rule, split.condition))
            self._giving.setdefault(rule.otherwise, []).append((rule, TRUE))

    def giving(self, seen: Seen) -> tuple[CompiledRule, Condition] | None:
        """The rule and the split by which the stay got its group."""
        found = self._giving.get(seen.grouping.drg, ())
        if len(found) > 1:
            scheme, stay = seen.scheme, seen.stay
            facts = Facts(
                stay,
                [scheme.diagnoses[code] for code in stay.diagnoses],
                [scheme.procedures[code] for code in stay.procedures],
                scheme.planner.bits,
            )
            found = [one for one in found if facts.meet(one[0].condition) and facts.meet(one[1])] or found
        return found[0] if found else None

    def say(self, condition: Condition) -> str:
        said = self._said.get(id(condition))  # conditions live as long as the scheme
        if said is None:
            said = self._said[id(condition)] = wording(condition)
        return said

    def asks_severity(self, rule: CompiledRule) -> bool:
        known = self._by_severity.get(id(rule))
        if known is None:
            asked = (atom for split in rule.splits for atom in atoms(split.condition))
            known = self._by_severity[id(rule)] = any(isinstance(atom, Severity) for atom in asked)
        return known


_RULES: WeakKeyDictionary[Scheme, _Rules] = WeakKeyDictionary()


def _rules_of(scheme: Scheme) -> _Rules:
    found = _RULES.get(scheme)
    if found is None:
        found = _RULES[scheme] = _Rules(scheme)
    return found


def reasons(scheme: Scheme, change: Change, code: str, before: Seen, after: Seen) -> tuple[str, ...]:
    """Sentences in Chinese: what of the scheme's tables makes the two differ, or why nothing does."""
    rules = _rules_of(scheme)
    was, now = rules.giving(before), rules.giving(after)
    told = [*_groups(rules, before, after, was, now)]
    by_severity = [given for given in (was, now) if given is not None and rules.asks_severity(given[0])]
    if by_severity:
        told += _complications(change, code, before, after)
    elif not told:
        told.append(f"ADRG {after.grouping.adrg}的细分不看MCC和CC" if now else "分组条件与该编码无关")
    return tuple([f"{one}。" for one in told])


def _groups(
    rules: _Rules,
    before: Seen,
    after: Seen,
    was: tuple[CompiledRule, Condition] | None,
    now: tuple[CompiledRule, Condition] | None,
) -> Iterator[str]:
    old, new = before.grouping, after.grouping
    if not new.is_grouped:
        if (old.status, old.drg) != (new.status, new.drg):
            yield from _not_grouped(rules, after)
        return
    if new.mdc != old.mdc:
        condition = rules.mdcs.get(new.mdc)
        asked = f"（{rules.say(condition)}）" if condition is not None else ""
        who = f"主诊断{_named(after, after.principal)}：" if after.principal != before.principal else ""
        yield f"{who}MDC由{old.mdc}变为{new.mdc}{asked}"
    if new.adrg != old.adrg and now is not None:
        from_old = f"由{old.adrg}{old.adrg_name}" if old.is_grouped else f"由{old.status}"
        yield f"ADRG{from_old}变为{new.adrg}{new.adrg_name}：{rules.say(now[0].condition)}"
    if new.drg != old.drg and now is not None and (new.adrg == old.adrg or now[1] != TRUE):
        held = f"（{rules.say(was[1])}）" if was is not None and new.adrg == old.adrg else ""
        start = f"细分组由{old.drg}{held}变为{new.drg}" if new.adrg == old.adrg else f"细分组{new.drg}"
        yield f"{start}（{rules.say(now[1])}）"


def _not_grouped(rules: _Rules, after: Seen) -> Iterator[str]:
    new = after.grouping
    if new.complaints:
        yield from (one.rstrip("。") for one in new.complaints)
    elif new.status is GroupingStatus.AMBIGUOUS:
        first = after.stay.procedures[0] if after.stay.procedures else ""
        name = after.scheme.procedure_names.get(first, "")
        yield f"手术操作{first}{name}与主诊断{_named(after, after.principal)}无关，归为{new.drg}"
    elif not after.scheme.diagnoses[after.principal][BITS] & rules.principal_bits:
        yield f"主诊断{_named(after, after.principal)}不在任何MDC的主诊断表中（灰码），无法入组"
    else:
        yield f"主诊断{_named(after, after.principal)}所在的MDC中没有规则收入该变体，无法入组"


def _named(seen: Seen, code: str) -> str:
    return f"{code}{seen.scheme.diagnosis_names.get(code, '')}"


def _complications(change: Change, code: str, before: Seen, after: Seen) -> Iterator[str]:
    """Of each secondary diagnosis that counts otherwise in the variant: why; then which still count."""
    codes = dict.fromkeys((*before.standings, *after.standings))
    moved = [one for one in codes if before.standings.get(one) != after.standings.get(one)]
    for one in moved[:_MOST_TOLD]:
        was, now = before.standings.get(one), after.standings.get(one)
        if now is not None:
            start = "" if was is not None else f"原主诊断{one}作为其他诊断：" if one == before.principal else "增加的"
            yield start + _why(after, one, now)
        elif one == after.principal and was is not None and was.level:
            yield f"{_named(after, one)}改作主诊断，不再作为{was.level}计入"
        elif was is not None:
            yield f"去掉的{_why(before, one, was)}"
    if change is Change.DROP_DIAGNOSIS and (lost := before.standings.get(code)) and not lost.counts:
        return
    still = [f"{one}（{told.level}）" for one, told in after.standings.items() if told.counts]
    more = "等" if len(still) > _MOST_TOLD else ""
    yield f"该变体计入的并发症合并症：{'、'.join(still[:_MOST_TOLD])}{more}" if still else "该变体没有计入的MCC或CC"


def _why(seen: Seen, code: str, standing: Standing) -> str:
    named, tables = _named(seen, code), seen.scheme.header.tables
    if not standing.level:
        return f"{named}既不是MCC也不是CC"
    own, principal = tables[standing.table], seen.principal
    if not standing.counts:
        return f"{named}属于{standing.level}，但其排除表{own}＝主诊断{principal}的排除表{own}，被排除"
    if not seen.excluded:
        return f"{named}计入{standing.level}（排除表{own}，主诊断{principal}没有排除表）"
    return f"{named}计入{standing.level}（排除表{own}≠主诊断{principal}的排除表{tables[seen.excluded]}）"
