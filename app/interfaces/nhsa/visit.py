"""One visit (就诊) of a message: from the national objects to the domain's encounter.

Where clients conflict nothing is guessed: what is not understood becomes unknown, and is noted.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, NamedTuple

from app.application.unnumbered_visits import VisitOf
from app.domain.decision import Stage
from app.domain.encounter import (
    CareType,
    Coverage,
    Diagnosis,
    DiagnosisUse,
    Encounter,
    Facility,
    FacilityLevel,
    InsuranceType,
    Patient,
    Pregnancy,
    Procedure,
    Sex,
)
from app.domain.line import ChargeLine, OrderLine, Practitioner
from app.interfaces.nhsa.dictionaries import DIAGNOSIS_USE, OUT_OF_AREA, SCENE, VISIT_TYPE
from app.interfaces.nhsa.leaves import Reader, V
from app.interfaces.nhsa.lines import LineReader
from app.interfaces.nhsa.message import Diagnose, Input, Operation, Person, Visit
from app.interfaces.nhsa.profiles import Profile

_STAYS = frozenset({CareType.INPATIENT, CareType.DAY_CASE})
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_NO_SIBLINGS = Input()
_MIDNIGHT = time()  # a date without a time


class Surroundings(NamedTuple):
    """What a visit is read by, beside itself: its caller's profile and what the head of the message says."""

    profile: Profile
    scene: str
    facility: str
    message_id: str
    now: datetime
    visit_of: VisitOf


