"""Managing accounts: the administrations are apart, nobody grants their own rights, and each change is an entry."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.domain.access import Role, Scope
from app.domain.account import OtpPolicy
from app.store.store import Store
from tests.interfaces.session.front import PASSWORD, browser, entries, member, opened, problem, sign_in, staff_on
from tests.store.contract.place import Place, SqlitePlace

FREE = {"require_otp": OtpPolicy.NOBODY}


@pytest.fixture
def one_place(tmp_path: Any) -> Place:
    return SqlitePlace(tmp_path / "mingjian.sqlite3")


def test_one_administration_makes_an_account_and_another_grants_its_rights(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **FREE) as (staff, gate), browser(gate) as system, browser(gate) as security:
            boss = await member(staff, "sys", Role.SYSTEM_ADMINISTRATOR)
            await member(staff, "sec", Role.SECURITY_ADMINISTRATOR)
            await sign_in(system, "sys")
            await sign_in(security, "sec")
            told = {"login": "Li.Na", "name": "李娜"}
            problem(await security.post("/v1/accounts", json=told), 403, "forbidden")
            problem(await system.post("/v1/accounts", json={**told, "roles": ["audit_staff"]}), 403, "forbidden")
            answer = await system.post("/v1/accounts", json=told)
            assert answer.status_code == 201
            made = answer.json()
            assert (made["login"], made["roles"], made["must_change"]) == ("li.na", [], True)
            problem(await system.post("/v1/accounts", json=told), 409, "login-taken")
            rights = {"version": 1, "roles": ["doctor"], "scope": {"facilities": ["F1"], "practitioner": "D1"}}
            place_of = f"/v1/accounts/{made['id']}"
            problem(await system.put(f"{place_of}/rights", json=rights), 403, "forbidden")
            granted = await security.put(f"{place_of}/rights", json=rights)
            assert granted.json()["scope"]["practitioner"] == "D1"
            problem(await security.put(f"{place_of}/rights", json=rights), 409, "changed-meanwhile")
            listed = (await system.get("/v1/accounts", params={"limit": 2})).json()
            following = (await system.get("/v1/accounts", params={"after": listed["next"]})).json()
            found = [one["login"] for one in listed["accounts"] + following["accounts"]]
            assert found == ["admin", "li.na", "sec", "sys"]
            assert "password" not in json.dumps(following)
        (told_of,) = [
            one
            for one in await entries(store)
            if one["subject"] == made["id"] and one["details"]["action"] == "granted"
        ]
        assert told_of["details"] | {"roles": "doctor", "facilities": "F1", "own_patients": True} == told_of["details"]
        assert boss.account.id not in told_of["actor"]
        assert "D1" not in json.dumps(told_of)
        assert "li.na" not in json.dumps(await entries(store))

    place.run(steps)


def test_the_first_security_administrator_is_made_by_the_first_administrator_and_only_the_first(
    one_place: Place,
) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **FREE) as (_, gate), browser(gate) as system:
            assert await store.accounts.count() == 1
            admin = await store.accounts.by_login("admin")
            assert admin is not None
            assert admin.must_change
            assert admin.roles == {Role.SYSTEM_ADMINISTRATOR}
        async with opened(store, **FREE) as (staff, gate), browser(gate) as system:
            await member(staff, "sys", Role.SYSTEM_ADMINISTRATOR)
            await sign_in(system, "sys")
            wanted: list[list[str]] = [["log_auditor"], ["security_administrator", "audit_lead"], ["audit_staff"]]
            for roles in wanted:
                told = {"login": "x1", "name": "x", "roles": roles}
                problem(await system.post("/v1/accounts", json=told), 403, "forbidden")
            first = {"login": "sec1", "name": "安全", "roles": ["security_administrator"]}
            assert (await system.post("/v1/accounts", json=first)).status_code == 201
            second = {"login": "sec2", "name": "安全", "roles": ["security_administrator"]}
            problem(await system.post("/v1/accounts", json=second), 403, "forbidden")

    one_place.run(steps)


def test_nobody_raises_themselves_or_takes_over_an_administrator(one_place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, **FREE) as (staff, gate), browser(gate) as system, browser(gate) as security:
            sys_id = (await member(staff, "sys", Role.SYSTEM_ADMINISTRATOR)).account.id
            sec_id = (await member(staff, "sec", Role.SECURITY_ADMINISTRATOR)).account.id
            log_id = (await member(staff, "log", Role.LOG_AUDITOR)).account.id
            await sign_in(system, "sys")
            await sign_in(security, "sec")
            own = {"version": 1, "roles": ["audit_lead"]}
            problem(await security.put(f"/v1/accounts/{sec_id}/rights", json=own), 403, "forbidden")
            problem(await security.delete(f"/v1/accounts/{sec_id}/totp"), 403, "forbidden")
            off = {"version": 1, "is_disabled": True}
            for one in (sec_id, log_id, sys_id):
                problem(await system.post(f"/v1/accounts/{one}/password"), 403, "forbidden")
                problem(await system.patch(f"/v1/accounts/{one}", json=off), 403, "forbidden")
            apart = {"version": 1, "roles": ["system_administrator", "log_auditor"]}
            problem(await security.put(f"/v1/accounts/{sys_id}/rights", json=apart), 422, "account-refused")
            problem(await security.put("/v1/accounts/unknown/rights", json=own), 404, "not-found")

    one_place.run(steps)


Change = tuple[str, Callable[[str], tuple[str, str, Any]]]
ENDS: list[Change] = [
    ("security", lambda one: ("PUT", f"/v1/accounts/{one}/rights", {"version": 1, "roles": ["finance"]})),
    ("security", lambda one: ("DELETE", f"/v1/accounts/{one}/totp", None)),
    ("system", lambda one: ("PATCH", f"/v1/accounts/{one}", {"version": 1, "is_disabled": True})),
    ("system", lambda one: ("POST", f"/v1/accounts/{one}/password", None)),
    ("system", lambda one: ("DELETE", f"/v1/accounts/{one}/sessions", None)),
]


@pytest.mark.parametrize(("who", "change"), ENDS)
def test_what_an_administrator_does_ends_the_sessions(one_place: Place, who: str, change: Any) -> None:
    async def steps(store: Store) -> None:
        async with (
            opened(store, **FREE) as (staff, gate),
            browser(gate) as system,
            browser(gate) as security,
            browser(gate) as one,
        ):
            await member(staff, "sys", Role.SYSTEM_ADMINISTRATOR)
            await member(staff, "sec", Role.SECURITY_ADMINISTRATOR)
            made = await member(staff, "zhang", Role.AUDIT_STAFF)
            for client, login in ((system, "sys"), (security, "sec"), (one, "zhang")):
                assert (await sign_in(client, login)).status_code == 200
            assert (await one.get("/findings")).status_code == 200
            method, path, body = change(made.account.id)
            answer = await {"system": system, "security": security}[who].request(method, path, json=body)
            assert answer.status_code == 200, answer.text
            problem(await one.get("/findings"), 401, "unauthorized")
            if path.endswith("/password"):
                problem(await sign_in(one, "zhang"), 401, "sign-in-refused")
                again = await sign_in(one, "zhang", answer.json()["initial_password"])
                assert again.json()["pending"] == ["password"]
            if body is not None and body.get("is_disabled"):
                problem(await sign_in(one, "zhang"), 401, "sign-in-refused")

    one_place.run(steps)


BAD_PASSWORDS = ["short", "zhang-is-my-name", "aaaaaaaaaaaaaaaa", "password2026!!", PASSWORD, "123456789012345"]


@pytest.mark.parametrize("password", BAD_PASSWORDS)
def test_a_weak_password_is_refused_in_words_for_people(one_place: Place, password: str) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            told = {"old_password": PASSWORD, "password": password}
            answer = await one.post("/v1/session/password", json=told)
            problem(answer, 422, "password-refused")
            assert "口令" in answer.json()["detail"]
            wrong = {"old_password": "wrong", "password": "Another-lantern-9"}
            problem(await one.post("/v1/session/password", json=wrong), 401, "sign-in-refused")

    one_place.run(steps)


def test_in_evaluation_there_is_an_account_for_each_role(one_place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store, evaluation=True) as (_, gate), browser(gate) as one:
            accounts = await store.accounts.all()
            held = frozenset[Role]().union(*[account.roles for account in accounts])
            assert held == set(Role) - {Role.HIS_CLIENT}
            assert all(len(account.roles) == 1 for account in accounts)
            assert not any(account.must_change for account in accounts)
            problem(await sign_in(one, "lead", "guess"), 401, "sign-in-refused")

    one_place.run(steps)


def test_several_workers_that_start_at_once_make_one_administrator(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with place.opened() as again:
            made = await asyncio.gather(*[staff_on(one).open() for one in (store, again, store)])
        assert sum(map(len, made)) == 1
        assert await store.accounts.count() == 1

    place.run(steps)


def test_a_session_with_scope_shows_it(one_place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            scope = Scope(facilities=frozenset({"F1"}), departments=frozenset({"D2", "D1"}))
            await member(staff, "head", Role.DEPARTMENT_HEAD, scope=scope)
            told = (await sign_in(one, "head")).json()["scope"]
            expected = {"facilities": ["F1"], "campuses": None, "departments": ["D1", "D2"], "practitioner": ""}
            assert told == expected

    one_place.run(steps)
