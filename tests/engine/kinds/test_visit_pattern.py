"""Patterns of visits and stays: near misses one by one, and drawn histories against the definitions."""

from decimal import Decimal

import pytest

from app.domain.encounter import CareType
from app.knowledge.pack import PackError
from tests.engine.kinds import oracle
from tests.engine.kinds.build import at_fault, encounter, judge, missing, open_rule
from tests.engine.kinds.compared import at

KIND = "visit_pattern"
WORDS = {"message": "就诊有疑点"}  # a finding without lines has no item to name
IN, OUT, SHOP = CareType.INPATIENT, CareType.OUTPATIENT, CareType.PHARMACY
READMISSION = {"pattern": "readmission", "window_days": 3, "care_types": ["inpatient"]}
PLANNED = [{"excluded_diagnoses": "Z51*"}]
J, K, Z = ([{"code": code, "is_principal": True}] for code in ("J44.900", "K35.800", "Z51.100"))


def stay(first, last=None, id="E", care_type="inpatient", lines="", **fields):
    times = {"start_at": at(first)} | ({} if last is None else {"end_at": at(last)})
    return encounter(*oracle.spelled(lines), id=id, care_type=care_type, **times, **fields)


def found(parameters, points, judged, history=None, **rule):
    return judge(KIND, parameters, points, judged, history, **{**WORDS, **rule})


@pytest.mark.parametrize(
    ("judged", "earlier", "is_hit"),
    [
        (stay(6), stay(0, 3, "H"), True),
        (stay(7), stay(0, 3, "H"), False),
        (stay(3), stay(0, 3, "H"), True),
        (stay(6), stay(0, 3, "H", facility={"id": "OTHER"}), False),
        (stay(6), stay(0, 3, "H", care_type="outpatient"), False),
        (stay(6), stay(0, None, "H"), False),
        (stay(3), stay(3, 3, "H"), False),
        (stay(3), stay(2, 5, "H"), False),
        (stay(6, care_type="outpatient"), stay(0, 3, "H"), False),
        (stay(6, care_type="day_case"), stay(0, 3, "H"), False),
    ],
)
def test_readmission(judged, earlier, is_hit):
    judgement = found(READMISSION, [], judged, [earlier])
    assert bool(judgement.findings) is is_hit
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("now", "before", "is_hit", "lacking"),
    [
        (J, J, True, set()),
        (J, [{"code": "J44.101"}], True, set()),
        (J, [{"code": "J45.900"}], False, set()),
        (J, [*K, {"code": "J44.900"}], False, set()),
        (Z, Z, False, set()),
        ([], J, False, {"diagnoses"}),
        (J, [], False, {"diagnoses"}),
        ([{"code": "J44.900"}, {"code": "K35.800"}], J, False, {"diagnoses"}),
        ([{"code": "慢阻肺", "is_principal": True}], J, False, {"diagnoses"}),
        ([{**J[0], "use": "admission"}, {**K[0], "use": "discharge"}], J, False, set()),
        ([{**K[0], "use": "admission"}, {**J[0], "use": "discharge"}], J, True, set()),
    ],
)
def test_readmission_for_the_same_disease(now, before, is_hit, lacking):
    same = {**READMISSION, "same_disease": True}
    judgement = found(same, PLANNED, stay(6, diagnoses=now), [stay(0, 3, "H", diagnoses=before)])
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


def test_the_last_discharge_counts():
    history = [stay(0, 1, "H1", diagnoses=J), stay(2, 3, "H2", diagnoses=K)]
    same = {**READMISSION, "same_disease": True}
    assert not found(same, [], stay(4, diagnoses=J), history).findings
    (hit,) = found(same, [], stay(4, diagnoses=K), history, message="{other}于{date}出院，{days}天，限{limit}").findings
    assert hit.message == "H2于2026-03-13出院，1天，限3"


@pytest.mark.parametrize("pattern", ["readmission", "frequent_visits", "overlapping_stays", "impossible_presence"])
def test_an_unknown_past_is_said(pattern):
    parameters = {"pattern": pattern, "care_types": ["inpatient"], "most": 1}
    assert set(missing(found(parameters, [], stay(6)))) == {"history"}
    assert not missing(found(parameters, [], stay(6), []))
    assert not missing(found(parameters, [], stay(6, care_type="pharmacy")))
    assert set(missing(found(parameters, [], stay(6, care_type=""), []))) == {"care_type"}


def test_frequent_visits_count_themselves_and_the_first_day_of_the_window():
    parameters = {"pattern": "frequent_visits", "window_days": 3, "most": 2, "care_types": ["outpatient"]}
    out = {"care_type": "outpatient"}
    now = stay(9, lines="a A1 +9 amount=7", **out)
    inside, outside, later = stay(7, id="H1", **out), stay(6, id="H2", **out), stay(10, id="H3", **out)
    shop = stay(8, id="H4", care_type="pharmacy")
    assert not found(parameters, [], now, [inside, outside, later, shop]).findings
    (hit,) = found(parameters, [], now, [inside, stay(9, id="H5", **out)], message="{date}至{until}共{days}次").findings
    assert (hit.message, hit.lines, hit.amount_at_issue) == ("2026-03-17至2026-03-19共3次", (), Decimal(7))


