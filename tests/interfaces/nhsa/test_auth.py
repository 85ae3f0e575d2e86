"""Who is let in: by network, by the platform's signature, by an apikey."""

import asyncio
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from app.interfaces.nhsa.auth import Admission, Refused
from app.interfaces.nhsa.profiles import Profile
from tests.interfaces.nhsa.caller import Caller
from tests.interfaces.nhsa.messages import message

SECRET = "platform-secret"


def headers(
    timestamp: str = "", nonce: str = "0123456789abcdef0123456789abcdef", secret: str = SECRET
) -> dict[str, str]:
    timestamp = timestamp or str(int(time.time()))
    signature = sha256(f"{timestamp}{secret}{nonce}{timestamp}".encode("latin-1")).hexdigest()
    return {"x-tif-paasid": "p1", "x-tif-timestamp": timestamp, "x-tif-nonce": nonce, "x-tif-signature": signature}


def attempt(profile: Profile, sent: dict[str, str], client: str | None = "127.0.0.1") -> str:
    scope = {
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": None if client is None else (client, 1),
    }
    return admitted(profile, "H1", scope)


def admitted(profile: Profile, facility: str, scope: Any) -> str:
    return asyncio.run(Admission()(profile, facility, scope)).id


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGJIAN_TEST_SECRET", SECRET)


def signed(**more: object) -> Profile:
    return Profile.model_validate(
        {"name": "his", "authentication": "signature", "secret_variable": "MINGJIAN_TEST_SECRET", **more}
    )


def test_the_caller_is_named_for_the_record() -> None:
    assert attempt(Profile(), {}) == "nhsa:default:H1"
    assert len(admitted(Profile(name="n" * 60), "H" * 60, {"headers": [], "client": ("127.0.0.1", 1)})) == 64


@pytest.mark.parametrize("client", ["192.0.2.1", "::ffff:192.0.2.1", "", None])
def test_without_a_profile_only_this_machine_may_call(client: str | None) -> None:
    with pytest.raises(Refused, match="地址"):
        attempt(Profile(), {}, client)


def test_a_right_signature_opens_from_anywhere() -> None:
    assert attempt(signed(), headers(), "192.0.2.1") == "nhsa:his:H1"
    assert attempt(signed(), {**headers(), "x-tif-signature": headers()["x-tif-signature"].upper()}) == "nhsa:his:H1"


def test_a_signature_and_a_network_are_both_asked_for_where_both_are_said() -> None:
    profile = signed(networks=["192.0.2.0/24"])
    assert attempt(profile, headers(), "192.0.2.1")
    with pytest.raises(Refused, match="地址"):
        attempt(profile, headers(), "198.51.100.1")
    with pytest.raises(Refused, match="签名"):
        attempt(profile, {}, "192.0.2.1")


def at(seconds: int) -> dict[str, str]:
    return headers(str(int(time.time()) + seconds))


WRONG: dict[str, Callable[[], dict[str, str]]] = {  # made when a test runs: a moment ago is not long ago
    "nothing": dict,
    "another secret": lambda: headers(secret="another"),
    "no signature": lambda: {**headers(), "x-tif-signature": ""},
    "no hex": lambda: {**headers(), "x-tif-signature": "é" * 64},
    "no nonce": lambda: {**headers(), "x-tif-nonce": ""},
    "another nonce": lambda: {**headers(), "x-tif-nonce": "another"},
    "no time": lambda: {**headers(), "x-tif-timestamp": ""},
    "time is a superscript": lambda: headers("²"),
    "time is negative": lambda: headers("-1"),
    "time is endless": lambda: headers("9" * 5000),
    "time is a word": lambda: headers("not-a-number"),
    "too old": lambda: at(-400),
    "too new": lambda: at(400),
}


@pytest.mark.parametrize("sent", WRONG.values(), ids=WRONG)
def test_a_wrong_missing_or_old_signature_does_not(sent: Callable[[], dict[str, str]]) -> None:
    with pytest.raises(Refused, match="签名无效"):
        attempt(signed(), sent())


@pytest.mark.parametrize("seconds", [-290, 0, 290])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    assert attempt(signed(), at(seconds))


def test_an_apikey() -> None:
    profile = signed(authentication="apikey")
    assert attempt(profile, {"apikey": SECRET}, "192.0.2.1") == "nhsa:his:H1"
    for wrong in ({}, {"apikey": ""}, {"apikey": SECRET[:-1]}, {"apikey": "é"}):
        with pytest.raises(Refused, match="apikey"):
            attempt(profile, wrong)


def test_who_is_refused_gets_a_failure_and_leaves_no_record(with_profiles: Callable[..., Caller]) -> None:
    caller = with_profiles(
        {}, {"facilities": ["H00000000001"], "authentication": "apikey", "secret_variable": "MINGJIAN_TEST_SECRET"}
    )
    assert "apikey" in caller.post(message()).fault
    assert "apikey" in caller.post(b'{"infno":"3101","fixmedins_code":"H00000000001","input":{"data":[[]]}}').fault
    content = message()
    content["fixmedins_code"] = "H00000000002"
    assert "地址" in caller.post(content, client="192.0.2.1").fault
    assert caller.records() == []
    assert len(caller.post(message(), headers={"apikey": SECRET}, client="192.0.2.1").result) == 1
    assert len(caller.post(content).result) == 1


def test_a_signature_is_taken_once_and_a_new_nonce_opens_again() -> None:
    async def steps() -> None:
        gate, client = Admission(), {"client": ("192.0.2.1", 1)}

        def sent(**told: str) -> dict[str, Any]:
            return {"headers": [(name.encode(), value.encode()) for name, value in headers(**told).items()], **client}

        first = sent()
        assert await gate(signed(), "H1", first)
        with pytest.raises(Refused, match="已经提交过"):
            await gate(signed(), "H1", first)
        assert await gate(signed(), "H1", sent(nonce="another"))

    asyncio.run(steps())


def test_a_client_asks_about_the_patients_of_its_facilities_only(with_profiles: Callable[..., Caller]) -> None:
    caller = with_profiles({}, {"name": "his", "facilities": ["H00000000001"]})
    assert len(caller.post(message()).result) == 1
    content = message()
    content["input"]["data"]["patient_dtos"][0]["fsi_encounter_dtos"][0]["medins_id"] = "H00000000002"
    assert "授权范围" in caller.post(content).fault
    assert len(caller.records()) == 1
