"""GET /metrics: what was counted, under names that the documents and the dashboard know, and of few labels."""

import json
import re
from pathlib import Path

import httpx
import pytest

from tests.interfaces.observe.series import samples_of, series_of, total
from tests.service import Service, charge, request

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "operations" / "monitoring.md"
DASHBOARD = ROOT / "docs" / "operations" / "grafana-dashboard.json"
NAME = re.compile(r"mingjian_[a-z_]+")


def metrics(service: Service) -> str:
    answer = service.client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.text


def test_only_who_may_read_the_system_sees_them(service: Service) -> None:
    assert httpx.get(f"{service.url}/metrics", trust_env=False).status_code == 401


def test_an_audit_is_counted_with_its_decision_findings_and_times(service: Service) -> None:
    before = metrics(service)
    service.audit(request())
    after = metrics(service)

    def more(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert more("mingjian_audits_total") == more("mingjian_audits_total", stage="settling", decision="block") == 1
    rule = "service-item-for-other-sex"
    assert more("mingjian_findings_total", rule=rule, severity="definite", visibility="shown") == 1
    assert more("mingjian_not_evaluated_total") >= 1
    assert more("mingjian_request_seconds_count", interface="rest", stage="settling") == 1
    assert more("mingjian_requests_total", interface="rest", status="2xx") == 1
    for name in ("mingjian_judge_seconds", "mingjian_record_seconds", "mingjian_history_seconds"):
        assert more(f"{name}_count") == more(f"{name}_count", stage="settling") == 1
        assert 0 <= more(f"{name}_sum") < more("mingjian_request_seconds_sum", interface="rest", stage="settling")


def test_every_interface_is_told_apart(service: Service) -> None:
    before = metrics(service)
    asked = {
        "rest": "/v1/rules", "nhsa": "/fsi/api/3101", "popup": "/fsi/api/popup/none", "cds_hooks": "/cds-services",
        "fhir": "/fhir/Claim/$submit", "health": "/healthz", "docs": "/docs", "other": "/nowhere",
    }  # fmt: skip
    for path in asked.values():
        service.client.get(path)
    service.bulk(request())
    after = metrics(service)
    for interface in (*asked, "bulk"):
        name = "mingjian_requests_total"
        counted = total(after, name, interface=interface) - total(before, name, interface=interface)
        assert counted == (2 if interface == "health" else 1), interface  # the metrics themselves are of that kind


def test_the_condition_is_told(service: Service) -> None:
    text = metrics(service)
    assert total(text, "mingjian_dependency_up", dependency="database") == 1
    assert total(text, "mingjian_ruleset_rules") == len(service.client.get("/v1/rules").json()["rules"])
    revision = service.client.get("/healthz").json()["ruleset"]
    assert total(text, "mingjian_ruleset_info", revision=revision) == 1
    assert total(text, "mingjian_workers") == total(text, "mingjian_build_info") == 1
    assert total(text, "mingjian_requests_in_flight") == 1
    assert total(text, "mingjian_process_resident_bytes") > 10_000_000
    assert 5 < total(text, "mingjian_process_open_files") < 1000
    assert total(text, "mingjian_trail_broken") == total(text, "mingjian_ruleset_fault") == 0


def test_rubbish_makes_no_new_series(service: Service) -> None:
    def rubbish(number: int) -> None:
        ask = service.client.request
        ask("GET", f"/v1/audits/x{number}")
        ask("GET", f"/nowhere/{number}")
        ask(f"BREW{number}", "/v1/audits")
        ask("POST", f"/fsi/api/{number}", content=b"{}")
        ask("POST", f"/cds-services/{number}", content=b"{}")
        ask("POST", "/v1/audits", content=json.dumps(request(stage=f"stage{number}")))
        ask("GET", "/healthz", headers={"x-request-id": f"rubbish-{number:08}"})
        service.audit(request(charge(item_code=f"{number:015}"), id=f"E{number}", facility={"id": f"F{number}"}))

    rubbish(0)
    before = set(series_of(metrics(service)))
    for number in range(1, 30):
        rubbish(number)
    assert set(series_of(metrics(service))) - before == set()


def test_labels_hold_nothing_of_requests(service: Service) -> None:
    patient = {"id": "P-secret", "sex": "male", "birth_date": "1980-01-01", "name": "张三丰"}
    service.audit(request(id="E-secret", patient=patient, facility={"id": "F-secret"}))
    text = metrics(service)
    assert "secret" not in text
    assert "张三丰" not in text


@pytest.mark.parametrize("file", [DOCUMENT, DASHBOARD], ids=lambda file: file.name)
def test_what_is_named_exists(service: Service, file: Path) -> None:
    text = metrics(service)
    families = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    known = families | {one.name for one in samples_of(text)}
    named = set(NAME.findall(file.read_text("utf-8")))
    assert named
    assert named - known == set()


def test_the_document_explains_every_metric(service: Service) -> None:
    families = {line.split()[2] for line in metrics(service).splitlines() if line.startswith("# TYPE mingjian_")}
    assert families - set(NAME.findall(DOCUMENT.read_text("utf-8"))) == set()


def test_the_dashboard_is_one() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    panels = dashboard["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels]
    assert len(set(places)) == len(places)
    assert [one["title"] for one in panels if one["type"] != "row" and not one["targets"]] == []
    assert "http" not in json.dumps(panels)
