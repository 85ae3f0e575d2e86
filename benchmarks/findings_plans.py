"""Plans of what the console asks (执行计划), for docs/findings-query.md."""

import asyncio
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import dialect

from app.domain.access import EVERYWHERE, Scope
from app.domain.decision import Severity
from app.domain.review import ReviewState
from app.store.postgres.reviews import seq_among
from app.store.review_counts import Axis
from app.store.reviews import Order, Overview, ReviewFilter, Sorting
from app.store.reviews_query import WALKS, ReviewsQuery
from app.store.vault import PLAIN

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "findings-query.md"
_BEGIN, _END = "<!-- written by benchmarks/findings.py -->", "<!-- end -->"
_LAST_DAY = date(2026, 11, 5)
_RECTIFYING = ReviewFilter(states=(ReviewState.RECTIFYING,), severities=(Severity.DEFINITE,))
_PLACED = ReviewFilter(rules=("rule-000",), departments=("0057",), severities=(Severity.DEFINITE,))

# What a wall asks of the connection's settings: a subquery each, which is answered once or not at all.
_SETTING = re.compile(r"\n *InitPlan \d+ \(returns [$]\d+\)\n *->  Result [^\n]*")

_LIST = re.compile(r"'\{([^}]{40})[^}]*\}'")  # a long one is cut

_PAGES = """### Every page of the console

The real service in the process of the benchmark (`create_app`), over these findings, 400,000 steps of appeals and a
million reminders, asked by a member of the audit office who is signed in and may see all: each page once, and then 15
times, which are told. A page is all that it takes: to let the caller in, every question, the record of who looked at
which patients, and the template. The slowest come first."""
_PLANS = "### Plans"


class Explainer:
    """Asks as the store does, and keeps the plan of each question."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: list[str] = []

    async def ask(self, asked: Select[Any], scope: Scope) -> list[Any]:  # noqa: ARG002 - it may see all
        compiled = asked.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})
        bitmaps = "off" if asked.get_execution_options().get(WALKS) else "on"
        await self._connection.execute(f"SET enable_bitmapscan = {bitmaps}; SET work_mem = '64MB'")
        text = str(compiled).replace("%%", "%")
        rows = [tuple(row) for row in await self._connection.fetch(text)]
        plan = await self._connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {text}")
        self.plans.append(_LIST.sub(r"'{\1…}'", _SETTING.sub("", "\n".join([row[0] for row in plan]))))
        return rows


async def explained(url: str) -> list[tuple[str, str]]:
    settings = {"jit": "off", "mingjian.scope": "all"}
    connection = await asyncpg.connect(url, server_settings=settings)
    explainer = Explainer(connection)
    reviews = ReviewsQuery(explainer.ask, seq_among, PLAIN)
    year = Overview(first=_LAST_DAY - timedelta(days=365), last=_LAST_DAY)
    questions = {
        "the first page, no filter": lambda: reviews.page(ReviewFilter(), EVERYWHERE),
        "what is definite and being rectified, by deadline": lambda: reviews.page(
            _RECTIFYING, EVERYWHERE, Order(Sorting.DEADLINE, is_descending=False)
        ),
        "a rule in a department, definite": lambda: reviews.page(_PLACED, EVERYWHERE),
        "the same, counted and added up": lambda: reviews.totals(_PLACED, EVERYWHERE),
        "two words: an item, and a department": lambda: reviews.page(ReviewFilter(text="甲硝唑 内科57"), EVERYWHERE),
        "the last year by rule": lambda: reviews.facets(year, EVERYWHERE, Axis.RULE, 20),
    }
    found = []
    for name, question in questions.items():
        explainer.plans.clear()
        await question()
        found.append((name, explainer.plans[-1]))
    await connection.close()
    return found


def write_document(url: str, rows: int, lines: list[str], pages: list[str]) -> None:
    plans = asyncio.run(explained(url))
    head = (
        f"{rows:,} findings under review, PostgreSQL as tests/servers.py starts it, but with 6 GB of shared buffers and"
        " the settings above, behind the walls. Each question was asked twice, and the second time is told, through the"
        " store's own code, one after the other. *Work* is what the processes of the server and the one that asks spent"
        f" on it; the rest of the time they waited for one of {os.cpu_count()} cores, which others used as well (load"
        f" {os.getloadavg()[0]:.1f})."
    )
    parts = [f"#### {name}\n\n```text\n{plan}\n```" for name, plan in plans]
    text = "\n\n".join([head, "\n".join(lines), _PAGES, "\n".join(pages), _PLANS, *parts])
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}")
