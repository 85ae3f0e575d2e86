"""`mingjian rules coverage` (规则库覆盖情况): which rules stand for each class of the national library."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, rules_option, rules_root

if TYPE_CHECKING:
    from app.knowledge.national_classes import Covered

HEADER = ("序号", "国家代码", "国家规则", "规则", "类型", "知识点", "示例", "阶段")


@click.command()
@rules_option
def coverage(rules_dir: Path | None) -> None:
    """Set the rules beside the 88 classes of the national library.

    Exit status 1 where a class has no rule that is active or on trial, or a rule's class or code is no national one.
    """
    from app.interfaces.cli.table import table
    from app.knowledge.national_classes import coverage as covered_by
    from app.knowledge.national_classes import coverage_faults, read_classes
    from app.knowledge.pack import PackError, read_packs

    root = rules_root(rules_dir)
    try:
        classes, folders = read_classes(root), read_packs(root)
    except PackError as error:
        raise BadInput(f"the rules cannot be read:\n{error}") from error
    found = covered_by(classes, folders)
    for line in table(HEADER, [row for one in found for row in _rows(one)], right=("序号", "知识点", "示例")):
        click.echo(line)
    covered = sum(bool(one.rules) for one in found)
    click.echo(f"\n国家规则{len(found)}类，已覆盖{covered}类，规则{sum(len(one.rules) for one in found)}条")
    faults = coverage_faults(classes, folders)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)


def _rows(one: "Covered") -> Sequence[tuple[str, ...]]:
    """A row for each rule of a class; a class without one has a row that says so."""
    from app.interfaces.words import words

    head = (str(one.national.seq), one.national.code or "—", one.national.name)
    rows = [
        (
            folder.rule.id,
            folder.rule.kind,
            str(len(folder.rows) if folder.header else 1),
            str(len(folder.rule.examples)),
            words(folder.rule.stages),
        )
        for folder in one.rules
    ] or [("尚无规则", "—", "0", "0", "—")]
    return [(*(head if number == 0 else ("", "", "")), *row) for number, row in enumerate(rows)]
