"""Clients that sign: whose token opens a service, whose does not, and that the log alone says why."""

import asyncio
import base64
import json
import time
import warnings
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.domain.access import Role, Scope
from app.interfaces.authentication.installation_key import InstallationKey
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.caller import caller_in
from app.interfaces.cds_hooks.client_auth import ClientAuth
from app.interfaces.cds_hooks.clients import CdsClients
from app.interfaces.errors import Problem
from app.store.sqlite.used_tokens import SqliteUsedTokens
from tests.interfaces.cds_hooks.door import call, client, door, refused
from tests.interfaces.cds_hooks.tokens import BASE, PATH, claims, jwk, private_key, token

ALL = ("ES384", "RS384", "ES256", "RS256")


@pytest.mark.parametrize("algorithm", ALL)
def test_each_algorithm_that_its_client_may_use(algorithm: str, caplog: pytest.LogCaptureFixture) -> None:
    keys = {"keys": [jwk(private_key(algorithm))]}
    assert call(door(client(keys=keys, algorithms=(algorithm,))), token(algorithm=algorithm)) == "cds:emr"
    others = tuple(one for one in ALL if one != algorithm)
    assert "not allowed" in refused(door(client(keys=keys, algorithms=others)), token(algorithm=algorithm), caplog)


def test_the_weaker_two_are_not_taken_unless_a_client_is_listed_so(caplog: pytest.LogCaptureFixture) -> None:
    for algorithm in ("ES256", "RS256"):
        auth = door(client(keys={"keys": [jwk(private_key(algorithm))]}))
        assert "not allowed" in refused(auth, token(algorithm=algorithm), caplog)


def unsigned() -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims()]
    return ".".join([base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts]) + "."


def by_shared_secret() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jwt.encode(claims(), "secret" * 10, "HS384", headers={"kid": "k1"})


def changed() -> str:
    head, _, signature = token().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


NOW = 1_800_000_000
COLLECTED = time.time()  # when the tokens below were made; long before the tests run, in a long run


