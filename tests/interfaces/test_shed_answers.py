"""What is shed is answered in the form of its interface, says so, and is audited later; beyond a bound it is not."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.application import record_audit
from app.interfaces.admission import Admission
from app.main import create_app
from app.settings import Settings
from tests.interfaces.cds_hooks.emr import RULES, call, check
from tests.interfaces.fhir.test_claim_submit import COVERED, MAN, bundle, claim
from tests.interfaces.nhsa.messages import message
from tests.interfaces.observe.series import total
from tests.service import KEY, Service, charge, encoded, request, serving

ORDERED = encoded(request(charge(), stage="ordering"))
ENOUGH, FEW = 40, 5  # asked at once; remembered in a second


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """No caller has any share of order entry: all of it is shed."""
    settings = Settings(
        data_dir=tmp_path, rules_dir=RULES, api_key=SecretStr(KEY), decisions={}, rate_limits={"ordering": 0.001}
    )
    with serving(create_app(settings), tmp_path) as one:
        yield one


def posted(service: Service, path: str, body: Any) -> Any:
    answer = service.client.post(path, content=encoded(body))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_in_the_form_of_each_interface(service: Service) -> None:
    rest = posted(service, "/v1/audits", ORDERED)
    assert (rest["decision"], rest["findings"], rest["degraded"]) == ("pass", [], ["overload", "record"])
    assert [(one["rule"], one["missing"]) for one in rest["not_evaluated"]] == [("*", "overload")]

    national = posted(service, "/fsi/api/3101", message())
    assert (national["infcode"], national["output"]["result"]) == (0, [])
    assert "系统繁忙，本次未审核" in national["warn_msg"]

    hook = posted(service, "/cds-services/mingjian-order-sign", call("order-sign"))
    check("Response", hook)
    assert hook["cards"] == []
    told = hook["extension"]["mingjian.audit"]
    assert told["degraded"][0] == "overload"
    assert told["not_evaluated"][0]["missing"] == "overload"

    fhir = posted(service, "/fhir/Claim/$submit", bundle(claim(use="preauthorization"), MAN, COVERED))
    assert (fhir["resourceType"], fhir["outcome"]) == ("ClaimResponse", "partial")
    assert any("未作判断" in note["text"] for note in fhir["processNote"])

    for audit in (rest["id"], told["id"], fhir["id"]):
        assert service.client.get(f"/v1/audits/{audit}").status_code == 200
    text = until(service, again=4)
    assert total(text, "mingjian_work_limited_total", work="ordering") == 4
    assert total(text, "mingjian_audits_unrecorded_total") == 0
    for audit in (rest["id"], told["id"], fhir["id"]):
        kept = service.client.get(f"/v1/audits/{audit}")
        assert kept.json()["degraded"][0] == "overload"
        following = kept.headers["link"].partition("</v1/audits/")[2].partition(">")[0]
        assert service.client.get(f"/v1/audits/{following}").json()["findings"] != []


def until(service: Service, again: int) -> str:
    """The metrics, once as many audits were made again."""
    end = time.monotonic() + 60
    while True:
        text = service.client.get("/metrics").text
        if total(text, "mingjian_audits_again_total") >= again:
            return text
        assert time.monotonic() < end, text
        time.sleep(0.1)


def test_what_cannot_be_remembered_is_answered_all_the_same(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the short way: of a body only the least is read, and what is no request is refused as ever."""

    monkeypatch.setattr(record_audit, "MOST_SHED_A_SECOND", FEW)

    async def flood() -> list[httpx.Response]:
        headers = {"authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30, trust_env=False) as client:
            asked = [
                client.post("/v1/audits", content=ORDERED, headers={"x-deadline-ms": "1000"}) for _ in range(ENOUGH)
            ]
            wrong = [client.post("/v1/audits", content=b'{"encounter": 1}') for _ in range(5)]
            return list(await asyncio.gather(*asked, *wrong))

    answers = asyncio.run(flood())
    assert [one.status_code for one in answers[ENOUGH:]] == [422] * 5
    told = [one.json() for one in answers[:ENOUGH]]
    forgotten = [one for one in told if "unrecorded" in one["degraded"]]
    kept = [one for one in told if "unrecorded" not in one["degraded"]]
    assert forgotten
    assert len(kept) >= FEW
    like = {name: value for name, value in kept[0].items() if name not in ("id", "audited_at", "degraded")}
    for one in forgotten:
        assert {name: value for name, value in one.items() if name not in ("id", "audited_at", "degraded")} == like
        assert one["degraded"] == ["overload", "unrecorded"]
    assert service.client.get(f"/v1/audits/{forgotten[0]['id']}").status_code == 404
    text = until(service, again=len(kept))
    assert total(text, "mingjian_audits_unrecorded_total") == len(forgotten)
    assert total(text, "mingjian_audits_degraded_total", without="unrecorded") == len(forgotten)


def test_nothing_of_this_is_seen_where_there_is_room(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, rules_dir=RULES, api_key=SecretStr(KEY), decisions={})
    with serving(create_app(settings), tmp_path) as service:
        assert json.loads(service.audit(ORDERED).content)["degraded"] == []
        assert Admission.__name__ in {type(one).__name__ for one in chain(service.app)}


def chain(app: Any) -> Iterator[Any]:
    while (app := getattr(app, "behind", None)) is not None:
        yield app
