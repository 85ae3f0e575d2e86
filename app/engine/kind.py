"""The contract that every rule kind (规则类型) keeps.

A kind turns one row of knowledge and the rule's parameters into a check: a plain function, made once when a rule is
compiled, that is called for each line (or diagnosis, or encounter) that the row is about. It reads the case and says
nothing (None), what is wrong (`Hit`), or which fact it would have needed (`Missing`). It has no clock and does no I/O.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum, auto
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

from app.domain.case import Case
from app.domain.encounter import Diagnosis
from app.domain.line import Line


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Data written by rule authors, read from text: a misspelt field is an error."""


class KnowledgePoint(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row of `knowledge.csv` (知识点). A blank cell is a field that is not given; `|` parts a cell of several."""

    point: str
    item_name: str = ""
    basis: str = ""
    effective_start: date = date.min
    effective_end: date = date.max


class Hit(msgspec.Struct, frozen=True, gc=False):
    """What is wrong: the lines at fault, those they conflict with, the facts used, and the amount at issue.

    `amount` None lets the engine add up what is claimed for the lines at fault.
    """

    lines: Sequence[Line]
    related: Sequence[Line] = ()
    facts: dict[str, str] = {}
    amount: Decimal | None = None


class Missing(msgspec.Struct, frozen=True, gc=False):
    """A fact without which the point cannot be judged, by its path in the request: `patient.birth_date`."""

    fact: str


P = TypeVar("P", bound=Shape)
K = TypeVar("K", bound=KnowledgePoint)
T = TypeVar("T")


class Table(Generic[K]):
    """All points of one rule, for kinds whose points must know of each other (members of a class, of a group).

    Nothing is read until a check asks; `derive` makes what the checks of a rule share, once.
    """

    def __init__(self, read: Callable[[], Sequence[K]]) -> None:
        self._read = read
        self._derived: dict[Any, Any] = {}

    @cached_property
    def points(self) -> Sequence[K]:
        return self._read()

    def derive(self, make: Callable[[Sequence[K]], T]) -> T:
        """`make` of all points; the same function is called once per rule, so pass a module's own, not a lambda."""
        if make not in self._derived:
            self._derived[make] = make(self.points)
        found: T = self._derived[make]
        return found


class On(Enum):
    """What a kind's points are about, and so what its checks are called with."""

    ITEM = auto()  # a line whose item code matches one of the point's patterns
    DIAGNOSIS = auto()  # a diagnosis whose code matches one of the point's patterns
    ENCOUNTER = auto()  # every encounter


Outcome = Hit | Missing | None
ItemCheck = Callable[[Line, Case], Outcome]
DiagnosisCheck = Callable[[Diagnosis, Case], Outcome]
EncounterCheck = Callable[[Case], Iterable[Hit | Missing]]
Check = ItemCheck | DiagnosisCheck | EncounterCheck


def _nothing(_point: Any, _parameters: Any) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class RuleKind(Generic[P, K]):
    """A way of judging, shared by many rules.

    `patterns` gives the code patterns that make a point worth checking: they become the index. `facts` are the names
    that every hit of the kind tells, so that a rule's message may use them. `past_days` is how far back the check looks
    into other encounters (0: not at all), for which `past_patterns` tells the items; a kind that says itself when the
    history is missing sets `tells_history`. `item_name` names the item at fault, should its line not.
    """

    name: str
    title: str
    parameters: type[P]
    point: type[K]
    on: On
    prepare: Callable[[K, P, Table[K]], Check]
    patterns: Callable[[K, P], Iterable[str]] = _nothing
    facts: frozenset[str] = field(default=frozenset())
    past_days: Callable[[K, P], int] = lambda _point, _parameters: 0
    tells_history: bool = False
    item_name: Callable[[K], str] = lambda point: point.item_name
    past_patterns: Callable[[K, P], Iterable[str]] = _nothing
