"""Encounters drawn around the edges of what rules look back upon (抽样): every rule that does, and some made for it."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any, NamedTuple

from app.domain.audit import AuditRequest
from app.domain.codes import CodeSet
from app.domain.decision import Stage
from app.domain.encounter import CareType, Diagnosis, DiagnosisUse, Encounter, Facility, Patient, Procedure
from app.domain.line import ChargeLine, Line, OrderLine
from app.engine.compiled import compile_rules
from app.engine.kinds import KINDS
from app.engine.points import read_parameters, read_points
from app.engine.ruleset import Ruleset
from app.knowledge.pack import RuleFolder, read_packs
from tests.application.history_oracle import Past
from tests.engine.kinds.build import rule_folder
from tests.service import ROOT

GROUP = ("F1", "F2")
TODAYS = (date(2026, 12, 31), date(2027, 1, 2), date(2027, 3, 10))


class Subject(NamedTuple):
    """A rule, and what is to be drawn for it."""

    ruleset: Ruleset
    codes: list[list[str]]  # by knowledge point
    windows: list[int]
    care_types: list[CareType]
    stages: list[Stage]
    most: int  # of whatever the rule allows


def subject_of(folder: RuleFolder) -> Subject | None:
    """None for a rule that does not look back."""
    kind: Any = KINDS[folder.rule.kind]
    points = list(read_points(folder, kind.point))
    parameters = [read_parameters(folder, written, kind.parameters) for _, written in folder.rule.periods()]
    windows = sorted({kind.past_days(point, one) for point in points for one in parameters} - {0})
    if not windows:
        return None
    named = ("item_code", "companion_code", "excluded_code")
    codes = [codes_of([code for name in named for code in getattr(point, name, ())]) for point in points]
    kinds_of_care = [one for each in parameters for one in getattr(each, "care_types", CareType)]
    stays = [one for each in parameters for one in getattr(each, "stay_types", ())]
    most = max(getattr(each, "most", 0) for each in parameters)
    ruleset = Ruleset(compile_rules([folder]))
    return Subject(ruleset, codes, windows, [*kinds_of_care, *stays], list(folder.rule.stages), most)


def codes_of(patterns: list[str]) -> list[str]:
    """Codes that the patterns name, and some that they just do not."""
    named = CodeSet(patterns)
    found = [*sorted(named.exact)[:4], *[f"{prefix}01" for prefix in named.prefixes[:6]], *named.prefixes[:2]]
    return [*found, *found, *[code[:-1] + "Z" for code in found[:2]], "X"]


ROLLING = {"per": "rolling"}
PAIR = {"item_code": "A1", "excluded_code": "B1"}
VISITS = {"window_days": "5", "care_types": ["outpatient"]}
STAYS = {"window_days": "5", "care_types": ["inpatient"]}
MADE: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "one day": (
        "quantity_limit",
        {"measure": "quantity", **ROLLING},
        {"item_code": "A1", "limit": "2", "window_days": "1"},
    ),
    "some days": (
        "quantity_limit",
        {"measure": "days", **ROLLING},
        {"item_code": "A*", "limit": "2", "window_days": "5"},
    ),
    "month": ("quantity_limit", {"measure": "times", "per": "month"}, {"item_code": "A1|A2", "limit": "2"}),
    "year": ("quantity_limit", {"measure": "amount", "per": "year"}, {"item_code": "A1", "limit": "15"}),
    "ingredients": ("quantity_limit", {"measure": "distinct", "per": "month"}, {"item_code": "XA0*", "limit": "1"}),
    "any item": ("quantity_limit", {"measure": "quantity", "per": "month"}, {"item_code": "*", "limit": "3"}),
    "same day": ("mutually_exclusive", {"within": "day", "look_back": "true"}, PAIR),
    "near days": ("mutually_exclusive", {"within": "days", "look_back": "true"}, {**PAIR, "window_days": "4"}),
    "before": (
        "required_companion",
        {"within": "before"},
        {"item_code": "A1", "companion_code": "B*", "window_days": "6"},
    ),
    "operated before": (
        "required_companion",
        {"within": "before"},
        {"item_code": "A1", "companion_code": "B1", "companion_procedures": "39.6*", "window_days": "3"},
    ),
    "elsewhere": ("repeated_elsewhere", {}, {"item_code": "A1|A2", "window_days": "3"}),
    "readmission": ("visit_pattern", {"pattern": "readmission", **STAYS}, {"excluded_diagnoses": "Z51*"}),
    "visits": ("visit_pattern", {"pattern": "frequent_visits", **VISITS, "most": "2"}, {}),
    "overlap": ("visit_pattern", {"pattern": "overlapping_stays", **STAYS, "window_days": "1"}, {}),
    "presence": ("visit_pattern", {"pattern": "impossible_presence", **VISITS, "window_days": "1"}, {}),
}


@cache
def subjects() -> dict[str, Subject]:
    national = {folder.rule.id: subject_of(folder) for folder in read_packs(ROOT / "rules")}
    made = {
        name: subject_of(rule_folder(kind, parameters, [point] if point else []))
        for name, (kind, parameters, point) in MADE.items()
    }
    return {name: one for name, one in {**national, **made}.items() if one is not None}


class Drawn(NamedTuple):
    """What was told before, the request, and the final state that both make."""

    before: list[Encounter]
    request: AuditRequest
    past: Past


def draw(random: Random, subject: Subject, number: int) -> Drawn:
    pen = Pen(random, subject, number)
    places = [("F1", "E0"), ("F1", "E1"), ("F2", "E1"), ("F2", "E2"), ("F3", "E3")]
    places += [("F2", f"E{number}") for number in range(4, 4 + 6 * subject.most)]
    before = [pen.encounter(*random.choice(places)) for _ in range(random.randint(1, 6) + 6 * subject.most)]
    request = AuditRequest(encounter=pen.encounter("F1", "E0"), stage=random.choice(subject.stages), history=())
    past = Past([GROUP])
    for one in before:
        past.send(one)
    return Drawn(before, request, past)


class Pen:
    def __init__(self, random: Random, subject: Subject, number: int) -> None:
        self.random, self.subject, self.number = random, subject, number
        self.codes = random.choice(subject.codes)
        self.today = random.choice(TODAYS)

    def encounter(self, facility: str, name: str) -> Encounter:
        random, place = self.random, f"{facility}-{name}"
        near = self.today if name == "E0" and self.subject.most > 3 else self.day()
        lines = [self.line(place, number, near) for number in random.sample(range(6), random.randint(0, 4))]
        start, end = sorted([self.near(near), self.near(near)])
        codes = [
            random.choice(("I10", "I10.x00", "I10", "I10", "E11", "Z51", ""))
            for _ in range(random.choice((0, 1, 1, 1)))
        ]
        return Encounter(
            id=f"{self.number}-{name}",
            facility=Facility(id=facility),
            patient=Patient(id=f"P{self.number}"),
            care_type=random.choice(self.subject.care_types),
            start_at=at(start) if random.random() < 0.7 else None,
            end_at=at(end) if random.random() < 0.7 else None,
            death_at=at(self.near(near)) if random.random() < 0.1 else None,
            diagnoses=tuple(
                Diagnosis(code=code, is_principal=random.random() < 0.5, use=random.choice(list(DiagnosisUse)))
                for code in codes
            ),
            procedures=(Procedure(code="39.61"),) if random.random() < 0.1 else (),
            order_lines=tuple(line for line in lines if isinstance(line, OrderLine)),
            charge_lines=tuple(line for line in lines if isinstance(line, ChargeLine)),
        )

    def line(self, place: str, number: int, near: date) -> Line:
        """Its id is its own among all encounters of the patient; any number may be an order or a charge."""
        random = self.random
        fields: dict[str, Any] = {
            "id": f"{place}-L{number}",
            "item_code": random.choice(self.codes),
            "service_date": self.near(near),
            "quantity": Decimal(random.choice(("1", "1", "2"))),
            "amount": random.choice((None, Decimal("7"), Decimal("20000"))),
            "days_supply": random.choice((None, None, 3, 60)),
        }
        if random.random() < 0.4:
            return OrderLine(**fields)
        return ChargeLine(**fields, order_id=random.choice(("", f"{place}-L{random.randint(0, 5)}")))

    def day(self) -> date:
        window = self.random.choice(self.subject.windows)
        edge = self.random.choice(
            (0, 0, 0, window - 2, window - 1, window, window + 1, self.random.randint(0, window + 40))
        )
        return self.today - timedelta(days=edge)

    def near(self, day: date) -> date:
        return day + timedelta(days=self.random.choice((0, 0, 0, 0, -1, 1, -2, 2, -5, 5)))


def at(day: date) -> datetime:
    return datetime.combine(day, time(9))
