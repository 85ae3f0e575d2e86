"""`mingjian rules` (规则维护): check, list and lock the rule packs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, rules_option, rules_root

if TYPE_CHECKING:
    from app.knowledge.pack import RuleFolder

HEADER = ("规则", "名称", "类型", "状态", "版本", "知识点", "严重程度", "阶段")


@click.group()
def rules() -> None:
    """Check, list and lock the rule packs."""


@rules.command()
@click.option("--partial", is_flag=True, help="Part of a library: do not ask that every kind be used by a rule.")
@rules_option
def check(partial: bool, rules_dir: Path | None) -> None:
    """Check shape, knowledge, examples, overlays and lock.

    Prints every fault, with what to do; exit status 1 where there is any.
    """
    from app.engine.self_check import self_check

    root = rules_root(rules_dir)
    faults = self_check(root, every_kind=not partial)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
    folders = _read(root)
    points = sum(_points(folder) for folder in folders)
    examples = sum(len(folder.rule.examples) for folder in folders)
    click.echo(f"ok: {len(folders)} rules, {points} knowledge points, {examples} examples")


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one array of objects.")
@rules_option
def list_rules(as_json: bool, rules_dir: Path | None) -> None:
    """List every rule.

    With its kind, status, version, number of knowledge points, severity and stages.
    """
    folders = _read(rules_root(rules_dir))
    if as_json:
        import json

        click.echo(json.dumps([_values(folder) for folder in folders], ensure_ascii=False, indent=2))
        return
    from app.interfaces.cli.table import table

    for line in table(HEADER, [_cells(folder) for folder in folders], right=("版本", "知识点")):
        click.echo(line)


@rules.command()
@rules_option
def lock(rules_dir: Path | None) -> None:
    """Write lock.csv anew.

    It holds which version of each rule has which content; run this after every change of a rule and its version.
    """
    from app.knowledge.lock import write_lock
    from app.knowledge.pack import PackError

    root = rules_root(rules_dir)
    folders = _read(root)
    try:
        write_lock(root, folders)
    except PackError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {root / 'lock.csv'}: {len(folders)} rules")


def _read(root: Path) -> "Sequence[RuleFolder]":
    from app.knowledge.pack import PackError, read_packs

    try:
        return read_packs(root)
    except PackError as error:
        raise BadInput(f"the rules cannot be read:\n{error}") from error


def _points(folder: "RuleFolder") -> int:
    """A rule without a knowledge file is one point by itself."""
    return len(folder.rows) if folder.header else 1


def _values(folder: "RuleFolder") -> dict[str, object]:
    rule = folder.rule
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": rule.kind,
        "status": rule.status,
        "version": rule.version,
        "points": _points(folder),
        "severity": rule.severity,
        "stages": rule.stages,
        "area": folder.scope.area,
        "facility": folder.scope.facility,
    }


def _cells(folder: "RuleFolder") -> tuple[str, ...]:
    from app.interfaces.words import word, words

    rule = folder.rule
    state, severity, stages = word(rule.status), word(rule.severity), words(rule.stages)
    return rule.id, rule.title, rule.kind, state, str(rule.version), str(_points(folder)), severity, stages
