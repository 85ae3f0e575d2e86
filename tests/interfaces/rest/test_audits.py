"""POST and GET /v1/audits: the answer, its record, retries and keys."""

import json
import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.service import KEY, WOMEN_ONLY, Service, charge, encoded, problem_of, request


def test_finding_and_decision(service: Service) -> None:
    answer = service.audit(request())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert "idempotent-replayed" not in answer.headers
    audit = answer.json()
    (finding,) = [one for one in audit["findings"] if one["rule"] == "service-item-for-other-sex"]
    assert finding["lines"] == ["L1"]
    assert finding["severity"] == "definite"
    assert finding["amount_at_issue"] == "50.00"
    assert finding["decision"] == "block"
    assert "后穹窿穿刺术" in finding["message"]
    assert finding["remedy"]
    assert finding["references"]
    assert audit["decision"] == "block"
    assert audit["stage"] == "settling"
    assert audit["encounter"] == "E1"
    assert audit["ruleset"] == finding["ruleset"] == service.client.get("/healthz").json()["ruleset"]
    assert audit["data_issues"] == []
    assert audit["lines_without_rules"] == []


@pytest.mark.parametrize(
    ("stage", "decision"), [("ordering", "require_reason"), ("settling", "block"), ("settled", "inform")]
)
def test_decision_follows_stage(service: Service, stage: str, decision: str) -> None:
    assert service.audit(request(stage=stage)).json()["decision"] == decision


def test_clean_encounter(service: Service) -> None:
    audit = service.audit(request(sex="female")).json()
    assert audit["findings"] == []
    assert audit["decision"] == "pass"
    assert [one for one in audit["not_evaluated"] if one.get("lines")] == []  # what lacks is no fact of its lines


def test_unknown_fact_is_not_evaluated(service: Service) -> None:
    audit = service.audit(request(sex="")).json()
    (missing,) = [one for one in audit["not_evaluated"] if one["rule"] == "service-item-for-other-sex"]
    assert missing["missing"] == "patient.sex"
    assert missing["lines"] == ["L1"]
    assert missing["message"]


FAR = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()


@pytest.mark.parametrize(
    ("body", "issue", "lines"),
    [
        (request(charge(item_code="LOCAL-7")), "item_code_not_national", ["L1"]),
        (request(charge(item_code="")), "item_code_not_national", ["L1"]),
        (request(charge("L1"), charge("L2", service_date=FAR)), "service_date_in_future", ["L2"]),
        (request(charge(unit_price=30, quantity=2)), "amount_differs", ["L1"]),
        (request(diagnoses=[]), "no_diagnosis", None),
        (request(diagnoses=[{"name": "盆腔炎"}]), "no_diagnosis", None),
        (request(diagnoses=[{"code": "盆腔炎"}]), "diagnosis_code_not_icd10", None),
        (request(charge_lines=[]), "no_lines", None),
    ],
)
def test_odd_data_is_told(service: Service, body: dict[str, object], issue: str, lines: list[str] | None) -> None:
    answer = service.audit(body)
    assert answer.status_code == 200
    (told,) = [one for one in answer.json()["data_issues"] if one["code"] == issue]
    assert told.get("lines") == lines
    assert told["message"]


def test_line_that_no_rule_knows_is_told(service: Service) -> None:
    body = request(charge("L1"), charge("L2", service_date="1990-01-01"))
    assert service.audit(body).json()["lines_without_rules"] == ["L2"]


def test_record_is_what_was_answered(service: Service) -> None:
    answer = service.audit(request())
    stored = service.client.get(f"/v1/audits/{answer.json()['id']}")
    assert stored.status_code == 200
    assert stored.headers["content-type"] == "application/json"
    assert stored.content == answer.content


@pytest.mark.parametrize("audit_id", ["0" * 32, "x", "a'b", "审核"])
def test_unknown_audit(service: Service, audit_id: str) -> None:
    problem_of(service.client.get(f"/v1/audits/{audit_id}"), 404, "not-found")


def test_overlong_audit_id(service: Service) -> None:
    problem_of(service.client.get(f"/v1/audits/{'x' * 65}"), 422, "invalid-request")


def test_retry_gets_the_first_answer(service: Service) -> None:
    key = str(uuid.uuid4())
    first, second = service.audit(request(), key), service.audit(request(), key)
    assert second.content == first.content
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert service.audit(request(), f'"{key}"').content == first.content  # as a structured header writes it


def test_no_key_is_no_retry(service: Service) -> None:
    assert service.audit(request()).json()["id"] != service.audit(request()).json()["id"]


def test_key_of_another_body(service: Service) -> None:
    key = str(uuid.uuid4())
    service.audit(request(), key)
    problem = problem_of(service.audit(request(stage="settled"), key), 422, "idempotency-key-reused")
    assert key in problem["detail"]


@pytest.mark.parametrize("keys", [[b"x" * 129], ["ключ".encode("cp1251")], [b'""'], [b""], [b"one", b"two"]])
def test_unusable_key(service: Service, keys: list[bytes]) -> None:
    """Who sends a key relies on it: one that cannot be used is no reason to go on without."""
    headers = [(b"idempotency-key", key) for key in keys]
    answer = service.client.post("/v1/audits", content=encoded(request()), headers=headers)
    problem_of(answer, 400, "bad-idempotency-key")


def test_concurrent_retries_make_one_record(service: Service) -> None:
    key, body = str(uuid.uuid4()), encoded(request(id="twenty"))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: service.audit(body, key), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    connection = sqlite3.connect(service.data_dir / "mingjian.sqlite3")
    assert connection.execute("SELECT count(*) FROM audits WHERE encounter = 'twenty'").fetchone() == (1,)
    connection.close()


WRONG = [None, "", "Bearer", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x", f"Bearer {KEY[:-1]}"]
ROUTES = [
    ("POST", "/v1/audits"),
    ("POST", "/v1/audits/bulk"),
    ("GET", "/v1/audits/x"),
    ("GET", "/v1/rules"),
    ("GET", "/v1/rules/service-item-for-other-sex"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("authorization", WRONG)
def test_no_valid_key(service: Service, method: str, path: str, authorization: str | None) -> None:
    """Nothing is told but that a key is needed, whatever was sent."""
    with_key = service.client.build_request(method, path, content=b"{")
    del with_key.headers["authorization"]
    if authorization is not None:
        with_key.headers["authorization"] = authorization
    answer = service.client.send(with_key)
    problem = problem_of(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "errors" not in problem
    assert "wrong" not in answer.text
    assert KEY not in answer.text


def test_scheme_is_case_insensitive(service: Service) -> None:
    headers = {"authorization": f"bearer  {KEY}"}
    assert service.client.get("/v1/rules", headers=headers).status_code == 200


def test_answer_keeps_chinese_as_it_is(service: Service) -> None:
    """Doctors' systems show the bytes: no escapes in them."""
    answer = service.audit(request(charge(item_name="后穹窿穿刺术😀", item_code=WOMEN_ONLY)))
    assert "后穹窿穿刺术😀" in answer.content.decode()
    assert json.loads(answer.content)["findings"]
