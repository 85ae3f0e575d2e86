"""The OpenAPI document of the national interface (接口说明), made from the message structs and the answers' own code.

A field that a struct reads and the field table does not explain, or an answer's key without a row in it, is an error.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import msgspec

from app.domain.audit import AuditRequest
from app.domain.decision import Severity
from app.domain.encounter import Encounter, Facility, Patient
from app.domain.finding import Finding
from app.domain.line import OrderLine
from app.interfaces.nhsa import fields, message
from app.interfaces.nhsa.answer import Envelope, result_of
from app.interfaces.nhsa.fields import Field
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked

_STRUCTS: Mapping[str, tuple[type[msgspec.Struct], Mapping[str, Field]]] = {
    "Diagnosis": (message.Diagnose, fields.DIAGNOSIS),
    "Operation": (message.Operation, fields.OPERATION),
    "Order": (message.Order, fields.ORDER),
    "Visit": (message.Visit, fields.VISIT),
    "Patient": (message.Person, fields.PERSON),
    "Feedback": (message.Warn, fields.WARN),
    "Data": (message.Data, fields.DATA),
    "Input": (message.Input, fields.INPUT),
    "Message": (message.Message, fields.ENVELOPE),
}
_NAMES = {struct: name for name, (struct, _) in _STRUCTS.items()}
_LEAF = {"type": ["string", "number", "boolean", "null"]}
_BLANK = {"type": ["string", "number", "boolean", "null"], "description": "空"}
_AT = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - local time of the facility
_HTML = {"text/html": {"schema": {"type": "string"}}}


def nhsa_openapi(base: str = "/fsi/api") -> dict[str, Any]:
    """`base`: where the interface is served, as the settings say."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "明鉴：医保明细审核接口（3101、3102、3103）",
            "version": version("mingjian"),
            "description": "按报文中的 infno 分派，不看路径；任何报文都以 HTTP 200 和 JSON 信封应答。"
            "节点可以是列表、单个对象或空；值可以是文本、数值或空。接入说明见 docs/his-integration.md。",
        },
        "paths": {
            f"{base}/{{transaction}}": {
                "parameters": [_parameter("transaction", "任意，如 3101")],
                "post": _transactions(),
            },
            f"{base}/popup/{{ticket}}": {
                "parameters": [_parameter("ticket", "审核结果中 url 所带的凭证")],
                **_popup(),
            },
            f"{base}/popup/{{ticket}}/outcome": {
                "parameters": [_parameter("ticket", "审核结果中 url2 所带的凭证")],
                "get": _outcome(),
            },
        },
        "components": {
            "schemas": {**{name: _request(*both) for name, both in _STRUCTS.items()}, **_answers()},
            "securitySchemes": {
                "apikey": {"type": "apiKey", "in": "header", "name": "apikey"},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "x-tif-signature",
                    "description": "SHA-256（x-tif-timestamp + 密钥 + x-tif-nonce + x-tif-timestamp）的十六进制",
                },
            },
        },
    }


def _transactions() -> dict[str, Any]:
    answers = [{"$ref": f"#/components/schemas/{name}"} for name in ("AuditAnswer", "FeedbackAnswer", "Failure")]
    return {
        "operationId": "transact",
        "summary": "3101 明细审核事前分析、3102 明细审核事中分析、3103 明细审核反馈",
        "security": [{}, {"apikey": []}, {"signature": []}],
        "parameters": [
            {
                "name": "X-Deadline-Ms",
                "in": "header",
                "required": False,
                "description": "应答时限（毫秒），大于 1000 按 1000 计；缺省：3101 为 150（或按配置），3102 为 1000",
                "schema": {"type": "integer", "minimum": 10},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}}},
        },
        "responses": {
            "200": {
                "description": "应答；请求以 GBK 编码时，应答也以 GBK 编码",
                "content": {"application/json": {"schema": {"anyOf": answers}}},
            }
        },
    }


def _popup() -> dict[str, Any]:
    page = {"description": "页面", "content": _HTML}
    ended = {"description": "凭证无效或已过期", "content": _HTML}
    form = {
        "type": "object",
        "patternProperties": {
            "^action\\.[0-9]+$": {"enum": ["proceed", "revise"]},
            "^reason\\.[0-9]+$": {"type": "string", "maxLength": 200},
        },
    }
    return {
        "get": {"operationId": "show_popup", "summary": "弹窗页", "responses": {"200": page, "404": ended}},
        "post": {
            "operationId": "answer_popup",
            "summary": "提交弹窗页的处理结果",
            "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
            "responses": {"200": page, "404": ended},
        },
    }


def _outcome() -> dict[str, Any]:
    def told(code: str, data: list[str]) -> dict[str, Any]:
        properties = {"code": {"const": code}, "data": {"enum": data}}
        schema = {"type": "object", "required": ["code", "data"], "properties": properties}
        return {"application/json": {"schema": schema}}

    return {
        "operationId": "poll_popup",
        "summary": "查询弹窗处理结果",
        "responses": {
            "200": {"description": "0 尚未处理，1 可以继续，2 返回修改", "content": told("0", ["0", "1", "2"])},
            "404": {"description": "凭证无效或已过期", "content": told("-1", ["0"])},
        },
    }


