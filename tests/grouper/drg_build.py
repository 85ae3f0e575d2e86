"""Stays, and schemes to group them by; the published ones lie beside this repository, where they are there at all."""

import gzip
import json
from functools import cache
from pathlib import Path
from random import Random

import pytest

from app.application.load_scheme import load_scheme
from app.domain.encounter import Sex
from app.domain.stay import Stay

TABLES = Path(__file__).parents[3] / "shared" / "data" / "drg"
SCHEMES = sorted(path.stem for path in (TABLES / "schemes").glob("*.zip"))
CASES = sorted(path.name.removesuffix(".jsonl.gz") for path in (TABLES / "cases").glob("*.jsonl.gz"))
needs_tables = pytest.mark.skipif(not SCHEMES, reason="the published schemes are not beside this repository")


@cache
def published(name):
    return load_scheme(TABLES / "schemes" / f"{name}.zip")


def published_cases(name):
    """Each case object with what is expected of it."""
    with gzip.open(TABLES / "cases" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            document = json.loads(line)
            yield document["case"], tuple(document["expected"][field] for field in ("status", "mdc", "adrg", "drg"))


def stay(*diagnoses, procedures=(), **fields):
    given = {"sex": Sex.MALE, "age_years": 50, "diagnoses": diagnoses, "procedures": tuple(procedures)}
    return Stay(**{**given, **fields})


def outcome(grouping):
    return grouping.status.value, grouping.mdc, grouping.adrg, grouping.drg


def stay_of(case):
    """The stay of a case object whose fields have the right types."""
    return Stay(
        sex={"1": Sex.MALE, "2": Sex.FEMALE}.get(case["gender"], Sex.UNKNOWN),
        age_years=case["age"],
        age_days=case["ageDay"],
        weight_grams=case["weight"],
        department=case["dept"],
        stay_days=case["inHospitalTime"],
        icu_hours=case["icuHours"],
        discharge_disposition=case["leavingType"],
        diagnoses=tuple(case["zdList"]),
        procedures=tuple(case["ssList"]),
    )


class Draw:
    """Random case objects, most of them aimed at a rule of the scheme: with codes of the lists that it names."""

    def __init__(self, oracle, seed):
        self.random = Random(seed)
        self.lists = {name: sorted(codes) for name, codes in oracle.lists.items()}
        self.complications = sorted({*oracle.tables["mcc"], *oracle.tables["cc"]})
        self.valid = sorted(oracle.valid)
        self.rules = [rule for rules in oracle.rules.values() for rule in rules]
        self.mdcs = {mdc["mdc"]: mdc["condition"] for mdc in oracle.mdcs}
        self.splits = oracle.splits
        self.is_procedure = {name: codes[0][0].isdigit() for name, codes in self.lists.items()}

    def case(self):
        pick, random = self.random.choice, self.random
        rule = pick(self.rules)
        conditions = [self.mdcs[rule["mdc"]], rule["condition"]]
        if splits := self.splits.get(rule["seq"]):
            conditions.append(pick(splits)["condition"])
        named = [name for text in conditions for name in text.replace("(", " ").replace(")", " ").split()]
        lists = [name for name in named if name in self.lists]
        chosen = [pick(self.lists[name]) for name in lists]
        dx = [code for name, code in zip(lists, chosen, strict=True) if not self.is_procedure[name]]
        procedures = [code for name, code in zip(lists, chosen, strict=True) if self.is_procedure[name]]
        dx += [pick(self.complications) for _ in range(random.choice((0, 0, 1, 2, 5)))]
        procedures += [pick(self.valid) for _ in range(random.choice((0, 0, 0, 1, 2)))]
        if random.random() < 0.3:
            random.shuffle(dx)
        if random.random() < 0.3:
            random.shuffle(procedures)
        return {"zdList": dx or [pick(self.complications)], "ssList": procedures, **self._person()}

    def _person(self):
        random = self.random
        age = random.choice((0, 0, 6, 13, 14, 16, 17, 18, 40, 70, None if random.random() < 0.05 else 33))
        return {
            "gender": random.choice("111222x" if random.random() < 0.1 else "12"),
            "age": age,
            "ageDay": random.choice((1, 27, 28, 29, 200, None)) if age == 0 else (age or 1) * 365,
            "weight": random.choice((0, 900, 1000, 1499, 1500, 1999, 2000, 2499, 2500, 4000, None)),
            "dept": random.choice(("28", "0301", "ICU")),
            "inHospitalTime": random.choice((1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 14, 30, 31, 60, 61)),
            "leavingType": random.choice("12345"),
            "icuHours": random.choice((0, 0, 1, 120, 120.5, 121, 300)),
        }
