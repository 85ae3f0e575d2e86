"""From a message of 3101 / 3102 to what is audited (报文转换): one request for each patient in it.

Nothing is refused for want of a field. What is not understood is noted, for the record.
"""

from datetime import datetime
from typing import Any, NamedTuple

from app.application.unnumbered_visits import VisitOf
from app.domain.audit import AuditRequest
from app.domain.decision import Stage
from app.interfaces.nhsa.dictionaries import SCENE
from app.interfaces.nhsa.leaves import Reader
from app.interfaces.nhsa.message import Data, Input, Message, Person, Visit
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.visit import Surroundings, VisitReader


class NoEncounter(Exception):
    """The message does not hold what its transaction needs; the text, in Chinese, says what is missing."""


class Asked(NamedTuple):
    """One patient of a message: what to audit, how to echo it, and what was not understood."""

    request: AuditRequest
    patient_id: str
    visit_id: str
    rx_ids: dict[str, str]
    notes: tuple[str, ...]


class Head(NamedTuple):
    task_id: str
    scene: str
    rule_ids: frozenset[str]
    facility: str
    message_id: str
    now: datetime
    notes: tuple[str, ...]


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
    scene = reader.text("trig_scen", data.trig_scen)
    if scene and scene not in SCENE:
        reader.note(f"trig_scen “{scene[:20]}”不在字典中")
    return Head(
        task_id=reader.text("task_id", data.task_id),
        scene=scene,
        rule_ids=frozenset(reader.text("rule_ids", one) for one in rule_ids) - {""},
        facility=facility_of(message),
        message_id=reader.text("msgid", message.msgid),
        now=reader.when("inf_time", message.inf_time) or now,
        notes=tuple(reader.notes),
    )


def facility_of(message: Any) -> str:
    """The facility that the envelope names, before anything else is read."""
    text = Reader().text
    return text("fixmedins_code", message.fixmedins_code) or text("medins_code", message.medins_code)


def read_requests(message: Message, stage: Stage, profile: Profile, head: Head, visit_of: VisitOf) -> list[Asked]:
    """What to audit for each patient. Raises NoEncounter."""
    siblings, data = data_of(message)
    reader = Reader()
    persons: list[Person] = reader.objects("patient_dtos", data.patient_dtos)
    persons = persons or reader.objects("patient_dtos", siblings.patient_dtos)
    if not persons:
        raise NoEncounter("报文缺少参保人信息 patient_dtos")
    around = Surroundings(profile, head.scene, head.facility, head.message_id, head.now, visit_of)
    notes = (*head.notes, *reader.notes)
    return [_read_request(person, siblings, stage, around, notes) for person in persons]


def _read_request(person: Person, siblings: Input, stage: Stage, around: Surroundings, notes: tuple[str, ...]) -> Asked:
    reader = Reader()
    visits: list[Visit] = reader.objects("fsi_encounter_dtos", person.fsi_encounter_dtos)
    visits = visits or reader.objects("fsi_encounter_dtos", siblings.fsi_encounter_dtos)
    if not visits:
        raise NoEncounter("报文缺少就诊信息 fsi_encounter_dtos")
    current = _current(visits, reader.text("curr_mdtrt_id", person.curr_mdtrt_id), reader)
    visit_reader = VisitReader(reader, around)
    encounter, rx_ids = visit_reader.current(person, current, siblings, stage)
    past = tuple(visit_reader.past(person, visit) for visit in visits if visit is not current)
    return Asked(
        request=AuditRequest(encounter=encounter, stage=stage, history=past or None),
        patient_id=reader.text("patn_id", person.patn_id),
        visit_id=reader.text("mdtrt_id", current.mdtrt_id),
        rx_ids=rx_ids,
        notes=(*notes, *reader.notes),
    )


def _current(visits: list[Visit], wanted: str, reader: Reader) -> Visit:
    for visit in visits:
        if wanted and reader.text("mdtrt_id", visit.mdtrt_id) == wanted:
            return visit
    if wanted:
        reader.note("curr_mdtrt_id 与各次就诊的 mdtrt_id 都不一致，按最后一次就诊审核")
    return visits[-1]
