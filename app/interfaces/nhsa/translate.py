"""From a message of 3101 / 3102 to what is audited (报文转换): one request for each patient in it.

Nothing is refused for want of a field and nothing is guessed where clients conflict: what is not understood becomes
unknown, and is noted.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.audit import AuditRequest
from app.domain.decision import Stage
from app.domain.encounter import (
    CareType,
    Coverage,
    Diagnosis,
    DiagnosisUse,
    Encounter,
    Facility,
    InsuranceType,
    Patient,
    Pregnancy,
    Procedure,
    Sex,
)
from app.domain.line import ChargeLine, OrderLine, Practitioner
from app.interfaces.nhsa.dictionaries import (
    DIAGNOSIS_USE,
    INSURANCE,
    MED_TYPE,
    OUT_OF_AREA,
    SCENE,
    SEX,
    VISIT_TYPE,
)
from app.interfaces.nhsa.leaves import Reader, objects
from app.interfaces.nhsa.lines import LineReader, Lines
from app.interfaces.nhsa.message import Data, Diagnose, Input, Message, Operation, Person, Visit
from app.interfaces.nhsa.profiles import Profile

_STAYS = frozenset({CareType.INPATIENT, CareType.DAY_CASE})
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


class NoEncounter(Exception):
    """The message holds no visit that could be audited; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One patient of a message: what to audit, how to echo it, and what was not understood."""

    request: AuditRequest
    patient_id: str
    visit_id: str
    rx_ids: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    task_id: str
    scene: str
    rule_ids: frozenset[str]
    facility: str
    now: datetime


def data_of(message: Message) -> tuple[Input, Data]:
    """The input and its head; raises NoEncounter where the message has none."""
    if not isinstance(message.input, Input):
        raise NoEncounter("报文缺少 input 节点")
    for node in (message.input.data, message.input.trig_scen):
        if isinstance(node, Data):
            return message.input, node
    return message.input, Data()


def read_head(message: Message, data: Data, now: datetime) -> Head:
    reader = Reader()
    rule_ids = data.rule_ids if isinstance(data.rule_ids, list) else [data.rule_ids]
    scene = data.trig_scen
    return Head(
        task_id=reader.text(data.task_id),
        scene=reader.text(scene),
        rule_ids=frozenset(reader.text(one) for one in rule_ids) - {""},
        facility=facility_of(message),
        now=reader.when(message.inf_time, "inf_time") or now,
    )


def facility_of(message: Any) -> str:
    """The facility that the envelope names, before anything else is read."""
    reader = Reader()
    return reader.text(message.fixmedins_code) or reader.text(message.medins_code)


def read_requests(message: Message, stage: Stage, profile: Profile, head: Head) -> list[Asked]:
    """What to audit for each patient. Raises NoEncounter."""
    whole, data = data_of(message)
    persons: list[Person] = objects(data.patient_dtos) or objects(whole.patient_dtos)
    if not persons:
        raise NoEncounter("报文缺少参保人信息 patient_dtos")
    asked = [_Translator(stage, profile, head).person(person, whole) for person in persons]
    return asked


class _Translator:
    """Translates one patient; it has a reader of its own, so notes are about this patient only."""

    def __init__(self, stage: Stage, profile: Profile, head: Head) -> None:
        self._stage, self._profile, self._head = stage, profile, head
        self._reader = Reader()

    def person(self, person: Person, whole: Input) -> Asked:
        visits: list[Visit] = objects(person.fsi_encounter_dtos) or objects(whole.fsi_encounter_dtos)
        if not visits:
            raise NoEncounter("报文缺少就诊信息 fsi_encounter_dtos")
        current = self._current(visits, self._reader.text(person.curr_mdtrt_id))
        encounter, lines = self._encounter(person, current, whole, self._line_type())
        past = [self._encounter(person, visit, Input(), ChargeLine)[0] for visit in visits if visit is not current]
        return Asked(
            request=AuditRequest(encounter=encounter, stage=self._stage, history=tuple(past) if past else None),
            patient_id=self._reader.text(person.patn_id),
            visit_id=self._reader.text(current.mdtrt_id),
            rx_ids=lines.rx_ids,
            notes=tuple(self._reader.notes),
        )

    def _line_type(self) -> type[Any]:
        return OrderLine if self._stage is Stage.ORDERING else ChargeLine

    def _current(self, visits: list[Visit], wanted: str) -> Visit:
        for visit in visits:
            if wanted and self._reader.text(visit.mdtrt_id) == wanted:
                return visit
        if wanted:
            self._reader.note("curr_mdtrt_id names none of the visits; the last one is audited")
        return visits[-1]

    def _encounter(self, person: Person, visit: Visit, whole: Input, line_type: type[Any]) -> tuple[Encounter, Lines]:
        text, when = self._reader.text, self._reader.when
        care_type = self._care_type(visit)
        start = when(visit.adm_date, "adm_date")
        orders = visit.fsi_order_dtos if objects(visit.fsi_order_dtos) else whole.fsi_order_dtos
        fallback = start.date() if start is not None else self._head.now.date()
        lines: Lines = LineReader(self._reader, self._profile, fallback).read(orders, line_type)
        kept: dict[str, Any] = {"order_lines" if line_type is OrderLine else "charge_lines": lines.lines}
        facility = text(visit.medins_id) or self._head.facility or "-"
        encounter = Encounter(
            id=text(visit.mdtrt_id) or text(person.curr_mdtrt_id) or "-",
            facility=Facility(
                id=facility,
                level=self._profile.levels.get(text(visit.medins_lv), Facility(id="-").level),
                type=text(visit.medins_type),
                district_code=text(visit.medins_admdvs),
            ),
            patient=self._patient(person, visit),
            coverage=Coverage(
                insurance_type=self._insurance(visit),
                pooling_area=text(person.poolarea),
                is_out_of_area=OUT_OF_AREA[self._profile.out_of_area].get(text(visit.out_setl_flag)),
            ),
            care_type=care_type,
            start_at=start,
            end_at=self._end(start, when(visit.dscg_date, "dscg_date"), care_type),
            department=self._department(visit),
            ward=text(visit.wardarea_codg),
            practitioner=Practitioner(id=text(visit.dr_codg)),
            diagnoses=self._diagnoses(visit, whole),
            procedures=self._procedures(visit, whole),
            **kept,
        )
        return encounter, lines

    def _patient(self, person: Person, visit: Visit) -> Patient:
        reader = self._reader
        birth_date: date | None = reader.day(person.brdy, "brdy")
        if birth_date is not None and birth_date > self._head.now.date():
            reader.note("brdy is in the future; it is not used")
            birth_date = None
        pregnancy = Pregnancy.UNKNOWN
        if self._profile.pregnancy != "unknown":
            known = {"0": Pregnancy.UNKNOWN, **self._profile.pregnancies}
            pregnancy = reader.one_of(visit.matn_stas, known, Pregnancy.UNKNOWN, "matn_stas")
        return Patient(
            id=reader.text(person.patn_id) or reader.text(person.curr_mdtrt_id) or "-",
            sex=reader.one_of(person.gend, {**SEX, **self._profile.sex}, Sex.UNKNOWN, "gend"),
            birth_date=birth_date,
            pregnancy=pregnancy,
        )

    def _care_type(self, visit: Visit) -> CareType:
        """By `med_type` first, then the scene, then the kind of visit, on which clients conflict."""
        text = self._reader.text
        visit_type = text(visit.med_mdtrt_type)
        med_type = text(visit.med_type) or (visit_type[:2] if len(visit_type) == 3 else "")
        return (
            self._profile.care_type.get(med_type)
            or MED_TYPE.get(med_type)
            or SCENE.get(self._head.scene)
            or VISIT_TYPE[self._profile.visit_type].get(visit_type)
            or CareType.UNKNOWN
        )

    def _end(self, start: datetime | None, end: datetime | None, care_type: CareType) -> datetime | None:
        """The end of the visit; a stay that ends when it begins is one that goes on."""
        if end is None or (end == start and care_type in _STAYS):
            return None
        if start is not None and end < start:
            self._reader.note("dscg_date is before adm_date; it is not used")
            return None
        return end

    def _insurance(self, visit: Visit) -> InsuranceType:
        dictionary = {**INSURANCE, **self._profile.insurance_type}
        return self._reader.one_of(visit.insutype, dictionary, InsuranceType.UNKNOWN, "insutype")

    def _department(self, visit: Visit) -> str:
        code, name = self._reader.text(visit.adm_dept_codg), self._reader.text(visit.adm_dept_name)
        if _CHINESE.search(code) and name and not _CHINESE.search(name):
            self._reader.note("adm_dept_codg and adm_dept_name are swapped")
            return name
        return code

    def _diagnoses(self, visit: Visit, whole: Input) -> tuple[Diagnosis, ...]:
        reader = self._reader
        main = reader.text(visit.dscg_main_dise_codg)
        nodes: list[Diagnose] = objects(visit.fsi_diagnose_dtos) or objects(whole.fsi_diagnose_dtos)
        found = []
        for node in nodes:
            code = reader.text(node.dise_codg)
            flag = reader.text(node.maindise_flag)
            found.append(
                Diagnosis(
                    code=code,
                    name=reader.text(node.dise_name, 500),
                    is_principal=flag == "1" or (bool(code) and code in (flag, main)),
                    use=DIAGNOSIS_USE.get(reader.text(node.inout_dise_type), DiagnosisUse.UNKNOWN),
                    diagnosed_date=reader.day(node.dise_date, "dise_date"),
                )
            )
        if main and all(one.code != main for one in found):
            found.insert(0, Diagnosis(code=main, name=reader.text(visit.dscg_main_dise_name, 500), is_principal=True))
        return tuple(found)

    def _procedures(self, visit: Visit, whole: Input) -> tuple[Procedure, ...]:
        reader = self._reader
        nodes: list[Operation] = (
            objects(visit.fsi_operation_dtos) or objects(visit.fsi_encounter_dtos) or objects(whole.fsi_operation_dtos)
        )
        return tuple(
            Procedure(
                code=reader.text(node.oprn_code),
                name=reader.text(node.oprn_name, 500),
                is_principal=reader.text(node.main_oprn_flag) == "1",
                performed_date=reader.day(node.oprn_date, "oprn_date"),
            )
            for node in nodes
            if reader.text(node.oprn_code)
        )
