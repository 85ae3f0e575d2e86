"""A service that keeps the history (留存既往明细的服务): an item may be charged once in ten days; F1 and F2 share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.knowledge.build import write_rule
from tests.service import KEY, Service, encoded, serving

ITEM = "A1"
Encounter = dict[str, Any]


@contextmanager
def keeping(folder: Path) -> Iterator[Service]:
    example = {"encounter": {"charge_lines": [{"id": "L1", "item_code": ITEM, "service_date": "2026-03-01"}]}}
    twice = {"id": "L2", "item_code": ITEM, "service_date": "2026-03-02"}
    write_rule(
        folder / "rules",
        "too-often",
        kind="quantity_limit",
        severity="definite",
        in_force={"2020-01-01": {"measure": "times", "per": "rolling"}},
        header="point,item_code,item_name,limit,window_days",
        rows=(f"K1,{ITEM},项目,1,10",),
        message="{item}超过{limit}次。",
        examples=[
            {"name": "一次", **example, "hits": []},
            {
                "name": "两次",
                "encounter": {"charge_lines": [*example["encounter"]["charge_lines"], twice]},
                "hits": ["L2"],
            },
        ],
    )
    with serving(create_app(settings(folder)), folder) as running:
        yield running


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(
        data_dir=folder / "data",
        rules_dir=folder / "rules",
        api_key=SecretStr(KEY),
        max_bulk_line_bytes=100_000,
        history_groups=[["F1", "F2"]],
        decisions={},
        **more,
    )


def encounter(name: str, *lines: dict[str, Any], facility: str = "F1", patient: str = "P1", **more: Any) -> Encounter:
    written = [{"service_date": "2026-03-01", "item_code": ITEM, **line} for line in lines or ({"id": "L1"},)]
    return {"id": name, "facility": {"id": facility}, "patient": {"id": patient}, "charge_lines": written, **more}


def take_in(service: Service, *encounters: Any) -> list[Any]:
    answer = service.client.post("/v1/history", content=b"\n".join(encoded(one) for one in encounters))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def withdraw(service: Service, encounter: str, line: str, facility: str | None = "F1") -> httpx.Response:
    asked = {} if facility is None else {"facility": facility}
    path = f"/v1/encounters/{quote(encounter, safe='')}/lines/{quote(line, safe='')}"
    return service.client.delete(path, params=asked)


def is_told(service: Service, patient: str, facility: str = "F1") -> bool:
    """Whether a second one, of another encounter, is one too many."""
    body = encounter(f"asks-{patient}", {"id": "new", "service_date": "2026-03-04"}, facility=facility, patient=patient)
    answer = service.audit({"encounter": body}).json()
    assert withdraw(service, f"asks-{patient}", "new", facility).status_code == 204
    return bool(answer["findings"])
