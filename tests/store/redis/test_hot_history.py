"""What Redis answers of a patient who comes again: what the database would have answered, or nothing."""

from pathlib import Path

import msgspec
import pytest

from app.store.redis.hot_history import Limits
from app.store.redis.hot_keys import CLOCK
from tests.servers import Postgres, Redis
from tests.store.build import AT
from tests.store.redis.build import line, query, write
from tests.store.redis.scene import LINES, Scene, play


def test_a_patient_who_comes_again_is_answered_from_redis(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", LINES))
        assert not await at.is_hit(asked)
        await at.audit(write("P1", "E1", [line("new", "2026-02-11", "C9")]))
        assert await at.is_hit(asked)
        for n in range(5):  # written to, it stays
            await at.audit(write("P1", "E1", [line("new", "2026-02-12", "C9", amount=n)]))
            assert await at.is_hit(asked)

    play(redis_server, tmp_path, act)


QUESTIONS = [
    query("P1", "E1", prefixes=(), codes=("C1",)),
    query("P1", "E2", prefixes=(), codes=("C1", "C2")),
    query("P1", "E2", prefixes=("C",), codes=("C1", "D1")),
    query("P1", "E2", prefixes=("D",), since="2026-02-05"),
    query("P1", "E2", prefixes=()),
    query("P1", "E2", dates_since=None),
    query("P1", "E2", since=None),
    query("P1", "E2", since=None, dates_since=None),
    query("P1", "E2", since="2026-02-06", codes=("C0",), prefixes=("C1",)),
    query("P1", "E2", since="2026-02-10", dates_since="2026-02-27", first="2026-02-28"),
    query("P1", "E2", since="2026-02-10", dates_since="2026-02-27", first=None),
    query("P1", "E3", since="2026-02-10", dates_since="2026-02-27"),
]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_question_is_answered_as_the_database_answers_it(
    redis_server: Redis, postgres: Postgres, tmp_path: Path, kind: str
) -> None:
    async def act(at: Scene) -> None:
        await at.warm(
            write(
                "P1",
                "E1",
                [
                    *LINES,
                    line("O1", "2026-02-01", "D1", is_charge=False),
                    line("O2", "2026-02-02", "", is_charge=False),
                ],
            ),
            query("P1", "E1"),
        )
        await at.audit(
            write("P1", "E2", [line("X1", "2026-02-05", "D1", order_of="O1"), line("审核", "2026-02-03", "药1")])
        )
        await at.audit(
            write("P1", "E3", [line("Y1", "2024-02-05", "D1")], last_date="2024-02-05", has_death=True, facility="F2")
        )
        await at.audit(write("P1", "E3", [], last_date="2025-12-05"))
        await at.audit(write("P1", "E1", [line("L3", "2026-02-05", "D1", order_of="O1")]))
        for asked in QUESTIONS:
            await at.is_hit(asked)
        await at.audit(write("P1", "E1", []))
        assert [asked for asked in QUESTIONS if not await at.is_hit(asked)] == []

    play(redis_server, tmp_path, act, database=postgres.new_database() if kind == "postgres" else None)


def test_a_withdrawn_line_is_gone_at_once(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        assert await at.workers[1].history.withdraw("F1", "E1", "L1", caller="c", at=AT)
        assert not await at.is_hit(asked)
        assert not await at.worker.history.withdraw("F1", "E1", "none", caller="c", at=AT)
        await at.audit(write("P1", "E1", []))
        assert await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_an_encounter_that_turns_out_to_be_anothers(redis_server: Redis, tmp_path: Path) -> None:
    """Kept with the first patient, who need not be asked about when it moves to the second."""

    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        await at.audit(write("P1", "E2", LINES))
        await at.is_hit(query("P1", "E2"))
        await at.audit(write("P1", "E2", LINES))
        assert await at.is_hit(query("P1", "E2"))
        await at.audit(write("P2", "E1", LINES), at.workers[1])
        assert not await at.is_hit(query("P1", "E2"))
        assert not await at.is_hit(query("P2", "E1"))

    play(redis_server, tmp_path, act, count=2)


def test_an_import_is_seen(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        await at.warm(write("P1", "E1", LINES), asked)
        await at.workers[1].history.put([write(f"P{n}", f"E{n}", LINES, note=1) for n in range(700)])
        assert not await at.is_hit(asked)
        await at.settle()
        assert not await at.is_hit(asked)

    play(redis_server, tmp_path, act, count=2)


def test_other_facilities_see_nothing(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        assert not await at.is_hit(query("P1", "E1", facilities=("F1",)))
        assert not await at.is_hit(query("P1", "E1", facility="F2"))
        assert await at.is_hit(query("P1", "E1", facilities=("F2", "F1")))

    play(redis_server, tmp_path, act)


def test_the_last_day_ever_told_holds(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES, last_date="2026-02-20"), query("P1", "E1"))
        await at.audit(write("P1", "E2", LINES))
        await at.is_hit(query("P1", "E2"))
        await at.audit(write("P1", "E2", LINES))
        asked = query("P1", "E2", dates_since="2026-02-15", since=None, first=None)
        for last_date in ("2026-02-28", "2026-02-10"):
            await at.audit(write("P1", "E1", [], last_date=last_date))
            assert await at.is_hit(asked)
            assert len(await at.worker.history.fetch(asked)) == 2

    play(redis_server, tmp_path, act)


def test_headers_are_those_of_the_last_message(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        await at.warm(write("P1", "E1", LINES), query("P1", "E1"))
        await at.audit(write("P1", "E1", [], note=5, last_date="2026-03-01"))
        (found,) = await at.worker.hot.read(query("P1", "E1")) or []
        assert msgspec.json.decode(found.header)["note"] == 5

    play(redis_server, tmp_path, act)


def test_a_patient_with_too_many_lines_is_not_kept(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        asked = query("P1", "E1")
        few = write("P1", "E1", LINES)
        await at.warm(few, asked)
        await at.audit(write("P1", "E1", [line(f"M{n}", "2026-02-03", "C1") for n in range(20)]))
        for _ in range(3):
            assert not await at.is_hit(asked)
            await at.audit(few)

    play(redis_server, tmp_path, act, limits=Limits(most_lines=20))


def test_nobody_is_named(redis_server: Redis, tmp_path: Path) -> None:
    async def act(at: Scene) -> None:
        told = write("510102199001011234", "ENCOUNTER-77", LINES, facility="F1")
        await at.warm(told, query("510102199001011234", "ENCOUNTER-77"))
        names = b" ".join(at.redis.keys())
        assert b"510102" not in names
        assert b"ENCOUNTER" not in names
        assert all(at.redis.ttl(key) > 0 for key in at.redis.scan_iter() if key != CLOCK.encode())

    play(redis_server, tmp_path, act)
