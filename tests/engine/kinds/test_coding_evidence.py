"""Coded diseases without a trace in what was charged, and an oracle over drawn stays."""

from random import Random

import pytest

from app.domain.encounter import CareType, Diagnosis, DiagnosisUse, Encounter, Procedure
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import encounter, judge, line, missing, open_rule, order
from tests.engine.kinds.oracle import matches

KIND = "coding_evidence"
WORDS = {"message": "{diagnosis}未见{evidence}"}
OXYGEN, VENTILATOR, GAS, OTHER = "001203000010000", "003106030010000", "003106020060000", "001109000010000"
POINTS = [
    {
        "diagnoses": "J96*",
        "disease": "呼吸衰竭",
        "evidence_code": f"{OXYGEN}|003106030*",
        "evidence_procedures": "96.7*",
        "evidence": "吸氧或呼吸机",
    },
    {"diagnoses": "A40-A41", "disease": "脓毒症", "evidence_code": "XJ01*|002505010110000", "evidence": "血培养"},
]


def judged(diagnoses, *codes, of="any", care_type="inpatient", **fields):
    lines = [line(f"L{number}", code) for number, code in enumerate(codes)]
    return judge(
        KIND, {"of": of}, POINTS, encounter(*lines, diagnoses=diagnoses, care_type=care_type, **fields), **WORDS
    )


J96 = {"code": "J96.000"}


@pytest.mark.parametrize(
    ("codes", "procedures", "is_hit"),
    [
        ([OTHER], [], True),
        ([OTHER, GAS], [], True),
        ([OTHER, OXYGEN], [], False),
        ([OTHER, VENTILATOR], [], False),
        ([OTHER], ["96.7101"], False),
        ([OTHER], ["96.6x00"], True),
        ([], [], False),
    ],
)
def test_evidence(codes, procedures, is_hit):
    judgement = judged([J96], *codes, procedures=[{"code": code} for code in procedures])
    assert bool(judgement.findings) is is_hit
    assert not missing(judgement)


def test_an_order_is_evidence_too():
    visit = encounter(line("a", OTHER), order("b", OXYGEN), diagnoses=[J96], care_type="inpatient")
    assert not judge(KIND, {}, POINTS, visit, **WORDS).findings


@pytest.mark.parametrize("care_type", ["outpatient", "emergency"])
def test_only_stays_are_judged(care_type):
    judgement = judged([J96], OTHER, care_type=care_type)
    assert not judgement.findings
    assert not missing(judgement)


def test_what_may_be_the_evidence_is_said():
    assert set(missing(judged([J96], OTHER, "本地吸氧"))) == {"line.item_code"}
    assert set(missing(judged([J96], OTHER, care_type=""))) == {"care_type"}


@pytest.mark.parametrize(
    ("of", "diagnoses", "is_hit", "lacking"),
    [
        ("principal", [J96], True, set()),
        ("secondary", [J96], False, set()),
        ("secondary", [{"code": "I63.900", "is_principal": True}, J96], True, set()),
        ("principal", [{"code": "I63.900", "is_principal": True}, J96], False, set()),
        ("secondary", [{"code": "I63.900"}, J96], False, {"diagnoses.is_principal"}),
        ("any", [{"code": "I63.900"}, J96], True, set()),
        ("any", [J96 | {"use": "admission"}], False, set()),
        ("any", [{"code": "J95.900"}], False, set()),
    ],
)
def test_which_diagnoses(of, diagnoses, is_hit, lacking):
    judgement = judged(diagnoses, OTHER, of=of)
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


def test_the_words_of_a_finding():
    (found,) = judged([J96], OTHER).findings
    assert found.message == "呼吸衰竭（J96.000）未见吸氧或呼吸机"
    assert found.lines == ()


def test_a_point_that_names_no_evidence_is_refused():
    with pytest.raises(PackError, match="evidence"):
        open_rule(KIND, {}, [{"diagnoses": "J96*", "disease": "呼吸衰竭", "evidence": "吸氧"}])


def expected(visit):
    hits, lacking = set(), set()
    for disease in visit.diagnoses:
        for point in POINTS:
            if not matches(point["diagnoses"], disease.code) or disease.use is DiagnosisUse.ADMISSION:
                continue
            if not visit.charge_lines or visit.care_type is CareType.OUTPATIENT:
                continue
            if not visit.care_type:
                lacking.add("care_type")
                continue
            seen = [one for one in visit.charge_lines if matches(point["evidence_code"], one.item_code)]
            seen += [one for one in visit.procedures if matches(point.get("evidence_procedures", "none"), one.code)]
            if seen:
                continue
            if any(one.item_code in ("", "本地") for one in visit.charge_lines):
                lacking.add("line.item_code")
            else:
                hits.add(disease.code)
    return [() for _ in hits], lacking


CODES = [OXYGEN, VENTILATOR, GAS, OTHER, OTHER, "002505010110000", "本地", ""]


def draw(random: Random) -> Encounter:
    diseases = random.sample(["J96.000", "J96.100", "J95.900", "A41.900", "A40.000", "A42.000"], random.randrange(3))
    return drawn.encounter(
        tuple(drawn.line(number, random.choice(CODES)) for number in range(random.randrange(4))),
        diagnoses=tuple(Diagnosis(code=code, use=random.choice(list(DiagnosisUse))) for code in diseases),
        procedures=tuple(Procedure(code=code) for code in random.sample(["96.7101", "96.6x00"], random.randrange(2))),
        care_type=drawn.one_of(
            random, CareType.INPATIENT, CareType.INPATIENT, CareType.DAY_CASE, CareType.OUTPATIENT, CareType.UNKNOWN
        ),
        start_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)
