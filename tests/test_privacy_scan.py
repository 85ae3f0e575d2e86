"""Nobody's identity is left anywhere (身份信息不外泄): a whole run of the service, and then a look at all it leaves."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.privacy_run import Run, live, patient
from tests.privacy_scan import (
    CANARIES,
    Leak,
    forms,
    keys_in_redis,
    leaks,
    leaks_in_files,
    leaks_in_redis,
)
from tests.servers import Postgres, Redis, postgres_binaries, running_postgres, running_redis
from tests.service import charge, request


def everything_is_sealed(run: Run) -> None:
    """What is compressed could hide from the scanner, were it not encrypted."""
    told = run.command("privacy", "keys")
    for column in ("audits.content", "history_encounters.header", "dispositions.reason", "trail_private.content"):
        assert column in told
    assert "not encrypted" not in told
    assert "MISSING" not in told


def nothing_in(found: list[Leak]) -> None:
    assert found == []


@pytest.mark.parametrize("cipher", ["aes", "sm4"])
def test_with_sqlite(cipher: str, tmp_path: Path) -> None:
    run = Run(tmp_path, MINGJIAN_DATA_CIPHER=cipher)
    with run.serving():
        live(run)
        nothing_in(leaks_in_files(tmp_path))  # while the write-ahead log is full
    assert "0 not" in run.command("replay", "--latest", "50")
    run.command("trail", "verify")
    everything_is_sealed(run)
    nothing_in(leaks_in_files(tmp_path))
    nothing_in(run.found)


def test_with_postgres_and_redis(tmp_path: Path) -> None:
    with running_postgres() as postgres, running_redis() as redis:
        url = postgres.new_database()
        run = Run(tmp_path, DATABASE_URL=url, REDIS_URL=redis.url)
        with run.serving():
            live(run)
            _kept_hot(run, redis.url)
            nothing_in(leaks_in_redis(redis.url))
            _spooled(run, postgres)
        assert "0 not" in run.command("replay", "--latest", "50")
        run.command("trail", "verify")
        everything_is_sealed(run)
        nothing_in(leaks(_dump(postgres, url), "pg_dump"))
        postgres.sql("CHECKPOINT")
        nothing_in(leaks_in_files(postgres.folder))
    nothing_in(leaks_in_files(tmp_path))
    nothing_in(run.found)


def _kept_hot(run: Run, url: str) -> None:
    """The history of somebody who is audited again and again is kept in Redis, some moments later."""
    until = time.monotonic() + 120
    while not keys_in_redis(url, "mingjian:history:data:*"):
        assert time.monotonic() < until, keys_in_redis(url, "*")
        run.send("POST", "/v1/audits", request(charge("L1"), id="E1", patient=patient()))
        time.sleep(0.2)


def _spooled(run: Run, postgres: Postgres) -> None:
    """What is answered while the database hangs lies in a file of its own."""
    postgres.freeze()
    try:
        answer = run.send("POST", "/v1/audits", request(charge("L7"), id="E77", patient=patient()))
        assert answer.status_code == 200, answer.text
        assert "record" in answer.json()["degraded"]
        assert [path for path in (run.data_dir / "spool").glob("*.spool") if path.stat().st_size]
        nothing_in(leaks_in_files(run.data_dir))
    finally:
        postgres.thaw()


def _dump(postgres: Postgres, url: str) -> bytes:
    done = subprocess.run([postgres_binaries() / "pg_dump", "--inserts", url], capture_output=True, check=True)
    assert b"INSERT INTO public.audits" in done.stdout
    return done.stdout


@pytest.mark.parametrize("canary", sorted(CANARIES))
def test_the_scanner_finds_what_is_planted(canary: str, tmp_path: Path, redis_server: Redis) -> None:
    text = CANARIES[canary]
    for form in forms(text):
        assert leaks(b"before" + form + b"after", "planted") == [Leak(canary, "planted")]
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.log").write_text(f"audited {text}")
    assert leaks_in_files(tmp_path) == [Leak(canary, "below/a.log")]
