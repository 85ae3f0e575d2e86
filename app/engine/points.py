"""Read knowledge rows into a kind's points: text cells become typed fields, and every fault names its cell."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, get_origin

import msgspec
from msgspec.structs import FieldInfo

from app.engine.kind import KnowledgePoint, Shape
from app.knowledge.pack import PackError, RuleFolder

K = TypeVar("K", bound=KnowledgePoint)
S = TypeVar("S", bound=Shape)


def read_points(folder: RuleFolder, point_type: type[K]) -> Iterator[K]:
    """The folder's knowledge as points; a rule without a knowledge file has one point, named after itself.

    Raises PackError naming file, line and column.
    """
    file = folder.path / "knowledge.csv"
    if not folder.header:
        try:
            yield msgspec.convert({"point": folder.rule.id}, point_type)
        except msgspec.ValidationError as error:
            raise PackError(f"{file} is missing, and kind {folder.rule.kind!r} needs it: {error}") from error
        return
    lists = {field.name for field in _columns(point_type) if get_origin(field.type) is tuple}
    _check_header(file, folder.header, point_type)
    convert, header = msgspec.convert, folder.header
    listed = [name in lists for name in header]
    previous, names = "", set()
    for number, row in zip(folder.line_numbers, folder.rows, strict=True):
        cells: dict[str, Any] = {
            name: tuple(cell.split("|")) if is_list else cell
            for name, cell, is_list in zip(header, row, listed, strict=True)
            if cell
        }
        if blank := [name for name, cell in cells.items() if type(cell) is tuple and "" in cell]:
            raise PackError(f"{file} line {number}: {blank[0]} has a blank beside a | sign; take that sign out")
        try:
            point = convert(cells, point_type, strict=False)
        except (msgspec.ValidationError, ArithmeticError) as error:
            raise PackError(f"{file} line {number}: {_explain(error, cells)}") from error
        if point.point in names:
            raise PackError(f"{file} line {number}: the point {point.point!r} stands above already; give it its own id")
        if point.point < previous:
            raise PackError(f"{file} line {number}: {point.point!r} comes after {previous!r}; sort the rows by point")
        if point.effective_end < point.effective_start:
            raise PackError(f"{file} line {number}: effective_end is before effective_start; swap them")
        previous = point.point
        names.add(previous)
        yield point


def read_parameters(folder: RuleFolder, written: dict[str, Any], parameters_type: type[S]) -> S:
    try:
        return msgspec.convert(written, parameters_type, strict=False)
    except (msgspec.ValidationError, ArithmeticError) as error:
        raise PackError(f"{folder.path / 'rule.yaml'}: in_force: {_explain(error, written)}") from error


@cache
def _columns(point_type: type[KnowledgePoint]) -> tuple[FieldInfo, ...]:
    """The columns that a kind knows; reading the types of a class takes longer than reading a small file."""
    return msgspec.structs.fields(point_type)


def _check_header(file: Any, header: Sequence[str], point_type: type[KnowledgePoint]) -> None:
    fields = _columns(point_type)
    if unknown := [name for name in header if name not in {field.name for field in fields}]:
        raise PackError(
            f"{file} line 1: unknown column {unknown[0]!r}; this kind knows {', '.join(field.name for field in fields)}"
        )
    if absent := [field.name for field in fields if field.required and field.name not in header]:
        raise PackError(f"{file} line 1: the column {absent[0]!r} is missing; add it")


def _explain(error: Exception, cells: dict[str, Any]) -> str:
    text = str(error)
    where = text.partition("`$.")[2].partition("`")[0].partition("[")[0]
    value = f" {where} is {cells[where]!r};" if where in cells else ""
    return f"{value.strip()} {text}".strip()
