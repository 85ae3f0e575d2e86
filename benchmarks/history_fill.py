"""Ten years of history and audits, made inside PostgreSQL (造数): for benchmarks/history_scale.py."""

import asyncio
import time
from random import Random
from typing import NamedTuple

from app.store.migrate import migrate
from app.store.packing import pack
from app.store.postgres.database import Database
from app.store.postgres.partitions import Partition, Partitions
from tests.servers import Postgres
from tests.store.build import record

BIG = 2_000  # lines of the patient who has the most
_PER_ENCOUNTER, _ITEMS, _FACILITIES, _VISITS = 40, 2_000, 4, 5
_QUICKLY = {"fsync": "off", "autovacuum": "off", "max_wal_size": "'20GB'", "maintenance_work_mem": "'256MB'"}


class Filled(NamedTuple):
    lines: int
    encounters: int
    audits: int
    months: list[int]
    codes: tuple[str, ...]  # one item in forty, for queries
    facilities: list[str]

    def facility_of(self, encounter: int) -> str:
        return self.facilities[encounter % len(self.facilities)]


def fill(server: Postgres, lines: int) -> tuple[Filled, str]:
    """What was made, and where. Every patient has five encounters, and PBIG fifty."""
    for name, value in _QUICKLY.items():
        server.sql(f"ALTER SYSTEM SET {name} = {value}")
    server.stop()
    server.start()
    url = server.new_database()
    migrate(url)
    codes = tuple(f"{number:015d}" for number in range(0, _ITEMS, 40))
    filled = Filled(
        lines=lines, encounters=lines // _PER_ENCOUNTER, audits=lines // 10, months=_ten_years(), codes=codes,
        facilities=[f"H{number}" for number in range(_FACILITIES)],
    )  # fmt: skip
    asyncio.run(_make_partitions(url, filled.months))
    database = url.rpartition("/")[2]
    started = time.monotonic()
    for statement in (*_encounters(filled), *_lines(filled), *_audits(filled), "VACUUM ANALYZE"):
        server.sql(statement, database)
    print(f"filled in {time.monotonic() - started:.0f} s", flush=True)
    for name in _QUICKLY:
        server.sql(f"ALTER SYSTEM RESET {name}")
    server.stop()
    server.start()
    return filled, url


def _ten_years() -> list[int]:
    """From November 2016 to October 2026, as YYYYMM."""
    return [(number // 12) * 100 + number % 12 + 1 for number in range(2016 * 12 + 10, 2026 * 12 + 10)]


async def _make_partitions(url: str, months: list[int]) -> None:
    database = Database(url)
    needed = [Partition("history_lines", month) for month in months]
    needed += [Partition(table, month) for table in ("audits", "findings") for month in months[-12:]]
    await Partitions(database).ensure(needed)
    await database.close()


def _encounters(filled: Filled) -> list[str]:
    every = filled.encounters // (BIG // _PER_ENCOUNTER)
    month = f"(ARRAY{filled.months})[1 + (e::bigint * {len(filled.months)} / {filled.encounters})::int]"
    return [
        f"""
        INSERT INTO history_encounters (facility, encounter, patient, month, last_date, has_death, header)
        SELECT 'H' || e % {_FACILITIES}, 'E' || e,
            CASE WHEN e % {every} = 0 THEN 'PBIG' ELSE 'P' || e % {filled.encounters // _VISITS} END,
            month, make_date(month / 100, month % 100, 1) + e % 25, false,
            json_build_object('id', 'E' || e, 'facility', json_build_object('id', 'H' || e % {_FACILITIES}),
                'patient', json_build_object('id', 'P', 'sex', 'female', 'birth_date', '1960-01-01'),
                'care_type', 'inpatient', 'diagnoses', json_build_array(json_build_object('code', 'N73.900')))::text
        FROM (SELECT e, {month} AS month FROM generate_series(0, {filled.encounters - 1}) e) told"""
    ]


def _lines(filled: Filled) -> list[str]:
    """Every tenth line is an order; the charge after it carries it out."""
    return [
        f"""
        INSERT INTO history_lines
            (month, facility, encounter, line, service_date, item_code, is_charge, order_id, is_withdrawn, content)
        SELECT month, facility, encounter, 'L' || n, day, code, n % 10 <> 0,
            CASE WHEN n % 10 = 1 THEN 'L' || n - 1 ELSE '' END, false,
            '{{"id":"L' || n || '","service_date":"' || day || '","item_code":"' || code
                || '","item_name":"某项目 ' || n || '","quantity":"1","unit_price":"5.5","amount":"5.5",'
                || '"formulary_class":"a","department":"0301","practitioner":{{"id":"D123456","title":"attending"}},'
                || '"current":false}}'
        FROM (
            SELECT month, facility, encounter, n, make_date(month / 100, month % 100, 1) + n % 25 AS day,
                lpad(((hashtext(encounter || n) & 2147483647) % {_ITEMS})::text, 15, '0') AS code
            FROM history_encounters, generate_series(0, {_PER_ENCOUNTER - 1}) n WHERE month = {month}
        ) told ORDER BY facility, encounter, n"""
        for month in filled.months
    ]


def _audits(filled: Filled) -> list[str]:
    """Of the last twelve months; one in two with a key, each with a finding and a content of about a kilobyte."""
    low, _ = Partition("audits", filled.months[-12]).bounds
    _, high = Partition("audits", filled.months[-1]).bounds
    at = f"{low} + n::bigint * {(high - low) // filled.audits}"
    content = f"decode('{_content().hex()}', 'hex')"
    return [
        f"""
        INSERT INTO audits
            (seq, id, recorded_at, caller, facility, encounter, stage, decision, ruleset, request_digest, content)
        SELECT nextval('audits_seq'), 'filled-' || n, {at}, 'local', 'H' || n % {_FACILITIES},
            'E' || n % {filled.encounters}, 'settling', 'inform', repeat('r', 32), sha256(''), {content}
        FROM generate_series(1, {filled.audits}) n""",
        """
        INSERT INTO findings
            (audit_seq, position, id, rule, rule_version, point, severity, decision, visibility, is_current,
             amount_cents, lines, recorded_at)
        SELECT seq, 0, 'f-' || seq, 'a-rule', 1, 'P-1', 'definite', 'inform', 'shown', true, 5000, 'L1|L2', recorded_at
        FROM audits""",
        """
        INSERT INTO idempotency_keys (caller, key, request_digest, audit_seq, recorded_at)
        SELECT 'local', id, request_digest, seq, recorded_at FROM audits WHERE seq % 2 = 0""",
    ]


def _content() -> bytes:
    """Of an audit with a body of a kilobyte."""
    return pack(record(body=Random(7).randbytes(1024)))
