"""Overlays: every exception and adjustment names a rule that is there, ends, and says why and by whom."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decision import Severity
from app.knowledge.overlay import Overlays, RuleException, read_overlays
from app.knowledge.pack import PackError, read_packs
from app.knowledge.rule import Status
from tests.knowledge.build import write_csv, write_rule

EXCEPTIONS = "rule,point,department,start,end,reason,approved_by"
ADJUST = "rule,status,severity,start,end,reason,approved_by"
RULE = "item-for-other-sex"
WHEN = "2026-01-01,2026-06-30,专科医院,李主任"


def read(root: Path) -> Overlays:
    return read_overlays(root, read_packs(root))


def faults(root: Path) -> list[str]:
    with pytest.raises(PackError) as caught:
        read(root)
    return str(caught.value).splitlines()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_rule(tmp_path)
    return tmp_path


def test_without_overlays_there_are_none(root: Path) -> None:
    assert read(root) == Overlays()


def test_exceptions_hold_where_their_folder_says(root: Path) -> None:
    write_csv(root / "areas/430700/exceptions.csv", EXCEPTIONS, f"{RULE},K1,,{WHEN}")
    write_csv(root / "hospitals/H43/exceptions.csv", EXCEPTIONS, f"{RULE},,D07,{WHEN}")
    told = {"rule": RULE, "start": date(2026, 1, 1), "end": date(2026, 6, 30)} | {
        "reason": "专科医院",
        "approved_by": "李主任",
    }
    assert read(root).exceptions == (
        RuleException(**told, point="K1", area="430700"),
        RuleException(**told, department="D07", facility="H43"),
    )


def test_adjustments_hold_where_their_folder_says(root: Path) -> None:
    write_csv(root / "areas/430700/adjust.csv", ADJUST, f"{RULE},trial,,{WHEN}")
    write_csv(root / "hospitals/H43/adjust.csv", ADJUST, f"{RULE},,slightly_suspect,{WHEN}")
    area, hospital = read(root).adjustments
    assert (area.status, area.severity, area.area, area.facility) == (Status.TRIAL, None, "430700", "")
    assert (hospital.status, hospital.severity, hospital.facility) == (None, Severity.SLIGHTLY_SUSPECT, "H43")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"no-such-rule,,,{WHEN}", "line 2: there is no rule 'no-such-rule'"),
        (f"{RULE},K9,,{WHEN}", f"line 2: the rule {RULE!r} has no point 'K9'"),
        (f"{RULE},,,2026-01-01,,专科医院,李主任", "line 2: the cell 'end' is blank; fill it"),
        (f"{RULE},,,,2026-06-30,专科医院,李主任", "line 2: the cell 'start' is blank"),
        (f"{RULE},,,2026-01-01,2026-06-30,,李主任", "line 2: the cell 'reason' is blank"),
        (f"{RULE},,,2026-01-01,2026-06-30,   ,李主任", "line 2: the cell 'reason' is blank"),
        (f"{RULE},,,2026-01-01,2026-06-30,专科医院,", "line 2: the cell 'approved_by' is blank"),
        (f"{RULE},,,2026-01-01,2026-06-31,专科医院,李主任", "line 2: end is '2026-06-31'"),
        (f"{RULE},,,2026-07-01,2026-06-30,专科医院,李主任", "line 2: it ends on 2026-06-30, before it starts"),
        (f"{RULE},,,2026-01-01,2026-06-30,专科医院", "line 2: 6 cells, but 7 columns"),
    ],
)
def test_faults_of_exceptions_name_file_and_line(root: Path, row: str, told: str) -> None:
    file = write_csv(root / "hospitals/H43/exceptions.csv", EXCEPTIONS, row)
    (fault,) = faults(root)
    assert fault.startswith(str(file))
    assert told in fault


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (f"no-such-rule,draft,,{WHEN}", "there is no rule"),
        (f"{RULE},,,{WHEN}", "it changes nothing; fill status or severity"),
        (f"{RULE},retired,,{WHEN}", "an overlay retires no rule; write draft"),
        (f"{RULE},off,,{WHEN}", "status is 'off'"),
        (f"{RULE},,mild,{WHEN}", "severity is 'mild'"),
        (f"{RULE},draft,,2026-01-01,,专科医院,李主任", "the cell 'end' is blank"),
    ],
)
def test_faults_of_adjustments_name_file_and_line(root: Path, row: str, told: str) -> None:
    file = write_csv(root / "areas/430700/adjust.csv", ADJUST, row)
    (fault,) = faults(root)
    assert fault.startswith(f"{file} line 2: ")
    assert told in fault


@pytest.mark.parametrize(
    ("status", "wanted", "is_down"),
    [
        ("active", "trial", True),
        ("active", "draft", True),
        ("active", "active", True),
        ("trial", "draft", True),
        ("trial", "active", False),
        ("draft", "trial", False),
        ("draft", "active", False),
        ("retired", "trial", False),
    ],
)
def test_status_goes_down_only(tmp_path: Path, status: str, wanted: str, is_down: bool) -> None:
    write_rule(tmp_path, status=status)
    write_csv(tmp_path / "hospitals/H43/adjust.csv", ADJUST, f"{RULE},{wanted},,{WHEN}")
    if is_down:
        assert read(tmp_path).adjustments[0].status == wanted
    else:
        assert f"the rule is {status}; an overlay may only step down" in faults(tmp_path)[0]


def test_two_adjustments_of_a_rule_may_follow_each_other_but_not_overlap(root: Path) -> None:
    file, why = root / "areas/430700/adjust.csv", "专科医院,李主任"
    first = f"{RULE},trial,,2026-01-01,2026-06-30,{why}"
    write_csv(file, ADJUST, first, f"{RULE},draft,,2026-07-01,2026-12-31,{why}")
    assert len(read(root).adjustments) == 2
    write_csv(file, ADJUST, first, f"{RULE},draft,,2026-06-30,2026-12-31,{why}")
    assert "line 3: a row above adjusts 'item-for-other-sex' on the same days" in faults(root)[0]


def test_an_overlay_cannot_speak_of_a_rule_that_holds_elsewhere(root: Path) -> None:
    write_rule(root, "rule-of-area", place="areas/430700")
    write_rule(root, "rule-of-hospital", place="hospitals/H43")
    write_csv(root / "areas/999900/exceptions.csv", EXCEPTIONS, f"rule-of-area,,,{WHEN}")
    write_csv(root / "hospitals/H99/exceptions.csv", EXCEPTIONS, f"rule-of-hospital,,,{WHEN}")
    assert ["holds for 430700 only" in faults(root)[0], "holds for H43 only" in faults(root)[1]] == [True, True]
    write_csv(root / "areas/999900/exceptions.csv", EXCEPTIONS)
    write_csv(root / "hospitals/H99/exceptions.csv", EXCEPTIONS, f"rule-of-area,,,{WHEN}")
    assert len(read(root).exceptions) == 1, "a hospital may lie in the area"


def test_a_rule_without_knowledge_has_one_point_named_after_it(tmp_path: Path) -> None:
    write_rule(tmp_path, "charge-outside-stay", kind="charge_dates", rows=(), message="{dates}之{event}不符")
    file = tmp_path / "hospitals/H43/exceptions.csv"
    write_csv(file, EXCEPTIONS, f"charge-outside-stay,charge-outside-stay,,{WHEN}")
    assert len(read(tmp_path).exceptions) == 1
    write_csv(file, EXCEPTIONS, f"charge-outside-stay,K1,,{WHEN}")
    assert "has no point 'K1'" in faults(tmp_path)[0]


def test_all_faults_of_all_overlays_are_told_at_once(root: Path) -> None:
    write_csv(root / "areas/430700/exceptions.csv", EXCEPTIONS, f"a,,,{WHEN}", f"b,,,{WHEN}")
    write_csv(root / "areas/430700/adjust.csv", ADJUST, f"c,draft,,{WHEN}")
    write_csv(root / "hospitals/H43/exceptions.csv", "rule,point")
    assert len(faults(root)) == 4


DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 20))


@given(
    st.sampled_from(["", "K1"]),
    st.sampled_from(["", "D07"]),
    st.sampled_from(["K1", "K2"]),
    st.lists(st.tuples(DAYS, st.sampled_from(["", "D07", "D08"])), max_size=3),
)
def test_an_exception_covers_what_it_covers_wholly(
    point: str, department: str, found_point: str, places: list[tuple[date, str]]
) -> None:
    start, end = date(2026, 1, 5), date(2026, 1, 15)
    exception = RuleException(
        rule=RULE, point=point, department=department, start=start, end=end, reason="x", approved_by="y"
    )
    holds = point in ("", found_point)
    for day, where in places:
        holds = holds and start <= day <= end and department in ("", where)
    assert exception.covers(found_point, places) is holds
