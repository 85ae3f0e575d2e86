"""Operations against sex and the principal diagnosis, and an oracle over drawn settlement lists."""

from random import Random

import pytest

from app.domain.encounter import Diagnosis, DiagnosisUse, Encounter, Procedure, Sex
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import encounter, judge, missing, open_rule
from tests.engine.kinds.oracle import matches

KIND = "procedure_fit"
WORDS = {"message": "{procedure}有疑点：{broken}"}
POINTS = [
    {"procedures": "66*|68.2900x031", "operation": "子宫、输卵管手术", "sex": "female"},
    {"procedures": "63.7301", "operation": "输精管部分切除术", "sex": "male"},
    {"procedures": "47.0100|47.0901", "operation": "阑尾切除术", "diagnoses": "K35-K38|D12.1*"},
]


def judged(operations, diagnoses, **patient):
    return judge(
        KIND, {}, POINTS,
        encounter(procedures=operations, diagnoses=diagnoses, patient=patient, start_at="2026-03-10T08:00:00"),
        **WORDS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "sex", "is_hit"),
    [
        ("66.0200", "male", True),
        ("66.0200", "female", False),
        ("68.2900x031", "male", True),
        ("68.2900x032", "male", False),
        ("63.7301", "female", True),
        ("63.7301", "male", False),
        ("63.7302", "female", False),
    ],
)
def test_sex(code, sex, is_hit):
    judgement = judged([{"code": "00.1500"}, {"code": code, "is_principal": True}], [], sex=sex)
    assert bool(judgement.findings) is is_hit
    assert not missing(judgement)


def test_an_unknown_sex_is_said():
    assert set(missing(judged([{"code": "66.0200"}], []))) == {"patient.sex"}


MAIN, OTHER = {"code": "47.0100", "is_principal": True}, {"code": "54.1900"}
K35, I10, LOCAL = {"code": "K35.800"}, {"code": "I10.x00"}, {"code": "阑尾"}
MARKED = {"is_principal": True}


@pytest.mark.parametrize(
    ("operations", "diagnoses", "broken", "lacking"),
    [
        ([MAIN, OTHER], [K35 | MARKED, I10], False, set()),
        ([MAIN, OTHER], [K35, I10 | MARKED], True, set()),
        ([MAIN], [I10], True, set()),
        ([MAIN], [{"code": "K39.000"}], True, set()),
        ([MAIN], [{"code": "D12.100"}], False, set()),
        ([MAIN], [{"code": "D12.200"}], True, set()),
        ([OTHER | MARKED, {"code": "47.0100"}], [I10], False, set()),
        ([OTHER, {"code": "47.0100"}], [I10], False, {"procedures.is_principal"}),
        ([MAIN], [K35, I10], False, {"diagnoses.is_principal"}),
        ([MAIN], [], False, {"diagnoses"}),
        ([MAIN], [LOCAL], False, {"diagnoses"}),
        ([MAIN], [I10 | {"use": "admission"} | MARKED, K35], False, set()),
    ],
)
def test_the_two_principal_codes(operations, diagnoses, broken, lacking):
    judgement = judged(operations, diagnoses)
    assert [one.facts["procedure"] for one in judgement.findings] == (["阑尾切除术（47.0100）"] if broken else [])
    assert set(missing(judgement)) == lacking


def test_the_words_of_a_finding():
    (found,) = judged([MAIN], [I10 | {"name": "高血压"}]).findings
    assert found.message == "阑尾切除术（47.0100）有疑点：主要诊断高血压（I10.x00）不在其对应的诊断之内"
    assert found.facts["diagnosis"] == "高血压（I10.x00）"


def test_a_point_without_a_condition_is_refused():
    with pytest.raises(PackError, match="no condition"):
        open_rule(KIND, {}, [{"procedures": "66*"}])


def only_or_marked(found):
    marked = [one for one in found if one.is_principal]
    return marked[0] if len(marked) == 1 else found[0] if len(found) == 1 and not marked else None


def expected(visit):
    hits, lacking = [], set()
    for point in POINTS:
        named = [one for one in visit.procedures if matches(point["procedures"], one.code)]
        if not named:
            continue
        if "sex" in point:
            if not visit.patient.sex:
                lacking.add("patient.sex")
            elif visit.patient.sex.value != point["sex"]:
                hits += [() for _ in {one.code for one in named}]
            continue
        main = only_or_marked(list(visit.procedures))
        final = [one for one in visit.diagnoses if one.use is not DiagnosisUse.ADMISSION]
        cause = only_or_marked(final)
        if main is None:
            lacking.add("procedures.is_principal")
        elif main in named:
            if cause is None:
                lacking.add("diagnoses.is_principal" if any(one.code for one in visit.diagnoses) else "diagnoses")
            elif cause.code in ("阑尾", ""):
                lacking.add("diagnoses")
            elif not matches(point["diagnoses"], cause.code):
                hits.append(())
    return hits, lacking


OPERATIONS = ["66.0200", "68.2900x031", "68.2900x032", "63.7301", "47.0100", "47.0901", "47.1100", ""]
DISEASES = ["K35.800", "K38.900", "K39.000", "D12.100", "D12.200", "阑尾", ""]


def draw(random: Random) -> Encounter:
    operations = random.sample(OPERATIONS, random.randrange(4))
    diseases = random.sample(DISEASES, random.randrange(4))
    return drawn.encounter(
        patient={"sex": random.choice(list(Sex))},
        procedures=tuple(Procedure(code=code, is_principal=random.random() < 0.4) for code in operations),
        diagnoses=tuple(
            Diagnosis(code=code, is_principal=random.random() < 0.4, use=random.choice(list(DiagnosisUse)))
            for code in diseases
        ),
        start_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)
