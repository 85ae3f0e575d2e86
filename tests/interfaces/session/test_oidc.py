"""Signing in by OpenID Connect, against a real provider: who comes in, with which rights, and what is refused."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from app.application.first_accounts import AT_THE_MACHINE
from app.domain.access import Role
from app.store.store import Store
from tests.interfaces.session.front import browser, entries, opened, problem
from tests.interfaces.session.provider import CLIENT, SECRET, Provider, providing
from tests.store.contract.place import Place, SqlitePlace

GRANTS = {
    "yb": {"roles": ["audit_staff"], "facilities": ["F1"]},
    "yb-lead": {"roles": ["audit_lead"], "facilities": ["F1"]},
    "all": {"roles": ["management"]},
    "doctors": {"roles": ["doctor"], "facilities": ["F1"]},
    "sys": {"roles": ["system_administrator"]},
    "sec": {"roles": ["security_administrator"]},
}
WANG = {"sub": "w-1", "preferred_username": "Wang.Fang", "name": "王芳", "groups": ["yb"], "code": "D7"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as one:
        one.claims = dict(WANG)
        yield one


def settings(provider: Provider, **more: Any) -> dict[str, Any]:
    told = {
        "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "oidc_grants": GRANTS, "oidc_practitioner_claim": "code",
    }  # fmt: skip
    return {**told, **more}


async def leave(client: httpx.AsyncClient, then: str = "/console/findings") -> tuple[str, str]:
    """The path, with code and state, that the provider sends the browser back to."""
    out = await client.get("/v1/session/oidc", params={"next": then})
    assert out.status_code == 303, out.text
    asked = parse_qs(urlsplit(out.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    async with httpx.AsyncClient(trust_env=False) as web:
        back = await web.get(out.headers["location"])
    place = urlsplit(back.headers["location"])
    assert place.netloc == "mj.test"
    return f"{place.path}?{place.query}", asked["state"][0]


def test_who_the_provider_vouches_for_comes_in_with_the_agreed_rights(place: Place, provider: Provider) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **settings(provider)) as (_, gate), browser(gate) as one:
            back, _ = await leave(one)
            answer = await one.get(back)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/console/findings"), answer.text
            told = (await one.get("/v1/session")).json()
            assert (told["roles"], told["scope"]["facilities"], told["pending"]) == (["audit_staff"], ["F1"], [])
            assert (await one.get("/findings")).status_code == 200
            problem(await one.get(back), 401, "oidc-refused")
            provider.claims["groups"] = ["yb-lead"]
            again, _ = await leave(one)
            assert (await one.get(again)).status_code == 303
            assert (await one.get("/v1/session")).json()["roles"] == ["audit_lead"]
            assert provider.asked == 1
        (account,) = [one for one in await store.accounts.all() if one.login != "admin"]
        assert (account.login, account.name, account.password) == ("wang.fang", "王芳", "")
        told = [one for one in await entries(store) if (one["kind"], one["subject"]) == ("rights.changed", account.id)]
        assert [one["details"]["action"] for one in told] == ["created", "granted"]

    place.run(steps)


REFUSED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"nonce": "another"}),
    ({}, {"aud": "another"}),
    ({}, {"iss": "https://another.test"}),
    ({}, {"exp": 1000}),
    ({}, {"azp": "another"}),
    ({"groups": []}, {}),
    ({"groups": ["unknown"]}, {}),
    ({"groups": ["yb", "all"]}, {}),
    ({"groups": ["sys", "sec"]}, {}),
    ({"groups": ["doctors"], "code": ""}, {}),
    ({"sub": None}, {}),
]


@pytest.mark.parametrize(("claims", "wrong"), REFUSED)
def test_what_proves_or_grants_nothing_opens_nothing(
    tmp_path: Any, provider: Provider, claims: dict[str, Any], wrong: dict[str, Any]
) -> None:
    async def steps(store: Store) -> None:
        provider.claims |= claims
        provider.claims = {name: one for name, one in provider.claims.items() if one is not None}
        provider.wrong = wrong
        async with opened(store, **settings(provider)) as (_, gate), browser(gate) as one:
            back, _ = await leave(one)
            problem(await one.get(back), 401, "oidc-refused")
            problem(await one.get("/findings"), 401, "unauthorized")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


@pytest.mark.parametrize("how", ["another key", "shared secret"])
def test_a_token_that_others_signed_opens_nothing(tmp_path: Any, provider: Provider, how: str) -> None:
    async def steps(store: Store) -> None:
        if how == "another key":
            provider.signer = RSAKey.generate_key(2048, {"kid": "k1"})
        else:
            provider.signer = OctKey.import_key(SECRET * 2, {"kid": "k1"})  # type: ignore[assignment]
            provider.algorithm = "HS256"
        async with opened(store, **settings(provider)) as (_, gate), browser(gate) as one:
            back, _ = await leave(one)
            problem(await one.get(back), 401, "oidc-refused")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_a_code_is_of_use_only_to_the_browser_that_went_for_it(tmp_path: Any, provider: Provider) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **settings(provider)) as (_, gate), browser(gate) as one, browser(gate) as other:
            back, state = await leave(one)
            problem(await other.get(back), 401, "oidc-refused")
            await leave(other)
            problem(await other.get(back), 401, "oidc-refused")
            problem(await one.get(back.replace(state, "x" * len(state))), 401, "oidc-refused")
            assert (await one.get(back)).status_code == 303

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_who_is_disabled_here_stays_out_and_doctors_see_their_own(tmp_path: Any, provider: Provider) -> None:
    async def steps(store: Store) -> None:
        provider.claims["groups"] = ["doctors"]
        async with opened(store, **settings(provider)) as (staff, gate), browser(gate) as one:
            back, _ = await leave(one, "//evil.test")
            assert (await one.get(back)).headers["location"] == "/console"
            who = (await one.get("/v1/session")).json()
            assert (who["roles"], who["scope"]["practitioner"]) == ([Role.DOCTOR], "D7")
            held = await staff.manager.get(who["id"])
            await staff.manager.change(held.id, held.version, caller=AT_THE_MACHINE, is_disabled=True)
            problem(await one.get("/findings"), 401, "unauthorized")
            back, _ = await leave(one)
            problem(await one.get(back), 401, "oidc-refused")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_a_provider_that_is_gone_is_told_of_and_none_is_not_found(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        gone = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "m", "oidc_client_secret": "s"}
        async with opened(store, **gone) as (_, gate), browser(gate) as one:
            problem(await one.get("/v1/session/oidc"), 503, "oidc-unavailable")
        async with opened(store) as (_, gate), browser(gate) as one:
            problem(await one.get("/v1/session/oidc"), 404, "not-found")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_metadata_of_another_issuer_are_none(tmp_path: Any, provider: Provider) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **settings(provider)) as (_, gate), browser(gate) as one:
            for issuer in (
                f"{provider.issuer}/",
                "https://another.test",
                provider.issuer.replace("127.0.0.1", "localhost"),
            ):
                provider.wrong_metadata = {"issuer": issuer}
                problem(await one.get("/v1/session/oidc"), 503, "oidc-unavailable")
            provider.wrong_metadata = {}
            await leave(one)

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)
