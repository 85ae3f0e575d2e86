"""A stay as a DIP catalogue sees it (入组依据): operations after the exclusion list, their kinds, and facts."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from app.domain.stay import Stay
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_result import DipFacts
from app.knowledge.dip_condition import Test
from app.knowledge.dip_expression import Term, normal
from app.knowledge.dip_records import DipGroup, Kind, OperationRule

_KIND_RANK = {kind: rank for rank, kind in enumerate(Kind)}
_HOURS = 24
_DAYS_A_YEAR = 366  # more than any bound in days for infants: a stay of one year and more need not give days
NO_FACTS = DipFacts()


class Context:
    """`operations`: recorded, without those that the exclusion list takes as conservative; `main`: those of them that
    may be a group's main operation; `counting`: those that are not of the conservative kind."""

    __slots__ = (
        "catalogue", "cost", "counting", "excluded", "facts", "group", "main", "missing", "operation_set",
        "operations", "principal", "principal_operation", "secondary", "stay",
    )  # fmt: skip

    def __init__(self, catalogue: DipCatalogue, stay: Stay, facts: DipFacts | None) -> None:
        self.catalogue, self.stay, self.facts = catalogue, stay, facts or NO_FACTS
        codes = [normal(code) if "X" in code else code for code in stay.diagnoses]
        self.principal = codes[0] if codes else ""
        self.secondary = codes[1:]
        self.cost = stay.total_amount
        self.missing: dict[str, list[str]] = {}  # fact: codes of what could not be judged
        self.group: DipGroup | None = None  # set while its auxiliaries are judged
        self.excluded: list[tuple[str, OperationRule, int]] = []
        recorded = list(dict.fromkeys([normal(code) if "X" in code else code for code in stay.procedures]))
        self.operations = recorded
        barred = self._apply_rules(recorded) if recorded and catalogue.operation_rules else ()
        main = [code for code in self.operations if code not in barred] if barred else self.operations
        self.principal_operation = main[0] if main else ""
        self.operation_set = frozenset(self.operations)
        self.main = main[:1] if catalogue.params.operation.main_is_principal else main
        self.counting = [code for code in self.operations if not catalogue.is_conservative(code)]

    def _apply_rules(self, recorded: list[str]) -> set[str]:
        """Take out what counts as conservative; give back what may not be a main operation."""
        barred, kept = set(), []
        for code in recorded:
            rule = self.catalogue.operation_rules.find(code)
            if rule is None:
                kept.append(code)
                continue
            if rule.rule is OperationRule.MAIN_ONLY_IN and self.principal.startswith(rule.diagnoses):
                kept.append(code)
                continue
            self.excluded.append((code, rule.rule, rule.row))
            if rule.rule is not OperationRule.CONSERVATIVE:
                kept.append(code)
                barred.add(code)
        self.operations = kept
        return barred

    @property
    def unnamed(self) -> list[str]:
        """Operations that count and that operations.csv does not hold."""
        return [code for code in self.counting if self.catalogue.operations.find(code) is None]

    @property
    def kind(self) -> Kind | None:
        """By which kind a comprehensive group is chosen; None where operations.csv does not tell."""
        if not self.counting:
            return Kind.CONSERVATIVE
        kinds = [self.catalogue.kind_of(code) for code in self.counting]
        if self.catalogue.params.comprehensive.by == "principal":
            return kinds[0]
        return highest(kinds) if None not in kinds or Kind.SURGERY in kinds else None

    def judge_all(self, tests: Iterable[Test], code: str) -> bool | None:
        """Whether all tests hold; None, noting the fact, where one cannot be judged and the others hold."""
        verdict: bool | None = True
        unknown = []
        for test in tests:
            one = self.judge(test)
            if one is False:
                return False
            if one is None:
                verdict = None
                unknown.append(test.fact)
        for fact in unknown:
            self.missing.setdefault(fact, []).append(code)
        return verdict

    def judge(self, test: Test) -> bool | None:
        if test.codes is not None:
            return self._has(test.fact, test.codes)
        if test.words:
            word = self.stay.sex if test.fact == "sex" else self.stay.discharge_disposition
            return word in test.words if word else None
        number = NUMBER[test.fact](self)
        return None if number is None else test.holds_for(number)

    def _has(self, fact: str, codes: Term) -> bool:
        if fact == "principal_dx":
            return names(codes, self.principal)
        if fact == "any_dx" and names(codes, self.principal):
            return True
        found = [code for code in self.secondary if names(codes, code)]
        return any(code[:3] != self.principal[:3] for code in found) if fact == "other_category" else bool(found)


def names(term: Term, code: str) -> bool:
    return code in term.exact or code.startswith(term.prefixes)


def highest(kinds: Iterable[Kind | None]) -> Kind | None:
    """The kind that asks for most; None where none is known."""
    return min((kind for kind in kinds if kind is not None), key=_KIND_RANK.__getitem__, default=None)


def age_in_days(context: Context) -> int | None:
    stay = context.stay
    if stay.age_days is None and stay.age_years:
        return stay.age_years * _DAYS_A_YEAR
    return stay.age_days


def age_in_years(context: Context) -> int | None:
    stay = context.stay
    return stay.age_days // 365 if stay.age_years is None and stay.age_days is not None else stay.age_years


def _icu_days(context: Context) -> int | None:
    hours = context.stay.icu_hours
    if hours is None:
        return None
    return int(hours // _HOURS) if context.catalogue.params.icu_days == "whole" else int(-(-hours // _HOURS))


def _comorbidity(context: Context) -> int:
    """Points of the comorbidities recorded beside the principal diagnosis, each category once, at its highest."""
    points: dict[str, int] = {}
    for item, codes, worth in context.catalogue.comorbidities:
        if any(names(codes, code) for code in context.secondary):
            points[item] = max(points.get(item, 0), worth)
    return sum(points.values())


def _cost_ratio(context: Context) -> Decimal | None:
    group, cost, point_value = context.group, context.cost, context.facts.point_value
    if group is None or cost is None:
        return None
    standard = group.score * point_value if group.score is not None and point_value is not None else group.mean_cost
    return cost / standard if standard else None


def _operation_level(context: Context) -> int | None:
    listed = context.catalogue.operations.find(context.principal_operation) if context.principal_operation else None
    return None if listed is None else listed.level


NUMBER: Mapping[str, Callable[[Context], Decimal | int | None]] = {
    "age": age_in_years,
    "age_days": age_in_days,
    "weight": lambda context: context.stay.weight_grams,
    "days": lambda context: context.stay.stay_days,
    "icu_days": _icu_days,
    "cci": _comorbidity,
    "cost_ratio": _cost_ratio,
    "drug_share": lambda context: context.facts.drug_share,
    "treatment_share": lambda context: context.facts.treatment_share,
    "tcm_share": lambda context: context.facts.tcm_share,
    "operation_level": _operation_level,
}
