"""Check the coding of a case (编码疑点检查): told as a stay, an encounter or a case object, with what else is known."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from app.application.group_stays import drg_words
from app.application.preview_settlement import NoParameters, facts_for, payment_scheme
from app.application.stay_input import StayInput, stay_of
from app.domain.encounter import DiagnosisUse, Encounter
from app.domain.group_weight import PaymentScheme
from app.domain.line import Line
from app.domain.money import ZERO, check_number
from app.grouper.coding import check_coding
from app.grouper.coding_case import CodingCase, Item, Past, RecordText, Statistics
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.scheme import Scheme
from app.grouper.translate import translated
from app.knowledge.coding_files import read_coding
from app.knowledge.coding_records import CodingKnowledge

MOST_LINES, MOST_TEXTS, MOST_HISTORY = 5000, 200, 200


class CodingFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a request may tell besides the facts of the payment."""

    start_date: date | None = None
    end_date: date | None = None
    admission_diagnoses: tuple[str, ...] | None = None
    uncovered_amount: Decimal | None = None

    def __post_init__(self) -> None:
        if self.uncovered_amount is not None:
            check_number(self.uncovered_amount, "uncovered_amount")


class CodingInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parts of a request beside the case; None is "not told"."""

    lines: tuple[Item, ...] | None = None
    texts: tuple[RecordText, ...] | None = None
    facts: dict[str, Any] | None = None
    history: tuple[Encounter, ...] | None = None
    statistics: Statistics | None = None
    on: date | None = None
    encounter: Encounter | None = None


class TooMuch(ValueError):
    """More of something than one case has; `field` is a JSON pointer."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def read_knowledge(rules_dir: Path) -> CodingKnowledge:
    """The evidence tables that lie with the rules. Raises PackError."""
    return read_coding(rules_dir / "grouping" / "evidence")


def read_input(document: Mapping[str, Any]) -> CodingInput:
    """The parts of a request. Raises msgspec.ValidationError, ArithmeticError, TooMuch."""
    told = {name: document[name] for name in CodingInput.__struct_fields__ if document.get(name) is not None}
    found = msgspec.convert(told, CodingInput, strict=False)
    for name, most in (("lines", MOST_LINES), ("texts", MOST_TEXTS), ("history", MOST_HISTORY)):
        if len(getattr(found, name) or ()) > most:
            raise TooMuch(f"`{name}` has more than {most} entries; send one case, and what belongs to it", f"/{name}")
    return found


def coding_case(case: StayInput, told: CodingInput) -> CodingCase:
    """Everything known of the case in one. Raises BadFacts, and msgspec.ValidationError for what are no facts."""
    facts = dict(told.facts or {})
    own = {name: facts.pop(name) for name in CodingFacts.__struct_fields__ if name in facts}
    more = msgspec.convert(own, CodingFacts, strict=False)
    made = CodingCase(
        stay=case.stay,
        payment_facts=facts_for(case, facts),
        items=told.lines or None,
        texts=told.texts,
        history=None if told.history is None else tuple([past_of(one) for one in told.history]),
        statistics=told.statistics,
        start_date=more.start_date,
        end_date=more.end_date,
        admission_diagnoses=more.admission_diagnoses,
        uncovered_amount=more.uncovered_amount,
    )
    return made if told.encounter is None else _with_encounter(made, told.encounter)


def encounter_case(encounter: Encounter, history: Sequence[Encounter] | None = None) -> CodingCase:
    """What an encounter tells, with the patient's other encounters where they are known."""
    past = None if history is None else tuple([past_of(one) for one in history])
    stay = stay_of(encounter)
    return _with_encounter(
        CodingCase(stay=stay, payment_facts=facts_for(StayInput("", stay), None), history=past), encounter
    )


def _with_encounter(case: CodingCase, encounter: Encounter) -> CodingCase:
    """What the encounter tells and the case does not."""
    lines = encounter.charge_lines
    admitted = tuple([one.code for one in encounter.diagnoses if one.code and one.use is DiagnosisUse.ADMISSION])
    facility = encounter.facility
    facts = case.payment_facts
    return replace(
        case,
        payment_facts=replace(
            facts,
            facility_id=facts.facility_id or facility.id,
            facility_level=facts.facility_level or facility.level,
        ),
        items=case.items or tuple([item_of(line) for line in lines]) or None,
        start_date=case.start_date or (encounter.start_at.date() if encounter.start_at else None),
        end_date=case.end_date or (encounter.end_at.date() if encounter.end_at else None),
        admission_diagnoses=admitted or None if case.admission_diagnoses is None else case.admission_diagnoses,
        uncovered_amount=_uncovered(lines) if case.uncovered_amount is None else case.uncovered_amount,
    )


def item_of(line: Line) -> Item:
    return Item(
        id=line.id,
        item_code=line.item_code,
        item_name=line.item_name,
        local_item_name=line.local_item_name,
        amount=line.total_amount,
        service_date=line.service_date,
    )


def _uncovered(lines: Sequence[Line]) -> Decimal | None:
    """What the patient pays in full; None where a line does not say."""
    amounts = [line.uncovered_amount for line in lines]
    return None if not amounts or None in amounts else sum([one for one in amounts if one is not None], ZERO)


def past_of(encounter: Encounter) -> Past:
    return Past(
        stay=stay_of(encounter),
        care_type=encounter.care_type,
        start_date=encounter.start_at.date() if encounter.start_at else None,
        end_date=encounter.end_at.date() if encounter.end_at else None,
    )


def pricing(scheme: Scheme, on: date | None) -> PaymentScheme | None:
    """The payment parameters of the day, or the latest; None where the scheme can only group."""
    try:
        return payment_scheme(scheme, on)
    except NoParameters:
        return None


def coding_answer(
    scheme: Scheme, knowledge: CodingKnowledge, case: StayInput, told: CodingInput, *, translate: bool = False
) -> dict[str, Any]:
    """Grouping, payment, findings, what was not evaluated, and the order of review. Raises as `coding_case`.

    With `translate`, codes of the clinical edition are turned first; raises ValueError where the scheme has no maps.
    """
    if translate:
        turned, _ = translated(scheme, case.stay)
        if isinstance(turned, Grouping):
            return {"grouping": drg_words(case, turned), "findings": (), "not_evaluated": (), "judged": ()}
        case = replace(case, stay=turned)
    made = coding_case(case, told)
    report = check_coding(scheme, made, knowledge, pricing(scheme, told.on))
    return {
        "grouping": drg_words(case, group(scheme, case.stay)),
        "recorded": report.recorded,
        "findings": report.findings,
        "not_evaluated": report.not_evaluated,
        "judged": report.judged,
        "drivers": report.drivers,
        "ranking": report.ranking,
    }
