"""GET /v1/rules, /v1/rules/{id} and /healthz."""

import httpx
import pytest

from tests.service import ROOT, Service, problem_of


def test_every_rule_is_listed(service: Service) -> None:
    document = service.client.get("/v1/rules").json()
    rules = {rule["id"]: rule for rule in document["rules"]}
    written = {file.parent.name for file in ROOT.glob("rules/national/*/rule.yaml")}
    assert set(rules) <= {file.parent.name for file in ROOT.glob("rules/**/rule.yaml")}
    assert {"service-item-for-other-sex", "charge-outside-stay"} <= set(rules) & written
    assert all(rule["point_count"] > 0 for rule in rules.values())
    assert {rule["status"] for rule in rules.values()} <= {"active", "trial"}


def test_one_rule(service: Service) -> None:
    rule = service.client.get("/v1/rules/service-item-for-other-sex").json()
    assert rule["id"] == "service-item-for-other-sex"
    assert rule["title"] == "医疗服务项目区分性别使用"
    assert rule["in_force"][0]["start"] == "2025-05-23"
    assert rule["references"]
    assert len(rule["points"]) == min(rule["point_count"], 1000)
    assert {"point", "item_code", "sex"} <= set(rule["points"][0])


def test_each_listed_rule_can_be_shown(service: Service) -> None:
    for rule in service.client.get("/v1/rules").json()["rules"]:
        shown = service.client.get(f"/v1/rules/{rule['id']}")
        assert shown.status_code == 200, rule["id"]
        assert {name: shown.json()[name] for name in rule} == rule


@pytest.mark.parametrize("name", ["x", "service-item", "Service-Item-For-Other-Sex", "规则"])
def test_unknown_rule(service: Service, name: str) -> None:
    problem = problem_of(service.client.get(f"/v1/rules/{name}"), 404, "not-found")
    assert name in problem["detail"]


def test_overlong_rule_id(service: Service) -> None:
    problem_of(service.client.get(f"/v1/rules/{'x' * 101}"), 422, "invalid-request")


def test_health_needs_no_key(service: Service) -> None:
    health = httpx.get(f"{service.url}/healthz", trust_env=False).json()
    rules = service.client.get("/v1/rules").json()
    assert health["status"] == "ok"
    assert health["version"]
    assert (health["ruleset"], health["rules"]) == (rules["ruleset"], len(rules["rules"]))
