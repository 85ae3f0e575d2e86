"""`mingjian rules import` (导入知识表): official lists and auditors' tables, with what became of every row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, rules_option, rules_root

if TYPE_CHECKING:
    from app.application.import_table import ImportReport
    from app.knowledge.imports.columns import Ref
    from app.knowledge.imports.plan import Plan

REJECTED = 1
_SHOWN = 200  # changes told one by one; the files themselves hold them all
_HEADER = ("规则", "状态", "版本", "知识点", "新增", "更正", "更新", "提前", "撤下")
_CHANGES = {"corrected": "更正", "superseded": "更新", "earlier": "提前", "withdrawn": "撤下"}


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE...")
@click.option("--class", "rule_class", default="", metavar="N", help="The rule class: its number, code or name.")
@click.option(
    "--published",
    required=True,
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="When the list was published; what it says holds from this day.",
)
@click.option("--source", required=True, help="The document that published it, as references name it.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@rules_option
def import_rules(
    files: tuple[Path, ...],
    rule_class: str,
    published: datetime,
    source: str,
    dry_run: bool,
    rules_dir: Path | None,
) -> None:
    """Import official lists, or auditors' tables, into the rule packs.

    Each FILE is an Excel workbook (.xlsx, .xls) or CSV. The class of a list is told by its title or its columns; give
    --class where it is not.

    \b
    Exit status: 0  every row was taken, or stood there already
                 1  some rows were rejected, each with its reason
                 2  nothing was imported
    """
    from app.application.import_table import import_table
    from app.knowledge.imports.diff import Fate
    from app.knowledge.imports.faults import BadTable
    from app.knowledge.pack import PackError

    root = rules_root(rules_dir)
    day = published.date()
    try:
        report = import_table(files, root, published=day, source=source, rule_class=rule_class, dry_run=dry_run)
    except (BadTable, PackError) as error:
        raise BadInput(str(error)) from error
    for line in _told(report, dry_run):
        click.echo(line)
    if report.count(Fate.REJECTED):
        raise SystemExit(REJECTED)


def _told(report: "ImportReport", dry_run: bool) -> Iterator[str]:
    from app.interfaces.cli.table import table
    from app.knowledge.imports.diff import Fate

    counts = "，".join(
        f"{word}{report.count(fate)}"
        for fate, word in (
            (Fate.ADDED, "新增"),
            (Fate.CHANGED, "变更"),
            (Fate.UNCHANGED, "未变"),
            (Fate.REJECTED, "拒绝"),
        )
    )
    yield f"读入{len(report.rows)}行：{counts}；另有{len(report.aside)}行不是数据"
    if report.plans:
        yield ""
        yield from table(_HEADER, [_cells(plan) for plan in report.plans], right=_HEADER[2:])
    changes = [(plan.rule, one) for plan in report.plans for one in plan.difference.changes if one.change in _CHANGES]
    if changes:
        rows = [
            (rule, _CHANGES[one.change], "×".join(one.key), one.name, one.before, one.after)
            for rule, one in changes[:_SHOWN]
        ]
        yield ""
        yield from table(("规则", "变化", "编码", "名称", "原为", "现为"), rows)
        if len(changes) > _SHOWN:
            yield f"……另有{len(changes) - _SHOWN}项变化"
    yield from _listed("拒绝的行：", report.rejected)
    yield from _listed("已导入、请人工核对的行：", report.notes)
    yield from _listed("不是数据的行：", report.aside)
    if not report.withdrawals_judged:
        yield from ("", "有被拒绝的行读不出编码，因此没有判断哪些知识点已被撤下。")
    yield from ("", _next_step(report, dry_run))


def _listed(title: str, rows: Sequence[tuple["Ref", str]]) -> Iterator[str]:
    from app.interfaces.cli.table import table

    if rows:
        yield from ("", title)
        yield from table(
            ("文件", "工作表", "行", "原因"),
            [(ref.file, ref.sheet, str(ref.row), why) for ref, why in rows],
            right=("行",),
        )


def _cells(plan: "Plan") -> tuple[str, ...]:
    counts = Counter(str(one.change) for one in plan.difference.changes)
    state = "新建草稿" if plan.is_new else "修改" if plan.files else "不变"
    numbers = [plan.version, plan.points, *(counts[name] for name in ("added", *_CHANGES))]
    return plan.rule, state, *map(str, numbers)


def _next_step(report: "ImportReport", dry_run: bool) -> str:
    if not any(plan.files for plan in report.plans):
        return "知识库没有变化。"
    if dry_run:
        return "预演：没有写入任何文件。"
    return "已写入，自检通过；核对后运行 mingjian rules lock，草稿改为 trial 或 active 后生效。"
