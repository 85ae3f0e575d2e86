"""Diagnoses against sex and age: the days around a limit, and an oracle that counts birthdays one by one."""

from datetime import date, timedelta
from random import Random

import pytest

from app.domain.encounter import Diagnosis, Encounter, Sex
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import encounter, judge, line, missing, open_rule
from tests.engine.kinds.oracle import matches

KIND = "diagnosis_fit"
WORDS = {"message": "{diagnosis}有疑点：{broken}"}
POINTS = [
    {"diagnoses": "C61*|N40*", "disease": "前列腺疾病", "sex": "male"},
    {"diagnoses": "P22*", "disease": "新生儿呼吸窘迫", "max_age_days": "28"},
    {"diagnoses": "N95*", "disease": "绝经期疾患", "sex": "female", "min_age": "35"},
    {"diagnoses": "M08-M09", "disease": "幼年型关节炎", "max_age": "17"},
]


def judged(code, **patient):
    return judge(
        KIND,
        {},
        POINTS,
        encounter(diagnoses=[{"code": code}], patient=patient, start_at="2026-03-10T08:00:00"),
        **WORDS,
    )


@pytest.mark.parametrize(
    ("code", "patient", "broken"),
    [
        ("C61.x00", {"sex": "female"}, "限男性，患者为女性"),
        ("C61.x00", {"sex": "male"}, None),
        ("C62.900", {"sex": "female"}, None),
        ("P22.000", {"birth_date": "2026-02-10"}, None),
        ("P22.000", {"birth_date": "2026-02-09"}, "限出生28天内，患者出生29天"),
        ("N95.100", {"sex": "female", "birth_date": "1991-03-10"}, None),
        ("N95.100", {"sex": "female", "birth_date": "1991-03-11"}, "限35岁及以上，患者34岁"),
        ("N95.100", {"sex": "male", "birth_date": "1991-03-11"}, "限女性，患者为男性；限35岁及以上，患者34岁"),
        ("N95.100", {"sex": "male"}, "限女性，患者为男性"),
        ("M08.000", {"birth_date": "2008-03-11"}, None),
        ("M09.000", {"birth_date": "2008-03-10"}, "限17岁及以下，患者18岁"),
    ],
)
def test_on_the_edges(code, patient, broken):
    judgement = judged(code, **patient)
    assert [one.facts["broken"] for one in judgement.findings] == ([broken] if broken else [])


@pytest.mark.parametrize(
    ("code", "patient", "fact"),
    [
        ("C61.x00", {}, "patient.sex"),
        ("P22.000", {}, "patient.birth_date"),
        ("P22.000", {"birth_date": "2026-03-11"}, "patient.birth_date"),
        ("N95.100", {"sex": "female"}, "patient.birth_date"),
    ],
)
def test_what_is_not_known_is_said(code, patient, fact):
    judgement = judged(code, **patient)
    assert not judgement.findings
    assert set(missing(judgement)) == {fact}


@pytest.mark.parametrize(
    ("fields", "is_hit"),
    [
        (
            {"diagnoses": [{"code": "P22.000", "diagnosed_date": "2026-01-05"}], "start_at": "2026-03-10T08:00:00"},
            False,
        ),
        ({"diagnoses": [{"code": "P22.000"}], "start_at": "2026-03-10T08:00:00"}, True),
        ({"diagnoses": [{"code": "P22.000"}]}, False),
    ],
)
def test_the_day_is_that_of_the_diagnosis_then_of_the_start_then_of_the_first_line(fields, is_hit):
    visit = encounter(line("a", "X", date(2026, 3, 1)), line("b", "X", date(2026, 1, 3)),
                      patient={"birth_date": "2026-01-01"}, **fields)  # fmt: skip
    assert bool(judge(KIND, {}, POINTS, visit, **WORDS).findings) is is_hit


def test_without_any_day_the_age_is_not_known():
    codes = [{"code": "P22.000"}, {"code": "M08.000"}]
    visit = encounter(diagnoses=codes, patient={"birth_date": "1990-01-01"}, end_at="2026-03-10T08:00:00")
    assert set(missing(judge(KIND, {}, POINTS, visit, **WORDS))) == {"start_at"}


def test_the_same_diagnosis_twice_is_one_finding_and_the_words_name_it():
    codes = [{"code": "C61.x00"}, {"code": "C61.x00"}, {"code": "N40.x00", "name": "增生"}]
    visit = encounter(diagnoses=codes, patient={"sex": "female"}, start_at="2026-03-10T08:00:00")
    found = judge(KIND, {}, POINTS, visit, message="{diagnosis}{broken}").findings
    assert [one.facts["diagnosis"] for one in found] == ["前列腺疾病（C61.x00）", "增生（N40.x00）"]


def test_a_point_without_a_condition_is_refused():
    with pytest.raises(PackError, match="no condition"):
        open_rule(KIND, {}, [{"diagnoses": "C61*"}])


def years(birth_date, when):
    count = 0
    while True:
        try:
            birthday = birth_date.replace(year=birth_date.year + count + 1)
        except ValueError:
            birthday = date(birth_date.year + count + 1, 3, 1)
        if birthday > when:
            return count
        count += 1


def expected(visit):
    hits, lacking = [], set()
    days = [one.service_date for one in visit.charge_lines]
    told = set()
    for diagnosis in visit.diagnoses:
        when = diagnosis.diagnosed_date or (visit.start_at and visit.start_at.date()) or (min(days) if days else None)
        birth_date = visit.patient.birth_date
        for point in POINTS:
            if not matches(point["diagnoses"], diagnosis.code):
                continue
            wrong, unknown = [], []
            if "sex" in point:
                (unknown if not visit.patient.sex else wrong).append(
                    "patient.sex" if not visit.patient.sex else visit.patient.sex.value != point["sex"]
                )
            if {"min_age", "max_age", "max_age_days"} & point.keys():
                if when is None:
                    unknown.append("start_at")
                elif birth_date is None or birth_date > when:
                    unknown.append("patient.birth_date")
                elif "max_age_days" in point:
                    wrong.append((when - birth_date).days > int(point["max_age_days"]))
                else:
                    low, high = int(point.get("min_age", 0)), int(point.get("max_age", 200))
                    wrong.append(not low <= years(birth_date, when) <= high)
            if any(wrong):
                if (diagnosis.code, when) not in told:
                    hits.append(())
                told.add((diagnosis.code, when))
            elif unknown:
                lacking.add(unknown[0])
    return hits, lacking


BIRTHS = [None, date(2026, 2, 10), date(2026, 2, 9), date(2008, 3, 10), date(2008, 3, 11), date(1991, 3, 10),
          date(1991, 3, 11), date(1992, 2, 29), date(2026, 3, 11)]  # fmt: skip


def draw(random: Random) -> Encounter:
    codes = random.sample(["C61.x00", "N40.x00", "P22.000", "P23.000", "N95.100", "M08.000", "M10.000", "本地"], 2)
    diagnosed = drawn.one_of(random, None, None, date(2026, 3, 9))
    return drawn.encounter(
        tuple(drawn.line(number, "X", drawn.day(random)) for number in range(random.randrange(3))),
        {"sex": random.choice(list(Sex)), "birth_date": random.choice(BIRTHS)},
        diagnoses=tuple(Diagnosis(code=code, diagnosed_date=diagnosed) for code in codes),
        start_at=drawn.one_of(random, None, drawn.NOON, drawn.NOON - timedelta(days=1)),
        end_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)
