"""Examinations made elsewhere: near misses one by one, and drawn histories against the definition."""

import pytest

from app.domain.decision import Stage
from app.domain.encounter import CareType
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, missing, open_rule
from tests.engine.kinds.compared import visit

KIND = "repeated_elsewhere"
POINTS = [{"item_code": "A1|A2", "window_days": "3"}]
EMERGENCY = {"excluded_care_types": ["emergency"]}


def judged(lines, *history, parameters=(), points=POINTS, **fields):
    past = [encounter(*oracle.spelled(text), id=f"H{place}", facility={"id": place}) for place, text in history]
    one = encounter(*oracle.spelled(lines), **{"care_type": "outpatient", **fields})
    return judge(KIND, dict(parameters), points, one, past)


@pytest.mark.parametrize(
    ("lines", "place", "earlier", "faults"),
    [
        ("a A1 +3", "G", "x A1", [["a"]]),
        ("a A1 +4", "G", "x A1", []),
        ("a A1", "G", "x A1", [["a"]]),
        ("a A1", "G", "x A1 +1", []),
        ("a A1 +3", "F", "x A1", []),
        ("a A1 +3", "G", "x A2", [["a"]]),
        ("a A1 +3", "G", "x A12", []),
        ("a A12 +3", "G", "x A1", []),
        ("a A1 +3; b A2 +2; c A1 +4", "G", "x A1", [["a"], ["b"]]),
    ],
)
def test_near_misses(lines, place, earlier, faults):
    judgement = judged(lines, (place, earlier))
    assert at_fault(judgement) == faults
    assert not missing(judgement)


def test_emergencies_may_not_wait():
    history = ("G", "x A1")
    assert not judged("a A1", history, parameters=EMERGENCY, care_type="emergency").findings
    assert judged("a A1", history, parameters=EMERGENCY).findings
    assert missing(judged("a A1", history, parameters=EMERGENCY, care_type="")) == {"care_type": ["a"]}
    assert judged("a A1", history, care_type="").findings
    assert not missing(judged("a B1", history, parameters=EMERGENCY, care_type=""))


def test_an_unknown_past_is_said():
    one = encounter(*oracle.spelled("a A1; b B1"))
    assert missing(judge(KIND, {}, POINTS, one)) == {"history": ["a"]}


def test_the_latest_is_told():
    past = [
        encounter(*oracle.spelled(f"x A1 +{day} item_name=第{day}次"), id=place, facility={"id": place})
        for place, day in (("G", 2), ("K", 1))
    ]
    one = encounter(*oracle.spelled("a A1 +3"))
    (found,) = judge(KIND, {}, POINTS, one, past, message="{days}天前{date}在{facility}做过{other}").findings
    assert found.message == "1天前2026-03-12在G做过第2次"
    assert len(found.related_lines) == 2


@pytest.mark.parametrize("window", ["", "0", "400"])
def test_a_window_is_needed(window):
    with pytest.raises(PackError):
        open_rule(KIND, {}, [{"item_code": "A1", "window_days": window}])


DRAWN = [{"item_code": "A1|A2", "window_days": "2"}, {"item_code": "B*", "window_days": "1"}]


def expected(one, history, _stage):
    findings, lacking = [], set()
    for line in one.charge_lines if one.care_type is not CareType.EMERGENCY else ():
        for point in DRAWN:
            if not oracle.matches(point["item_code"], line.item_code):
                continue
            if history is None:
                lacking.add("history")
                continue
            related = [
                other
                for past in history
                if past.facility.id != "F"
                for other in past.charge_lines
                if oracle.matches(point["item_code"], other.item_code)
                and (line.service_date - other.service_date).days in range(int(point["window_days"]) + 1)
            ]
            if related and not one.care_type:
                lacking.add("care_type")
            elif related:
                findings.append(oracle.finding([line], related, oracle.claimed(line)))
    return findings, lacking


@oracle_of(KIND)
def test_as_the_definition():
    codes = ["A1", "A2", "A11", "B1", "B2", "C"]

    def draw(random):
        history = tuple(
            visit(id=f"H{place}", facility=place, charge_lines=compared.charges(random, codes, 3, place, spread=5))
            for place in "FGK"
            if random.random() < 0.5
        )
        care_type = random.choice((CareType.OUTPATIENT, CareType.INPATIENT, CareType.EMERGENCY, CareType.UNKNOWN))
        one = visit(care_type=care_type, charge_lines=compared.charges(random, codes, 4, spread=5))
        return one, None if random.random() < 0.1 else history, Stage.SETTLED

    compared.agree(open_rule(KIND, EMERGENCY, DRAWN), draw, expected)
