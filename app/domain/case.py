"""Case: an encounter and what rules need to judge it, with look-ups that are made once per audit.

Lines of earlier encounters explain a finding; they are never at fault themselves. `history` None means that nobody
knows the patient's past, an empty tuple that there is none.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from app.domain.codes import CodeSet
from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.domain.feeds import NO_FEEDS, Feeds
from app.domain.line import Line

T = TypeVar("T")


class Case:
    def __init__(
        self,
        encounter: Encounter,
        stage: Stage = Stage.ORDERING,
        history: tuple[Encounter, ...] | None = None,
        feeds: Feeds | None = None,
    ) -> None:
        self.encounter = encounter
        self.stage = stage
        self.history = history
        self.feeds = NO_FEEDS if feeds is None else feeds
        self.lines = encounter.lines
        self.patient = encounter.patient
        self._ages: dict[date, int] = {}
        self._remembered: dict[Hashable, Any] = {}
        self._picked: dict[CodeSet, Sequence[Line]] = {}
        self._groups: dict[tuple[CodeSet | str, Callable[[Line], Hashable]], dict[Hashable, list[Line]]] = {}
        # What nearly every audit asks for is made at once: a cached_property costs more than these do.
        self.lines_by_code = _by_code(self.lines)
        self.diagnosis_codes = tuple([diagnosis.code for diagnosis in encounter.diagnoses if diagnosis.code])
        self.diagnosis_categories = frozenset([code[:3] for code in self.diagnosis_codes])  # ICD-10, 3 characters

    def age_on(self, day: date) -> int | None:
        """The patient's age in whole years; None where the birth date is unknown, or after that day."""
        age = self._ages.get(day)
        if age is None:
            birth_date = self.patient.birth_date
            if birth_date is not None and birth_date <= day:
                age = self._ages[day] = age_in_years(birth_date, day)
        return age

    @cached_property
    def procedure_codes(self) -> tuple[str, ...]:
        return tuple(procedure.code for procedure in self.encounter.procedures if procedure.code)

    @cached_property
    def past_lines(self) -> tuple[Line, ...]:
        return tuple([line for encounter in self.earlier_encounters for line in encounter.lines])

    @cached_property
    def past_lines_by_code(self) -> dict[str, list[Line]]:
        """Lines of the patient's other encounters by item code; empty where the history is unknown."""
        found: dict[str, list[Line]] = {}
        for line in self.past_lines:
            found.setdefault(line.item_code, []).append(line)
        for lines in found.values():
            lines.sort(key=_when)
        return found

    @cached_property
    def earlier_encounters(self) -> tuple[Encounter, ...]:
        """The history without this encounter itself, and the last of those sent twice."""
        earlier = {(past.facility.id, past.id): past for past in self.history or ()}
        earlier.pop((self.encounter.facility.id, self.encounter.id), None)
        return tuple(earlier.values())

    def lines_of(self, codes: CodeSet) -> Sequence[Line]:
        """The encounter's lines whose item code is in the set, in order of service date and then as sent."""
        if codes not in self._picked:
            self._picked[codes] = _pick(self.lines_by_code, self.lines, codes)
        return self._picked[codes]

    def past_lines_of(self, codes: CodeSet) -> Sequence[Line]:
        """Lines of the patient's other encounters, likewise."""
        return _pick(self.past_lines_by_code, self.past_lines, codes)

    def group_of(self, line: Line, codes: CodeSet | None, key: Callable[[Line], Hashable]) -> Sequence[Line]:
        """Those lines of the set (None: of the same item code) that have the same key as `line`, which is one of them.

        All groups are made at once, so that thousands of lines cost no more than their number: give the same `codes`
        and `key` objects each time.
        """
        name = (codes or line.item_code, key)
        groups = self._groups.get(name)
        if groups is None:
            groups = self._groups[name] = {}
            for other in self.lines_by_code[line.item_code] if codes is None else self.lines_of(codes):
                groups.setdefault(key(other), []).append(other)
        return groups[key(line)]

    def remember(self, name: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave when this was first asked in this audit: for what many lines need and is dear to make."""
        if name not in self._remembered:
            self._remembered[name] = make()
        found: T = self._remembered[name]
        return found

    @cached_property
    def _prescriptions(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.prescription_id, []).append(line)
        return found

    def prescription_of(self, line: Line) -> Sequence[Line]:
        """The lines of the same prescription; a line without a prescription number stands alone."""
        return self._prescriptions[line.prescription_id] if line.prescription_id else (line,)


def _by_code(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines by item code, each list in order of service date and then as sent."""
    found: dict[str, list[Line]] = {}
    repeated = set()
    for line in lines:
        code = line.item_code
        if code in found:
            found[code].append(line)
            repeated.add(code)
        else:
            found[code] = [line]
    for code in repeated:
        found[code].sort(key=_when)
    return found


def _pick(by_code: dict[str, list[Line]], lines: Sequence[Line], codes: CodeSet) -> Sequence[Line]:
    if not codes.prefixes and len(codes.exact) == 1:
        (code,) = codes.exact
        return by_code.get(code, ())
    named = {code for code in by_code if code in codes}
    return sorted([line for line in lines if line.item_code in named], key=_when) if named else []


def _when(line: Line) -> date:
    return line.service_date


def age_in_years(birth_date: date, day: date) -> int:
    """Whole years lived on `day`; a birthday on 29 February is reached on 1 March in other years (民法典第203条)."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def age_in_days(birth_date: date, day: date) -> int:
    return (day - birth_date).days


def stay_days(encounter: Encounter, until: date | None = None) -> int | None:
    """Bed days of the stay: the first day counts, the last does not (计入不计出), and never less than one.

    None where the admission, or both discharge and `until`, are unknown.
    """
    last = encounter.end_at.date() if encounter.end_at is not None else until
    if encounter.start_at is None or last is None:
        return None
    return max((last - encounter.start_at.date()).days, 1)
