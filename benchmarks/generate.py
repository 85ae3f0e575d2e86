"""Made-up rules, knowledge and encounters for measuring: the same seed gives the same ones.

A `Spec` is one knowledge point in plain values, which every engine under test is given in its own form. Codes have the
shapes of national codes; names, limits and pairs are invented. Most lines suit their patient, as in life: faults are
strewn in so that an encounter has about two.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Literal

from app.domain.case import age_in_years
from app.domain.encounter import CareType, Diagnosis, Encounter, Facility, Patient, Sex
from app.domain.line import ChargeLine

Test = Literal["sex", "age", "diagnosis", "quantity", "exclusive"]
_SHARES: dict[Test, int] = {"sex": 2, "age": 4, "diagnosis": 6, "quantity": 5, "exclusive": 3}
_POINTS_PER_ITEM = 2.0  # the published national tables hold 1.1 for each code they name
_LINES = 40
_ITEMS_IN_USE = 5_000
_DIAGNOSIS_LIMITS = 1_000  # all packs of a drug share the limits of its payment: as many as the formulary has
_STAY_DAYS = 3
_CATEGORIES = [f"{letter}{number:02d}" for letter in "CEIJKMN" for number in range(10, 70, 10)]
_FIRST_DAY = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Spec:
    """One knowledge point: what it tests, for which item, and the values of the test."""

    rule: str
    point: str
    test: Test
    code: str
    name: str
    sex: str = ""
    low: int = 0
    high: int = 150
    categories: tuple[str, ...] = ()  # three-character ICD-10 categories of which the patient must have one
    limit: int = 0
    kept: str = ""

    def suits(self, sex: str, age: int, categories: Iterable[str]) -> bool:
        """Whether a patient passes what the point asks of patients."""
        if self.test == "sex":
            return self.sex == sex
        if self.test == "age":
            return self.low <= age <= self.high
        return self.test != "diagnosis" or not set(self.categories).isdisjoint(categories)


class World:
    """A catalogue of items, and `points` knowledge points on them that belong to `rules` rules."""

    def __init__(self, rules: int, points: int, seed: int = 20260301) -> None:
        random = Random(f"{seed} world")
        codes = _item_codes(max(60, round(points / _POINTS_PER_ITEM)), random)
        self.names = {code: f"{'药品' if code[0] == 'X' else '项目'}{number:05d}" for number, code in enumerate(codes)}
        self.codes = codes
        self._diagnosis_limits = [
            tuple(random.sample(_CATEGORIES, random.randint(2, 6))) for _ in range(_DIAGNOSIS_LIMITS)
        ]
        tests = random.choices(list(_SHARES), list(_SHARES.values()), k=rules)
        self.specs = [
            self._spec(f"made-up-rule-{number % rules:04d}", f"P{number // rules:05d}", tests[number % rules], random)
            for number in range(points)
        ]
        self.by_code: dict[str, list[Spec]] = {code: [] for code in codes}
        for spec in self.specs:
            self.by_code[spec.code].append(spec)

    def _spec(self, rule: str, point: str, test: Test, random: Random) -> Spec:
        code = random.choice(self.codes)
        name = self.names[code]
        if test == "sex":
            return Spec(rule, point, test, code, name, sex=random.choice(("male", "female")))
        if test == "age":
            low, high = random.choice(((0, 17), (18, 150), (0, 13), (65, 150), (18, 75)))
            return Spec(rule, point, test, code, name, low=low, high=high)
        if test == "diagnosis":
            return Spec(rule, point, test, code, name, categories=random.choice(self._diagnosis_limits))
        if test == "quantity":
            return Spec(rule, point, test, code, name, limit=random.randint(2, 4))
        kept = random.choice(self.codes)
        return Spec(rule, point, test, code, name, kept=kept if kept != code else self.codes[code == self.codes[0]])

    def encounters(self, count: int, seed: int = 1) -> list[Encounter]:
        """Stays of 40 charges in a hospital that uses part of the catalogue, some items far more often than others."""
        random = Random(f"{seed} encounters")
        used = self.codes[:_ITEMS_IN_USE]
        weights = list(accumulate(1 / (rank + 10) for rank in range(len(used))))
        return [self._encounter(f"E{number}", random, used, weights) for number in range(count)]

    def _encounter(self, id: str, random: Random, used: list[str], weights: list[float]) -> Encounter:
        sex = random.choice((Sex.MALE, Sex.FEMALE))
        birth = date(
            2026 - random.choice((3, 10, 25, 40, 55, 66, 72, 80)), random.randint(3, 12), random.randint(3, 28)
        )
        categories = random.sample(_CATEGORIES, 4)
        age = age_in_years(birth, _FIRST_DAY)
        wanted: list[tuple[str, date, int]] = []
        while len(wanted) < _LINES:
            code = random.choices(used, cum_weights=weights)[0]
            if random.random() > 0.013 and not self._suits(code, sex, age, categories):
                continue
            day = _FIRST_DAY + timedelta(days=random.randrange(_STAY_DAYS))
            wanted.append((code, day, 5 if random.random() < 0.025 else random.choice((1, 1, 1, 2))))
            beside = [spec.kept for spec in self.by_code[code] if spec.kept and random.random() < 0.15]
            wanted += [(kept, day, 1) for kept in beside if self._suits(kept, sex, age, categories)]
        return Encounter(
            id=id,
            facility=Facility(id="H00000000001"),
            patient=Patient(id=f"P{id}", sex=sex, birth_date=birth),
            care_type=CareType.INPATIENT,
            start_at=datetime(2026, 3, 2, 8),  # noqa: DTZ001 - local time of the facility
            department="A03",
            diagnoses=tuple(Diagnosis(code=f"{category}.900", name="虚构诊断") for category in categories),
            charge_lines=tuple(self._line(number, *one, random) for number, one in enumerate(wanted[:_LINES], 1)),
        )

    def _suits(self, code: str, sex: str, age: int, categories: list[str]) -> bool:
        return all(spec.suits(sex, age, categories) for spec in self.by_code[code])

    def _line(self, number: int, code: str, day: date, quantity: int, random: Random) -> ChargeLine:
        price = Decimal(random.randint(100, 60_000)) / 100
        return ChargeLine(
            id=f"L{number:02d}",
            service_date=day,
            item_code=code,
            item_name=self.names[code],
            quantity=Decimal(quantity),
            unit_price=price,
            amount=price * quantity,
            uncovered_amount=Decimal("0.00"),
            department="A03",
            prescription_id=f"R{number // 5}",
        )


def _item_codes(count: int, random: Random) -> list[str]:
    letters, found = "ABCDGHJLMNPRSV", dict[str, None]()
    while len(found) < count:
        tail = f"{random.randrange(1000):03d}{random.randrange(10**9):09d}"
        if random.random() < 0.6:
            class_code = (
                f"X{random.choice(letters)}{random.randrange(1, 20):02d}{''.join(random.choices(letters, k=3))}"
            )
            found[f"{class_code}{random.randrange(1000):03d}{random.choice('ABCX')}{tail}"] = None
        else:
            found[f"00{random.randrange(10):d}{tail}"] = None
    return list(found)


_KIND: dict[Test, tuple[str, str, str, str]] = {  # kind, parameters, message, columns
    "sex": ("restricted_use", "{}", "{item}{broken}。", "sex"),
    "age": ("restricted_use", "{}", "{item}{broken}。", "min_age,max_age"),
    "diagnosis": ("restricted_use", "{}", "{item}{broken}，不符合限定支付范围。", "diagnoses"),
    "quantity": (
        "quantity_limit",
        "{measure: quantity, per: day}",
        "{item}每日限{limit}，当日已用{total}，超出{excess}。",
        "limit",
    ),
    "exclusive": (
        "mutually_exclusive",
        "{within: day}",
        "{item}与{kept}不得同日同时收费。",
        "excluded_code,excluded_name",
    ),
}
_RULE = """\
title: 虚构规则{number}
category: 虚构分类
version: 1
status: active
kind: {kind}
severity: definite
in_force:
  2026-01-01: {parameters}
