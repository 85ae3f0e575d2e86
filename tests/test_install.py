"""What deploy/ holds is fit to be installed: units, proxy, database roles; seen by the programs that will read it."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from app.interfaces.cli import main
from app.main import create_app
from app.settings import Settings
from tests.application.build import packs
from tests.servers import Postgres, postgres_binaries, running_postgres, running_redis
from tests.service import KEY, request, serving

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
MOST_EXPOSED = 2.0  # of 10, as systemd-analyze reckons
NGINX = (DEPLOY / "nginx" / "mingjian.conf").read_text("utf-8")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with programs that are there in the place of those to be installed."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed (apt-get install systemd)")
    for file in (DEPLOY / "systemd").iterdir():
        text = file.read_text("utf-8").replace("/srv/mingjian/.venv/bin/mingjian", "/bin/true")
        (tmp_path / file.name).write_text(text.replace("/usr/bin/logger", "/bin/true"))
    return tmp_path


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_systemd_reads_the_units_without_a_complaint(units: Path) -> None:
    done = analyze("verify", *sorted(units.glob("*.service")), *sorted(units.glob("*.timer")))
    ours = [line for line in done.stderr.splitlines() if "mingjian" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.parametrize("name", ["mingjian", "mingjian-backup", "mingjian-drill", "mingjian-alarm@"])
def test_a_unit_is_hardened(units: Path, name: str) -> None:
    done = analyze("security", "--offline=true", "--no-pager", units / f"{name}.service")
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


def test_the_unit_stops_as_the_service_does() -> None:
    unit = (DEPLOY / "systemd" / "mingjian.service").read_text("utf-8")
    patience = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert patience is not None
    assert int(patience[1]) > 15, "workers have ten seconds, and five more, before the supervisor kills them"
    assert "KillMode=mixed" in unit
    assert "ExecReload=/bin/kill -HUP $MAINPID" in unit


def test_the_service_runs_where_no_memory_may_be_both_written_and_executed(tmp_path: Path) -> None:
    """MemoryDenyWriteExecute, as the kernel does it for one process (PR_SET_MDWE)."""
    run = (
        "import ctypes, mmap, sys\n"
        "if ctypes.CDLL(None, use_errno=True).prctl(65, 1, 0, 0, 0):\n    sys.exit(77)\n"
        "try:\n    mmap.mmap(-1, 4096, prot=7)\nexcept OSError:\n    pass\nelse:\n    sys.exit('it is not denied')\n"
        "from pathlib import Path\nfrom tests.test_install import audited\naudited(Path(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", run, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip("this kernel cannot deny it to one process (Linux 6.3)")
    assert done.returncode == 0, done.stderr


def audited(folder: Path, url: str | None = None) -> None:
    secret = None if url is None else SecretStr(url)
    packs(folder / "rules")
    settings = Settings(
        data_dir=folder / "data",
        rules_dir=folder / "rules",
        api_key=SecretStr(KEY),
        database_url=secret,
        redis_url=None,
    )
    with serving(create_app(settings), folder / "data") as service:
        answer = service.audit(request())
        assert answer.status_code == 200, answer.text


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """Roles belong to a whole server."""
    with running_postgres() as server:
        yield server


def test_the_service_runs_and_is_backed_up_by_roles_that_may_no_more_than_they_must(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    psql = [postgres_binaries() / "psql", "-h", "127.0.0.1", "-p", str(own_postgres.port), "-U", "mingjian"]
    script = (DEPLOY / "postgresql" / "roles.sql").read_text("utf-8")
    own_postgres.sql("CREATE ROLE installer SUPERUSER LOGIN")
    named = script.replace("mingjian", "audit")  # the server of the tests has a superuser of that name
    (tmp_path / "roles.sql").write_text(named)
    subprocess.run(
        [*psql[:-1], "installer", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "service_password=one",
         "-v", "backup_password=two", "-d", "postgres", "-f", str(tmp_path / "roles.sql")],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    rights = "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname ~ '^audit'"
    assert set(own_postgres.sql(rights).splitlines()) == {"audit|f|f|f|f", "audit_backup|f|t|t|f"}
    host = f"127.0.0.1:{own_postgres.port}/audit"
    audited(tmp_path, f"postgresql://audit:one@{host}")
    environment = {
        "MINGJIAN_DATA_DIR": str(tmp_path / "data"), "MINGJIAN_RULES_DIR": str(tmp_path / "rules"),
        "DATABASE_URL": f"postgresql://audit:one@{host}",
        "MINGJIAN_BACKUP_DATABASE_URL": f"postgresql://audit_backup:two@{host}",
    }  # fmt: skip
    drilled = CliRunner(env=environment).invoke(main, ["backup", "drill", "--folder", str(tmp_path)])
    assert drilled.exit_code == 0, drilled.output
    assert "sound" in drilled.output


def test_the_service_uses_redis_as_a_user_that_may_not_administer_it(tmp_path: Path) -> None:
    rights = re.search(
        r"`user mingjian on >… (.*?)`", (ROOT / "docs/operations/postgresql-and-redis.md").read_text("utf-8")
    )
    assert rights is not None
    with running_redis() as server:
        cli = ["redis-cli", "-p", str(server.port)]
        for user in (["mingjian", "on", ">secret", *rights[1].split()], ["default", "off"]):
            subprocess.run([*cli, "ACL", "SETUSER", *user], check=True, capture_output=True)
        url = f"redis://mingjian:secret@127.0.0.1:{server.port}/0"
        refused = subprocess.run(
            [*cli, "--no-auth-warning", "-u", url, "CONFIG", "GET", "*"], capture_output=True, text=True
        )
        assert "NOPERM" in refused.stdout + refused.stderr
        packs(tmp_path / "rules")
        settings = Settings(
            data_dir=tmp_path / "data", rules_dir=tmp_path / "rules", api_key=SecretStr(KEY), redis_url=SecretStr(url)
        )
        with serving(create_app(settings), tmp_path / "data") as service:
            assert service.audit(request()).status_code == 200
            until = time.monotonic() + 20
            while (found := service.client.get("/healthz").json())["dependencies"]["redis"]["state"] != "ok":
                assert time.monotonic() < until, found
                time.sleep(0.2)


def test_the_settings_in_the_example_are_settings() -> None:
    text = (DEPLOY / "systemd" / "mingjian.env.example").read_text("utf-8")
    named = re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE)
    known = {f"MINGJIAN_{name.upper()}" for name in Settings.model_fields} | {"PORT", "DATABASE_URL", "REDIS_URL"}
    assert len(named) >= 6
    assert set(named) - known == set()


def test_the_proxy_takes_off_what_callers_bring_along() -> None:
    """tests/deploy/test_nginx.py tries it; here, that no location sets headers of its own in their place."""
    places = re.findall(r"location [^{]+\{(.*?)\n    \}", NGINX, re.DOTALL)
    assert len(places) == 3
    assert [place for place in places if "proxy_set_header" in place] == []
    sent = dict(re.findall(r"^    proxy_set_header (\S+) (.*);", NGINX, re.MULTILINE))
    assert sent["X-Forwarded-For"] == "$remote_addr"
    assert sent["X-Client-Cert"] == "$checked_certificate"
    assert sent["Forwarded"] == sent["X-Real-IP"] == sent["X-Forwarded-Host"] == '""'
    assert re.search(r"map \$ssl_client_verify \$checked_certificate \{\s*SUCCESS \S+;\s*default \"\";", NGINX)


def test_the_proxy_speaks_no_old_tls_and_never_redirects() -> None:
    assert re.findall(r"ssl_protocols (.*);", NGINX) == ["TLSv1.2 TLSv1.3"]
    (suites,) = re.findall(r"ssl_ciphers (.*);", NGINX)
    assert [
        one for one in suites.split(":") if not re.fullmatch(r"ECDHE-(RSA|ECDSA)-.*(GCM-SHA\d+|POLY1305)", one)
    ] == []
    (lasting,) = re.findall(r'Strict-Transport-Security "max-age=(\d+); includeSubDomains" always', NGINX)
    assert int(lasting) >= 365 * 24 * 3600
    assert re.findall(r"return 30\d|rewrite ", NGINX) == []
    assert "$request_uri" not in NGINX
    assert "$args" not in NGINX


def test_commands_of_the_operator_take_the_settings_of_the_service(tmp_path: Path) -> None:
    """As systemd reads them: an address may hold signs that mean something to a shell."""
    (program := tmp_path / "srv" / ".venv" / "bin" / "mingjian").parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$DATABASE_URL|$MINGJIAN_WORKERS|$MINGJIAN_DATA_DIR|$PWD|$*"\n')
    program.chmod(0o755)
    settings = tmp_path / "mingjian.env"
    settings.write_text(
        "# of the service\n\n#PORT=1\nMINGJIAN_WORKERS=2\nDATABASE_URL=postgresql://a:$(b)@c/d?e=f&g=h;i"
    )
    own = pwd.getpwuid(os.geteuid()).pw_name
    text = (DEPLOY / "mingjian").read_text("utf-8")
    for shipped, placed in (
        ('" = mingjian', f'" = {own}'),
        ("/etc/mingjian/mingjian.env", str(settings)),
        ("/srv/mingjian", str(tmp_path / "srv")),
    ):
        assert text.count(shipped) == 1
        text = text.replace(shipped, placed)
    done = subprocess.run(["/bin/sh", "-c", text, "mingjian", "trail", "a b"], capture_output=True, text=True)
    told = f"postgresql://a:$(b)@c/d?e=f&g=h;i|2|/var/lib/mingjian|{tmp_path}/srv|trail a b\n"
    assert (done.stdout, done.stderr) == (told, "")
