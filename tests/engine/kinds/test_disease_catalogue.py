"""What an approved outpatient disease pays for, and an oracle over drawn visits."""

from random import Random

import pytest

from app.domain.encounter import CareType, Coverage, Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, line, missing, open_rule
from tests.engine.kinds.oracle import matches

KIND = "disease_catalogue"
POINTS = [
    {"disease_code": "M03900", "disease": "高血压", "item_code": "X*|Z*", "allowed_code": "XC02*|XC09*"},
    {"disease_code": "M01600|M01601", "disease": "糖尿病", "item_code": "X*|Z*", "allowed_code": "XA10*"},
]


def judged(disease, *codes, care_type="chronic_outpatient"):
    lines = [line(f"L{number}", code, amount="10") for number, code in enumerate(codes, start=1)]
    coverage = {"chronic_disease": disease}
    return judge(KIND, {}, POINTS, encounter(*lines, coverage=coverage, care_type=care_type))


@pytest.mark.parametrize(
    ("disease", "codes", "found"),
    [
        ("M03900", ["XC09AAK017", "XA10BAE031"], [["L2"]]),
        ("M03900", ["XC09AAK017", "XC02CAC046"], []),
        ("M03900", ["ZA05CAC0029", "XC10AAA001"], [["L1", "L2"]]),
        ("M03900", ["002503020030000", "T001700368"], []),
        ("M01601", ["XA10BAE031", "XC09AAK017"], [["L2"]]),
        ("M99999", ["XN02AAA001"], []),
    ],
)
def test_the_catalogue_of_the_disease(disease, codes, found):
    judgement = judged(disease, *codes)
    assert at_fault(judgement) == found
    assert not missing(judgement)


@pytest.mark.parametrize("care_type", ["outpatient", "inpatient", "pharmacy", ""])
def test_only_visits_for_the_disease_are_judged(care_type):
    judgement = judged("M03900", "XA10BAE031", care_type=care_type)
    assert not judgement.findings
    assert not missing(judgement)


def test_an_unknown_disease_is_said_only_where_something_could_lie_outside():
    assert set(missing(judged("", "XA10BAE031"))) == {"coverage.chronic_disease"}
    assert not missing(judged("", "002503020030000"))


def test_the_words_of_a_finding():
    judgement = judge(
        KIND, {}, POINTS,
        encounter(line("a", "XA10BAE031", item_name="二甲双胍"), line("b", "XA10BAE031", item_name="二甲双胍"),
                  coverage={"chronic_disease": "M03900"}, care_type="chronic_outpatient"),
        message="{items}不在{disease}范围",
    )  # fmt: skip
    assert [one.message for one in judgement.findings] == ["二甲双胍不在高血压范围"]


@pytest.mark.parametrize("column", ["disease_code", "item_code", "allowed_code"])
def test_a_column_that_must_be_filled(column):
    with pytest.raises(PackError, match=column):
        open_rule(KIND, {}, [POINTS[0] | {column: ""}])


def expected(visit):
    if visit.care_type is not CareType.CHRONIC_OUTPATIENT:
        return [], set()
    disease, hits, unknown = visit.coverage.chronic_disease, [], False
    for point in POINTS:
        outside = tuple(
            one.id
            for one in sorted(visit.charge_lines, key=lambda one: one.service_date)
            if matches(point["item_code"], one.item_code) and not matches(point["allowed_code"], one.item_code)
        )
        if outside and not disease:
            unknown = True
        elif outside and matches(point["disease_code"], disease):
            hits.append(outside)
    return hits, {"coverage.chronic_disease"} if unknown else set()


CODES = ["XC02CAC046", "XC09AAK017", "XC10AAA001", "XA10BAE031", "ZA05CAC0029", "002503020030000", ""]


def draw(random: Random) -> Encounter:
    return drawn.encounter(
        tuple(drawn.line(n, random.choice(CODES), drawn.day(random, 1)) for n in range(random.randrange(4))),
        coverage=Coverage(chronic_disease=drawn.one_of(random, "", "M03900", "M01600", "M01601", "M01602")),
        care_type=drawn.one_of(random, CareType.CHRONIC_OUTPATIENT, CareType.CHRONIC_OUTPATIENT, CareType.OUTPATIENT),
        start_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, message="{items}有疑点"), draw, expected)
