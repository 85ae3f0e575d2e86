"""Installations to be backed up (测试用备份), on SQLite and on PostgreSQL, and others to restore to."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner, Result
from pydantic import SecretStr

from app.interfaces.cli import main
from app.main import create_app
from app.settings import Settings
from tests.servers import Postgres
from tests.service import KEY, Service, request, serving

PASSPHRASE = "a passphrase of the tests"


class Installation(NamedTuple):
    data: Path
    rules: Path
    url: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {"MINGJIAN_DATA_DIR": str(self.data), "MINGJIAN_RULES_DIR": str(self.rules)}
        return own | {"DATABASE_URL": self.url or ""}

    def run(self, *arguments: object) -> Result:
        return CliRunner(env=self.environment).invoke(main, [str(one) for one in arguments])

    def backup(self, *arguments: object) -> Result:
        found = self.run("backup", *arguments)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.output
        return found

    @contextmanager
    def serving(self) -> Iterator[Service]:
        url = None if self.url is None else SecretStr(self.url)
        settings = Settings(
            data_dir=self.data, rules_dir=self.rules, api_key=SecretStr(KEY), database_url=url, redis_url=None
        )
        with serving(create_app(settings), self.data) as service:
            yield service

    def sql(self, postgres: Postgres, statement: str) -> str:
        if self.url is not None:
            return postgres.sql(statement, self.url.rpartition("/")[2])
        with closing(sqlite3.connect(self.data / "mingjian.sqlite3")) as connection:
            rows = connection.execute(statement).fetchall()
            connection.commit()
            return "\n".join(str(one) for (one,) in rows)


def elsewhere(one: Installation, postgres: Postgres) -> Installation:
    return one._replace(data=one.data.with_name("elsewhere"), url=one.url and postgres.new_database())


class Writing:
    """Audits that go on until it is told to stop; `acknowledged` are their ids, in order."""

    def __init__(self, service: Service) -> None:
        self._service, self._stop = service, threading.Event()
        self.acknowledged: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            answer = self._service.audit(request(id=f"E{len(self.acknowledged)}"))
            assert answer.status_code == 200, answer.text
            self.acknowledged.append(answer.json()["id"])

    def __enter__(self) -> "Writing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def filled(here: Installation, folder: Path, passphrase: Path | None) -> Path:
    with here.serving() as service:
        for number in range(5):
            assert service.audit(request(id=f"E{number}")).status_code == 200
    sealed = ["--without-secrets"] if passphrase is None else ["--passphrase-file", passphrase]
    made = here.backup("create", folder, *sealed)
    assert made.exit_code == 0, made.output
    return folder


def keys_of(one: Installation, tmp_path: Path) -> Path:
    """What was left out of the backup, as somebody keeps it elsewhere."""
    shutil.copytree(one.data, tmp_path / "kept" / "data", dirs_exist_ok=True)
    return tmp_path / "kept"
