"""The samples in the shapes of real clients, beside the project: every one is answered as its client reads."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.interfaces.nhsa.fields import ANSWER, DETAIL, OUTCOME, VIOLATION, Field
from tests.interfaces.nhsa.caller import BASE, ROOT, Caller
from tests.interfaces.nhsa.messages import WOMEN_ONLY
from tests.service import Service

SAMPLES = ROOT.parent / "shared" / "conformance" / "nhsa"
FILES = sorted(SAMPLES.glob("[0-9][0-9]_*.json"))
pytestmark = pytest.mark.skipif(not FILES, reason="the samples are not beside the project: ../shared/conformance/nhsa")
WITHOUT_THE_ITEM = {"06_3102_NM_repeated_lines", "10_3101_SZ_flat", "11_3301_MD_all_blank"}


def check(record: dict[str, Any], table: Any, *nodes: str) -> None:
    """Every required key is there; types, lengths (GBK bytes) and characters are those of the official table."""
    assert {name for name, field in table.items() if field.is_required} <= set(record) <= set(table)
    for name, value in record.items():
        field: Field = table[name]
        if name in nodes:
            continue
        if field.length == "16,2":
            assert type(value) in (int, float), name
            assert Decimal(str(value)) == round(Decimal(str(value)), 2)
        elif name == "infcode":
            assert type(value) is int
        else:
            assert type(value) is str, name
            assert len(value.encode("gbk")) <= int(field.length or 500), name
            assert value or not field.is_required or name == "err_msg", name


def check_answer(answer: dict[str, Any]) -> list[dict[str, Any]]:
    check(answer, ANSWER, "output")
    assert (answer["infcode"], answer["err_msg"]) == (0, "")
    result: list[dict[str, Any]] = answer["output"]["result"]
    for one in result:
        if "status" in one:
            check(one, OUTCOME)
            continue
        check(one, VIOLATION, "judge_result_detail_dtos")
        for detail in one["judge_result_detail_dtos"]:
            check(detail, DETAIL)
    return result


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sample_is_answered_as_it_is(file: Path, caller: Caller) -> None:
    infno = file.stem.split("_")[1]
    assert isinstance(check_answer(caller.post(file.read_bytes(), path=f"{BASE}/{infno}").json()), list)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_sample_of_our_days_with_our_item_has_its_finding(file: Path, caller: Caller) -> None:
    text = file.read_text("utf-8").replace("2025-", "2026-").replace("2025/", "2026/")
    result = check_answer(caller.post(text.replace("XB01AXA223B002010100156", WOMEN_ONLY).encode()).json())
    if "3103" in file.stem:
        assert {one["status"] for one in result} <= {"recorded", "unknown_finding", "repeated", "changed"}
    elif file.stem in WITHOUT_THE_ITEM:
        assert result == []
    else:
        assert [one["sev_deg"] for one in result] == ["1"]
        rx_ids = {one["rx_id"] for one in result[0]["judge_result_detail_dtos"]}
        assert rx_ids <= {str(one) for one in _values(json.loads(text), "rx_id") | _values(json.loads(text), "rxId")}


def _values(node: Any, name: str) -> set[Any]:
    if isinstance(node, list):
        return set().union(*(_values(one, name) for one in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    found = {node[name]} if name in node else set()
    return found.union(*(_values(one, name) for one in node.values()))


def test_the_check_that_came_with_the_samples_passes_against_the_running_service(service: Service) -> None:
    command = [sys.executable, str(SAMPLES / "check.py"), f"{service.url}{BASE}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok  ") == len(FILES) + 4
