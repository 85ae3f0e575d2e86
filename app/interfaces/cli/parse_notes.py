"""`mingjian rules parse-notes` (解读备注): how much of the text of restrictions becomes structure."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, rules_option, rules_root

if TYPE_CHECKING:
    from app.knowledge.payment_note.coverage import ClassCoverage, Report

HEADER = ("规则类别", "知识点", "完整", "部分", "未读出", "有可判条件", "限制在类别")
_NUMBERS = HEADER[1:]
_NAMES_SHOWN = 3


@click.command("parse-notes")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--column", default="constraint", show_default=True, help="The column that holds the text.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one object.")
@rules_option
def parse_notes(file: Path, column: str, as_json: bool, rules_dir: Path | None) -> None:
    """Read the notes of a CSV FILE into structure.

    Prints which share is fully structured, partly, or not at all, and every text that a person must read. The columns
    rule_class, item_name, detect_logic and item_codes are used where the file has them. Changes nothing.
    """
    from app.knowledge.pack import PackError
    from app.knowledge.payment_note import terms_of
    from app.knowledge.payment_note.coverage import read_points, report

    try:
        found = report(read_points(file, column), terms_of(rules_root(rules_dir)))
    except PackError as error:
        raise BadInput(str(error)) from error
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode({"share": found.share, **msgspec.structs.asdict(found)}))
        return
    _print(found)


def _print(found: "Report") -> None:
    from app.interfaces.cli.table import table

    rows = [_cells(one, one.rule_class or "（未注明）") for one in found.classes]
    for line in table(HEADER, [*rows, _cells(found.total, "合计")], right=_NUMBERS):
        click.echo(line)
    total = found.total
    click.echo(
        f"\n{total.points}条中完整结构化{total.full}条（{found.share:.1%}），部分{total.partly}条，未读出{total.none}条"
    )
    if found.review:
        click.echo(f"\n需人工复核{len(found.review)}种文字：")
    for one in found.review:
        names = "、".join(one.item_names[:_NAMES_SHOWN]) + ("等" if len(one.item_names) > _NAMES_SHOWN else "")
        click.echo(f"- [{one.rule_class or '未注明'}] {names}：{' '.join(one.text.split()) or '（空）'}")
        click.echo(f"  {'；'.join(one.reasons)}")
        if one.read:
            click.echo(f"  读出：{one.read}；可判：{one.judged}")


def _cells(one: "ClassCoverage", name: str) -> tuple[str, ...]:
    counts = (one.points, one.full, one.partly, one.none, one.judged, one.by_class)
    return name, *(str(count) for count in counts)
