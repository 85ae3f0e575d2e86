"""Quantity limits: near misses one by one, and every measure within every span against a slow reading."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, line, missing, open_rule

KIND = "quantity_limit"


def limit(value: str, code: str = "A1", **columns: str) -> list[dict[str, str]]:
    return [{"item_code": code, "limit": value, **columns}]


# what, measure and per, columns, lines, lines of another encounter, lines at fault
CASES = [
    ("the limit itself", "quantity line", "A1 3", "a A1 quantity=3", "", ""),
    ("a little more", "quantity line", "A1 3", "a A1 quantity=3.01", "", "a"),
    ("a neighbour code", "times stay", "A1 1", "a A1; b A12", "", ""),
    ("codes count together", "times stay", "A1|A12 1", "a A1; b A12", "", "b"),
    ("in the order sent", "times stay", "A1|A12 2", "a A1; b A12; c A1", "", "c"),
    ("the day after", "times day", "A1 1", "a A1; b A1 +1", "", ""),
    ("the same day", "times day", "A1 1", "a A1; b A1", "", "b"),
    ("two prescriptions", "times prescription", "A1 1", "a A1 prescription_id=R1; b A1 prescription_id=R2", "", ""),
    ("no prescription", "times prescription", "A1 1", "a A1; b A1", "", ""),
    ("one prescription", "times prescription", "A1 1", "a A1 prescription_id=R; b A1 prescription_id=R", "", "b"),
    ("first day of the window", "times rolling", "A1 1 15", "b A1 +14", "a A1", "b"),
    ("day before the window", "times rolling", "A1 1 15", "b A1 +15", "a A1", ""),
    ("a window of one day", "times rolling", "A1 1 1", "b A1", "a A1", "b"),
    ("the whole month", "times month", "A1 1", "b A1 2026-03-31", "a A1 2026-03-01", "b"),
    ("the next month", "times month", "A1 1", "b A1 2026-04-01", "a A1 2026-03-31", ""),
    ("the month a year ago", "times month", "A1 1", "b A1 2026-03-10", "a A1 2025-03-10", ""),
    ("the whole year", "times year", "A1 1", "b A1 2026-12-31", "a A1 2026-01-01", "b"),
    ("the next year", "times year", "A1 1", "b A1 2027-01-01", "a A1 2026-12-31", ""),
    ("other encounters of the stay", "times stay", "A1 1", "b A1", "a A1", ""),
    ("both doses of a day too many", "days stay", "A1 1", "a A1; b A1 +1; c A1 +1", "", "b c"),
    ("days of supply", "days stay", "A1 3", "a A1 days_supply=3; b A1 +1", "", "b"),
    ("one ingredient, two makers", "distinct stay", "X* 1", "a XA01AAA001A; b XA01AAA001B", "", ""),
    ("both makers too many", "distinct stay", "X* 1", "a XA01AAA001A; b XA01AAA002A; c XA01AAA002B", "", "b c"),
]


@pytest.mark.parametrize(
    ("how", "columns", "lines", "past", "faults"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_near_misses(how: str, columns: str, lines: str, past: str, faults: str) -> None:
    measure, per = how.split()
    code, most, *window = columns.split()
    point = limit(most, code, window_days="".join(window))
    history = [encounter(*oracle.spelled(past), id="H")]
    found = judge(KIND, {"measure": measure, "per": per}, point, encounter(*oracle.spelled(lines)), history)
    assert at_fault(found) == ([faults.split()] if faults else [])


@pytest.mark.parametrize(("extra", "times", "faults"), [(0, 2, []), (0, 3, [["l2"]]), (1, 3, []), (1, 4, [["l3"]])])
def test_as_many_as_the_days_of_the_stay(extra: int, times: int, faults: list[list[str]]) -> None:
    stay = {"start_at": "2026-03-10T23:00:00", "end_at": "2026-03-12T01:00:00"}
    judged = encounter(*(line(f"l{number}", "A1") for number in range(times)), **stay)
    parameters = {"measure": "times", "per": "stay", "limit_is_stay_days": True, "extra": extra}
    assert at_fault(judge(KIND, parameters, limit(""), judged)) == faults


def test_only_the_part_past_the_limit_is_at_issue() -> None:
    judged = encounter(line("a", "A1", quantity=2, amount=20), line("b", "A1", quantity=4, amount=100))
    found = judge(KIND, {"measure": "quantity", "per": "stay"}, limit("3"), judged)
    assert (at_fault(found), amount(found)) == ([["b"]], Decimal(75))
    assert found.findings[0].facts == {"total": "6", "limit": "3", "excess": "3"}


def test_a_stay_without_admission_cannot_be_measured() -> None:
    found = judge(
        KIND, {"measure": "times", "per": "stay", "limit_is_stay_days": True}, limit(""), encounter(line("a", "A1"))
    )
    assert missing(found) == {"start_at": ["a"]}


@pytest.mark.parametrize(("last_day", "faults"), [(1, [["c"]]), (2, [])])
def test_a_stay_that_lasts_is_measured_to_its_last_line(last_day: int, faults: list[list[str]]) -> None:
    judged = encounter(*oracle.spelled(f"a A1; b A1; c A1; d Z +{last_day}"), start_at="2026-03-10T08:00:00")
    assert (
        at_fault(judge(KIND, {"measure": "times", "per": "stay", "limit_is_stay_days": True}, limit(""), judged))
        == faults
    )


@pytest.mark.parametrize(
    ("amounts", "past", "faults", "unknown"),
    [
        ("a A1 amount=9", "h A1", [], {"line.amount": ["a"]}),
        ("a A1 amount=9", "h A1 amount=1; i A1 amount=1", [["a"]], {}),
        ("a A1 amount=11", "h A1", [["a"]], {}),
        ("a A1; b A1 amount=11", "", [], {"line.amount": ["b"]}),
    ],
)
def test_an_unknown_amount_may_have_used_the_limit_up(amounts: str, past: str, faults: Any, unknown: Any) -> None:
    history = [encounter(*oracle.spelled(past), id="H")]
    found = judge(KIND, {"measure": "amount", "per": "year"}, limit("10"), encounter(*oracle.spelled(amounts)), history)
    assert (at_fault(found), missing(found)) == (faults, unknown)


@pytest.mark.parametrize(
    ("parameters", "points", "words"),
    [
        ({"measure": "times", "per": "stay"}, limit(""), "gives no limit"),
        ({"measure": "times", "per": "stay"}, limit("NaN"), "`limit` is NaN"),
        ({"measure": "times", "per": "stay"}, limit("-1"), "`limit` is -1"),
        ({"measure": "times", "per": "rolling"}, limit("1"), "gives no window_days"),
        ({"measure": "times", "per": "fortnight"}, limit("1"), "fortnight"),
    ],
)
def test_what_a_rule_author_gets_wrong(parameters: dict[str, Any], points: list[dict[str, str]], words: str) -> None:
    with pytest.raises(PackError, match=words):
        open_rule(KIND, parameters, points)


# The slow reading: every line covers a stretch of the sum; what of the stretch lies past the limit is at fault.


def group_of(per: str, window: int, one: Any) -> Any:
    day = one.service_date
    return {
        "line": id(one),
        "prescription": one.prescription_id or id(one),
        "day": day,
        "stay": 0,
        "month": day.isoformat()[:7],
        "year": day.year,
    }[per]


def token(measure: str, one: Any) -> Any:
    """Lines with the same token count once."""
    if measure == "distinct":
        return one.item_code[:10] if one.item_code[0] == "X" else one.item_code[:11]
    return one.service_date if measure == "days" and one.days_supply is None else id(one)


def size(measure: str, one: Any) -> Fraction | None:
    if measure == "amount":
        return oracle.claimed(one)
    return Fraction({"quantity": one.quantity, "days": one.days_supply or 1}.get(measure, 1))


def past_shares(measure: str, most: Fraction, lines: list[Any]) -> list[Fraction]:
    """The part, from 0 to 1, of each line that lies past the limit."""
    firsts = {token(measure, one): one for one in reversed(lines)}
    parts, start = {}, Fraction(0)
    for one in lines:
        if firsts[token(measure, one)] is one and (length := size(measure, one)):
            parts[token(measure, one)] = max(start + length - max(start, most), Fraction(0)) / length
            start += length
    return [parts.get(token(measure, one), Fraction(0)) for one in lines]


def counted_together(
    per: str, window: int, lines: list[Any], before: list[Any]
) -> list[tuple[list[Any], list[Any], list[Any]]]:
    """Lines of other encounters, of this one, and those of them that may be at fault."""
    if per != "rolling":
        groups = {key: [o for o in lines if group_of(per, window, o) == key] for key in _keys(per, window, lines)}
        return [([b for b in before if group_of(per, window, b) == key], group, group) for key, group in groups.items()]
    spoken = []
    for day in dict.fromkeys(one.service_date for one in lines):
        days = {day - timedelta(days=number) for number in range(window)}
        spoken.append(
            (
                [b for b in before if b.service_date in days],
                [o for o in lines if o.service_date in days],
                [o for o in lines if o.service_date == day],
            )
        )
    return spoken


def _keys(per: str, window: int, lines: list[Any]) -> list[Any]:
    return list(dict.fromkeys(group_of(per, window, one) for one in lines))


def expected(
    measure: str,
    per: str,
    most: int,
    window: int,
    judged: Encounter,
    history: Sequence[Encounter] | None,
    _stage: Stage,
) -> tuple[list[oracle.Finding], dict[str, set[str]]]:
    lines, before = oracle.counted(judged, "A1|X*"), oracle.earlier(judged, history, "A1|X*")
    looks_back = per in ("rolling", "month", "year")
    spoken = counted_together(per, window, lines, before if looks_back else [])
    findings, unknown, silent = [], set(), {one.id for one in lines}
    for others, group, suspects in spoken:
        parts = past_shares(measure, Fraction(most), others + group)[len(others) :]
        faults = [(one, part) for one, part in zip(group, parts, strict=True) if part and one in suspects]
        unsure = [one for one in group if size(measure, one) is None] or (
            not faults and [one for one in others if size(measure, one) is None]
        )
        if unsure:
            unknown.add(group[-1].id)
            silent.discard(group[-1].id)
        elif faults:
            amounts = [None if (full := oracle.claimed(one)) is None else full * part for one, part in faults]
            whole = None if None in amounts else sum((one for one in amounts if one is not None), Fraction(0))
            at = {id(one) for one, _ in faults}
            related = [*others, *(one for one in group if id(one) not in at)]
            findings.append(oracle.finding([one for one, _ in faults], related, whole))
            silent.discard(group[-1].id)
    absent = {"line.amount": unknown} if unknown else {}
    if looks_back and history is None and silent:
        absent["history"] = silent
    return findings, absent


CODES = ["A1", "A12", "XA01AAA001A", "XA01AAA001B", "XA01AAA002A"]
DAYS = [date(2025, 12, 31), *(date(2026, 1, day) for day in (1, 2, 3, 4, 31)), date(2026, 2, 1)]


@oracle_of(KIND)
def test_as_the_slow_reading() -> None:
    variants = [
        (
            open_rule(KIND, {"measure": measure, "per": per}, limit(str(most), "A1|X*", window_days=str(window))),
            partial(expected, measure, per, most, window),
        )
        for measure in ("quantity", "times", "days", "distinct", "amount")
        for per in ("line", "prescription", "day", "stay", "rolling", "month", "year")
        for most in (0, 1, 2, 3, 17)
        for window in ((1, 2, 3, 32) if per == "rolling" else (1,))
    ]
    compared.agree_each(variants, partial(compared.whole_with_past, codes=CODES, dates=DAYS))
