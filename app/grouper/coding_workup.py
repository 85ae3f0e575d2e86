"""Workup (检测现场): a case, what is known, and the look-ups that detectors share."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from app.domain.codes import CodeSet, is_national_item_code
from app.domain.group_weight import PaymentScheme
from app.grouper.coding_case import CodingCase, Driver, Fact, FactKind, Found, Item, RecordText, Unknown
from app.grouper.coding_drivers import drivers_of
from app.grouper.coding_regroup import Regrouper
from app.grouper.coding_text import Mention, mentions
from app.grouper.scheme import Scheme
from app.knowledge.coding_records import CodingKnowledge, Parameters, Trace

P = TypeVar("P", bound=Parameters)
Detect = Callable[["Workup"], Iterator[Found | Unknown]]
_NAMED = 5  # fee lines that one fact names


class Sought(NamedTuple):
    """What was found of a trace; `unknown` where nothing was, and the fee list cannot rule it out."""

    facts: tuple[Fact, ...]
    unknown: Unknown | None


NO_LINES = Unknown("lines", "没有收费明细，无法判断")
NO_PAYMENT = Unknown("payment", "没有支付标准或权重，不知道哪一种分组支付更高")
NO_CODES = Unknown("line.item_code", "有收费明细没有国家编码，无法判断是否已有相应收费")


class Workup:
    """One case under all detectors; what one looks up, the next does not look up again."""

    def __init__(
        self, scheme: Scheme, case: CodingCase, knowledge: CodingKnowledge, payment: PaymentScheme | None
    ) -> None:
        self.scheme, self.case, self.knowledge, self.payment = scheme, case, knowledge, payment
        self.stay, self.facts = case.stay, case.payment_facts
        if self.facts.total_amount is None and case.stay.total_amount is not None:
            self.facts = replace(self.facts, total_amount=case.stay.total_amount)
        self.regroup = Regrouper(scheme, case.stay, self.facts, payment)
        self.recorded = self.regroup.recorded

    @cached_property
    def drivers(self) -> tuple[Driver, ...]:
        return drivers_of(self.regroup)

    @property
    def sole_drivers(self) -> tuple[Driver, ...]:
        return tuple([driver for driver in self.drivers if driver.step == 1])

    @property
    def items(self) -> tuple[Item, ...]:
        return self.case.items or ()

    @property
    def texts(self) -> tuple[RecordText, ...]:
        return self.case.texts or ()

    @property
    def principal(self) -> str:
        return self.stay.diagnoses[0] if self.stay.diagnoses else ""

    @cached_property
    def secondaries(self) -> tuple[str, ...]:
        """Each once, by code: in which order they were recorded means nothing."""
        return tuple(sorted(set(self.stay.diagnoses[1:])))

    @cached_property
    def all_items_coded(self) -> bool:
        return all([is_national_item_code(item.item_code) for item in self.items])

    def parameters(self, name: str, shape: type[P]) -> P:
        found = self.knowledge.parameters[name]
        assert isinstance(found, shape)  # noqa: S101 - for the type checker; the reader has seen to it
        return found

    def named(self, code: str, is_procedure: bool = False) -> str:
        """The code with its name, where the scheme's dictionary tells it."""
        names = self.scheme.procedure_names if is_procedure else self.scheme.diagnosis_names
        name = names.get(code, "")
        return f"{name}（{code}）" if name else code

    def matching_items(self, codes: CodeSet, names: Sequence[str] = ()) -> list[Item]:
        return [item for item in self.items if _matches(item, codes, names)]

    def seek(self, row: Trace, with_procedures: bool = True, with_texts: bool = True) -> Sought:
        """The traces of the row in procedures, fee lines and texts."""
        facts = []
        if with_procedures and (done := row.procedures.matching(self.stay.procedures)):
            told = "、".join([self.named(code, True) for code in done])
            facts.append(Fact(kind=FactKind.PROCEDURE, text=f"手术操作：{told}", codes=tuple(done), source=row.point))
        if charged := self.matching_items(row.item_code, row.item_names):
            facts.append(items_fact(charged, row.point))
        if with_texts and self.case.texts is not None and row.item_names:
            affirmed = (one.quote for one in mentions(self.texts, row.item_names) if one.mention is Mention.AFFIRMED)
            if quote := next(affirmed, ""):
                facts.append(Fact(kind=FactKind.TEXT, text=f"病历文书：“{quote}”", source=row.point))
        if facts:
            return Sought(tuple(facts), None)
        if not self.items:
            return Sought((), NO_LINES)
        return Sought((), None if self.all_items_coded else NO_CODES)


def items_fact(items: Sequence[Item], source: str) -> Fact:
    names = "、".join(dict.fromkeys([item.name or item.item_code for item in items[:_NAMED]]))
    more = f"等{len(items)}条" if len(items) > _NAMED else ""
    return Fact(
        kind=FactKind.ITEM,
        text=f"收费明细：{names}{more}",
        codes=tuple(dict.fromkeys([item.item_code for item in items if item.item_code])),
        lines=tuple([item.id for item in items if item.id]),
        source=source,
    )


def absence(what: str, count: int, source: str) -> Fact:
    return Fact(kind=FactKind.ABSENCE, text=f"{count}条收费明细和手术操作中均未见{what}", source=source)


def _matches(item: Item, codes: CodeSet, names: Sequence[str]) -> bool:
    if item.item_code and item.item_code in codes:
        return True
    name = item.name
    return bool(name) and any([part in name for part in names])
