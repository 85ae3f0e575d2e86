"""Charges uploaded too late: the second around the limit, and an oracle over drawn visits."""

from datetime import datetime, time, timedelta
from random import Random

import pytest

from app.domain.encounter import CareType, Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, line, missing, open_rule

KIND = "late_upload"
WORDS = {"message": "{dates}的{count}条明细迟传{delay_days}日，限{max_hours}小时"}
PARAMETERS = {"max_hours": "24", "care_types": ["outpatient", "emergency"]}


def judged(*uploads, care_type="outpatient", parameters=PARAMETERS):
    lines = [
        line(f"L{number}", "H", **({"uploaded_at": at} if at else {})) for number, at in enumerate(uploads, start=1)
    ]
    return judge(KIND, parameters, [], encounter(*lines, care_type=care_type), **WORDS)


@pytest.mark.parametrize(
    ("uploaded_at", "is_late"),
    [
        ("2026-03-10T09:00:00", False),
        ("2026-03-11T23:59:59", False),
        ("2026-03-12T00:00:00", False),
        ("2026-03-12T00:00:01", True),
        ("2026-03-09T00:00:00", False),
    ],
)
def test_the_clock_starts_at_the_end_of_the_day(uploaded_at, is_late):
    assert at_fault(judged(uploaded_at)) == ([["L1"]] if is_late else [])


def test_one_finding_holds_all_late_lines_and_tells_the_longest_delay():
    judgement = judged("2026-03-12T00:00:01", "2026-03-10T10:00:00", "2026-03-15T12:00:00")
    assert at_fault(judgement) == [["L1", "L3"]]
    assert judgement.findings[0].message == "2026-03-10的2条明细迟传5日，限24小时"


def test_lines_without_an_upload_time_are_said_beside_the_late_ones():
    judgement = judged("2026-03-20T00:00:00", None)
    assert at_fault(judgement) == [["L1"]]
    assert set(missing(judgement)) == {"line.uploaded_at"}


@pytest.mark.parametrize(("care_type", "lacking"), [("inpatient", set()), ("", {"care_type"})])
def test_other_ways_of_care(care_type, lacking):
    judgement = judged("2026-03-20T00:00:00", care_type=care_type)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking
    assert at_fault(judged("2026-03-20T00:00:00", care_type=care_type, parameters={"max_hours": "24"})) == [["L1"]]


def test_a_limit_out_of_reason_is_refused():
    with pytest.raises(PackError, match="max_hours"):
        open_rule(KIND, {"max_hours": "-1"}, [])


def expected(visit):
    if visit.care_type is CareType.INPATIENT or not visit.charge_lines:
        return [], set()
    if visit.care_type is CareType.UNKNOWN:
        return [], {"care_type"}
    late, unknown = [], False
    for one in visit.charge_lines:
        if one.uploaded_at is None:
            unknown = True
        elif one.uploaded_at > datetime.combine(one.service_date + timedelta(days=2), time(0)):
            late.append(one.id)
    return [tuple(late)] if late else [], {"line.uploaded_at"} if unknown else set()


def draw(random: Random) -> Encounter:
    midnight = datetime.combine(drawn.DAY, time(0))
    offsets = [None, *(timedelta(days=days, seconds=seconds) for days in range(4) for seconds in (-1, 0, 1))]
    lines = []
    for number in range(random.randrange(4)):
        offset = random.choice(offsets)
        fields = {} if offset is None else {"uploaded_at": midnight + offset}
        lines.append(drawn.line(number, "H", drawn.day(random, 1), **fields))
    return drawn.encounter(
        tuple(lines),
        care_type=drawn.one_of(random, CareType.OUTPATIENT, CareType.EMERGENCY, CareType.INPATIENT, CareType.UNKNOWN),
        start_at=drawn.NOON,
    )


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, PARAMETERS, [], **WORDS), draw, expected)