class VisitReader:
    def __init__(self, reader: Reader, around: Surroundings) -> None:
        self._reader, self._around, self._profile = reader, around, around.profile

    def current(self, person: Person, visit: Visit, siblings: Input, stage: Stage) -> tuple[Encounter, dict[str, str]]:
        """The visit to audit, and the `rx_id` of each of its lines. `siblings` hold its nodes in the flat form."""
        orders = visit.fsi_order_dtos or siblings.fsi_order_dtos
        if stage is Stage.ORDERING:
            lines = self._lines(visit).read(orders, OrderLine)
            return self._encounter(person, visit, siblings, order_lines=lines.lines), lines.rx_ids
        lines = self._lines(visit).read(orders, ChargeLine)
        return self._encounter(person, visit, siblings, charge_lines=lines.lines), lines.rx_ids

    def past(self, person: Person, visit: Visit) -> Encounter:
        """An earlier visit: its orders count as carried out."""
        lines = self._lines(visit).read(visit.fsi_order_dtos, ChargeLine).lines
        return self._encounter(person, visit, _NO_SIBLINGS, charge_lines=lines)

    def _lines(self, visit: Visit) -> LineReader:
        start = self._reader.day("adm_date", visit.adm_date)
        return LineReader(self._reader, self._profile, start or self._around.now.date())

    def _encounter(self, person: Person, visit: Visit, siblings: Input, **lines: Any) -> Encounter:
        reader, care_type = self._reader, self._care_type(visit)
        start, end = reader.when("adm_date", visit.adm_date), reader.when("dscg_date", visit.dscg_date)
        return Encounter(
            id=self._id(person, visit),
            facility=self._facility(visit),
            patient=self._patient(person, visit),
            coverage=self._coverage(person, visit),
            care_type=care_type,
            start_at=start,
            end_at=self._end(start, end, care_type),
            department=self._department(visit),
            ward=reader.text("wardarea_codg", visit.wardarea_codg),
            practitioner=Practitioner(id=reader.text("dr_codg", visit.dr_codg)),
            diagnoses=self._diagnoses(visit, siblings),
            procedures=self._procedures(visit, siblings),
            **lines,
        )

    def _id(self, person: Person, visit: Visit) -> str:
        """Never the same for two patients: what doctors answer about a finding hangs on it. Never the patient's own id,
        not even where that was sent as the number of the visit.
        """
        text = self._reader.text
        patient = text("patn_id", person.patn_id)
        number = text("mdtrt_id", visit.mdtrt_id) or text("curr_mdtrt_id", person.curr_mdtrt_id)
        if patient and number in ("", patient):
            return self._around.visit_of(patient)
        return number or self._around.message_id or "-"

    def _facility(self, visit: Visit) -> Facility:
        text = self._reader.text
        return Facility(
            id=text("medins_id", visit.medins_id) or self._around.facility or "-",
            level=self._chosen("medins_lv", self._profile.levels, FacilityLevel.UNKNOWN, visit.medins_lv),
            type=text("medins_type", visit.medins_type),
            district_code=text("medins_admdvs", visit.medins_admdvs),
        )

    def _coverage(self, person: Person, visit: Visit) -> Coverage:
        reader, profile = self._reader, self._profile
        return Coverage(
            insurance_type=reader.one_of("insutype", profile.insurance_types, InsuranceType.UNKNOWN, visit.insutype),
            pooling_area=reader.text("poolarea", person.poolarea),
            is_out_of_area=OUT_OF_AREA[profile.out_of_area].get(reader.text("out_setl_flag", visit.out_setl_flag)),
        )

    def _patient(self, person: Person, visit: Visit) -> Patient:
        reader = self._reader
        birth_date = reader.day("brdy", person.brdy)
        if birth_date is not None and birth_date > self._around.now.date():
            reader.note("brdy 晚于交易时间，未采用")
            birth_date = None
        return Patient(
            id=reader.text("patn_id", person.patn_id) or reader.text("curr_mdtrt_id", person.curr_mdtrt_id) or "-",
            sex=reader.one_of("gend", self._profile.sexes, Sex.UNKNOWN, person.gend),
            birth_date=birth_date,
            pregnancy=self._chosen("matn_stas", self._profile.pregnancies, Pregnancy.UNKNOWN, visit.matn_stas),
        )

    def _chosen(self, name: str, dictionary: Mapping[str, V], unknown: V, value: Any) -> V:
        """As the profile's dictionary says; without one chosen a code says nothing, as clients conflict."""
        if dictionary:
            return self._reader.one_of(name, dictionary, unknown, value)
        if self._reader.text(name, value) not in ("", "0"):
            self._reader.note(f"{name} 未采用：接口方配置没有指定所用字典")
        return unknown

    def _care_type(self, visit: Visit) -> CareType:
        """By `med_type` first, then the scene, then the kind of visit, on which clients conflict."""
        text, profile = self._reader.text, self._profile
        visit_type = text("med_mdtrt_type", visit.med_mdtrt_type)
        med_type = text("med_type", visit.med_type) or (visit_type[:2] if len(visit_type) == 3 else "")
        found = profile.care_types.get(med_type)
        if found is None and med_type:
            self._reader.note(f"med_type “{med_type}”不在字典中")
        return (
            found or SCENE.get(self._around.scene) or VISIT_TYPE[profile.visit_type].get(visit_type) or CareType.UNKNOWN
        )

    def _end(self, start: datetime | None, end: datetime | None, care_type: CareType) -> datetime | None:
        """The end of the visit; a stay that ends when it begins is one that goes on."""
        if end is None or (end == start and care_type in _STAYS):
            return None
        if start is not None and end < start:
            self._reader.note("dscg_date 早于 adm_date，未采用")
            return None
        return end

    def _department(self, visit: Visit) -> str:
        text = self._reader.text
        code, name = text("adm_dept_codg", visit.adm_dept_codg), text("adm_dept_name", visit.adm_dept_name)
        if _CHINESE.search(code) and name and not _CHINESE.search(name):
            self._reader.note("adm_dept_codg 与 adm_dept_name 互换，已按代码、名称还原")
            return name
        return code

    def _diagnoses(self, visit: Visit, siblings: Input) -> tuple[Diagnosis, ...]:
        reader = self._reader
        main = reader.text("dscg_main_dise_codg", visit.dscg_main_dise_codg)
        nodes: list[Diagnose] = reader.objects("fsi_diagnose_dtos", visit.fsi_diagnose_dtos)
        nodes = nodes or reader.objects("fsi_diagnose_dtos", siblings.fsi_diagnose_dtos)
        found = [one for one in (self._diagnosis(node, main) for node in nodes) if one.code or one.name]
        if main and all(one.code != main for one in found):
            name = reader.text("dscg_main_dise_name", visit.dscg_main_dise_name, 500)
            found.insert(0, Diagnosis(code=main, name=name, is_principal=True))
        return tuple(found)

    def _diagnosis(self, node: Diagnose, main: str) -> Diagnosis:
        reader = self._reader
        code = reader.text("dise_codg", node.dise_codg)
        flag = reader.text("maindise_flag", node.maindise_flag)
        return Diagnosis(
            code=code,
            name=reader.text("dise_name", node.dise_name, 500),
            is_principal=flag == "1" or (bool(code) and code in (flag, main)),
            use=reader.one_of("inout_dise_type", DIAGNOSIS_USE, DiagnosisUse.UNKNOWN, node.inout_dise_type),
            diagnosed_date=reader.day("dise_date", node.dise_date),
        )

    def _procedures(self, visit: Visit, siblings: Input) -> tuple[Procedure, ...]:
        reader = self._reader
        for name, node in (
            ("fsi_operation_dtos", visit.fsi_operation_dtos),
            ("fsi_encounter_dtos", visit.fsi_encounter_dtos),  # where the class of one client puts them
            ("fsi_operation_dtos", siblings.fsi_operation_dtos),
        ):
            nodes: list[Operation] = reader.objects(name, node)
            if nodes:
                return tuple(self._procedure(one) for one in nodes if reader.text("oprn_code", one.oprn_code))
        return ()

    def _procedure(self, node: Operation) -> Procedure:
        reader = self._reader
        performed_at = reader.when("oprn_date", node.oprn_date)
        return Procedure(
            code=reader.text("oprn_code", node.oprn_code),
            name=reader.text("oprn_name", node.oprn_name, 500),
            is_principal=reader.flag("main_oprn_flag", node.main_oprn_flag) is True,
            performed_date=None if performed_at is None else performed_at.date(),
            performed_at=None if performed_at is None or performed_at.time() == _MIDNIGHT else performed_at,
        )
