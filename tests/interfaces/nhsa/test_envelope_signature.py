"""The envelope signed by SM2 or SM3: what opens, what does not, and nothing twice, whichever worker sees it."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.domain.access import Role, Scope
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.nhsa.auth import Admission, Refused
from app.interfaces.nhsa.profiles import Profile, ProfileError, Profiles, read_profiles
from app.store.opening import store_at
from app.trail.sm2 import Sm2Signer, new_sm2_key

NOW = datetime(2036, 11, 22, 9, 30)  # noqa: DTZ001 - China's time, as the envelope writes it; not past, or it were forgotten
CLOCK = (NOW - datetime(1970, 1, 1) - timedelta(hours=8)).total_seconds()  # noqa: DTZ001
SECRET = "the-shared-secret"


def envelope(**changes: Any) -> dict[str, Any]:
    told = {
        "infno": "3101", "msgid": "H00000000001202611220930000001", "inf_time": NOW.strftime("%Y-%m-%d %H:%M:%S"),
        "fixmedins_code": "H1", "input": {"data": {"patient_dtos": [], "名": 1.50}},
    }  # fmt: skip
    return {**told, **changes}


def signed_bytes(message: dict[str, Any], between: str = "|") -> bytes:
    parts = [message[one] for one in ("infno", "msgid", "inf_time", "fixmedins_code")]
    return between.join([*parts, json.dumps(message["input"], ensure_ascii=False)]).encode()


def written(message: dict[str, Any], cainfo: str, signtype: str) -> bytes:
    return json.dumps({**message, "cainfo": cainfo, "signtype": signtype}, ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Sm2Signer:
    file = tmp_path_factory.mktemp("sm2") / "key.pem"
    new_sm2_key(file)
    return Sm2Signer("his", file)


@pytest.fixture
def sm2(signer: Sm2Signer, tmp_path: Path) -> Profile:
    file = tmp_path / "public.pem"
    encoded = base64.encodebytes(signer.public).decode()
    file.write_text(f"-----BEGIN PUBLIC KEY-----\n{encoded}-----END PUBLIC KEY-----\n", "ascii")
    return Profile(name="his", authentication="sm2", public_key_file=str(file), facilities=("H1",))


@pytest.fixture
def sm3(monkeypatch: pytest.MonkeyPatch) -> Profile:
    monkeypatch.setenv("MINGJIAN_TEST_SECRET", SECRET)
    return Profile(name="his", authentication="sm3", secret_variable="MINGJIAN_TEST_SECRET", facilities=("H1",))


def admit(profile: Profile, text: bytes, gate: Admission | None = None) -> Any:
    return asyncio.run((gate or Admission(clock=lambda: CLOCK))(profile, "H1", scope(), text))


def scope() -> dict[str, Any]:
    return {"headers": [], "client": ("192.0.2.1", 1)}


def by_secret(message: dict[str, Any], secret: str = SECRET, **told: Any) -> bytes:
    return written(message, hmac.new(secret.encode(), signed_bytes(message, **told), "sm3").hexdigest(), "SM3")


def test_sm2_in_all_its_writings(sm2: Profile, signer: Sm2Signer) -> None:
    message = envelope()
    der = signer.sign(signed_bytes(message))
    raw = b"".join([part.to_bytes(32, "big") for part in decode_dss_signature(der)])
    for cainfo in (der.hex(), der.hex().upper(), base64.b64encode(der).decode(), raw.hex()):
        caller = admit(sm2, written(message, cainfo, "SM2"))
        assert (caller.id, caller.roles) == ("nhsa:his:H1", {Role.HIS_CLIENT})
        assert caller.scope == Scope(facilities=frozenset({"H1"}))


def test_sm3_under_a_shared_secret(sm3: Profile) -> None:
    assert admit(sm3, by_secret(envelope())).id == "nhsa:his:H1"
    between = sm3.model_copy(update={"signed_between": ""})
    assert admit(between, by_secret(envelope(), between=""))


def changed(message: dict[str, Any], **changes: Any) -> bytes:
    """Signed, and then made into another message."""
    return json.dumps({**json.loads(by_secret(message)), **changes}, ensure_ascii=False).encode()


WRONG: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: json.dumps(envelope()).encode(),
    "no JSON": lambda: b"{",
    "a list": lambda: b"[]",
    "deep": lambda: b"[" * 100_000,
    "blank": lambda: written(envelope(), "", "SM3"),
    "null": lambda: changed(envelope(), cainfo=None),
    "another kind": lambda: changed(envelope(), signtype="SM2"),
    "kind unsaid": lambda: changed(envelope(), signtype=""),
    "another secret": lambda: by_secret(envelope(), "another"),
    "another message id": lambda: changed(envelope(), msgid="other"),
    "another transaction": lambda: changed(envelope(), infno="3102"),
    "another facility": lambda: changed(envelope(), fixmedins_code="H2"),
    "another input": lambda: changed(envelope(), input={}),
    "another time": lambda: changed(envelope(), inf_time="2036-11-22 09:30:01"),
    "no time": lambda: by_secret(envelope(inf_time="soon")),
    "too old": lambda: by_secret(envelope(inf_time="2036-11-22 09:24:59")),
    "too new": lambda: by_secret(envelope(inf_time="2036-11-22 09:35:01")),
    "long": lambda: changed(envelope(), cainfo="0" * 5000),
    "no hex": lambda: changed(envelope(), cainfo="é" * 64),
}


@pytest.mark.parametrize("sent", WRONG.values(), ids=WRONG)
def test_what_is_not_signed_as_it_should_be(sent: Callable[[], bytes], sm3: Profile) -> None:
    with pytest.raises(Refused, match="签名无效"):
        admit(sm3, sent())


@pytest.mark.parametrize("cainfo", ["", "00", "no hex", "00" * 64, "ff" * 64, "3006020100020100"])
def test_no_signature_of_sm2(cainfo: str, sm2: Profile) -> None:
    with pytest.raises(Refused, match="签名无效"):
        admit(sm2, written(envelope(), cainfo, "SM2"))


def test_sm2_over_another_message_or_by_another_key(sm2: Profile, signer: Sm2Signer, tmp_path: Path) -> None:
    file = tmp_path / "other.pem"
    new_sm2_key(file)
    right, other = signed_bytes(envelope()), signed_bytes(envelope(msgid="other"))
    for signature in (signer.sign(other), Sm2Signer("his", file).sign(right)):
        with pytest.raises(Refused, match="签名无效"):
            admit(sm2, written(envelope(), signature.hex(), "SM2"))


def test_what_was_signed_is_taken_once_by_all_workers(sm3: Profile, tmp_path: Path) -> None:
    async def steps() -> None:
        stores = [store_at(None, tmp_path / "mingjian.sqlite3") for _ in range(2)]
        gates = [Admission(SharedReplay(one.used, 5), lambda: CLOCK) for one in stores]
        sent, again = by_secret(envelope()), by_secret(envelope(msgid="next"))
        assert await gates[0](sm3, "H1", scope(), sent)
        for gate in gates:
            with pytest.raises(Refused, match="已经提交过"):
                await gate(sm3, "H1", scope(), sent)
        assert await gates[1](sm3, "H1", scope(), again)
        for one in stores:
            await one.used.close()
            await one.close()

    asyncio.run(asyncio.wait_for(steps(), 60))


def test_a_profile_that_signs_too_little_or_has_no_key_stops_the_start(tmp_path: Path, sm2: Profile) -> None:
    for signed in (["infno"], ["msgid", "input"], ["msgid", "inf_time"]):
        with pytest.raises(ValueError, match="has to be signed"):
            Profile.model_validate({"signed": signed})
    file = tmp_path / "profiles.yaml"
    file.write_text("default: {authentication: sm2}\n", "utf-8")
    with pytest.raises(ProfileError, match="public_key_file"):
        read_profiles(file)
    Path(sm2.public_key_file).write_text("no key", "ascii")
    with pytest.raises(ProfileError, match="public_key_file"):
        Admission().prepare(Profiles(Profile(), [sm2]))
