"""Prophylaxis around an operation: minutes around each limit, and an oracle for each check over drawn stays."""

from datetime import datetime, time, timedelta
from random import Random

import pytest

from app.domain.encounter import Diagnosis, Encounter, Procedure
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, line, missing, open_rule
from tests.engine.kinds.oracle import matches

KIND = "perioperative_antibiotic"
WORDS = {"message": "{procedure}（{begin}）{broken}"}
FIRST, THIRD, OTHER = "XJ01DBA001", "XJ01DDA001", "XA02BCA084"
POINT = {
    "item_code": "XJ01*",
    "operation": "甲状腺手术",
    "procedures": "06.2*|06.4*",
    "max_hours": "24",
    "excluded_diagnoses": "J13-J18|L02*",
    "allowed_code": "XJ01DB*|XJ01DC*",
}
CLEAN = [{"code": "D34.x00"}]
TIMED = [{"code": "06.2x00", "performed_at": "2026-03-10T10:00:00"}]
DATED = [{"code": "06.2x00", "performed_date": "2026-03-10"}]


def judged(*lines, check="duration", procedures=TIMED, diagnoses=CLEAN, **parameters):
    visit = encounter(*lines, procedures=procedures, diagnoses=diagnoses)
    return judge(KIND, {"check": check, **parameters}, [POINT], visit, **WORDS)


def dose(at, code=FIRST, id="a", stop=""):
    times = {"start_at": at} if "T" in at else {}
    return line(id, code, at[:10], **times, **({"stop_at": stop} if stop else {}))


@pytest.mark.parametrize(
    ("procedures", "at", "stop", "is_hit"),
    [
        (TIMED, "2026-03-11T10:00:00", "", False),
        (TIMED, "2026-03-11T10:01:00", "", True),
        (TIMED, "2026-03-11", "", False),
        (TIMED, "2026-03-12", "", True),
        (TIMED, "2026-03-10T09:30:00", "2026-03-11T10:00:00", False),
        (TIMED, "2026-03-10T09:30:00", "2026-03-11T10:00:01", True),
        (DATED, "2026-03-11T23:59:59", "", False),
        (DATED, "2026-03-12", "", True),
        (DATED, "2026-03-11", "", False),
    ],
)
def test_duration(procedures, at, stop, is_hit):
    judgement = judged(dose(at, stop=stop), procedures=procedures)
    assert at_fault(judgement) == ([["a"]] if is_hit else [])
    assert not missing(judgement)


def test_duration_counts_from_the_last_operation_and_allows_for_grace():
    again = [*TIMED, {"code": "06.4x00", "performed_at": "2026-03-12T10:00:00"}]
    assert not judged(dose("2026-03-13T10:00:00"), procedures=again).findings
    assert judged(dose("2026-03-13T10:01:00"), procedures=again).findings
    assert not judged(dose("2026-03-11T16:00:00"), grace_hours="6").findings


def test_one_finding_holds_the_late_lines_and_shows_the_others():
    judgement = judged(dose("2026-03-10T09:30:00"), dose("2026-03-12", THIRD, "b"), dose("2026-03-13", FIRST, "c"))
    assert at_fault(judgement) == [["b", "c"]]
    assert judgement.findings[0].related_lines == ("a",)
    assert (
        judgement.findings[0].message
        == "甲状腺手术（06.2x00）（2026-03-10）预防用药持续到2026-03-13，超过手术开始后24小时"
    )


@pytest.mark.parametrize(
    ("at", "broken"),
    [
        ("2026-03-10T10:00:00", None),
        ("2026-03-10T08:00:00", None),
        ("2026-03-10T07:59:00", "首次用药在手术开始前121分钟"),
        ("2026-03-10T10:01:00", "首次用药在手术开始后1分钟"),
        ("2026-03-11T10:00:00", "首次用药在手术开始后1440分钟"),
        ("2026-03-11T10:01:00", None),
    ],
)
def test_timing(at, broken):
    judgement = judged(dose(at, id="z"), dose("2026-03-12T09:00:00"), check="timing")
    assert [one.facts["broken"] for one in judgement.findings] == ([broken] if broken else [])
    assert at_fault(judgement) == ([["z"]] if broken else [])


def test_timing_needs_both_times():
    assert set(missing(judged(dose("2026-03-10"), check="timing"))) == {"line.start_at"}
    assert not missing(judged(dose("2026-03-11"), check="timing"))
    judgement = judged(dose("2026-03-10T09:00:00"), procedures=DATED, check="timing")
    assert set(missing(judgement)) == {"procedures.performed_at"}


@pytest.mark.parametrize(
    ("at", "code", "is_hit"),
    [
        ("2026-03-10", THIRD, True),
        ("2026-03-09", THIRD, True),
        ("2026-03-11", THIRD, True),
        ("2026-03-08", THIRD, False),
        ("2026-03-12", THIRD, False),
        ("2026-03-10", FIRST, False),
        ("2026-03-10", OTHER, False),
    ],
)
def test_choice(at, code, is_hit):
    judgement = judged(dose(at, code), dose("2026-03-10", FIRST, "b"), check="choice", procedures=DATED)
    assert at_fault(judgement) == ([["a"]] if is_hit else [])


def test_choice_tells_the_first_operation_and_each_drug_once():
    operations = [*DATED, {"code": "06.4x00", "performed_date": "2026-03-12"}]
    lines = [dose("2026-03-10", THIRD), dose("2026-03-13", THIRD, "b"), dose("2026-03-14", THIRD, "c")]
    judgement = judged(*lines, check="choice", procedures=operations)
    assert at_fault(judgement) == [["a", "b"]]
    assert judgement.findings[0].facts["begin"] == "2026-03-10"
    assert judgement.findings[0].facts["broken"] == f"使用了{THIRD}"


