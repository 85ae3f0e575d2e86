"""A HIS (医院信息系统) that calls: the whole service in this process, on three small rules, without a socket."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Coroutine, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from app.store.audit_log import StoredAudit
from app.store.data_keys import KeyRing, KeySource
from app.store.sqlite.audit_log import SqliteAuditLog
from app.store.vault import Vault
from tests.service import lifespan_of

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"
BASE = "/fsi/api"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        assert self.status == 200, (self.status, self.body[:300])
        return json.loads(self.body.decode("gb18030" if "gbk" in self.headers["content-type"] else "utf-8"))

    @property
    def result(self) -> Any:
        """`output.result` of a success."""
        answer = self.json()
        assert (answer["infcode"], answer["err_msg"]) == (0, ""), answer
        return answer["output"]["result"]

    @property
    def fault(self) -> str:
        """`err_msg` of a failure."""
        answer = self.json()
        assert (answer["infcode"], answer["output"]) == (-1, None), answer
        assert answer["err_msg"]
        return str(answer["err_msg"])


T = TypeVar("T")


class _Loop:
    """An event loop that goes on between calls, as a service's does: one that stood still would look overloaded."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Caller:
    def __init__(
        self, folder: Path, profiles: Mapping[str, Any] | None = None, rules: Path = RULES, **more: Any
    ) -> None:
        file = None
        if profiles is not None:
            file = folder / "profiles.yaml"
            file.write_text(yaml.safe_dump(dict(profiles), allow_unicode=True), "utf-8")
        self.data_dir = data_dir = folder / "data"
        self.app: Any = create_app(
            Settings(
                data_dir=data_dir,
                rules_dir=rules,
                nhsa_profiles=file,
                api_key=SecretStr("key"),
                decisions={},
                **{"deadline_ms": 1000, **more},
            )
        )
        self._log = SqliteAuditLog(data_dir / "mingjian.sqlite3", Vault(KeyRing(KeySource(data_dir / "data-keys"))))
        self._runner = _Loop()

    def __enter__(self) -> "Caller":
        self._lifespan = lifespan_of(self.app)
        self._runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.close()

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        client: str | None = "127.0.0.1",
    ) -> Answer:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path.partition("?")[0],
            "query_string": path.partition("?")[2].encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
            "client": None if client is None else (client, 50_000),
        }
        self._runner.run(self.app(scope, receive, send))
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]))

    def post(self, message: Any, path: str = f"{BASE}/3101", **rest: Any) -> Answer:
        body = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        return self.call("POST", path, body, **rest)

    def records(self) -> list[StoredAudit]:
        """Every record, in the order in which they were made."""
        with closing(sqlite3.connect(self.data_dir / "mingjian.sqlite3")) as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM audits ORDER BY seq")]
        return [found for one in ids if (found := self._runner.run(self._log.find(one)))]
