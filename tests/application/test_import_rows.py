"""Whatever the cells say, no row is lost and nothing is imported twice."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.knowledge.imports.diff import Fate
from app.knowledge.imports.faults import BadTable
from tests.application.importing import Rows, run, state
from tests.knowledge.imports.build import csv_file, drug, service

GOOD: dict[str, list[Any]] = {  # headings, with what usually stands below them
    "药品通用名": ["甲", "甲片（男用）", "乙"],
    "国标代码": [drug(1), drug(2), service(1), 2101030280000.0, f"{drug(1)}、{drug(3)}"],
    "限定性别": ["男", "女"],
    "限定类型": ["限定性别对象", "限定年龄对象"],
    "限定对象": ["男", "儿童", "新生儿"],
    "从项编码": [service(2), service(3)],
    "频度": ["单日", "单次就诊", "6小时"],
    "医疗机构级别": ["二级", "三级"],
    "备注": ["说明", "支付不超过14天"],
    "来源标识": ["诊疗"],
    "无关": ["x"],
}
ODD = ["", None, "合计", 1.0, "1E+22", "｜", "(a|b)", "不详", drug(9)]


def row_of(header: list[str]) -> st.SearchStrategy[tuple[Any, ...]]:
    usual = st.tuples(*(st.sampled_from(GOOD[heading]) for heading in header))
    return st.one_of(usual, usual, st.tuples(*(st.sampled_from(GOOD[heading] + ODD) for heading in header)))


GRIDS = (
    st.lists(st.sampled_from(list(GOOD)[2:]), min_size=1, max_size=4, unique=True)
    .map(lambda more: [*list(GOOD)[:2], *more])
    .flatmap(lambda header: st.lists(row_of(header), min_size=1, max_size=6).map(lambda rows: [header, *rows]))
)


@settings(max_examples=200, deadline=None)
@given(GRIDS, st.sampled_from(["", "25", "65", "67", "81"]))
def test_whatever_the_cells_say_no_row_is_lost(grid: Rows, seq: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        (root / "rules").mkdir()
        file = csv_file(root / "list.csv", grid)
        try:
            report = run(root / "rules", file, rule_class=seq)
        except BadTable:
            assert state(root / "rules") == {}
            return
        blank = sum(not any(str(cell or "").strip() for cell in row) for row in grid)
        assert len(report.rows) + len(report.aside) == len(grid) - blank
        assert sum(report.count(fate) for fate in Fate) == len(report.rows)
        before = state(root / "rules")
        run(root / "rules", file, rule_class=seq)
        assert state(root / "rules") == before
