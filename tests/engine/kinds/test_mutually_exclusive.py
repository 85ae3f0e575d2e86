"""Mutually exclusive items: near misses one by one, and every span against a slow reading."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, open_rule

KIND = "mutually_exclusive"


def pair(kept: str = "A1", excluded: str = "B1", **columns: str) -> list[dict[str, str]]:
    return [{"item_code": kept, "excluded_code": excluded, **columns}]


# what, within, window_days, lines, lines at fault
CASES = [
    ("the same day", "day", "", "a A1; b B1", [["b"]]),
    ("whichever is sent first", "day", "", "b B1; a A1", [["b"]]),
    ("the day after", "day", "", "a A1; b B1 +1", []),
    ("the excluded alone", "day", "", "b B1; c B1", []),
    ("the kept alone", "day", "", "a A1; c A1", []),
    ("a neighbour of the kept", "day", "", "a A12; b B1", []),
    ("a neighbour of the excluded", "day", "", "a A1; b B12", []),
    ("every excluded line is at fault", "day", "", "a A1; b B1; c B1", [["b"], ["c"]]),
    ("as many days after", "days", "3", "a A1; b B1 +3", [["b"]]),
    ("one day more after", "days", "3", "a A1; b B1 +4", []),
    ("as many days before", "days", "3", "b B1; a A1 +3", [["b"]]),
    ("one day more before", "days", "3", "b B1; a A1 +4", []),
    ("anywhere in the stay", "stay", "", "a A1; b B1 +300", [["b"]]),
    ("one prescription", "prescription", "", "a A1 prescription_id=R; b B1 +1 prescription_id=R", [["b"]]),
    ("two prescriptions", "prescription", "", "a A1 prescription_id=R; b B1 prescription_id=S", []),
    ("no prescriptions", "prescription", "", "a A1; b B1", []),
]


@pytest.mark.parametrize(
    ("within", "window", "lines", "faults"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_near_misses(within: str, window: str, lines: str, faults: list[list[str]]) -> None:
    found = judge(KIND, {"within": within}, pair(window_days=window), encounter(*oracle.spelled(lines)))
    assert at_fault(found) == faults


@pytest.mark.parametrize(
    ("within", "day", "faults"),
    [("day", "+0", [["b"]]), ("day", "+1", []), ("days", "+2", [["b"]]), ("days", "+3", []), ("stay", "+0", [])],
)
def test_other_encounters_count_only_for_days(within: str, day: str, faults: list[list[str]]) -> None:
    past = [encounter(*oracle.spelled("a A1"), id="H")]
    judged = encounter(*oracle.spelled(f"b B1 {day}"))
    assert at_fault(judge(KIND, {"within": within, "look_back": True}, pair(window_days="2"), judged, past)) == faults
    assert at_fault(judge(KIND, {"within": within}, pair(window_days="2"), judged, past)) == []


def test_the_kept_line_is_named_in_the_words_of_the_finding() -> None:
    judged = encounter(*oracle.spelled("b B1; a A1 +1 item_name=监护费; c A1 +2"))
    (found,) = judge(KIND, {"within": "stay"}, pair(), judged, message="{item}与{kept}（{kept_date}）重复").findings
    assert (found.message, found.related_lines) == ("B1与监护费（2026-03-11）重复", ("a", "c"))


def test_a_span_of_days_needs_its_number() -> None:
    with pytest.raises(PackError, match="gives no window_days"):
        open_rule(KIND, {"within": "days"}, pair())


def beside(within: str, window: int, one: Any, other: Any) -> bool:
    apart = (one.service_date - other.service_date).days
    if within == "prescription":
        return one.prescription_id != "" and one.prescription_id == other.prescription_id
    return within == "stay" or apart == 0 or (within == "days" and -window <= apart <= window)


def expected(
    within: str,
    window: int,
    look_back: bool,
    codes: tuple[str, str],
    judged: Encounter,
    history: Sequence[Encounter] | None,
    _stage: Stage,
) -> tuple[list[oracle.Finding], dict[str, set[str]]]:
    kept, excluded = codes
    looks_back = look_back and within in ("day", "days")
    findings, silent = [], set()
    for one in oracle.counted(judged, excluded):
        others = [other for other in oracle.counted(judged, kept) if other.id != one.id]
        related = [other for other in others if beside(within, window, one, other)]
        if looks_back and not related:  # only where the encounter itself has none
            related = [other for other in oracle.earlier(judged, history, kept) if beside(within, window, one, other)]
        if related:
            findings.append(oracle.finding([one], related, oracle.claimed(one)))
        else:
            silent.add(one.id)
    return findings, {"history": silent} if looks_back and history is None and silent else {}


CODES = ["A1", "A12", "B1", "B12"]
DAYS = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)]


@oracle_of(KIND)
def test_as_the_slow_reading() -> None:
    variants = [
        (
            open_rule(KIND, {"within": within, "look_back": back}, pair(*codes, window_days=str(window))),
            partial(expected, within, window, back, codes),
        )
        for within in ("prescription", "day", "days", "stay")
        for window in ((1, 2, 3, 5) if within == "days" else (1,))
        for back in (False, True)
        for codes in (("A1", "B1"), ("A1|A12", "B1"), ("A1*", "B12"), ("B1", "A1*"), ("A1*", "A12|B1"))
    ]
    compared.agree_each(variants, partial(compared.whole_with_past, codes=CODES, dates=DAYS))
