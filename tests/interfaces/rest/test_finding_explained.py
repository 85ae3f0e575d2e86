"""GET /v1/findings/{id} of the real service: what explains a finding, from the lines at fault to the steps."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from app.domain.access import Role, Scope
from app.main import create_app
from app.settings import Settings
from tests.interfaces.access import as_caller, let_in
from tests.service import KEY, ROOT, Service, charge, request, serving

PATIENT = "110101199003071234"
RULE = "service-item-for-other-sex"
LEAD = as_caller(Role.AUDIT_LEAD)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same encounter twice, another of the department, and an answer of the doctor."""
    data = tmp_path_factory.mktemp("explained")
    settings = Settings(data_dir=data, rules_dir=ROOT / "rules", api_key=SecretStr(KEY))
    with serving(let_in(create_app(settings)), data) as service:
        for encounter, lines in (("E1", [charge(), charge("L2", item_code="x", amount=7)]), ("E1", []), ("E2", [])):
            answer = service.audit(
                request(
                    *(lines or [charge()]), id=encounter, department="妇科", practitioner={"id": "D1"},
                    patient={"id": PATIENT, "sex": "male", "birth_date": "1990-03-07"},
                )
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
        yield service


def finding_of(service: Service, encounter: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        told = service.client.get("/v1/findings", params={"encounter": encounter, "rule": RULE}, headers=LEAD).json()
        if told["findings"] and (encounter != "E1" or told["findings"][0]["times_found"] == 2):
            found: dict[str, Any] = told["findings"][0]
            return found
        time.sleep(0.05)
    raise AssertionError("the audits were not taken in")


def test_everything_that_explains_it(audited: Service) -> None:
    finding_of(audited, "E2")
    name = finding_of(audited, "E1")["id"]
    answer = audited.client.get(f"/v1/findings/{name}", headers=LEAD)
    assert answer.headers["etag"] == '"1"'
    told = answer.json()
    assert told["rule"]["is_as_judged"] is True
    assert told["rule"]["id"] == RULE
    assert told["rule"]["references"]
    assert told["rule"]["point"]["point"] == told["evidence"]["point"]
    assert told["rule"]["start"] <= "2026-03-01" <= told["rule"]["end"]
    roles = {one["id"]: one["role"] for one in told["evidence"]["lines"]}
    assert roles == {"L1": "at_fault", "L2": "other"}  # told in the audit before
    assert told["evidence"]["arithmetic"]["claimed_total"] == "50"
    assert told["evidence"]["arithmetic"]["amount_at_issue"] == "50"
    assert told["evidence"]["arithmetic"]["facts"]
    assert len(told["audits"]) == 2
    assert told["audits"][0]["at"] > told["audits"][1]["at"]
    assert [one["encounter"] for one in told["alike"]["findings"]] == ["E2"]
    assert told["alike"]["outcomes"]["total"] == 2
    assert told["trace"]["department"] == "妇科"
    assert {"take_up", "confirm"} <= {one["action"] for one in told["actions"]}
    assert told["deadline"]["step"] == "review"
    assert told["evidence"]["patient"] == "1101**********1234"
    assert PATIENT not in answer.text


def test_it_offers_what_this_caller_may_do(audited: Service) -> None:
    name = finding_of(audited, "E2")["id"]
    doctor = as_caller(Role.DOCTOR, scope=Scope(practitioner="D1"))
    told = audited.client.get(f"/v1/findings/{name}", headers=doctor).json()
    assert {one["action"] for one in told["actions"]} == {"comment", "answer"}
    other = as_caller(Role.DOCTOR, scope=Scope(practitioner="D2"))
    assert audited.client.get(f"/v1/findings/{name}", headers=other).status_code == 404


def test_steps_and_answers_become_part_of_it(audited: Service) -> None:
    name = finding_of(audited, "E2")["id"]
    body = {"action": "take_up", "version": 1, "comment": "患者电话13812345678"}
    assert audited.client.post(f"/v1/findings/{name}/steps", json=body, headers=LEAD).status_code == 200
    told = audited.client.get(f"/v1/findings/{name}", headers=LEAD).json()
    assert [(one["action"], one["to_state"]) for one in told["steps"]] == [("take_up", "in_review")]
    assert told["steps"][0]["comment"] == "患者电话138****5678"
    assert told["finding"]["version"] == 2
