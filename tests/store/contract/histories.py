"""What is told of encounters and asked of the past, for tests (测试用既往明细)."""

import json
from datetime import date
from typing import Any

from app.store.history import HistoryLine, HistoryQuery, HistoryWrite
from app.store.store import Store


def line(name: str = "L1", day: str = "2026-02-10", code: str = "X1", order: str = "", **more: Any) -> HistoryLine:
    content = json.dumps({"id": name, "at": day, "told": more.get("told", "")})
    return name, day, code, more.get("is_charge", True), order, content


def order(name: str = "O1", day: str = "2026-02-10", code: str = "X1") -> HistoryLine:
    return line(name, day, code, is_charge=False)


def told(*lines: HistoryLine, encounter: str = "E1", **changes: Any) -> HistoryWrite:
    last = max([one[1] for one in lines], default="2026-02-10")
    plain = {
        "facility": "F1", "encounter": encounter, "patient": "P1", "header": json.dumps({"id": encounter}),
        "month": 202602, "last_date": last, "has_death": False, "lines": list(lines),
    }  # fmt: skip
    return HistoryWrite(**{**plain, **changes})


def asked(encounter: str = "E9", **changes: Any) -> HistoryQuery:
    """By an encounter of which nothing is stored, about everything of this year."""
    plain = HistoryQuery("F1", encounter, "P1", ("F1",), date(2026, 1, 1), date(2026, 1, 1), (), ("",))
    return plain._replace(first=date(2026, 3, 1))._replace(**changes)


async def seen(store: Store, query: HistoryQuery) -> dict[str, tuple[str, str, int]]:
    """By encounter: the ids of orders and charges, and how many days."""
    found = await store.history.fetch(query)
    return {one.encounter: (ids(one.orders), ids(one.charges), len(one.dates)) for one in found}


def ids(contents: list[str]) -> str:
    return " ".join(json.loads(content)["id"] for content in contents)


ENCOUNTERS = [
    told(line("A", "2026-02-10", "X1"), line("B", "2026-02-12", "Y12"), encounter="E1"),
    told(line("C", "2026-01-10", "X1"), line("D", "2026-02-01", "X2"), encounter="E2", month=202601),
    told(line("G", "2020-05-01"), encounter="E3", month=202005, has_death=True),
    told(line("H", "2020-05-01"), encounter="E4", month=202005),
    told(line("I"), encounter="E5", patient="P2"),
    told(line("J"), encounter="E6", facility="F2"),
    told(line("K"), encounter="E1", facility="F2", month=203001),
    told(encounter="E8"),
]
