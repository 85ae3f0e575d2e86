"""Signing in: what opens a session, what locks, what ends it; on both databases, with one worker and with two."""

import base64
import json
from typing import Any

import pytest

from app.application.password_hash import PasswordHashes
from app.domain.access import Role
from app.domain.otp import code_at
from app.store.store import Store
from tests.interfaces.session.front import PASSWORD, Clock, browser, entries, member, opened, problem, sign_in
from tests.store.contract.place import Place, SqlitePlace

TOTP_PERIOD = 30


def test_who_signs_in_may_what_their_roles_say(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            made = await member(staff, "zhang", Role.AUDIT_STAFF)
            problem(await one.get("/findings"), 401, "unauthorized")
            answer = await sign_in(one, "Zhang")
            assert answer.status_code == 200, answer.text
            assert answer.json()["id"] == made.account.id
            assert "finding.review" in answer.json()["permissions"]
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert "Secure" not in cookie
            assert (await one.get("/findings")).status_code == 200
            assert (await one.post("/findings")).status_code == 200
            problem(await one.get("/v1/accounts"), 403, "forbidden")
            assert (await one.get("/v1/session")).json()["roles"] == ["audit_staff"]
            assert (await one.delete("/v1/session")).status_code == 204
            problem(await one.get("/findings"), 401, "unauthorized")
        told = [one for one in await entries(store) if one["kind"] == "signed_in"]
        assert [one["details"]["outcome"] for one in told] == ["success", "signed_out"]
        assert "zhang" not in json.dumps(told)

    place.run(steps)


def test_over_tls_the_cookie_is_bound_to_the_host(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate, base="https://mj.test") as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            cookie = (await sign_in(one, "zhang")).headers["set-cookie"]
            assert cookie.startswith("__Host-mj=")
            assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
            token = one.cookies["__Host-mj"]
            one.cookies.clear()
            problem(await one.get("/findings", headers={"cookie": f"mj={token}"}), 401, "unauthorized")

    place.run(steps)


def test_passwords_go_over_no_open_line(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate, "10.1.2.3") as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            problem(await sign_in(one, "zhang"), 403, "sign-in-unsafe")
        async with opened(store, public_url="https://mj.test") as (_, gate), browser(gate, "10.1.2.3") as one:
            assert "__Host-mj=" in (await sign_in(one, "zhang")).headers["set-cookie"]

    place.run(steps)


FOREIGN: list[tuple[dict[str, str], str]] = [
    ({"x-csrf-token": ""}, "csrf-token"),
    ({"x-csrf-token": "0" * 64}, "csrf-token"),
    ({"origin": "http://evil.test"}, "foreign-origin"),
    ({"origin": "null"}, "foreign-origin"),
    ({"origin": "http://mj.test.evil.test"}, "foreign-origin"),
    ({"origin": "http://mj.test:8081"}, "foreign-origin"),
    ({"sec-fetch-site": "cross-site"}, "foreign-origin"),
    ({"sec-fetch-site": "same-site"}, "foreign-origin"),
]


@pytest.mark.parametrize(("headers", "name"), FOREIGN)
def test_pages_of_other_sites_change_nothing(tmp_path: Any, headers: dict[str, str], name: str) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            problem(await one.post("/findings", headers=headers), 403, name)
            assert (await one.post("/findings", headers={"origin": "http://mj.test"})).status_code == 200
            if name == "foreign-origin":
                told = {"login": "zhang", "password": PASSWORD}
                problem(await one.post("/v1/session", json=told, headers=headers), 403, name)

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_a_second_factor_is_enrolled_asked_for_and_good_once(place: Place) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), browser(gate) as one:
            await member(staff, "boss", Role.SECURITY_ADMINISTRATOR, must_change=True)
            told = (await sign_in(one, "boss")).json()
            assert told["pending"] == ["password", "otp"]
            assert told["permissions"] == []
            problem(await one.get("/v1/accounts"), 403, "forbidden")
            new = {"old_password": PASSWORD, "password": "Another-lantern-9"}
            assert (await one.post("/v1/session/password", json=new)).status_code == 204
            enrolment = await one.post("/v1/session/totp", json={"password": "Another-lantern-9"})
            secret = base64.b32decode(enrolment.json()["secret"])
            problem(await one.post("/v1/session/totp/confirm", json={"otp": "000000"}), 401, "sign-in-refused")
            codes = (await one.post("/v1/session/totp/confirm", json={"otp": code_of(secret, clock)})).json()["codes"]
            assert len(set(codes)) == 10
            assert (await one.get("/v1/accounts")).status_code == 200
            async with browser(gate) as other:
                problem(await sign_in(other, "boss", "Another-lantern-9"), 401, "otp-needed")
                used = code_of(secret, clock)
                problem(await sign_in(other, "boss", "Another-lantern-9", used), 401, "sign-in-refused")
                clock.passes(seconds=TOTP_PERIOD)
                fresh = code_of(secret, clock)
                assert (await sign_in(other, "boss", "Another-lantern-9", fresh)).status_code == 200
                problem(await sign_in(other, "boss", "Another-lantern-9", fresh), 401, "sign-in-refused")
                assert (await sign_in(other, "boss", "Another-lantern-9", codes[3].lower())).status_code == 200
                problem(await sign_in(other, "boss", "Another-lantern-9", codes[3]), 401, "sign-in-refused")
            kept = str(await place.rows("SELECT otp, recovery FROM accounts"))
            assert not [code for code in codes if code in kept or code.replace("-", "") in kept]
            assert str(secret)[2:-1] not in kept

    place.run(steps)


