"""Coding faults over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, problem_of, serving

STAY = {"sex": "male", "age_years": 60, "diagnoses": ["I63.900", "J96.000"], "total_amount": "9000"}
BED = {"id": "L1", "item_code": "001109000010000", "item_name": "床位费", "amount": 100, "service_date": "2026-03-01"}


@pytest.fixture(scope="module")
def coding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir: Path = tmp_path_factory.mktemp("coding")
    settings = Settings(data_dir=data_dir, rules_dir=ROOT / "rules", api_key=SecretStr(KEY))
    with serving(create_app(settings), data_dir) as running:
        yield running


def asked(service: Service, document: Any) -> Any:
    return service.client.post("/v1/coding/check", json=document)


def test_a_driver_without_evidence(coding: Service) -> None:
    answer = asked(coding, {"scheme": "starter", "stay": STAY, "lines": [BED], "facts": {"facility_level": "tertiary"}})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    (finding,) = [one for one in body["findings"] if one["id"] == "A2"]
    assert finding["confirmation"] == "须由编码员确认。"
    assert finding["variants"][0]["outcome"]["drg"] == "BR25"
    assert float(finding["variants"][0]["standard_difference"]) > 0
    assert finding["evidence_for"][0]["codes"] == ["J96.000"]
    assert (finding["status"], finding["needs_review"]) == ("trial", True)
    assert body["evidence_revision"]
    assert body["notice"]
    assert {one["missing"] for one in body["not_evaluated"]} >= {"texts", "history"}
    assert "A4" in body["judged"]


@pytest.mark.parametrize(
    ("document", "name", "pointer"),
    [
        ({"stay": STAY}, "invalid-request", "/scheme"),
        ({"scheme": "nowhere", "stay": STAY}, "unknown-scheme", "/scheme"),
        ({"scheme": "dip-starter", "stay": STAY}, "unknown-scheme", "/scheme"),
        ({"scheme": "starter"}, "invalid-request", ""),
        ({"scheme": "starter", "stay": STAY, "lines": [{"amount": "x"}]}, "invalid-request", "/lines/0/amount"),
        ({"scheme": "starter", "stay": STAY, "texts": [{}] * 201}, "invalid-request", "/texts/0/text"),
        ({"scheme": "starter", "stay": STAY, "texts": [{"text": ""}] * 201}, "invalid-request", "/texts"),
        ({"scheme": "starter", "stay": STAY, "facts": {"tcm_share": 2}}, "invalid-request", "/facts"),
        ({"scheme": "starter", "stay": STAY, "facts": {"start_date": "?"}}, "invalid-request", "/facts"),
        ({"scheme": "starter", "stay": STAY, "translate": "perhaps"}, "invalid-request", "/translate"),
    ],
)
def test_refusals(coding: Service, document: Any, name: str, pointer: str) -> None:
    problem = problem_of(asked(coding, document), 422, name)
    assert problem["errors"][0]["pointer"] == pointer


def test_a_key_is_needed(coding: Service) -> None:
    answer = coding.client.post("/v1/coding/check", json={}, headers={"authorization": "Bearer no"})
    assert answer.status_code == 401


def test_faulty_tables_are_told(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    (rules / "grouping").mkdir(parents=True)
    (rules / "grouping" / "starter").symlink_to(ROOT / "rules" / "grouping" / "starter")
    (rules / "national").symlink_to(ROOT / "rules" / "national")
    for name in ("lock.csv", "tables", "rule.schema.json"):
        (rules / name).symlink_to(ROOT / "rules" / name)
    settings = Settings(data_dir=tmp_path / "var", rules_dir=rules, api_key=SecretStr(KEY))
    with serving(create_app(settings), tmp_path / "var") as running:
        problem = problem_of(asked(running, {"scheme": "starter", "stay": STAY}), 503, "evidence-unusable")
        assert "evidence.csv" in problem["detail"]
