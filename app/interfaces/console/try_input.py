"""What is tried (试审输入): a national message, a request of REST, or a small form, each as requests to judge."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec

from app.domain.audit import AuditRequest
from app.domain.decision import Stage
from app.domain.finding import DataIssue
from app.domain.working_days import CHINA, day_of
from app.interfaces.console.forms import Form
from app.interfaces.nhsa.message import decode_message
from app.interfaces.nhsa.profiles import Profiles
from app.interfaces.nhsa.translate import NoEncounter, data_of, facility_of, read_head, read_requests

LINES = 5
_MOST_PATIENTS = 5
_STAGES = {"3102": Stage.SETTLING, "3661": Stage.SETTLING}
_decode = msgspec.json.Decoder(AuditRequest).decode


class BadInput(ValueError):
    """What was sent cannot be judged; the text says why, in Chinese."""


class ToTry(NamedTuple):
    """`source`: in which form it came, in Chinese."""

    request: AuditRequest
    issues: tuple[DataIssue, ...]
    source: str


def read_text(text: str, profiles: Profiles) -> list[ToTry]:
    """Raises BadInput."""
    if not text.strip():
        raise BadInput("请粘贴报文，或载入一个示例。")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"不是有效的 JSON：{error}") from None
    if not isinstance(document, dict):
        raise BadInput("应为一个 JSON 对象。")
    if "encounter" in document:
        return [ToTry(_request(text.encode()), (), "REST 请求")]
    if "input" in document or "infno" in document:
        return _of_message(text.encode(), document, profiles)
    raise BadInput("无法识别：REST 请求应有 encounter，国家接口报文应有 infno 和 input。")


def read_fields(form: Form) -> list[ToTry]:
    """Raises BadInput."""
    return [ToTry(_request(msgspec.json.encode(_document(form))), (), "表单")]


def _request(body: bytes) -> AuditRequest:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ArithmeticError, RecursionError) as error:
        raise BadInput(f"请求不符合接口定义：{error}") from None


def _of_message(body: bytes, document: Mapping[str, Any], profiles: Profiles) -> list[ToTry]:
    try:
        message = decode_message(body)
        _, data = data_of(message)
        head = read_head(message, data, datetime.now(UTC).astimezone(CHINA).replace(tzinfo=None))
        stage = _STAGES.get(str(document.get("infno", "")), Stage.ORDERING)
        asked = read_requests(message, stage, profiles.of(facility_of(message)), head, str)  # nothing is stored
    except NoEncounter as error:
        raise BadInput(f"{error}。") from None
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise BadInput(f"报文结构不符：{error}") from None
    return [ToTry(one.request, _issues(one.notes), "国家接口报文") for one in asked[:_MOST_PATIENTS]]


def _issues(notes: tuple[str, ...]) -> tuple[DataIssue, ...]:
    return tuple([DataIssue(code="message_not_understood", message=f"报文中有未能识别的内容：{one}") for one in notes])


def _document(form: Form) -> dict[str, Any]:
    today = day_of(datetime.now(UTC))
    lines = [line for number in range(1, LINES + 1) if (line := _line(form, number, today)) is not None]
    if not lines:
        raise BadInput("请至少填写一行项目（代码或名称）。")
    codes = form.one("diagnoses", 400).replace("，", ",").replace("、", ",").replace(" ", ",").split(",")
    patient: dict[str, Any] = {"id": "TRY", "sex": form.one("sex", 10)}
    if (age := form.number("age")) is not None:
        patient["birth_date"] = _born(today, age).isoformat()
    start = form.one("start", 10) or today.isoformat()
    encounter: dict[str, Any] = {
        "id": "TRY",
        "facility": {"id": "TRY", "level": form.one("level", 20)},
        "patient": patient,
        "care_type": form.one("care_type", 30),
        "department": form.one("department", 64),
        "start_at": f"{start}T08:00:00",
        "diagnoses": [{"code": code, "is_principal": not at} for at, code in enumerate(filter(None, codes))],
        "charge_lines" if form.one("stage", 20) != Stage.ORDERING else "order_lines": lines,
    }
    return {"stage": form.one("stage", 20) or Stage.ORDERING, "encounter": encounter}


def _line(form: Form, number: int, today: date) -> dict[str, Any] | None:
    def told(name: str) -> str:
        return form.one(f"{name}_{number}", 100)

    if not (told("code") or told("name")):
        return None
    line: dict[str, Any] = {
        "id": f"L{number}", "item_code": told("code"), "item_name": told("name"),
        "service_date": told("date") or today.isoformat(),
    }  # fmt: skip
    return {**line, **{name: told(name) for name in ("quantity", "amount", "formulary_class") if told(name)}}


def _born(today: date, age: int) -> date:
    if not 0 <= age <= 150:
        raise BadInput("年龄应在0到150之间。")
    return date(today.year - age, today.month, min(today.day, 28))