def at(**changes: Any) -> str:
    return token(claims(NOW, **changes))


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (unsigned(), "'none' is not allowed"),
        (by_shared_secret(), "'HS384' is not allowed"),
        (changed(), "InvalidSignatureError"),
        (token(key=private_key("ES384", 1)), "InvalidSignatureError"),
        ("aaaa.bbbb.cccc", "no token"),
        ("." * 2, "no token"),
        ("x" * 9000 + ".y.z", "too long"),
        (token(kid="other"), "0 keys fit"),
    ],
)
def test_what_is_not_signed_as_it_should_be(sent: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert why in refused(door(now=COLLECTED), sent, caplog)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (at(iss="https://else.example"), "is not listed"),
        (at(iss=None), "is not listed"),
        (at(iss=["x"]), "is not listed"),
        (at(aud="https://else.example" + PATH), "audience"),
        (at(aud=BASE), "audience"),
        (at(aud=BASE + PATH + "/"), "audience"),
        (at(aud=None), "audience"),
        (at(aud=[]), "audience"),
        (at(aud={"a": 1}), "audience"),
        (at(iat=None), "iat"),
        (at(exp=None), "exp"),
        (at(exp=True), "exp"),
        (at(iat=float("nan")), "iat"),
        (at(iat=float("inf")), "iat"),
        (at(iat="1"), "iat"),
        (at(iat=NOW - 400, exp=NOW - 100), "expired 100 seconds ago"),
        (at(iat=NOW + 100), "in the future"),
        (at(nbf=NOW + 100), "nbf"),
        (at(nbf="soon"), "nbf"),
        (at(exp=NOW + 301), "lives 301 seconds"),
        (at(iat=NOW + 10, exp=NOW + 5), "lives -5 seconds"),
        (at(jti=None), "jti"),
        (at(jti=""), "jti"),
        (at(jti=5), "jti"),
        (at(jti="x" * 201), "jti"),
    ],
)
def test_claims_that_open_nothing(sent: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    assert why in refused(door(now=NOW), sent, caplog)


def test_clocks_may_differ_a_little() -> None:
    for changes in ({"iat": NOW + 20}, {"iat": NOW - 320, "exp": NOW - 20}, {"nbf": NOW + 20}):
        assert call(door(now=NOW), at(**changes)) == "cds:emr"


def test_the_audience_is_the_very_address_or_an_alias_of_the_client() -> None:
    inside = "http://10.0.0.5:8000"
    auth = door(client(audiences=("sand_man",)), bases=(BASE + "/", inside))
    feedback = f"{PATH}/feedback"
    for told, path in [
        (inside + PATH, PATH), ("sand_man", PATH), (["x", BASE + PATH], PATH), (BASE + feedback, feedback),
    ]:  # fmt: skip
        assert call(auth, token(claims(aud=told)), path) == "cds:emr"
    with pytest.raises(Problem):
        call(auth, token(claims(aud=BASE + PATH)), feedback)


def test_a_token_is_taken_once_even_under_two_names(caplog: pytest.LogCaptureFixture) -> None:
    auth, sent = door(), token()
    assert call(auth, sent) == "cds:emr"
    assert "used before" in refused(auth, sent, caplog)
    again = token(claims(jti=jwt.decode(sent, options={"verify_signature": False})["jti"]))
    assert "used before" in refused(auth, again, caplog)


def test_a_refused_token_does_not_use_up_its_jti() -> None:
    auth = door()
    told = claims()
    with pytest.raises(Problem):
        call(auth, token(told, key=private_key("ES384", 1)))
    assert call(auth, token(told)) == "cds:emr"


def test_keys_of_this_service_still_open_it_whatever_they_look_like() -> None:
    assert call(door(), "the.api.key") == "local"
    with pytest.raises(Problem):
        call(door(), "another-key")


def test_a_key_is_chosen_by_its_id_and_by_what_it_can_verify(caplog: pytest.LogCaptureFixture) -> None:
    both = {"keys": [jwk(private_key("ES384")), jwk(private_key("RS384")), jwk(private_key("ES384", 1), kid="k2")]}
    auth = door(client(keys=both))
    assert call(auth, token()) == call(auth, token(algorithm="RS384")) == "cds:emr"
    assert call(auth, token(key=private_key("ES384", 1), kid="k2")) == "cds:emr"
    assert call(auth, token(algorithm="RS384", kid="")) == "cds:emr"
    assert "2 keys fit" in refused(auth, token(kid=""), caplog)


def test_a_client_reaches_the_facilities_that_it_is_listed_with() -> None:
    asked = {"path": PATH, "headers": [(b"authorization", f"Bearer {token()}".encode())]}
    caller = asyncio.run(door(client(facilities=("H1",)))(asked))
    assert (caller.scope, caller.roles, caller.kind) == (
        Scope(facilities=frozenset({"H1"})), frozenset({Role.HIS_CLIENT}), "token",
    )  # fmt: skip
    assert caller_in(asked) == caller


def test_a_key_that_may_send_no_audits_does_not_open_it() -> None:
    machines, nobody = [InstallationKey("a-key", [Role.LOG_AUDITOR])], CdsClients()
    asked = {"path": PATH, "headers": [(b"authorization", b"Bearer a-key")]}
    with pytest.raises(Problem) as refused_:
        asyncio.run(ClientAuth(nobody, machines, SharedReplay(None))(asked))
    assert refused_.value.status == 403


def test_a_token_is_taken_once_by_all_workers(tmp_path: Path) -> None:
    async def steps() -> None:
        shared = [SqliteUsedTokens(tmp_path / "db") for _ in range(2)]
        doors = [ClientAuth(CdsClients(bases=(BASE,), clients=(client(),)), (), SharedReplay(one, 5)) for one in shared]
        asked = {"path": PATH, "headers": [(b"authorization", f"Bearer {token()}".encode())]}
        assert (await doors[0](dict(asked))).id == "cds:emr"
        for one in doors:
            with pytest.raises(Problem):
                await one(dict(asked))
        for one in shared:
            await one.close()

    asyncio.run(steps())
