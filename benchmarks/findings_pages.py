"""Every page of the console over these findings (页面耗时): the real service in this process, by somebody signed in.

Which pages there are is told by the console's own tables of operations: one that is not asked for here is an error.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx
from pydantic import SecretStr

from app.application.first_accounts import AT_THE_MACHINE
from app.domain.access import EVERYWHERE, Role
from app.domain.account import OtpPolicy
from app.interfaces.asgi import Application
from app.interfaces.console.console import CONSOLE_OPERATIONS
from app.interfaces.session.staff import Staff
from app.main import create_app
from app.settings import Settings
from app.store.opening import store_at
from benchmarks.findings_fill import RULES
from benchmarks.findings_visits import AUDITOR, ELSEWHERE, OPERATOR, SECURITY, VISITS, Visit
from benchmarks.stopwatch import Stopwatch, Taken, percentile
from tests.service import ROOT, charge, lifespan_of, request

TIMES, PATIENCE = 15, 60.0
_KEY, _PASSWORD = "mj_key-of-the-benchmarks", "Lantern-over-7-rivers"
_HERE = "http://127.0.0.1"
_ROLES = {AUDITOR: Role.AUDIT_LEAD, OPERATOR: Role.SYSTEM_ADMINISTRATOR, SECURITY: Role.SECURITY_ADMINISTRATOR}
_PATTERN = ROOT / "tests" / "contracts" / "nhsa" / "rules" / "national" / "service-for-women"
_CODE = "003112010070000"  # of the only item that the rule to copy is about


class Timed(NamedTuple):
    """Each request of a page."""

    name: str
    taken: list[Taken]

    def middle(self) -> float:
        return statistics.median([one.wall for one in self.taken])

    def most(self, share: float = 0.95) -> float:
        return percentile(sorted(one.wall for one in self.taken), share)

    def work(self, share: float = 0.95) -> float:
        return percentile(sorted(one.cpu for one in self.taken), share)


async def measure_pages(url: str, watch: Stopwatch) -> list[Timed]:
    """The slowest first. Raises RuntimeError where a page is not asked for, or does not answer as it should."""
    _check_all_are_asked_for()
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(url, Path(folder))
        await _let_in(settings)
        # Findings of three years that nobody has watched would all fall due at once, while pages are measured.
        with patch("app.application.reviewing._SOON", 86_400.0):
            found = await _visited(create_app(settings), watch)
    return sorted(found, key=Timed.most, reverse=True)


async def _visited(app: Application, watch: Stopwatch) -> list[Timed]:
    async with lifespan_of(app), _people(app) as people:
        names = await _names(people)
        return [
            await _times(people[one.login], one, one.path.format_map(names), watch)
            for visits in VISITS.values()
            for one in visits
        ]


def _check_all_are_asked_for() -> None:
    told = {one for one in CONSOLE_OPERATIONS if one.startswith("GET /console")}
    if missing := told - {*VISITS, *ELSEWHERE}:
        raise RuntimeError(f"pages that nobody asks for here: {', '.join(sorted(missing))}")


def told_of(pages: list[Timed]) -> list[str]:
    lines = ["| page | median | p95 | longest | work: median | p95 |", "|---|---:|---:|---:|---:|---:|"]
    for one in pages:
        times = [one.middle(), one.most(), one.most(1), one.work(0.5), one.work()]
        lines.append(f"| {one.name} | {' | '.join([f'{time:.0f} ms' for time in times])} |")
    return lines


async def _times(person: httpx.AsyncClient, visit: Visit, path: str, watch: Stopwatch) -> Timed:
    """What the first one brings into memory, the rest find there. That a page is refused is told with its name."""
    refused: set[int] = set()

    async def ask() -> None:
        status = (await person.get(path)).status_code
        if status != visit.status:
            refused.add(status)

    await ask()
    taken = [await watch.time(visit.name, ask) for _ in range(TIMES)]
    told = f"{visit.name} (answers {', '.join(map(str, sorted(refused)))})" if refused else visit.name
    return Timed(told, taken)


def _settings(url: str, folder: Path) -> Settings:
    write_rules(folder / "rules")
    return Settings(
        data_dir=folder / "data", rules_dir=folder / "rules", api_key=SecretStr(_KEY), database_url=SecretStr(url),
        require_otp=OtpPolicy.NOBODY, access_log=False, deadline_ms=1000, webhook_targets=["127.0.0.1"],
    )  # fmt: skip


def write_rules(root: Path) -> None:
    """Rules by the names of those that the findings are of; only the first finds anything in what is sent here."""
    for number in range(RULES):
        folder = root / "national" / f"rule-{number:03d}"
        folder.mkdir(parents=True)
        for one in _PATTERN.iterdir():
            text = one.read_text(encoding="utf-8").replace("GZ99999999000001", f"GZ999999990{number:05d}")
            code = _CODE if number == 0 else f"9931120{number:08d}"
            (folder / one.name).write_text(text.replace(_CODE, code), encoding="utf-8")


async def _let_in(settings: Settings) -> None:
    store = store_at(settings.database, settings.database_path, keys=settings.key_source)
    await store.open()
    staff = Staff(settings, store)
    await staff.open()
    for login, role in _ROLES.items():
        if await store.accounts.by_login(login) is None:
            await staff.manager.create(
                login, "测试人员", caller=AT_THE_MACHINE, roles=frozenset({role}), scope=EVERYWHERE,
                password=_PASSWORD, must_change=False,
            )  # fmt: skip
    await staff.close()
    await store.close()


@asynccontextmanager
async def _people(app: Application) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Each as a browser that signed in."""
    people: dict[str, httpx.AsyncClient] = {}
    for login in ("", *_ROLES):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        people[login] = httpx.AsyncClient(
            transport=transport, base_url=_HERE, headers={"origin": _HERE}, timeout=PATIENCE
        )
        if login:
            answer = await people[login].post("/console/sign-in", data={"login": login, "password": _PASSWORD})
            if answer.status_code != 303:
                raise RuntimeError(f"{login} could not sign in: {answer.text[:500]}")
    try:
        yield people
    finally:
        for one in people.values():
            await one.aclose()


