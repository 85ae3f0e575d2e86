"""What comes from the spool is stored once, and undoes nothing that was said since."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.application.verify_trail import TrailVerifier
from app.store.audit_log import AuditRecord, Unstorable
from app.store.history import HistoryWrite
from app.store.store import Store
from tests.store.build import AT, finding, record
from tests.store.contract.histories import asked, line, seen, told
from tests.store.contract.place import Place


def at(seconds: int, name: str, history: HistoryWrite | None = None, **changes: Any) -> AuditRecord:
    return record(name, recorded_at=AT + timedelta(seconds=seconds), history=history, **changes)


def test_stored_in_order_each_once(place: Place) -> None:
    async def steps(store: Store) -> None:
        records = [at(number, f"a{number}", told(line(f"L{number}"))) for number in range(5)]
        await store.log.restore(records[:3])
        await store.log.restore(records)
        await store.log.restore([])
        assert await store.log.latest_ids(10) == ["a4", "a3", "a2", "a1", "a0"]
        assert await place.rows("SELECT count(*) FROM findings") == [(5,)]
        assert await seen(store, asked()) == {"E1": ("", "L0 L1 L2 L3 L4", 1)}

    place.run(steps)


def test_what_is_stored_already_is_completed(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(at(0, "a1", told(line("L1")), key="k"))
        await store.log.restore([at(0, "a1", told(line("L2")), key="k", sent=b"<told/>", findings=[finding("f9")])])
        found = await store.log.find("a1")
        assert found is not None
        assert found.sent == b"<told/>"
        assert await place.rows("SELECT id FROM findings") == [("f1",)]
        assert await seen(store, asked()) == {"E1": ("", "L1", 1)}
        assert await store.log.append(at(9, "a2", key="k")) == (b"<told/>", True)

    place.run(steps)


def test_a_block_that_was_stored_and_not_given(place: Place) -> None:
    """Whoever was told by the spool was not stopped; the trail stays sound, and the block cannot come back."""

    async def steps(store: Store) -> None:
        blocks = [finding("f1", decision="block"), finding("f2", decision="remind")]
        await store.log.append(at(0, "a1", decision="block", findings=blocks))
        instead = [finding("f1", decision="require_reason"), finding("f2", decision="remind")]
        spooled = at(0, "a1", decision="require_reason", findings=instead, audit=b'{"id":"a1","degraded":["record"]}')
        await store.log.restore([spooled])
        assert await place.rows("SELECT decision FROM audits") == [("require_reason",)]
        assert await place.rows("SELECT decision FROM findings ORDER BY position") == [
            ("require_reason",), ("remind",),
        ]  # fmt: skip
        found = await TrailVerifier(store.trail, store.effects, []).verify()
        assert (found.size, found.faults) == (2, ())
        for table in ("audits", "findings"):
            with pytest.raises(Exception, match="only added to"):
                await place.rows(f"UPDATE {table} SET decision = 'block' RETURNING 1")
        await place.rows("UPDATE findings SET decision = 'require_reason' WHERE decision = 'block' RETURNING 1")

    place.run(steps)


def test_keys(place: Place) -> None:
    """The first with a key has it; the others are stored without."""

    async def steps(store: Store) -> None:
        await store.log.append(at(5, "live", key="taken"))
        spooled = [at(0, "a1", key="taken"), at(1, "a2", key="free"), at(2, "a3", key="free"), at(3, "a4")]
        await store.log.restore(spooled)
        assert await store.log.latest_ids(10) == ["a4", "a3", "a2", "a1", "live"]
        assert await store.log.append(at(6, "x", key="taken")) == (b'{"id":"live"}', True)
        assert await store.log.append(at(6, "x", key="free")) == (b'{"id":"a2"}', True)
        assert await place.rows("SELECT count(*) FROM idempotency_keys") == [(2,)]

    place.run(steps)


def test_what_was_told_later_is_not_undone(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(at(10, "later", told(line("L1", told="later"), header="later", has_death=True)))
        early = told(line("L1", told="early"), line("L2"), header="early", patient="P2")
        await store.log.restore([at(0, "a1", early)])
        (found,) = await store.history.fetch(asked())
        assert (found.header, found.charges) == ("later", [line("L1", told="later")[5], line("L2")[5]])
        await store.log.restore([at(20, "a2", told(line("L1", told="last"), header="last"))])
        (found,) = await store.history.fetch(asked())
        assert (found.header, found.charges) == ("last", [line("L1", told="last")[5], line("L2")[5]])

    place.run(steps)


def test_what_was_withdrawn_since_stays_withdrawn(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.history.put([told(line("L1"), line("L2"))])
        await store.history.withdraw("F1", "E1", "L1", caller="his", at=AT + timedelta(seconds=5))
        await store.log.restore([at(0, "a1", told(line("L1"), line("L3")))])
        assert await seen(store, asked()) == {"E1": ("", "L2 L3", 1)}
        await store.log.restore([at(9, "a2", told(line("L1")))])
        assert await seen(store, asked()) == {"E1": ("", "L1 L2 L3", 1)}

    place.run(steps)


def test_all_of_them_or_none(place: Place) -> None:
    async def steps(store: Store) -> None:
        broken = at(1, "bad", told(line("L2")), findings=[finding("f1", rule=None)])
        with pytest.raises(Unstorable):
            await store.log.restore([at(0, "a1", told(line("L1")), key="k"), broken, at(2, "a3")])
        assert await store.log.latest_ids(10) == []
        assert await seen(store, asked()) == {}
        assert await place.rows("SELECT count(*) FROM idempotency_keys") == [(0,)]

    place.run(steps)


def test_beside_live_audits_of_other_workers(place: Place) -> None:
    """One record for each key and id, whoever comes first, and live audits are never undone."""
    parts = [f"E{number}" for number in range(6)]

    def of(name: str, header: str, encounter: str, seconds: int) -> AuditRecord:
        write = told(line(), encounter=encounter, header=header)
        return at(seconds, f"{name}-{encounter}", write, encounter=encounter, key=f"k-{encounter}")

    async def steps(one: Store) -> None:
        async with place.opened() as two:
            for number in range(15):
                names = [f"{number}-{part}" for part in parts]
                spooled = [of("s", "early", name, 0) for name in names]
                await asyncio.gather(
                    one.log.restore(spooled), *[two.log.append(of("l", "later", name, 5)) for name in names]
                )
            stored = await one.history.fetch(asked())
        assert len(stored) == 15 * len(parts)
        rows = await place.rows("SELECT encounter, id FROM audits")
        live = {encounter for encounter, name in rows if name.startswith("l-")}
        assert {one.encounter for one in stored if one.header == "later"} == live
        assert {encounter for encounter, name in rows if name.startswith("s-")} == {one.encounter for one in stored}
        assert await place.rows("SELECT count(*) FROM idempotency_keys") == [(len(stored),)]

    place.run(steps)