message: "{message}"
remedy: 核对{{item}}的医嘱与费用；有误请更正，确需使用请说明理由。
references:
  - 虚构政策文件，第{number}条
examples:
  - name: 应当提示
    encounter:
      patient: {{sex: male, birth_date: 1960-01-01}}
      diagnoses: [{{code: I63.900}}]
      charge_lines: [{{id: L1, item_code: "{code}", service_date: 2026-03-01, quantity: 9, amount: 100}}]
    hits: [L1]
  - name: 规则生效之前
    encounter:
      patient: {{sex: male, birth_date: 1960-01-01}}
      charge_lines: [{{id: L1, item_code: "{code}", service_date: 2025-03-01, quantity: 9, amount: 100}}]
    hits: []
"""


def write_packs(world: World, root: Path) -> None:
    """The rules as anyone would write them: one folder each with `rule.yaml` and `knowledge.csv`."""
    by_rule: dict[str, list[Spec]] = {}
    for spec in world.specs:
        by_rule.setdefault(spec.rule, []).append(spec)
    for number, (rule, specs) in enumerate(by_rule.items()):
        folder = root / "national" / rule
        folder.mkdir(parents=True)
        kind, parameters, message, columns = _KIND[specs[0].test]
        written = _RULE.format(number=number, kind=kind, parameters=parameters, message=message, code=specs[0].code)
        (folder / "rule.yaml").write_text(written, encoding="utf-8")
        with (folder / "knowledge.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["point", "item_code", "item_name", *columns.split(","), "basis"])
            rows.writerows([spec.point, *_cells(spec, world), "虚构依据，限定支付范围见目录备注"] for spec in specs)


def _cells(spec: Spec, world: World) -> list[str]:
    if spec.test == "exclusive":  # the kept item leads the row; the item at fault follows
        return [spec.kept, world.names[spec.kept], spec.code, spec.name]
    if spec.test == "age":
        limits = [str(spec.low or ""), "" if spec.high == 150 else str(spec.high)]
        return [spec.code, spec.name, *limits]
    tail = {"sex": spec.sex, "diagnosis": "|".join(f"{one}*" for one in spec.categories), "quantity": str(spec.limit)}
    return [spec.code, spec.name, tail[spec.test]]
