"""Discovery: made from the rules, one service for each hook, with an ETag that changes with them."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interfaces.cds_hooks.emr import HOOKS, SCHEMA, Emr, check
from tests.interfaces.nhsa.caller import ROOT, Caller


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema of CDS Hooks is not beside this repository")
def test_the_schema_is_there_and_refuses() -> None:
    with pytest.raises(AssertionError):
        check("Response", {"cards": [{"summary": "x" * 140, "indicator": "hard-stop", "source": {}}]})


def test_one_service_for_each_hook(emr: Emr) -> None:
    answer = emr.get()
    told = answer.json()
    check("Discovery", told)
    services = told["services"]
    assert sorted(one["hook"] for one in services) == sorted(HOOKS)
    assert len({one["id"] for one in services}) == len(services)
    for one in services:
        assert one["extension"]["davinci-crd.version"] == ["2.0", "2.1", "2.2"]
        assert one["prefetch"]["patient"] == "Patient/{{context.patientId}}"
        assert "现行规则 5 条" in one["description"]


def test_options_are_those_of_the_rules(emr: Emr) -> None:
    for one in emr.get().json()["services"]:
        codes = [option["code"] for option in one["extension"]["davinci-crd.configuration-options"]]
        assert codes == [
            "coverage-info", "appropriate-use", "limits", "contraindication", "off-guideline", "claim", "max-cards",
        ]  # fmt: skip


def test_prefetch_asks_for_no_token_that_the_hook_lacks(emr: Emr) -> None:
    for one in emr.get().json()["services"]:
        if one["hook"] == "order-dispatch":
            assert not any("encounterId" in template for template in one["prefetch"].values())


def test_unchanged_rules_are_told_by_304(emr: Emr) -> None:
    first = emr.get()
    etag = first.headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = emr.get(headers={"If-None-Match": sent})
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert emr.get(headers={"If-None-Match": '"other"'}).body == first.body
    head = emr.caller.call("HEAD", "/cds-services")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)


def test_other_rules_have_another_etag(emr: Emr, tmp_path: Path) -> None:
    with Caller(tmp_path, rules=ROOT / "rules") as caller:
        other = Emr(caller).get()
    check("Discovery", other.json())
    assert other.headers["etag"] != emr.get().headers["etag"]


def test_the_worked_example_of_the_document(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "cds-hooks.md").read_text("utf-8")
    (body,) = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    check("Request", json.loads(body))
    with Caller(tmp_path, rules=ROOT / "rules", keep_history=False) as caller:
        card, *_ = Emr(caller).ask("order-sign", json.loads(body))["cards"]
    assert f"The first card's summary: {card['summary']}\n" in text


def test_preflight_is_answered_everywhere(make_emr: Callable[..., Emr]) -> None:
    """Without a token, and every answer says who may read it: discovery, services, feedback, refusals."""
    origin = {"Origin": "https://emr.example"}
    emr = make_emr(keep_history=False, cds_origins=["https://emr.example"])
    service = "/cds-services/mingjian-order-sign"
    for path in ("/cds-services", service, f"{service}/feedback"):
        answer = emr.caller.call("OPTIONS", path, headers=origin)
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == origin["Origin"]
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    for method, path in (
        ("GET", "/cds-services"),
        ("POST", service),
        ("POST", f"{service}/feedback"),
        ("GET", service),
    ):
        answer = emr.caller.call(method, path, headers=origin)
        assert answer.headers["access-control-allow-origin"] == origin["Origin"], (method, path, answer.status)
