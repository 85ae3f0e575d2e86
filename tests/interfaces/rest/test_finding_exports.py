"""GET /v1/findings/export: what stands in the files, what no spreadsheet runs, and the entry that goes before them."""

import csv
import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import given
from hypothesis import strategies as st

from app.application.finding_sheets import COLUMNS, harmless
from app.store.reviews import Department
from app.trail.entry import Kind
from tests.interfaces.rest.finding_desk import HEAD, LEAD, LIMITS, STAFF, Desk, problem, with_desk
from tests.interfaces.rest.test_findings import FULL, without_trail
from tests.store.reviewing import FOUND, review

HEADINGS = [one.heading for one in COLUMNS]
EVIL = ('=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1")


def rows_of_csv(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_both_forms_hold_the_same(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        await desk.store.directory.put_departments(
            [Department(facility="F9", code="外科", name="普通外科")], caller="x", at=FOUND
        )
        asked = {"trial": "include", "sort": "amount"}
        told = await desk.ask(STAFF, "GET", "/v1/findings/export", params={**asked, "format": "csv"})
        assert told.headers["content-type"] == "text/csv; charset=utf-8"
        assert told.headers["x-row-count"] == "2"
        mark, who, what, headings, *rows = rows_of_csv(told.content)
        assert "不得外传" in mark[0]
        assert "staff-1" in who[0]
        assert what == ["筛选条件：含试运行规则"]
        assert headings == HEADINGS
        first = dict(zip(HEADINGS, rows[0], strict=True))
        assert first["科室"] == "普通外科（外科）"
        assert (first["状态"], first["涉及金额（元）"], first["期限"]) == ("已确认", "1234.56", "2026-05-06")
        few = {**asked, "format": "csv", "fields": ["state", "id"]}
        told = await desk.ask(STAFF, "GET", "/v1/findings/export", params=few)
        assert rows_of_csv(told.content)[3:] == [["疑点编号", "状态"], ["f2", "已确认"], ["f1", "待审核"]]
        none = await desk.ask(STAFF, "GET", "/v1/findings/export", params={"fields": "patient_key"})
        problem(none, 422, "invalid-request")
        book = sheet_of((await desk.ask(STAFF, "GET", "/v1/findings/export", params=asked)).content)
        assert book.properties.creator == "staff-1"
        cells = [["" if one is None else one for one in row] for row in book["疑点"].iter_rows(values_only=True)]
        assert cells[3] == HEADINGS
        assert len(cells) == 4 + len(rows)
        for row, same in zip(rows, cells[4:], strict=True):
            assert [one if isinstance(one, str) else float(one) for one in same] == [
                float(told) if isinstance(one, float | int) else told for told, one in zip(row, same, strict=True)
            ]

    with_desk(tmp_path, [review("f1"), review("f2", **FULL)], steps)


def test_nothing_is_run(tmp_path: Path) -> None:
    made = [review(f"f{at}", title=one, message=one, department=one) for at, one in enumerate(EVIL)]

    async def steps(desk: Desk) -> None:
        told = await desk.ask(LEAD, "GET", "/v1/findings/export", params={"format": "csv"})
        cells = [cell for row in rows_of_csv(told.content) for cell in row]
        assert not [one for one in cells if one.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]
        assert "'+1" in cells
        book = sheet_of((await desk.ask(LEAD, "GET", "/v1/findings/export")).content)
        assert {cell.data_type for row in book["疑点"].iter_rows() for cell in row} <= {"s", "n"}

    with_desk(tmp_path, made, steps)


@given(st.text(max_size=50))
def test_text_is_kept_and_harmless(text: str) -> None:
    told = harmless(text)
    assert told.removeprefix("'") == text.replace("\0", "").removeprefix("'") or told == text.replace("\0", "")
    assert not told.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


def test_the_trail_tells_of_it_before_anybody_has_it(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        made = await desk.ask(STAFF, "GET", "/v1/findings/export", params={"q": "限儿童用药", "format": "csv"})
        (entry,) = await desk.told(Kind.EXPORTED)
        digest = sha256(made.content).hexdigest()
        assert made.headers["x-content-sha256"] == digest
        assert (entry.actor, entry.details["sha256"], entry.details["rows"]) == ("staff-1", digest, 1)
        assert "儿童" not in str(entry)

    with_desk(tmp_path, [review("f1")], steps)


def test_without_the_trail_there_is_no_file(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        answer = await desk.ask(STAFF, "GET", "/v1/findings/export")
        problem(answer, 503, "not-recorded")

    with_desk(tmp_path, [review("f1")], steps, store=without_trail)


def test_how_much_one_may_have(tmp_path: Path) -> None:
    async def steps(desk: Desk) -> None:
        assert (await desk.ask(STAFF, "GET", "/v1/findings/export?rule=a")).headers["x-row-count"] == str(LIMITS.usual)
        problem(await desk.ask(STAFF, "GET", "/v1/findings/export?rule=a&rule=b"), 403, "export-needs-lead")
        assert (await desk.ask(LEAD, "GET", "/v1/findings/export?rule=a&rule=b")).headers["x-row-count"] == "30"
        problem(await desk.ask(LEAD, "GET", "/v1/findings/export"), 422, "export-too-large")
        assert (await desk.ask(HEAD, "GET", "/v1/findings/export?rule=c")).headers["x-row-count"] == "0"
        assert [one.details["rows"] for one in await desk.told(Kind.EXPORTED)] == [20, 30, 0]

    many = {"a": LIMITS.usual, "b": LIMITS.lead - LIMITS.usual, "c": 1}
    made = [
        review(f"{rule}{at}", rule=rule, department="外科" if rule == "c" else "内科")
        for rule, count in many.items()
        for at in range(count)
    ]
    with_desk(tmp_path, made, steps)
