"""Coding knowledge on disk (编码疑点知识文件): detectors.yaml and the evidence tables beside it.

`|` parts alternatives in a cell. Codes are patterns as in rules: a code, a prefix with *, a range as J12-J18.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from app.domain.codes import CodeSet
from app.knowledge.coding_records import (
    PARAMETERS,
    ClueRow,
    CodingKnowledge,
    ContradictionRow,
    Detector,
    EvidenceRow,
    OperationRow,
    PairRow,
    Parameters,
    PersonRow,
    PrincipalRow,
    Row,
    TreatmentRow,
)
from app.knowledge.pack import PackError, read_csv
from app.knowledge.text_yaml import read_yaml

R = TypeVar("R", bound=Row)

DETECTORS = "detectors.yaml"
TABLES: dict[str, type[Row]] = {
    "evidence": EvidenceRow,
    "contradictions": ContradictionRow,
    "pairs": PairRow,
    "not_principal": PrincipalRow,
    "persons": PersonRow,
    "clues": ClueRow,
    "operations": OperationRow,
    "treatments": TreatmentRow,
}
_REVIEWS = ("", "needed")


def read_coding(folder: Path) -> CodingKnowledge:
    """All that `folder` holds. Raises PackError with every fault, one a line: file, line, why, and what to do."""
    faults: list[str] = []
    digest = hashlib.sha256()
    tables = {name: _rows(folder / f"{name}.csv", shape, digest, faults) for name, shape in TABLES.items()}
    detectors, parameters = _detectors(folder / DETECTORS, digest, faults)
    seen: dict[str, str] = {}
    for name, rows in tables.items():
        for row in rows:
            if (first := seen.setdefault(row.point, name)) != name or sum(one.point == row.point for one in rows) > 1:
                faults.append(
                    f"{folder / name}.csv: the point {row.point!r} stands twice (also in {first}); rename one"
                )
    if faults:
        raise PackError("\n".join(dict.fromkeys(faults)))
    found: dict[str, Any] = {name: tuple(rows) for name, rows in tables.items()}
    return CodingKnowledge(revision=digest.hexdigest()[:16], detectors=detectors, parameters=parameters, **found)


def _content(file: Path, digest: Any, faults: list[str]) -> bytes | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        faults.append(f"{file}: cannot be read ({error.strerror}); put the file there, with its header at least")
        return None
    digest.update(f"{file.name}\0{len(content)}\0".encode() + content)
    return content


def _rows(file: Path, shape: type[R], digest: Any, faults: list[str]) -> list[R]:
    content = _content(file, digest, faults)
    if content is None:
        return []
    try:
        header, rows, numbers = read_csv(file, content)
    except PackError as error:
        faults.append(str(error))
        return []
    columns = {field.name for field in msgspec.structs.fields(shape)}
    if unknown := [name for name in header if name not in columns]:
        faults.append(f"{file} line 1: unknown column {unknown[0]!r}; the columns are {', '.join(sorted(columns))}")
        return []
    found = []
    for number, row in zip(numbers, rows, strict=True):
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
        try:
            made = _converted(cells, shape)
            if made.review not in _REVIEWS:
                raise ValueError(f"review is {made.review!r}; write `needed`, or leave it blank")
            found.append(made)
        except (ValueError, ArithmeticError) as error:
            faults.append(f"{file} line {number}: {error}")
    return found


S = TypeVar("S", bound=msgspec.Struct)


def _converted(cells: Mapping[str, Any], shape: type[S]) -> S:
    """A struct of texts: patterns become code sets, and what holds several is parted. Raises ValueError."""
    parted = {field.name for field in msgspec.structs.fields(shape) if field.type == tuple[str, ...]}
    given = {name: cell.split("|") if name in parted else cell for name, cell in cells.items()}
    return msgspec.convert(given, shape, strict=False, dec_hook=_patterns)


def _patterns(shape: type, text: Any) -> Any:
    if shape is not CodeSet or not isinstance(text, str):
        raise NotImplementedError(f"{shape} cannot be read from a cell")
    return CodeSet(text.split("|"))


def _detectors(file: Path, digest: Any, faults: list[str]) -> tuple[dict[str, Detector], dict[str, Parameters]]:
    detectors: dict[str, Detector] = {}
    parameters: dict[str, Parameters] = {}
    content = _content(file, digest, faults)
    if content is None:
        return detectors, parameters
    try:
        document = read_yaml(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(f"{file}: not readable as YAML: {' '.join(str(error).split())}")
        return detectors, parameters
    if not isinstance(document, dict) or set(document) != set(PARAMETERS):
        faults.append(f"{file}: must tell of each detector once: {', '.join(PARAMETERS)}")
        return detectors, parameters
    for name, told in document.items():
        try:
            fields = dict(told)
            parameters[name] = _converted(fields.pop("parameters"), PARAMETERS[name])
            detectors[name] = msgspec.convert({**fields, "id": name}, Detector, strict=False)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            faults.append(f"{file}: {name}: {error}; see the other detectors for the form")
    return detectors, parameters
