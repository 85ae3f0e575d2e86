"""Acts (写入步骤): several statements that are done together or not at all, the same for either database.

For what is written seldom. What is written with every audit has statements of its own for each database.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import UpdateBase

from app.trail.entry import Sealed


class Step(NamedTuple):
    """`must`: where it gives back no row, nothing of the whole act is done."""

    statement: UpdateBase
    must: bool = False


Rows = list[tuple[Any, ...]]
# The rows that each step gives back, once they are durable together with the entries; None where a step that must did
# not. Raises NotRecorded.
Act = Callable[[Sequence[Step], Sequence[Sealed]], Awaitable[list[Rows] | None]]


class Ready(NamedTuple):
    text: str
    values: tuple[Any, ...]
    must: bool


def ready(steps: Sequence[Step], dialect: Dialect) -> list[Ready]:
    """The steps as the driver of this database takes them."""
    return [_ready(one, dialect) for one in steps]


def _ready(step: Step, dialect: Dialect) -> Ready:
    compiled = step.statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    values = compiled.construct_params()
    names = getattr(compiled, "positiontup", None) or []
    return Ready(str(compiled), tuple(values[name] for name in names), step.must)