async def _names(people: Mapping[str, httpx.AsyncClient]) -> dict[str, str]:
    """What pages are asked for by: of what was filled in, and of one encounter that is audited now."""
    auditor = people[AUDITOR]
    answer = await people[""].post(
        "/v1/audits", json=request(charge(), id="E-pages", facility={"id": "H0"}, department="0000"),
        headers={"authorization": f"Bearer {_KEY}"},
    )  # fmt: skip
    answer.raise_for_status()
    fresh = answer.json()["findings"][0]["id"]
    await _until(auditor, f"/console/findings/{fresh}/proof")
    names = {"fresh": fresh}
    for name, path in {
        "finding": "/v1/findings?state=closed&rule=rule-000",
        "appeal": "/v1/findings?state=first_appeal",
    }.items():
        found = await auditor.get(path)
        found.raise_for_status()
        names[name] = found.json()["findings"][0]["id"]
    names |= await _made(people, fresh)
    return names


async def _made(people: Mapping[str, httpx.AsyncClient], fresh: str) -> dict[str, str]:
    """A saved view, a file, an account and a webhook, each by its id."""
    auditor, security, operator = people[AUDITOR], people[SECURITY], people[OPERATOR]
    await _tell(auditor, "/console/views", {"name": f"确凿 {time.time_ns()}", "query": "severity=definite"})
    await _tell(auditor, f"/console/findings/{fresh}/attachments", files={"file": ("a.txt", b"text", "text/plain")})
    await _tell(security, "/console/webhooks", {"url": "http://127.0.0.1:9/", "kind": "finding.found"})
    return {
        "view": await _linked(auditor, "/console/findings", "/console/views/"),
        "attachment": await _linked(auditor, f"/console/findings/{fresh}", "/console/attachments/"),
        "account": await _linked(operator, "/console/accounts", "/console/accounts/"),
        "webhook": await _linked(security, "/console/profiles", "/console/webhooks/"),
    }


async def _tell(person: httpx.AsyncClient, path: str, data: Any = None, files: Any = None) -> None:
    token = (await person.get("/console")).text.partition('name="csrf-token" content="')[2].partition('"')[0]
    answer = await person.post(path, data=data, files=files, headers={"x-csrf-token": token, "hx-request": "true"})
    if not answer.is_success:
        raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:500]}")


async def _linked(person: httpx.AsyncClient, page: str, to: str) -> str:
    """The id that the first such link on the page tells."""
    text = (await person.get(page)).text
    for part in text.split(to)[1:]:
        name = part.partition('"')[0].partition("/")[0]
        if name.isalnum():
            return name
    raise RuntimeError(f"{page} has no link to {to}")


async def _until(person: httpx.AsyncClient, path: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await person.get(path)).status_code != 200:
            await asyncio.sleep(0.2)