@pytest.mark.parametrize("check", ["duration", "choice"])
def test_an_operation_without_a_day_is_said(check):
    judgement = judged(dose("2026-03-20", THIRD), check=check, procedures=[{"code": "06.2x00"}])
    assert set(missing(judgement)) == {"procedures.performed_date"}


@pytest.mark.parametrize(
    ("procedures", "diagnoses", "is_hit", "lacking"),
    [
        ([{"code": "47.0100", "performed_date": "2026-03-10"}], CLEAN, False, set()),
        ([], CLEAN, False, set()),
        (TIMED, [*CLEAN, {"code": "J18.900"}], False, set()),
        (TIMED, [*CLEAN, {"code": "J19.900"}], True, set()),
        (TIMED, [*CLEAN, {"code": "本地肺炎"}], False, {"diagnoses"}),
        (TIMED, [], False, {"diagnoses"}),
    ],
)
def test_when_it_is_prophylaxis(procedures, diagnoses, is_hit, lacking):
    judgement = judged(dose("2026-03-20", THIRD), procedures=procedures, diagnoses=diagnoses)
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


@pytest.mark.parametrize(
    ("check", "column"), [("duration", "max_hours"), ("choice", "allowed_code"), ("timing", "procedures")]
)
def test_a_column_that_the_check_needs(check, column):
    with pytest.raises(PackError, match=column):
        open_rule(KIND, {"check": check}, [POINT | {column: ""}])


def begin_of(operation):
    return operation.performed_at or (
        operation.performed_date and datetime.combine(operation.performed_date, time(23, 59, 59))
    )


def of_duration(lines, operations):
    begins = [begin_of(one) for one in operations]
    if None in begins:
        return "procedures.performed_date"
    uses = [(one.stop_at or one.start_at or datetime.combine(one.service_date, time(0)), one.id) for one in lines]
    return [tuple(id for at, id in uses if (at - max(begins)).total_seconds() > 24 * 3600)]


def of_timing(lines, operations):
    if any(one.performed_at is None for one in operations):
        return "procedures.performed_at"
    begin = min(one.performed_at for one in operations)
    timed = [one for one in lines if one.start_at]
    if any(not one.start_at and one.service_date <= begin.date() for one in lines):
        return "line.start_at"
    if not timed:
        return []
    first = min(timed, key=lambda one: one.start_at)
    minutes = (begin - first.start_at).total_seconds() / 60
    return [(first.id,)] if minutes > 120 or -1440 <= minutes < 0 else []


def of_choice(lines, operations):
    if any(begin_of(one) is None for one in operations):
        return "procedures.performed_date"
    days = [begin_of(one).date() for one in operations]
    return [
        tuple(
            one.id
            for one in lines
            if one.item_code == THIRD and (one.service_date - min(days)).days >= -1
            and (one.service_date - max(days)).days <= 1
        )
    ]  # fmt: skip


def expectation(of):
    def expected(visit):
        lines = [one for one in visit.charge_lines if one.item_code.startswith("XJ01")]
        lines.sort(key=lambda one: one.service_date)
        operations = [one for one in visit.procedures if matches(POINT["procedures"], one.code)]
        if not lines or not operations:
            return [], set()
        if any(matches(POINT["excluded_diagnoses"], one.code) for one in visit.diagnoses):
            return [], set()
        answer = of(lines, operations)
        if isinstance(answer, str):
            return [], {answer}
        hits = [one for one in answer if one]
        if hits and (not visit.diagnoses or any(one.code == "本地" for one in visit.diagnoses)):
            return [], {"diagnoses"}
        return hits, set()

    return expected


MOMENTS = [timedelta(hours=hours, minutes=minutes) for hours in (-26, -2, 0, 24, 48) for minutes in (-1, 0, 1)]


def draw(random: Random) -> Encounter:
    lines = []
    for number in range(random.randrange(1, 4)):
        at = drawn.NOON + random.choice(MOMENTS)
        fields = {}
        if random.random() < 0.8:
            fields["start_at"] = at
            if random.random() < 0.3:
                fields["stop_at"] = at + random.choice(MOMENTS[9:])
        lines.append(drawn.line(number, drawn.one_of(random, FIRST, FIRST, THIRD, OTHER), at.date(), **fields))
    operations = []
    for _ in range(random.randrange(3)):
        when = drawn.one_of(random, *[{"performed_at": drawn.NOON + timedelta(hours=random.choice([0, 0, 24]))}] * 4,
                            {"performed_date": drawn.DAY}, {})  # fmt: skip
        operations.append(Procedure(code=drawn.one_of(random, "06.2x00", "06.4x00", "06.3x00"), **when))
    codes = drawn.one_of(random, *[["D34.x00"]] * 6, [], ["J18.900", "本地"], ["D34.x00", "本地"], ["L03.000"])
    return drawn.encounter(
        tuple(lines), procedures=tuple(operations), diagnoses=tuple(Diagnosis(code=code) for code in codes)
    )


@pytest.mark.parametrize(("check", "of"), [("duration", of_duration), ("timing", of_timing), ("choice", of_choice)])
@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters(check, of):
    drawn.agree(open_rule(KIND, {"check": check}, [POINT], **WORDS), draw, expectation(of))
