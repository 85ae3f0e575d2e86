"""An EMR (电子病历) that calls the whole application in this process; every answer is held to the schema."""

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from tests.interfaces.nhsa.caller import ROOT, Answer, Caller

RULES = ROOT / "tests" / "interfaces" / "cds_hooks" / "rules"
SCHEMA = ROOT.parent / "shared" / "conformance" / "cds_hooks_2_0.schema.json"
COVERAGE = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
KEY = {"Authorization": "Bearer key", "Content-Type": "application/json"}

WOMEN_ONLY, LIMITED, MONITORING, CONSULTATION = (
    "003112010070000", "001102000050000", "001103000010000", "001102000030000",
)  # fmt: skip
LIRAGLUTIDE, CEPHALOSPORIN = "XA10BJL326B002010101523", "XJ01DDL014B001010100609"
NAMES = {
    WOMEN_ONLY: "后穹窿穿刺术", LIMITED: "住院诊查费", MONITORING: "急诊监护费", CONSULTATION: "急诊诊查费",
    LIRAGLUTIDE: "利拉鲁肽注射液", CEPHALOSPORIN: "拉氧头孢",
}  # fmt: skip
HOOKS = ("order-select", "order-sign", "appointment-book", "encounter-start", "encounter-discharge", "order-dispatch")
Json = dict[str, Any]


@cache
def validator(part: str) -> Any:
    """None where the schema is not beside this repository; `test_discovery.py` then says so."""
    if not SCHEMA.exists():
        return None
    whole = json.loads(SCHEMA.read_text("utf-8"))
    return jsonschema_rs.Draft202012Validator({**whole, "$ref": f"#/$defs/{part}"})


def check(part: str, content: Any) -> None:
    if (found := validator(part)) is not None:
        faults = [f"{error.instance_path}: {error.message}" for error in found.iter_errors(content)]
        assert faults == []


def concept(code: str, **more: Any) -> Json:
    return {
        "coding": [{"system": "https://code.nhsa.gov.cn", "code": code, "display": NAMES.get(code, "某项目")}],
        **more,
    }


def service(id: str = "SR1", code: str = WOMEN_ONLY, **more: Any) -> Json:
    plain = {"resourceType": "ServiceRequest", "id": id, "status": "draft", "intent": "order"}
    return {**plain, "subject": {"reference": "Patient/P1"}, "authoredOn": "2026-10-12", "code": concept(code), **more}


def drug(id: str = "MR1", code: str = LIRAGLUTIDE, **more: Any) -> Json:
    plain = {"resourceType": "MedicationRequest", "id": id, "status": "draft", "intent": "order"}
    told = {"authoredOn": "2026-10-12", "medicationCodeableConcept": concept(code)}
    return {**plain, "subject": {"reference": "Patient/P1"}, **told, **more}


def bundle(*resources: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources], **more}


def condition(code: str = "E66.900", **more: Any) -> Json:
    return {"resourceType": "Condition", "id": f"C-{code}", "code": {"coding": [{"code": code}]}, **more}


def prefetch(**more: Any) -> Json:
    plain: Json = {
        "patient": {
            "resourceType": "Patient", "id": "P1", "gender": "male", "birthDate": "1980-01-01",
            "name": [{"text": "测试甲"}],
        },
        "encounter": {
            "resourceType": "Encounter", "id": "E1", "status": "in-progress", "class": {"code": "IMP"},
            "period": {"start": "2026-10-11T08:00:00+08:00"},
            "serviceProvider": {"identifier": {"value": "H00000000001"}},
        },
        "coverage": bundle(
            {"resourceType": "Coverage", "id": "COV1", "status": "active", "type": {"text": "职工医保"}}
        ),
        "conditions": bundle(condition()),
    }  # fmt: skip
    return {**plain, **more}


def call(hook: str, *orders: Json, **more: Any) -> Json:
    """A call of the hook about these orders, one that only women may have unless some are given."""
    drafts = list(orders) or [service()]
    context: Json = {"userId": "Practitioner/D1", "patientId": "P1", "encounterId": "E1"}
    held = prefetch()
    if hook == "appointment-book":
        context["appointments"] = bundle(*drafts)
    elif hook.startswith("encounter-"):
        held["orders"] = bundle(*drafts)
    elif hook == "order-dispatch":
        context["dispatchedOrders"] = [f"{one['resourceType']}/{one['id']}" for one in drafts]
        context["performer"] = "Organization/O1"
        held["orders"] = bundle(*drafts)
    else:
        context["draftOrders"] = bundle(*drafts)
    if hook == "order-select":
        context["selections"] = [f"{one['resourceType']}/{one['id']}" for one in drafts]
    told = {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
    return copy.deepcopy({**told, "prefetch": held, **more})


class Emr:
    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def get(self, path: str = "/cds-services", headers: Mapping[str, str] | None = None) -> Answer:
        return self.caller.call("GET", path, headers=headers)

    def post(self, hook: str, body: Any, headers: Mapping[str, str] = KEY, rest: str = "") -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.caller.call("POST", f"/cds-services/mingjian-{hook}{rest}", content, headers)

    def ask(self, hook: str, body: Any, headers: Mapping[str, str] = KEY) -> Json:
        """The answer of a call that must succeed."""
        answer = self.post(hook, body, headers)
        assert answer.status == 200, answer.body.decode()
        told: Json = json.loads(answer.body)
        check("Response", told)
        return told

    def refusal(self, hook: str, body: Any, status: int, headers: Mapping[str, str] = KEY, rest: str = "") -> str:
        """What the OperationOutcome of a refused call says."""
        answer = self.post(hook, body, headers, rest)
        assert answer.status == status, (answer.status, answer.body.decode())
        told = json.loads(answer.body)
        assert told["resourceType"] == "OperationOutcome"
        (issue,) = told["issue"]
        assert issue["severity"] == "error"
        assert issue["code"]
        return str(issue["diagnostics"])

    def feed_back(self, *entries: Json, hook: str = "order-sign") -> Answer:
        check("FeedbackRequest", {"feedback": list(entries)})
        return self.post(hook, {"feedback": list(entries)}, rest="/feedback")


def open_points(answer: Json) -> dict[str, Json]:
    """`not_evaluated` by what was missing."""
    return {one["missing"]: one for one in answer["extension"]["mingjian.audit"].get("not_evaluated", [])}


def covers(answer: Json) -> dict[str, dict[str, Any]]:
    """What each system action asserts, by the order's id."""
    found = {}
    for action in answer.get("systemActions", []):
        (told,) = [one for one in action["resource"]["extension"] if one["url"] == COVERAGE]
        parts = {
            part["url"]: next(value for name, value in part.items() if name.startswith("value"))
            for part in told["extension"]
        }
        found[action["resource"]["id"]] = parts
    return found
