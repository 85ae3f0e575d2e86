"""The past in an audit: what fetching it and judging with it add, for a patient with 50 lines and one with 2,000,
from SQLite, from PostgreSQL, and from Redis before PostgreSQL.

The national rules judge visits of eight lines, one in eight of an item that rules look back upon. 6,000 encounters
of other patients are stored too. Medians over the visits are told.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random

import msgspec
from redis import Redis

from app.application.audit_encounter import EncounterAuditor
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import PatientHistory, query_for, to_keep
from app.domain.audit import AuditRequest
from app.domain.decision import SAFE_POLICY, Stage
from app.domain.encounter import Encounter
from app.engine.ruleset import Ruleset
from app.store.postgres.store import postgres_store
from app.store.redis.hot_keys import CLOCK
from app.store.redis.store import with_redis
from app.store.sqlite.store import sqlite_store
from app.store.store import Store
from benchmarks.goals import goal
from tests.servers import running_postgres, running_redis

_ROOT = Path(__file__).resolve().parents[1]
_TODAY = date(2026, 6, 1)
_GOAL = 1_500  # microseconds
_PATIENTS = {"usual": (5, 10, 25), "long": (40, 50, 9)}  # encounters, lines of each, days between them


def run(quick: bool = False) -> list[str]:
    ruleset, goals = load_ruleset(_ROOT / "rules"), []
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server, running_redis() as redis:
        stores = {
            "SQLite": sqlite_store(Path(folder) / "history.sqlite3"),
            "PostgreSQL": postgres_store(server.new_database(), fetch_timeout=10.0),
            "Redis": with_redis(postgres_store(server.new_database(), fetch_timeout=10.0), redis.url),
        }
        client = Redis.from_url(redis.url)
        for name, store in stores.items():
            goals += asyncio.run(_run(name, store, ruleset, 100 if quick else 500, client))
        client.close()
    return goals


async def _run(where: str, store: Store, ruleset: Ruleset, rounds: int, redis: Redis) -> list[str]:
    await store.open()
    draw = _Draw(ruleset)
    await store.history.put([to_keep(one, _TODAY) for one in draw.others(2_000)])
    without = EncounterAuditor(lambda: ruleset, store.log, SAFE_POLICY)
    knowing = EncounterAuditor(lambda: ruleset, store.log, SAFE_POLICY, history=PatientHistory(store.history))
    goals = []
    for name, (encounters, lines, apart) in _PATIENTS.items():
        past = [draw.visit(f"{name}-{number}", name, lines, apart * number + 2) for number in range(encounters)]
        await store.history.put([to_keep(one, _TODAY) for one in past])
        for _ in range(5):  # the visit is under way: what is asked about again and again is what Redis keeps
            asked = AuditRequest(encounter=draw.visit(f"{name}-now", name, 8, 0), history=())
            await knowing.audit(asked, b"{}", caller="benchmark")
            await asyncio.sleep(0.2)
            if store.distribution is not None:
                redis.hset(CLOCK, "quiet", 0)  # as if the store had been open for half a minute
        taken: list[list[float]] = []
        for _ in range(rounds):
            asked = AuditRequest(encounter=draw.visit(f"{name}-now", name, 8, 0), history=())
            query = query_for(asked.encounter, ruleset.needs(asked.encounter, asked.stage), ("F1",))
            calls = (partial(store.history.fetch, query), partial(without.judge, asked), partial(knowing.judge, asked))
            taken.append(await _microseconds(*calls))
        fetch, plain, with_past = (statistics.median(times) for times in zip(*taken, strict=True))
        count = encounters * lines
        judged = f"judged in {plain:4.0f} µs without, {with_past:5.0f} µs with"
        print(f"{where:<10} {count:6,} lines: fetched in {fetch:5.0f} µs; {judged}")
        added = with_past - plain
        what = f"history of {count:,} lines in {where}, added to an audit"
        goals.append(goal(what, f"{added:,.0f} µs", added < _GOAL, f"< {_GOAL:,} µs"))
    await store.close()
    return goals


async def _microseconds(*calls: Callable[[], Awaitable[object]]) -> list[float]:
    """Of each call when made the second time: what a code needs is worked out when it is first met."""
    taken = []
    for call in calls:
        await call()
        began = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - began) * 1e6)
    return taken


class _Draw:
    """Visits of one day, of items that the rules know."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._random = Random(5)
        points = [point for head in ruleset.rules.values() for point in ruleset.points_of(head)]
        named = {code for point in points for code in getattr(point, "item_code", ())}
        codes = sorted(code for code in named if code.isalnum())
        looked_back = [code for code in codes if ruleset.needs(self._of([code]), Stage.ORDERING).days]
        others = sorted(set(codes) - set(looked_back))
        self._codes = [*self._random.sample(looked_back, 12), *self._random.sample(others, 84)]

    def others(self, patients: int) -> list[Encounter]:
        days = self._random.sample(range(1, 400), 3)
        return [self.visit(f"Q{one}-{day}", f"Q{one}", 10, day) for one in range(patients) for day in days]

    def visit(self, name: str, patient: str, lines: int, days_ago: int) -> Encounter:
        return self._of(self._random.choices(self._codes, k=lines), name, patient, days_ago)

    def _of(self, codes: list[str], name: str = "E", patient: str = "P", days_ago: int = 0) -> Encounter:
        day = (_TODAY - timedelta(days=days_ago)).isoformat()
        plain = {
            "service_date": day,
            "item_name": "某项目",
            "unit_price": "12.5",
            "amount": "12.5",
            "department": "0301",
        }
        visit = {
            "id": name,
            "facility": {"id": "F1", "level": "tertiary"},
            "patient": {"id": patient, "sex": "female", "birth_date": "1970-01-01"},
            "care_type": "outpatient",
            "start_at": f"{day}T08:00:00",
            "diagnoses": [{"code": "N73.900"}],
            "charge_lines": [{"id": f"L{n}", "item_code": code, **plain} for n, code in enumerate(codes)],
        }
        return msgspec.convert(visit, Encounter, strict=False)
