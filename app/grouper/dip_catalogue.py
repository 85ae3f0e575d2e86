"""A DIP catalogue ready for grouping (编译后的病种目录): groups by stage and diagnosis prefix, tables as look-ups."""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from app.knowledge.dip_expression import Term
from app.knowledge.dip_params import Criterion
from app.knowledge.dip_records import (
    Auxiliary,
    Coefficient,
    DiagnosisExclusion,
    DipFiles,
    DipGroup,
    Kind,
    Layer,
    OperationExclusion,
    OperationKind,
)

V = TypeVar("V")
CLASSES = ("core", "grassroots", "comprehensive")
_MOST_REMEMBERED = 50_000  # there are some 35,000 diagnoses


class Lookup(Generic[V]):
    """Values by exact code or by prefix; the exact code first, then the longest prefix. First come, first kept."""

    __slots__ = ("exact", "lengths", "prefixes")

    def __init__(self, entries: Iterable[tuple[Term, V]]) -> None:
        self.exact: dict[str, V] = {}
        self.prefixes: dict[str, V] = {}
        for term, value in entries:
            for code in term.exact:
                self.exact.setdefault(code, value)
            for prefix in term.prefixes:
                self.prefixes.setdefault(prefix, value)
        self.lengths = sorted({len(prefix) for prefix in self.prefixes}, reverse=True)

    def __bool__(self) -> bool:
        return bool(self.exact or self.prefixes)

    def find(self, code: str) -> V | None:
        found = self.exact.get(code)
        if found is None:
            for length in self.lengths:
                found = self.prefixes.get(code[:length])
                if found is not None:
                    break
        return found


class Entry:
    """A group as the matcher needs it."""

    __slots__ = (
        "asks_kind", "asks_more", "asks_no_operation", "group", "group_class", "is_lesser", "main", "main_only",
        "related",
    )  # fmt: skip

    def __init__(self, group: DipGroup) -> None:
        self.group, self.main, self.related = group, group.main, group.related
        is_comprehensive = group.layer is Layer.COMPREHENSIVE
        self.group_class = "comprehensive" if is_comprehensive else "grassroots" if group.is_grassroots else "core"
        self.asks_kind = group.kind if is_comprehensive else None
        self.asks_no_operation = group.kind is Kind.CONSERVATIVE and not is_comprehensive
        self.is_lesser = group.kind is Kind.CONSERVATIVE  # stands back behind any group with an operation
        self.asks_more = bool(group.secondary or group.condition or group.age or group.age_days or group.weight)
        # The most frequent shape by far: one operation out of a list of full codes, and nothing else.
        single = group.main[0][0] if len(group.main) == 1 and len(group.main[0]) == 1 and not group.related else None
        self.main_only = None if single is None or single.prefixes else single.exact


class Bucket:
    """The groups of a stage under one prefix of `length` characters; those with one plain operation by that."""

    __slots__ = ("by_operation", "entries", "length", "others")

    def __init__(self, length: int, entries: Sequence[Entry]) -> None:
        self.length, self.entries = length, tuple(entries)
        self.others = tuple([entry for entry in entries if entry.main_only is None])
        self.by_operation: dict[str, list[Entry]] = {}
        for entry in entries:
            for code in entry.main_only or ():
                self.by_operation.setdefault(code, []).append(entry)


class Stage:
    """Layers that are judged together, with their groups by prefix of the principal diagnosis."""

    __slots__ = ("choice", "index", "layers", "lengths")

    def __init__(self, layers: Sequence[Layer], groups: Iterable[DipGroup], choice: Sequence[Criterion]) -> None:
        self.layers, self.choice = tuple(layers), tuple(choice)
        found: dict[str, list[Entry]] = {}
        for group in groups:
            entry = Entry(group)
            for prefix in group.diagnoses:
                found.setdefault(prefix, []).append(entry)
        self.index = {prefix: Bucket(len(prefix), entries) for prefix, entries in found.items()}
        self.lengths = tuple(sorted({len(prefix) for prefix in found}, reverse=True))

    def of(self, principal: str) -> tuple[Bucket, ...]:
        """The groups of that diagnosis, longest prefix first. One with several prefixes may stand in several."""
        found = [self.index.get(principal[:length]) for length in self.lengths if length <= len(principal)]
        return tuple([bucket for bucket in found if bucket is not None])


