"""`mingjian group` (病例分组): the DRG group of each case in a file, with no server and no database."""

from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import BadInput, read_settings

if TYPE_CHECKING:
    from app.application.case_objects import CaseRead
    from app.grouper.grouping import Grouping
    from app.grouper.scheme import Scheme

BAD_LINES = 1


@click.command()
@click.argument("file", metavar="CASES.jsonl")
@click.option("--scheme", "scheme", required=True, metavar="ID-OR-FOLDER", help="An id, or a scheme's folder or zip.")
@click.option("--translate", is_flag=True, help="First turn codes of the clinical edition into the grouper's.")
@click.option("--trace", is_flag=True, help="Tell how each group came about.")
def group(file: str, scheme: str, translate: bool, trace: bool) -> None:
    """Group the cases of a file by a DRG scheme.

    CASES.jsonl holds one case object a line, with Index, gender, age, ageDay, weight, dept, inHospitalTime,
    leavingType, icuHours, zdList and ssList, or {"case": {…}}; it may be gzipped; `-` is standard input. Prints one
    JSON object a line: Index, status, mdc, adrg, drg, name. A line that cannot be read gives an object with `error`.

    \b
    Exit status: 0  every line was a case
                 1  some lines were not
                 2  the scheme or the file cannot be used
    """
    import sys
    import zlib

    import msgspec

    from app.interfaces.cli.cases import BadLine, read_cases

    opened = open_scheme(scheme)
    if translate and (opened.diagnosis_map is None or opened.procedure_map is None):
        raise BadInput(f"the scheme {opened.id} has no code maps; group without --translate")
    encode = msgspec.json.Encoder().encode
    write = sys.stdout.buffer.write
    bad = False
    try:
        for case in read_cases(file):
            if isinstance(case, BadLine):
                bad = True
                answer: dict[str, object] = {"Index": case.index, "error": case.message}
            else:
                answer = answer_of(opened, case, translate=translate, trace=trace)
            write(encode(answer) + b"\n")
    except BrokenPipeError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if bad:
        raise SystemExit(BAD_LINES)


def open_scheme(path_or_id: str) -> "Scheme":
    """The scheme, kept compiled where there is a data directory; a fault of it is an error of the command."""
    from app.application.load_scheme import load_scheme, scheme_folders
    from app.knowledge.scheme_issues import SchemeError

    settings = read_settings()
    folders = scheme_folders(settings.data_dir, settings.rules_dir)
    try:
        return load_scheme(path_or_id, folders, settings.cache_dir if settings.data_dir.is_dir() else None)
    except SchemeError as error:
        raise BadInput(f"the scheme cannot be used:\n{error}") from error


def answer_of(scheme: "Scheme", case: "CaseRead", *, translate: bool, trace: bool) -> dict[str, object]:
    """What is printed for a case; `complaints` and `trace` only where there are such."""
    from app.grouper.drg import group as group_stay

    found = group_stay(scheme, case.stay, translate=translate, trace=trace)
    answer: dict[str, object] = {
        "Index": case.index,
        "status": found.status,
        "mdc": found.mdc,
        "adrg": found.adrg,
        "drg": found.drg,
        "name": found.name,
    }
    if complaints := _complaints(case, found):
        answer["complaints"] = complaints
    if found.trace is not None:
        answer["trace"] = found.trace
    return answer


def _complaints(case: "CaseRead", found: "Grouping") -> tuple[str, ...]:
    return (*case.complaints, *found.complaints)