@pytest.mark.parametrize(
    ("first", "last", "nights"),
    [(0, 3, 0), (0, 4, 1), (4, 5, 1), (5, 9, 1), (6, 9, 0), (0, 9, 3), (4, 4, 0), (4, None, 0)],
)
def test_overlapping_stays_share_nights(first, last, nights):
    parameters = {"pattern": "overlapping_stays", "care_types": ["inpatient"]}
    judged = stay(3, 6, lines="a A1 +3 amount=1; b A1 +4 amount=10; c A1 +5 amount=100; d A1 +6 amount=1000")
    judgement = found(parameters, [], judged, [stay(first, last, "H")], message="重叠{days}夜")
    assert [one.message for one in judgement.findings] == ([f"重叠{nights}夜"] if nights else [])
    if nights:
        costs = {3: 1, 4: 10, 5: 100}
        shared = range(max(first, 3), min(last, 6))
        assert judgement.findings[0].amount_at_issue == sum(costs[day] for day in shared)


BED = [{"ignored_code": "BED*"}]


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ("a A1 +1; b A1 +2; c A1 +3", []),
        ("a A1 +1; b BED1 +2; c A1 +3", [["b"]]),
        ("a A1 +1; b BED1 +2; c BED2 +2; d A1 +3; e BED1 +1", [["b", "c"]]),
        ("a A1 +1; c A1 +3", [[]]),
        ("a A1 +1 days_supply=2; c A1 +3", []),
        ("a A1 days_supply=3; c A1 +3", []),
        ("a A1 days_supply=2; b BED1 +2; c A1 +3", [["b"]]),
        ("a A1 +1 start_at=2026-03-11T08:00:00 stop_at=2026-03-12T08:00:00; c A1 +3", []),
        ("a A1 +2; b A1 +3; c BED1; d BED1 +4", [[]]),
    ],
)
def test_empty_bed(lines, faults):
    parameters = {"pattern": "empty_bed", "care_types": ["inpatient"]}
    judgement = found(parameters, BED, stay(0, 4, lines=lines))
    assert at_fault(judgement) == faults
    assert not found({**parameters, "most": 1}, BED, stay(0, 4, lines=lines)).findings
    assert not missing(judgement)


def test_a_stay_of_centuries_is_no_burden():
    judged = encounter(care_type="inpatient", start_at="0001-01-01T00:00:00", end_at="9999-12-31T00:00:00")
    (hit,) = found(
        {"pattern": "empty_bed", "care_types": ["inpatient"]}, BED, judged, message="{days}天：{dates}"
    ).findings
    assert hit.message.startswith("3652057天：0001-01-02、0001-01-03、0001-01-04、0001-01-05、0001-01-06")
    assert hit.message.count("、") == 4


PRESENCE = {"pattern": "impossible_presence", "care_types": ["outpatient"]}


@pytest.mark.parametrize(
    ("lines", "earlier", "faults"),
    [
        ("a A1 +2", stay(1, 4, "H"), [["a"]]),
        ("a A1 +1; b A1 +2; c A1 +3; d A1 +4", stay(1, 4, "H"), [["b", "c"]]),
        ("a A1 +1; d A1 +4", stay(1, 4, "H"), []),
        ("", stay(-2, 2, "H"), [[]]),
        ("a A1 +2", stay(1, 4, "H", care_type="day_case"), []),
        ("a A1 +2", stay(0, 1, "H", death_at=at(1)), [["a"]]),
        ("a A1 +2", stay(0, 1, "H", care_type="emergency", death_at=at(1)), [["a"]]),
        ("a A1 +1", stay(0, 1, "H", death_at=at(1)), []),
    ],
)
def test_impossible_presence(lines, earlier, faults):
    judgement = found(PRESENCE, [], stay(0, care_type="outpatient", lines=lines), [earlier])
    assert at_fault(judgement) == faults


def test_a_stay_is_told_of_the_visits_in_it():
    out = stay(2, id="H", care_type="outpatient")
    (hit,) = found(PRESENCE, [], stay(1, 4, lines="a A1 +2 amount=9"), [out], message="{facility}：{dates}").findings
    assert (hit.message, hit.lines, hit.amount_at_issue) == ("F：2026-03-12", (), Decimal(0))
    assert not found(PRESENCE, [], stay(2, 4), [out]).findings


def test_care_types_are_needed():
    for care_types in ([], [""]):
        with pytest.raises(PackError):
            open_rule(KIND, {"pattern": "readmission", "care_types": care_types}, [])