class DipCatalogue:
    """Never changes once made, but for a memo of diagnoses seen; share it between threads as you like."""

    def __init__(self, files: DipFiles) -> None:
        self.meta, self.params = files.meta, files.params
        self.groups = {group.code: group for group in files.groups}
        self.stages = tuple(_stages(files))
        self.operation_rules: Lookup[OperationExclusion] = Lookup(
            (one.codes, one) for one in files.operation_exclusions
        )
        self.barred_diagnoses: Lookup[DiagnosisExclusion] = Lookup(
            (one.codes, one) for one in files.diagnosis_exclusions
        )
        self.operations: Lookup[OperationKind] = Lookup((_as_term(one.code), one) for one in files.operations)
        self.comorbidities = files.comorbidities
        self.auxiliaries: dict[str, list[Auxiliary]] = {}
        for auxiliary in files.auxiliaries:
            self.auxiliaries.setdefault(auxiliary.code, []).append(auxiliary)
        self.coefficients: dict[tuple[str, str, str, str], Coefficient] = {
            (one.hospital, one.level, one.group, one.insurance_type): one for one in files.coefficients
        }

        self.type_rank = _type_ranks(files.params.type_order)
        self._conservative = {code: self._tell(listed) for code, listed in self.operations.exact.items()}
        self._stages_of: dict[str, tuple[tuple[Stage, tuple[Bucket, ...]], ...]] = {}

    def stages_of(self, principal: str) -> tuple[tuple[Stage, tuple[Bucket, ...]], ...]:
        """The stages that have groups of the diagnosis, in order, with those groups."""
        found = self._stages_of.get(principal)
        if found is None:
            if len(self._stages_of) >= _MOST_REMEMBERED:
                self._stages_of.clear()
            found = tuple([(stage, buckets) for stage in self.stages if (buckets := stage.of(principal))])
            self._stages_of[principal] = found
        return found

    def is_conservative(self, operation: str) -> bool:
        """Whether the operation is of the conservative kind, as the parameters define it."""
        known = self._conservative.get(operation)
        return self._tell(self.operations.find(operation)) if known is None else known

    def _tell(self, listed: OperationKind | None) -> bool:
        how = self.params.conservative
        if listed is None:
            return how.unlisted == "conservative"
        if how.by == "kind":
            return listed.kind is Kind.CONSERVATIVE
        return listed.incision in how.incisions and listed.level is not None and listed.level < how.below_level

    def kind_of(self, operation: str) -> Kind | None:
        """The kind of an operation; None where nobody says."""
        if self.is_conservative(operation):
            return Kind.CONSERVATIVE
        listed = self.operations.find(operation)
        return None if listed is None else listed.kind


def _as_term(code: str) -> Term:
    if code.endswith("*"):
        return Term(frozenset(), (code.removesuffix("*"),))
    return Term(frozenset([code]), ())


def _type_ranks(order: Sequence[str]) -> dict[tuple[str, Kind | None], int]:
    """The place of every class and kind in the order; what it does not name comes last."""
    ranks: dict[tuple[str, Kind | None], int] = {}
    for group_class in CLASSES:
        for kind in (*Kind, None):
            words = [f"{group_class}:{kind}", f"{group_class}:*"]
            ranks[group_class, kind] = next((order.index(word) for word in words if word in order), len(order))
    return ranks


def _stages(files: DipFiles) -> Iterable[Stage]:
    params = files.params
    names = [stage.split("+") for stage in params.layers]
    if not any(Layer.FALLBACK in stage for stage in names):
        names.append([Layer.FALLBACK])
    by_layer: dict[Layer, list[DipGroup]] = {}
    for group in files.groups:
        by_layer.setdefault(group.layer, []).append(group)
    for stage in names:
        layers = [Layer(name) for name in stage]
        groups = [group for layer in layers for group in by_layer.get(layer, ())]
        if groups:
            choice = params.choice_priority if Layer.PRIORITY in layers else params.choice
            yield Stage(layers, groups, choice)
