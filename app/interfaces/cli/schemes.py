"""`mingjian schemes` (分组方案维护): check, list, import and compare DRG grouping schemes."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.load_scheme import SchemeListed
    from app.knowledge.scheme_tables import SchemeTables

_HEADER = ("方案", "名称", "起", "止", "状态", "位置")
_SHOWN = 20


@click.group()
def schemes() -> None:
    """Check, list, import and compare DRG grouping schemes."""


@schemes.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings, too, give exit status 1.")
def check(path: Path, strict: bool) -> None:
    """Check the scheme in a folder or zip.

    Prints every fault and warning: where, what, why it matters, and what to do. Faults refuse a scheme, exit status 1.
    Warnings do not: groups that can never be reached, lists that no condition names, codes that stand twice.
    """
    from app.knowledge.scheme_files import check_scheme

    tables, faults, warnings = check_scheme(path)
    for fault in faults:
        click.echo(f"fault: {fault}", err=True)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if tables is None:
        raise SystemExit(1)
    click.echo(
        f"ok: {tables.manifest.id}: {len(tables.mdcs)} MDCs, {len(tables.rules)} rules, {len(tables.groups)} groups, "
        f"{len(tables.lists)} lists, {len(warnings)} warnings"
    )
    if warnings and strict:
        raise SystemExit(1)


@schemes.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one array of objects.")
def list_all(as_json: bool) -> None:
    """List the schemes that can be called by their id.

    Those imported, and those that the project ships; with the period in which they hold.
    """
    from app.application.load_scheme import list_schemes, scheme_folders

    settings = read_settings()
    found = list_schemes(scheme_folders(settings.data_dir, settings.rules_dir))
    if as_json:
        import json

        click.echo(json.dumps([_values(one) for one in found], ensure_ascii=False, indent=2))
        return
    from app.interfaces.cli.table import table

    for line in table(_HEADER, [_cells(one) for one in found]):
        click.echo(line)


@schemes.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--id", "scheme_id", default="", metavar="ID", help="Call it so instead of as its files say.")
def import_one(path: Path, scheme_id: str) -> None:
    """Import the scheme in a folder or zip into this service.

    All of it or nothing: a faulty scheme is refused with all reasons.
    """
    from app.application.import_scheme import import_scheme
    from app.application.load_scheme import scheme_folders
    from app.knowledge.scheme_issues import SchemeError

    settings = read_settings()
    try:
        done = import_scheme(path, scheme_folders(settings.data_dir, settings.rules_dir)[0], scheme_id)
    except SchemeError as error:
        raise BadInput(f"nothing was imported:\n{error}") from error
    except OSError as error:
        raise click.ClickException(f"nothing was imported: {error}") from error
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{done.id}: {'imported to' if done.is_new else 'is already in'} {done.path}")


@schemes.command()
@click.argument("old")
@click.argument("new")
@click.option("--cases", "cases", metavar="FILE", help="Cases, as `mingjian group` reads them, to group by both.")
@click.option("--all", "show_all", is_flag=True, help=f"Print every change, not {_SHOWN} of each table.")
def diff(old: str, new: str, cases: str | None, show_all: bool) -> None:
    """Show what changes from the scheme OLD to the scheme NEW, each an id or a path.

    Groups, conditions, splits, lists, complications, exclusions, maps and weights, by code; and with --cases which
    cases move from which group to which.
    """
    from app.knowledge.scheme_diff import diff_schemes

    changes = list(diff_schemes(_tables(old), _tables(new)))
    told: Counter[str] = Counter()
    for change in changes:
        kind = change.table.partition(" ")[0]
        told[kind] += 1
        if show_all or told[kind] <= _SHOWN:
            click.echo(f"{change.table}\t{change.subject}\t{change.before or '-'}\t→\t{change.after or '-'}")
    for kind, count in told.items():
        more = f", {count - _SHOWN} not shown (--all)" if count > _SHOWN and not show_all else ""
        click.echo(f"{kind}: {count} changes{more}")
    if not changes:
        click.echo("no changes")
    if cases is not None:
        for line in _moves(old, new, cases):
            click.echo(line)


def _tables(path_or_id: str) -> "SchemeTables":
    from app.application.load_scheme import find_scheme, scheme_folders
    from app.knowledge.scheme_files import read_scheme
    from app.knowledge.scheme_issues import SchemeError

    settings = read_settings()
    try:
        return read_scheme(find_scheme(path_or_id, scheme_folders(settings.data_dir, settings.rules_dir)))
    except SchemeError as error:
        raise BadInput(f"the scheme cannot be used:\n{error}") from error


def _moves(old: str, new: str, cases: str) -> Iterator[str]:
    """Each case that moves, then how many go from which group to which."""
    from app.grouper.drg import group
    from app.interfaces.cli.cases import BadLine, read_cases
    from app.interfaces.cli.group import open_scheme

    before, after = open_scheme(old), open_scheme(new)
    read, moved = 0, Counter[tuple[str, str]]()
    try:
        for case in read_cases(cases):
            if isinstance(case, BadLine):
                click.echo(f"Error: {cases}: {case.message}", err=True)
                continue
            read += 1
            groups = group(before, case.stay).drg, group(after, case.stay).drg
            if groups[0] != groups[1]:
                moved[groups] += 1
                yield f"case\t{case.index}\t{groups[0]}\t→\t{groups[1]}"
    except OSError as error:
        raise BadInput(f"{cases}: cannot be read: {error.strerror or error}") from error
    for (here, there), count in moved.most_common():
        yield f"{count} cases move from {here} to {there}"
    yield f"{moved.total()} of {read} cases move"


def _values(one: "SchemeListed") -> dict[str, object]:
    return {
        "id": one.id,
        "title": one.title,
        "effective_start": _day(one, 0),
        "effective_end": _day(one, 1),
        "status": one.status,
        "repairs": list(one.repairs),
        "path": str(one.path),
        "fault": one.fault,
    }


def _day(one: "SchemeListed", end: int) -> str:
    from app.domain.period import ALWAYS

    day = (one.period.start, one.period.end)[end]
    return "" if day == (ALWAYS.start, ALWAYS.end)[end] else str(day)


def _cells(one: "SchemeListed") -> tuple[str, ...]:
    return one.id, one.title, _day(one, 0), _day(one, 1), one.fault or one.status, str(one.path)
