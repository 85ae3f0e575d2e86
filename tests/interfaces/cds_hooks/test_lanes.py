"""The services as they are served: who may ask, from which pages, and what a second call spares the doctor."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import pytest
import yaml

from app.interfaces.cds_hooks.cards import finding_id
from tests.interfaces.cds_hooks.tokens import BASE, ISSUER, claims, jwk, private_key, token
from tests.interfaces.nhsa.caller import Answer, Caller
from tests.interfaces.nhsa.messages import WOMEN_ONLY

ORIGIN = "https://emr.example"
SIGN, SELECT = "/cds-services/mingjian-order-sign", "/cds-services/mingjian-order-select"
Make = Callable[..., Caller]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Caller] = []

    def start(**settings: Any) -> Caller:
        told = {"issuer": ISSUER, "name": "emr", "keys": {"keys": [jwk(private_key("ES384"))]}}
        file = tmp_path / "clients.yaml"
        file.write_text(yaml.safe_dump({"bases": [BASE], "clients": [told]}), "utf-8")
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        caller = Caller(
            folder, keep_history=False, cds_clients=file, cds_origins=[ORIGIN], deadline_ms=1000, **settings
        )
        opened.append(caller.__enter__())
        return caller

    yield start
    for one in opened:
        one.__exit__(None, None, None)


def signed(path: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token(claims(aud=BASE + path))}", "origin": ORIGIN}


def body(*codes: str, hook: str = "order-sign", sex: str = "male", encounter: str = "E1") -> bytes:
    orders = [
        {
            "resourceType": "ServiceRequest", "id": f"SR{number}", "status": "draft", "authoredOn": "2026-03-02",
            "code": {"coding": [{"code": code, "display": f"项目{number}"}]},
        }
        for number, code in enumerate(codes or (WOMEN_ONLY,), 1)
    ]  # fmt: skip
    context: dict[str, Any] = {
        "userId": "Practitioner/D1", "patientId": "P1", "encounterId": encounter,
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": one} for one in orders]},
    }  # fmt: skip
    if hook == "order-select":
        context["selections"] = ["ServiceRequest/SR1"]
    visit = {"resourceType": "Encounter", "id": encounter, "serviceProvider": {"identifier": {"value": "H001"}}}
    patient = {"resourceType": "Patient", "id": "P1", "gender": sex, "birthDate": "1980-01-01"}
    told = {"hook": hook, "hookInstance": str(uuid4()), "context": context}
    return json.dumps({**told, "prefetch": {"patient": patient, "encounter": visit}}).encode()


def cards(caller: Caller, path: str = SIGN, content: bytes | None = None) -> list[dict[str, Any]]:
    answer = caller.call("POST", path, content or body(), signed(path))
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = json.loads(answer.body)["cards"]
    return found


def override(caller: Caller, card: str, code: str = "risk-benefit-ratio") -> Answer:
    told = {"card": card, "outcome": "overridden", "overrideReason": {"reason": {"code": code}}}
    path = f"{SIGN}/feedback"
    return caller.call("POST", path, json.dumps({"feedback": [told]}).encode(), signed(path))


def get(caller: Caller, path: str, **query: str) -> Any:
    return caller.call("GET", f"{path}?{urlencode(query)}", b"", {"authorization": "Bearer key"}).json()


def suppressed(caller: Caller) -> list[tuple[str, str]]:
    found = get(caller, "/v1/alerts/suppressed", encounter="E1", facility="H001")["alerts"]
    return [(one["rule"], one["why"]) for one in found]


@pytest.mark.parametrize("path", ["/cds-services", SIGN, f"{SIGN}/feedback"])
def test_browsers_may_ask_first_without_a_token(make: Make, path: str) -> None:
    answer = make().call("OPTIONS", path, b"", {"origin": ORIGIN, "access-control-request-method": "POST"})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_every_answer_tells_its_origin_and_no_other(make: Make) -> None:
    caller = make()
    for method, path, headers in [("GET", "/cds-services", {}), ("POST", SIGN, {}), ("POST", SIGN, signed(SIGN))]:
        for origin in (ORIGIN, "https://evil.example"):
            answer = caller.call(method, path, body(), {**headers, "origin": origin})
            told = answer.headers.get("access-control-allow-origin")
            assert told == (ORIGIN if origin == ORIGIN else None)


def test_a_refusal_says_nothing(make: Make) -> None:
    caller = make()
    for headers in ({}, {"authorization": "Bearer no"}, {"authorization": f"Bearer {token(claims(aud='x'))}"}):
        answer = caller.call("POST", SIGN, body(), headers)
        assert (answer.status, answer.body) == (401, b"")


def test_who_calls_is_on_record(make: Make) -> None:
    caller = make()
    assert cards(caller)
    assert caller.call("POST", SIGN, body(), {"authorization": "Bearer key"}).status == 200
    assert [one.caller for one in caller.records()] == ["cds:emr", "local"]


def test_discovery_is_open_unless_it_is_to_be_closed(make: Make) -> None:
    assert make().call("GET", "/cds-services").status == 200
    closed = make(cds_discovery_open=False)
    assert closed.call("GET", "/cds-services").status == 401
    assert closed.call("GET", "/cds-services", b"", signed("/cds-services")).status == 200


def twice(**changes: Any) -> bytes:
    """Two charges of which one holds the other: highly suspect, no more."""
    return body("001103000010000", "001102000030000", sex="female", **changes)


def test_answered_with_a_reason_it_is_not_shown_again_and_staff_can_see_so(make: Make) -> None:
    caller = make()
    (card,) = cards(caller, content=twice())
    assert card["indicator"] == "info"
    assert len(cards(caller, content=twice())) == 1
    assert override(caller, card["uuid"]).status == 200
    assert cards(caller, content=twice()) == []
    assert suppressed(caller) == [("items-charged-twice", "repeated")]
    assert len(cards(caller, content=twice(encounter="E2"))) == 1
    told = get(caller, "/v1/rules/items-charged-twice/alerts")
    assert (told["fired"], told["shown"], told["suppressed"]) == (4, 3, {"repeated": 1})
    assert (told["override_reasons"], told["unanswered"]) == ({"risk-benefit-ratio": 1}, 2)
    assert told["seconds_to_answer"]["count"] == 1


def test_an_answer_holds_only_for_its_time(make: Make) -> None:
    caller = make(cds_silence_hours=0)
    for _ in range(2):
        (card,) = cards(caller, content=twice())
        assert override(caller, card["uuid"]).status == 200
    assert suppressed(caller) == []


def test_a_clear_violation_is_shown_however_often_it_was_answered(make: Make) -> None:
    caller = make(cds_tiers={"service-for-women": "silent"})
    for _ in range(3):
        (card,) = cards(caller)
        assert override(caller, card["uuid"]).status == 200
    assert suppressed(caller) == []


def test_an_accepted_card_comes_again_where_nothing_was_changed(make: Make) -> None:
    caller = make()
    (card,) = cards(caller, content=twice())
    told = json.dumps({"feedback": [{"card": card["uuid"], "outcome": "accepted"}]}).encode()
    assert caller.call("POST", f"{SIGN}/feedback", told, signed(f"{SIGN}/feedback")).status == 200
    assert len(cards(caller, content=twice())) == 1
    assert get(caller, "/v1/rules/items-charged-twice/alerts")["accepted"] == 1


def test_counters_outlive_the_process_and_unknown_rules_are_none(make: Make) -> None:
    caller = make()
    assert cards(caller)
    assert get(caller, "/v1/rules/service-for-women/alerts", days="1")["shown"] == 1
    assert get(caller, "/v1/rules/items-charged-twice/alerts")["seconds_to_answer"] is None
    headers = {"authorization": "Bearer key"}
    assert caller.call("GET", "/v1/rules/unknown/alerts", b"", headers).status == 404
    assert caller.call("GET", "/v1/rules/service-for-women/alerts").status == 401
    assert caller.call("GET", "/v1/alerts/suppressed?encounter=E1&facility=H001").status == 401
    assert caller.call("GET", "/v1/alerts/suppressed?encounter=E1", b"", headers).status == 422


def page_of(card: dict[str, Any]) -> str:
    (link,) = [one for one in card["links"] if "/popup/" in one["url"]]
    assert link["type"] == "absolute"
    return urlsplit(link["url"]).path


def test_the_page_takes_a_reason_and_leads_back_to_listed_pages_only(make: Make) -> None:
    caller = make(cds_popup_base=BASE)
    (card,) = cards(caller, content=twice())
    path = page_of(card)
    shown = caller.call("GET", path)
    assert shown.status == 200
    assert "<script" not in shown.body.decode()
    form = urlencode({"action.0": "proceed", "reason.0": "病情需要"}).encode()
    for back, leads in [(f"{ORIGIN}/x?y=1", True), ("https://evil.example", False), ("javascript:alert(1)", False)]:
        answer = caller.call("POST", f"{path}?back={quote(back, safe='')}", form)
        assert answer.status == 200
        assert ("返回医生站" in answer.body.decode()) == leads
    assert cards(caller, content=twice()) == []
    assert get(caller, "/v1/rules/items-charged-twice/alerts")["override_reasons"] == {"": 1}
    assert finding_id(card["uuid"])


def test_tickets_open_one_kind_of_page_and_end(make: Make) -> None:
    caller = make(cds_popup_base=BASE)
    (card,) = cards(caller)
    path = page_of(card)
    assert caller.call("GET", path.replace("/popup/", "/fsi/api/popup/")).status == 404
    assert caller.call("GET", path[:-1] + ("0" if path[-1] != "0" else "1")).status == 404
    (plain,) = cards(make())
    assert not any("/popup/" in link["url"] for link in plain.get("links", ()))
