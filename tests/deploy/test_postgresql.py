"""The roles that we ship, with passwords that are asked for: what the service and its backups do, and may not do."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from app.interfaces.cli import main
from app.main import create_app
from app.settings import Settings
from app.store.postgres.database import Database
from app.store.postgres.partitions import Partition, Partitions, month_of
from tests.application.build import packs
from tests.servers import Postgres, postgres_binaries, running_postgres
from tests.service import KEY, ROOT, charge, request, serving

SCRIPT = ROOT / "deploy" / "postgresql" / "roles.sql"
RULES = "local all all trust\nhost all mingjian,installer 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Made as the documents tell, but for the names: this server's superuser is called as the service's role is."""
    with running_postgres() as server:
        server.sql("CREATE ROLE installer SUPERUSER LOGIN")
        (server.folder / "data" / "pg_hba.conf").write_text(RULES)
        server.sql("SELECT pg_reload_conf()")
        file = tmp_path_factory.mktemp("roles") / "roles.sql"
        file.write_text(SCRIPT.read_text("utf-8").replace("mingjian", "audit"))
        asked = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "installer", "-d", "postgres"]
        passwords = ["-v", "service_password=o'ne", "-v", "backup_password=two"]
        done = subprocess.run(
            [postgres_binaries() / "psql", *asked, *passwords, "-Xq", "-v", "ON_ERROR_STOP=1", "-f", file],
            capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        yield server


def url(server: Postgres, role: str, database: str = "audit") -> str:
    password = {"audit": "o%27ne", "audit_backup": "two"}[role]
    return f"postgresql://{role}:{password}@127.0.0.1:{server.port}/{database}"


def said(server: Postgres, role: str, statement: str, database: str = "audit") -> str:
    """What psql says as that role, refusals too."""
    psql = [str(postgres_binaries() / "psql"), url(server, role, database), "-XAtqc", statement]
    done = subprocess.run(psql, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def data_dir(server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service that has run as its role, from an empty database on, and found something."""
    folder = tmp_path_factory.mktemp("service")
    packs(folder / "rules")
    settings = Settings(
        data_dir=folder / "data", rules_dir=folder / "rules", api_key=SecretStr(KEY), redis_url=None,
        database_url=SecretStr(url(server, "audit")),
    )  # fmt: skip
    with serving(create_app(settings), settings.data_dir, settings) as service:
        answer = service.audit(request(charge(item_code="D1"), sex="female"))
        assert answer.status_code == 200, answer.text
        assert answer.json()["findings"]
        kept = service.client.get(f"/v1/audits/{answer.json()['id']}")
        assert kept.status_code == 200, kept.text
        until = time.monotonic() + 60  # where the machine is busy, what was found waits in the spool for a while
        while server.sql("SELECT count(*) FROM audits", "audit") == "0":
            assert time.monotonic() < until, service.client.get("/healthz").text
            time.sleep(0.1)
    return settings.data_dir


def command(server: Postgres, data_dir: Path, *arguments: str) -> str:
    environment = {
        "MINGJIAN_DATA_DIR": str(data_dir), "MINGJIAN_RULES_DIR": str(data_dir.parent / "rules"), "REDIS_URL": "",
        "DATABASE_URL": url(server, "audit"), "MINGJIAN_BACKUP_DATABASE_URL": url(server, "audit_backup"),
    }  # fmt: skip
    done = CliRunner(env=environment).invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_passwords_are_asked_for(server: Postgres) -> None:
    wrong = url(server, "audit").replace("o%27ne", "wrong")
    done = subprocess.run([postgres_binaries() / "psql", wrong, "-c", "SELECT 1"], capture_output=True, text=True)
    assert "password authentication failed" in done.stderr


def test_months_to_come_get_their_partitions(server: Postgres, data_dir: Path) -> None:
    later = datetime.now(UTC).replace(day=1) + timedelta(days=40)

    async def make() -> None:
        database = Database(url(server, "audit"))
        try:
            await Partitions(database, lambda: later).open()
        finally:
            await database.close()

    asyncio.run(make())
    for table in ("audits", "findings"):
        name = Partition(table, month_of(later)).name
        owner = f"SELECT tableowner FROM pg_tables WHERE tablename = '{name}'"
        assert said(server, "audit", owner).strip() == "audit"
    walled = f"SELECT relforcerowsecurity FROM pg_class WHERE relname = 'audits_{month_of(later)}'"
    assert said(server, "audit", walled).strip() == "t"


def test_what_operators_do_works_by_these_roles(server: Postgres, data_dir: Path) -> None:
    backup = data_dir.parent / "backup"
    assert "sound" in command(server, data_dir, "backup", "drill", "--folder", str(data_dir.parent))
    command(server, data_dir, "backup", "create", str(backup), "--without-secrets")
    assert (backup / "database.dump").stat().st_size > 10_000
    command(server, data_dir, "privacy", "rotate", "--new-key")
    command(server, data_dir, "privacy", "retention", "--days", "3650")
    command(server, data_dir, "trail", "verify")


def test_the_service_sees_nothing_before_it_says_for_whom(server: Postgres, data_dir: Path) -> None:
    """Though it owns the tables; and a backup sees all."""
    assert said(server, "audit", "SELECT count(*) FROM audits").strip() == "0"
    assert int(said(server, "audit_backup", "SELECT count(*) FROM audits")) > 0


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("audit", "CREATE DATABASE more"),
        ("audit", "CREATE ROLE more"),
        ("audit", "ALTER ROLE audit BYPASSRLS"),
        ("audit", "SET ROLE audit_backup"),
        ("audit", "COPY (SELECT 1) TO PROGRAM 'true'"),
        ("audit", "SELECT pg_read_file('/etc/passwd')"),
        ("audit_backup", "DELETE FROM trail_entries"),
        ("audit_backup", "UPDATE audits SET stage = stage"),
        ("audit_backup", "CREATE TABLE more (a int)"),
        ("audit_backup", "CREATE ROLE more"),
    ],
)
def test_what_a_role_may_not_do(server: Postgres, data_dir: Path, role: str, statement: str) -> None:
    told = said(server, role, statement)
    assert "permission denied" in told or "must be" in told, told


def test_the_database_is_for_these_roles_alone(server: Postgres) -> None:
    server.sql("CREATE ROLE somebody LOGIN PASSWORD 'three'")
    foreign = url(server, "audit").replace("audit:o%27ne", "somebody:three")
    done = subprocess.run([postgres_binaries() / "psql", foreign, "-c", "SELECT 1"], capture_output=True, text=True)
    assert "permission denied for database" in done.stderr