def _parameter(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": description}


def _request(struct: type[msgspec.Struct], table: Mapping[str, Field]) -> dict[str, Any]:
    """Every field of the official table; those that the struct has not are kept with the message, but not read."""
    read = {_written(struct, one.name): one.type for one in msgspec.structs.fields(struct)}
    if unexplained := set(read) - set(table):
        raise KeyError(f"{struct.__name__}: {sorted(unexplained)} are not in the field table")
    properties = {}
    for name, field in table.items():
        schema = _node(name, read[name]) if name in read else {}
        kept = "" if name in read else "（只留存，不参与审核）"
        properties[name] = {**schema, "description": _described(field) + kept}
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _written(struct: type[msgspec.Struct], name: str) -> str:
    """The one key that is written in camelCase in a message whose other keys are looked at in snake_case."""
    return "trigScen" if struct is message.Input and name == "trig_scen" else name


def _node(name: str, annotation: Any) -> dict[str, Any]:
    if name == "rule_ids":
        return {"anyOf": [{"type": "array", "items": _LEAF}, _LEAF]}
    inner = [one for one in getattr(annotation, "__args__", ()) if one in _NAMES]
    if not inner:
        return dict(_LEAF)
    one = {"$ref": f"#/components/schemas/{_NAMES[inner[0]]}"}
    return {"anyOf": [{"type": "array", "items": {"anyOf": [one, _BLANK]}}, one, _BLANK]}


def _described(field: Field) -> str:
    length = f"，长度 {field.length}" if field.length else ""
    required = "，必填" if field.is_required else ""
    return f"{field.title}{length}{required}{'。' + field.note if field.note else ''}"


def _answers() -> dict[str, Any]:
    """The schemas of the answers, as the code that writes them does."""
    profile = Profile()
    envelope = Envelope(profile, "100000", _AT, 1)
    result, _ = result_of([_sample()], profile, "0" * 32, lambda _: "GZ00000000000000")
    address = {"url": "https://192.0.2.1/fsi/api/popup/…", "url2": "https://192.0.2.1/fsi/api/popup/…/outcome"}
    success = msgspec.json.decode(envelope.success({"result": result}, _AT, address))
    failure = msgspec.json.decode(envelope.failure("报文缺少就诊信息 fsi_encounter_dtos", _AT))
    feedback = msgspec.json.decode(envelope.success({"result": []}, _AT))
    violation = success["output"]["result"][0]
    (detail,) = violation["judge_result_detail_dtos"]
    found = {"$ref": "#/components/schemas/Violation"}
    one_or_list = {"anyOf": [{"type": "array", "items": found}, found, {"type": "null"}]}
    outcomes = {"type": "array", "items": {"$ref": "#/components/schemas/FeedbackOutcome"}}
    return {
        "AuditAnswer": {**_answer(success, one_or_list), "examples": [success]},
        "FeedbackAnswer": _answer(feedback, outcomes),
        "Failure": {**_answer(failure, None), "examples": [failure]},
        "Violation": _object(violation, fields.VIOLATION, judge_result_detail_dtos={
            "type": "array", "items": {"$ref": "#/components/schemas/Detail"},
        }),
        "Detail": _object(detail, fields.DETAIL),
        "FeedbackOutcome": _object({"warn_rslt_id": "0" * 32, "status": "recorded"}, fields.OUTCOME),
    }  # fmt: skip


def _answer(sample: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
    output = {"type": "null"} if result is None else {"type": "object", "properties": {"result": result}}
    infcode = {"enum": [sample["infcode"], str(sample["infcode"])]}
    schema = _object(sample, fields.ANSWER, output=output, infcode=infcode)
    schema["required"] = [name for name in schema["required"] if not name.startswith("url")]
    return schema


def _object(sample: dict[str, Any], table: Mapping[str, Field], **given: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for name, value in sample.items():
        field = table[name]
        schema = given.get(name) or _type(value, field)
        properties[name] = {**schema, "description": _described(field)}
    return {"type": "object", "required": list(sample), "properties": properties, "additionalProperties": False}


def _type(value: Any, field: Field) -> dict[str, Any]:
    if not isinstance(value, str):
        return {"type": "number"}
    return {"type": "string", "maxLength": int(field.length)} if field.length else {"type": "string"}


def _sample() -> tuple[Finding, Asked]:
    line = OrderLine(id="YZ1", service_date=_AT.date(), amount=Decimal("37.20"))
    encounter = Encounter(
        id="M0001", facility=Facility(id="H00000000001"), patient=Patient(id="P0001"), order_lines=(line,)
    )
    finding = Finding(
        id="a" * 32, rule="sample", rule_version=1, ruleset="", point="K1", title="药品限支付疗程", category="",
        severity=Severity.DEFINITE, message="累计用药天数超过支付限定的14天。", remedy="", lines=(line.id,),
        amount_at_issue=line.amount, basis="限定支付不超过14天",
    )  # fmt: skip
    return finding, Asked(AuditRequest(encounter=encounter), "P0001", "M0001", {line.id: "YZ1001"}, ())
