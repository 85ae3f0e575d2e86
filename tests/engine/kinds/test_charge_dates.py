"""Charge dates: lines before the admission, after the discharge, after death."""

from datetime import date, datetime, time, timedelta
from functools import partial

import pytest

from app.domain.decision import Stage
from app.domain.encounter import CareType
from app.domain.line import ChargeLine
from app.knowledge.pack import PackError
from tests.engine.kinds import compared
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, line, missing, open_rule

IN, OUT = date(2026, 3, 1), date(2026, 3, 5)
STAY = {"care_type": "inpatient", "start_at": "2026-03-01T23:59:59", "end_at": "2026-03-05T00:00:00"}


def judged(*days, grace_days=0, **fields):
    lines = [line(f"L{number}", "001206000010000", day, amount="10") for number, day in enumerate(days, start=1)]
    stay = {name: value for name, value in {**STAY, **fields}.items() if value is not None}
    return judge("charge_dates", {"grace_days": grace_days}, [], encounter(*lines, **stay))


def days(offset, day):
    return day + timedelta(days=offset)


@pytest.mark.parametrize("care_type", ["inpatient", "day_case"])
@pytest.mark.parametrize(
    ("day", "grace_days", "is_hit"),
    [
        (days(-1, IN), 0, True),
        (IN, 0, False),
        (OUT, 0, False),
        (days(1, OUT), 0, True),
        (days(-1, IN), 1, False),
        (days(-2, IN), 1, True),
        (days(1, OUT), 1, False),
        (days(2, OUT), 1, True),
    ],
)
def test_on_the_edges(care_type, day, grace_days, is_hit):
    """Whole days count: admitted a second before midnight, discharged at midnight, both days are of the stay."""
    judgement = judged(day, grace_days=grace_days, care_type=care_type)
    assert at_fault(judgement) == ([["L1"]] if is_hit else [])
    assert not missing(judgement)


@pytest.mark.parametrize("care_type", ["outpatient", "emergency", "chronic_outpatient", "pharmacy", "internet"])
def test_only_stays_are_judged(care_type):
    judgement = judged(days(-9, IN), days(9, OUT), care_type=care_type)
    assert not judgement.findings
    assert not missing(judgement)


def test_one_finding_per_fault_holds_all_its_lines():
    judgement = judged(days(-1, IN), days(1, OUT), IN, days(-2, IN), days(-1, IN))
    assert at_fault(judgement) == [["L1", "L4", "L5"], ["L2"]]
    assert [finding.facts for finding in judgement.findings] == [
        {"event": "入院", "event_date": "2026-03-01", "side": "前", "dates": "2026-02-27、2026-02-28"},
        {"event": "出院", "event_date": "2026-03-05", "side": "后", "dates": "2026-03-06"},
    ]
    assert amount(judgement) == 40


def test_at_most_five_dates_are_told():
    judgement = judged(*[days(offset, OUT) for offset in (7, 6, 5, 4, 3, 2, 1)])
    assert judgement.findings[0].facts["dates"].split("、") == [f"2026-03-{day:02d}" for day in range(6, 11)]


@pytest.mark.parametrize(
    ("day", "found"), [(date(2026, 3, 3), []), (date(2026, 3, 4), [["L1"]]), (OUT, [["L1"]])], ids=str
)
def test_after_death(day, found):
    judgement = judged(day, death_at="2026-03-03T04:00:00")
    assert at_fault(judgement) == found
    assert {finding.facts["event"] for finding in judgement.findings} <= {"死亡"}


def test_an_open_stay_has_no_end_and_a_stay_without_a_start_says_so():
    assert not judged(days(90, OUT), end_at=None).findings
    judgement = judged(days(-90, IN), days(1, OUT), start_at=None)
    assert at_fault(judgement) == [["L2"]]
    assert missing(judgement) == {"start_at": []}
    assert not missing(judged(start_at=None))  # no lines, nothing to judge


@pytest.mark.parametrize("grace_days", ["-1", "31", "two"])
def test_grace_out_of_reason_is_refused(grace_days):
    with pytest.raises(PackError, match="grace_days"):
        open_rule("charge_dates", {"grace_days": grace_days}, [])


MIDDLE = date(2026, 2, 28)
CLOCK = [time(0, 0), time(12, 30), time(23, 59, 59)]


def moment(random, first, last):
    if random.random() < 0.2:
        return None
    return datetime.combine(days(random.randint(first, last), MIDDLE), random.choice(CLOCK))


def draw(random):
    start, end, death = moment(random, -3, 0), moment(random, 0, 3), moment(random, -1, 3)
    lines = tuple(
        ChargeLine(id=f"L{number}", item_code="H-1", service_date=days(random.randint(-4, 4), MIDDLE))
        for number in range(random.randint(0, 4))
    )
    stay = compared.visit(
        care_type=random.choice((CareType.INPATIENT, CareType.DAY_CASE, CareType.OUTPATIENT, CareType.UNKNOWN)),
        start_at=start,
        end_at=None if start and end and end < start else end,
        death_at=death if random.random() < 0.4 else None,
        charge_lines=lines,
    )
    return stay, None, Stage.ORDERING


def expected(grace_days, stay, _history, _stage):
    if stay.care_type is CareType.OUTPATIENT or not stay.charge_lines:
        return [], set()
    if stay.care_type is CareType.UNKNOWN:
        return [], {"care_type"}
    grace, wanted = timedelta(days=grace_days), {}
    for one in stay.charge_lines:
        after_death = stay.death_at and one.service_date - grace > stay.death_at.date()
        if stay.start_at and one.service_date + grace < stay.start_at.date():
            wanted.setdefault("入院前", set()).add(one.id)
        if stay.end_at and one.service_date - grace > stay.end_at.date() and not after_death:
            wanted.setdefault("出院后", set()).add(one.id)
        if after_death:
            wanted.setdefault("死亡后", set()).add(one.id)
    told = [(event, frozenset(names)) for event, names in wanted.items()]
    return told, set() if stay.start_at else {"start_at"}


def tell(finding):
    return finding.facts["event"] + finding.facts["side"], frozenset(finding.lines)


@oracle_of("charge_dates")
def test_as_the_definition_says():
    variants = [(open_rule("charge_dates", {"grace_days": grace}, []), partial(expected, grace)) for grace in (0, 1, 2)]
    compared.agree_each(variants, draw, tell)


def test_an_unknown_care_type_is_said_and_not_taken_for_an_outpatient_visit():
    judgement = judged(days(1, OUT), care_type="")
    assert not judgement.findings
    assert set(missing(judgement)) == {"care_type"}