def code_of(secret: bytes, clock: Clock) -> str:
    return code_at(secret, int(clock.at.timestamp()) // TOTP_PERIOD)


def test_one_sees_and_ends_ones_own_sessions(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one, browser(gate) as other:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            await sign_in(other, "zhang")
            listed = (await one.get("/v1/session/sessions")).json()["sessions"]
            assert sorted(session["is_this"] for session in listed) == [False, True]
            elsewhere = next(session["id"] for session in listed if not session["is_this"])
            assert (await one.delete(f"/v1/session/sessions/{elsewhere}")).status_code == 204
            problem(await other.get("/findings"), 401, "unauthorized")
            problem(await one.delete(f"/v1/session/sessions/{elsewhere}"), 404, "not-found")

    place.run(steps)


def test_what_ends_a_session_at_one_worker_ends_it_at_the_other_within_five_seconds(place: Place) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), place.opened() as again:
            made = await member(staff, "zhang", Role.AUDIT_STAFF)
            async with opened(again, clock) as (_, second), browser(gate) as one:
                await sign_in(one, "zhang")
                async with browser(second) as other:
                    other.cookies, other.headers = one.cookies, one.headers
                    assert (await other.get("/findings")).status_code == 200
                    assert (await one.delete("/v1/session")).status_code == 204
                    problem(
                        await one.get("/findings", headers={"cookie": f"mj={other.cookies.get('mj')}"}),
                        401,
                        "unauthorized",
                    )
                    clock.passes(seconds=5)
                    problem(await other.get("/findings"), 401, "unauthorized")
                assert made.account.id

    place.run(steps)


def test_a_weak_hash_is_made_anew_when_its_password_is_known(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            made = await member(staff, "zhang", Role.AUDIT_STAFF)
            weak = await PasswordHashes(time_cost=1, memory_cost=8).make(PASSWORD)
            await store.accounts.rehash(made.account.id, made.account.password, weak)
            assert (await sign_in(one, "zhang")).status_code == 200
            held = await store.accounts.get(made.account.id)
            assert held is not None
            assert "m=19456,t=2,p=1" in held.password
            assert (await sign_in(one, "zhang")).status_code == 200

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_a_password_that_was_given_lapses_after_a_week(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF, must_change=True)
            clock.passes(days=6, hours=23)
            assert (await sign_in(one, "zhang")).json()["pending"] == ["password"]
            clock.passes(hours=1)
            problem(await sign_in(one, "zhang"), 401, "sign-in-refused")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


@pytest.mark.parametrize(
    "typed",
    [PASSWORD.lower(), PASSWORD.upper(), PASSWORD[:-1], PASSWORD + " ", " " + PASSWORD, PASSWORD + "\0", PASSWORD * 2],
)
def test_a_password_is_taken_as_it_is_typed(tmp_path: Any, typed: str) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            problem(await sign_in(one, "zhang", typed), 401, "sign-in-refused")
            assert (await sign_in(one, "zhang")).status_code == 200

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_a_second_factor_can_be_demanded_of_everybody(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, require_otp="everyone") as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            told = (await sign_in(one, "zhang")).json()
            assert (told["pending"], told["permissions"]) == (["otp"], [])
            problem(await one.get("/findings"), 403, "forbidden")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_what_the_browser_kept_goes_with_the_session(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            left = await one.delete("/v1/session")
            assert left.headers["clear-site-data"] == '"storage"'
            assert "Max-Age=0" in left.headers["set-cookie"]
            assert not one.cookies

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)
