"""Coming in by a ticket: once, for a minute, to one doctor's patients, and on to nowhere but here."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.application.first_accounts import AT_THE_MACHINE
from app.domain.access import Role, Scope
from app.interfaces.session.local_path import local_path
from app.store.store import Store
from tests.interfaces.session.front import (
    HIS,
    Clock,
    browser,
    entries,
    member,
    opened,
    problem,
    served,
    sign_in,
    staff_on,
)
from tests.store.contract.place import Place, SqlitePlace

ASKED = {"practitioner": "D12345", "purpose": "查看本人患者的疑点"}


async def ticket(client: httpx.AsyncClient) -> str:
    answer = await client.post("/v1/tickets", json=ASKED, headers={"authorization": HIS})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["ticket"]
    return token


def test_a_ticket_opens_the_patients_of_one_doctor_once(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (_, gate), browser(gate) as one:
            token = await ticket(one)
            form = {"ticket": token, "next": "/console/findings?state=open"}
            answer = await one.post("/v1/session/ticket", data=form, headers={"origin": "http://his.test"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/findings?state=open")
            told = (await one.get("/v1/session")).json()
            assert (told["roles"], told["kind"]) == (["doctor"], "ticket")
            assert (told["scope"]["practitioner"], told["scope"]["facilities"]) == ("D12345", ["F1"])
            assert (await one.get("/findings")).status_code == 200
            problem(await one.get("/v1/session/sessions"), 403, "session-needed")
            problem(await one.post("/v1/session/ticket", data=form), 401, "ticket-refused")
            kept = str(await place.rows("SELECT * FROM sign_in_tickets")) + str(
                await place.rows("SELECT * FROM sessions")
            )
            assert token not in kept
        assert "D12345" not in str(await entries(store))

    place.run(steps)


def test_of_many_workers_one_takes_the_ticket(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (_, gate), place.opened() as again:
            second = staff_on(again)
            await second.open()
            gates = [gate, served(second)]
            async with browser(gate) as his:
                token = await ticket(his)

            async def use(number: int) -> int:
                async with browser(gates[number % 2]) as one:
                    return (await one.post("/v1/session/ticket", data={"ticket": token})).status_code

            assert sorted(await asyncio.gather(*map(use, range(6)))) == [303, *[401] * 5]

    place.run(steps)


def test_a_ticket_lapses_after_a_minute(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (_, gate), browser(gate) as one:
            early, late = await ticket(one), await ticket(one)
            clock.passes(seconds=59)
            assert (await one.post("/v1/session/ticket", data={"ticket": early})).status_code == 303
            clock.passes(seconds=1)
            problem(await one.post("/v1/session/ticket", data={"ticket": late}), 401, "ticket-refused")

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


def test_people_get_no_tickets_and_who_is_shut_out_stays_out(tmp_path: Any) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one, browser(gate) as doctor:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            problem(await one.post("/v1/tickets", json=ASKED), 403, "forbidden")
            made = await member(staff, "wang", Role.DOCTOR, scope=Scope(practitioner="D12345"))
            assert (await doctor.post("/v1/session/ticket", data={"ticket": await ticket(doctor)})).status_code == 303
            assert (await doctor.get("/v1/session")).json()["id"] == made.account.id
            await staff.manager.change(made.account.id, 1, caller=AT_THE_MACHINE, is_disabled=True)
            problem(await doctor.get("/v1/session"), 401, "unauthorized")
            problem(
                await doctor.post("/v1/session/ticket", data={"ticket": await ticket(doctor)}), 401, "ticket-refused"
            )

    SqlitePlace(tmp_path / "mingjian.sqlite3").run(steps)


AWAY = [
    "", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "javascript:alert(1)",
    "/console//evil.test", "/\t/evil.test", "/\n/evil.test", "console", "/..//evil.test", "/a/../..//evil.test",
    "/console\r\nset-cookie: a=b", "/" + "a" * 600, " /console", "/console#\"><script>", "/／evil.test", "@evil.test",
]  # fmt: skip


@pytest.mark.parametrize("told", AWAY)
def test_nobody_is_led_to_another_site(told: str) -> None:
    assert local_path(told) == "/console"


@pytest.mark.parametrize("told", ["/console", "/console/findings/f1?tab=why&x=%E5%BC%A0", "/", "/docs"])
def test_pages_of_this_service_are_led_to(told: str) -> None:
    assert local_path(told) == told
    assert not urlsplit(told).netloc
