"""Lockout and the ends of sessions: every attempt counts, rest and age end a session, a new one ends the old."""

import asyncio

from app.domain.access import Role
from app.store.store import Store
from tests.interfaces.session.front import (
    PASSWORD,
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
from tests.store.contract.place import Place


def test_five_failures_lock_the_login_for_a_quarter_of_an_hour(place: Place) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            for login in ("zhang", "nobody-of-that-name"):
                for _ in range(5):
                    problem(await sign_in(one, login, "wrong"), 401, "sign-in-refused")
                problem(await sign_in(one, login, PASSWORD), 423, "sign-in-locked")
            clock.passes(minutes=14, seconds=59)
            problem(await sign_in(one, "zhang"), 423, "sign-in-locked")
            clock.passes(seconds=1)
            assert (await sign_in(one, "zhang")).status_code == 200
        outcomes = [one["details"]["outcome"] for one in await entries(store) if one["kind"] == "signed_in"]
        assert outcomes == [*["failure"] * 5, "locked"] * 2 + ["success"]

    place.run(steps)


def test_an_address_is_locked_too_and_its_successes_do_not_count(place: Place) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            for number in range(20):
                assert (await sign_in(one, "zhang")).status_code == 200
                problem(await sign_in(one, f"guess{number}", "wrong"), 401, "sign-in-refused")
            problem(await sign_in(one, "zhang"), 423, "sign-in-locked")
            async with browser(gate, "127.0.0.2") as other:
                assert (await sign_in(other, "zhang")).status_code == 200

    place.run(steps)


def test_many_guesses_at_once_are_counted_each(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate):
            await member(staff, "zhang", Role.AUDIT_STAFF)
            second = staff_on(store)
            await second.open()
            gates = [gate, served(second)]

            async def guess(number: int) -> int:
                async with browser(gates[number % 2], f"127.0.0.{number + 2}") as one:
                    return (await sign_in(one, "zhang", f"wrong {number}")).status_code

            answers = await asyncio.gather(*map(guess, range(12)))
            assert sorted(answers) == [401] * 5 + [423] * 7

    place.run(steps)


def test_a_session_ends_after_half_an_hour_of_rest_and_after_twelve_hours(place: Place) -> None:
    async def steps(store: Store) -> None:
        clock = Clock()
        async with opened(store, clock) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            clock.passes(minutes=29)
            assert (await one.get("/findings")).status_code == 200
            clock.passes(minutes=30)
            problem(await one.get("/findings"), 401, "unauthorized")
            await sign_in(one, "zhang")
            for _ in range(35):
                clock.passes(minutes=20)
                assert (await one.get("/findings")).status_code == 200
            clock.passes(minutes=20)
            problem(await one.get("/findings"), 401, "unauthorized")

    place.run(steps)


def test_signing_in_gives_a_new_token_and_ends_the_old(place: Place) -> None:
    async def steps(store: Store) -> None:
        async with opened(store) as (staff, gate), browser(gate) as one:
            await member(staff, "zhang", Role.AUDIT_STAFF)
            await sign_in(one, "zhang")
            old = one.cookies["mj"]
            await sign_in(one, "zhang")
            assert one.cookies["mj"] != old
            one.cookies.clear()
            problem(await one.get("/findings", headers={"cookie": f"mj={old}"}), 401, "unauthorized")
            assert await store.sessions.count() == 1

    place.run(steps)
