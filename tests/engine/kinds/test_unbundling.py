"""Unbundling: near misses one by one, and day and stay against a slow reading."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.engine.ruleset import Ruleset
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, open_rule

KIND = "unbundling"
DAY, STAY = {"within": "day"}, {"within": "stay"}


def bundle(members: str = "M1|M2|M3", **columns: str) -> list[dict[str, str]]:
    return [{"item_code": members, "bundle_name": "全套", **columns}]


# what, within, columns, lines, lines at fault, amount
CASES: list[tuple[str, str, dict[str, str], str, list[list[str]], str]] = [
    ("two members without a price", "day", {}, "a M1 amount=5; b M2 amount=7", [["b"]], "7"),
    ("three members without a price", "day", {}, "a M1 amount=5; b M2 amount=7; c M3 amount=9", [["b", "c"]], "16"),
    ("one member twice", "day", {}, "a M1 amount=5; b M1 amount=5", [], "0"),
    ("one member twice and another", "day", {}, "a M1; b M1; c M2 amount=7", [["c"]], "7"),
    ("the day after", "day", {}, "a M1; b M2 +1", [], "0"),
    ("the day after in the stay", "stay", {}, "a M1; b M2 +1 amount=7", [["b"]], "7"),
    ("a neighbour of a member", "day", {}, "a M1; b M12", [], "0"),
    ("one member fewer", "day", {"min_members": "3"}, "a M1; b M2", [], "0"),
    ("as many members", "day", {"min_members": "3"}, "a M1; b M2 amount=1; c M3 amount=2", [["b", "c"]], "3"),
    ("above the price", "day", {"bundle_price": "10"}, "a M1 amount=5; b M2 amount=7", [["a", "b"]], "2"),
    ("below the price", "day", {"bundle_price": "20"}, "a M1 amount=5; b M2 amount=7", [["a", "b"]], "0"),
    ("the bundle too", "day", {"bundle_code": "B"}, "a M1 amount=5; b M2 amount=7; c B amount=9", [["a", "b"]], "12"),
    (
        "the bundle too, with a price",
        "day",
        {"bundle_code": "B", "bundle_price": "10"},
        "c B amount=9; a M1 amount=5; b M2 amount=7",
        [["a", "b"]],
        "12",
    ),
    ("the bundle the day after", "day", {"bundle_code": "B"}, "a M1; b M2 amount=7; c B +1", [["b"]], "7"),
    ("one member beside the bundle", "day", {"bundle_code": "B"}, "a M1; c B", [], "0"),
    (
        "one is enough",
        "day",
        {"bundle_code": "B", "min_members": "1"},
        "a M1 amount=5; c B; d M1 +1 amount=6",
        [["a"]],
        "5",
    ),
    ("a bundle is no member of itself", "day", {"bundle_code": "M3"}, "a M1; c M3", [], "0"),
    ("each day for itself", "day", {}, "a M1; b M2 amount=7; c M1 +1; d M2 +1 amount=8", [["b"], ["d"]], "15"),
]


@pytest.mark.parametrize(
    ("within", "columns", "lines", "faults", "yuan"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_near_misses(within: str, columns: dict[str, str], lines: str, faults: list[list[str]], yuan: str) -> None:
    found = judge(KIND, {"within": within}, bundle(**columns), encounter(*oracle.spelled(lines)))
    assert (at_fault(found), amount(found)) == (faults, Decimal(yuan))


@pytest.mark.parametrize("columns", [{}, {"bundle_price": "3"}, {"bundle_code": "B"}])
def test_an_unknown_amount_stays_unknown(columns: dict[str, str]) -> None:
    found = judge(KIND, DAY, bundle(**columns), encounter(*oracle.spelled("a M1 amount=5; b M2; c B")))
    assert [one.amount_at_issue for one in found.findings] == [None]


def test_the_words_of_a_finding() -> None:
    lines = oracle.spelled("; ".join(f"l{number} M{number} item_name=第{number}项" for number in range(7)))
    points = bundle("M*", bundle_code="B")
    (found,) = judge(KIND, STAY, points, encounter(*lines), message="{bundle_name}分为{members}共{count}项").findings
    assert found.message == "全套分为第0项、第1项、第2项、第3项、第4项等共7项"


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (bundle("M1"), "names fewer than 2 members"),
        (bundle("M1|M2", bundle_code="M2"), "names fewer than 2 members"),
        (bundle(min_members="4"), "names fewer than 4 members"),
        (bundle(min_members="0"), "min_members"),
        (bundle(bundle_price="-1"), "`bundle_price` is -1"),
        (bundle(bundle_price="NaN"), "`bundle_price` is NaN"),
    ],
)
def test_what_a_rule_author_gets_wrong(points: list[dict[str, str]], words: str) -> None:
    with pytest.raises(PackError, match=words):
        open_rule(KIND, DAY, points)


def at_issue(lines: Sequence[Any], whole: Sequence[Any], price: int | None) -> tuple[list[Any], Fraction | None]:
    """The lines at fault and the amount, of the members and the bundle's lines in one window."""
    everything = oracle.total(lines)
    if whole:
        return list(lines), everything
    if price is not None:
        return list(lines), None if everything is None else max(everything - price, Fraction(0))
    rest = [one for one in lines if one.item_code != lines[0].item_code]
    return rest, oracle.total(rest)


def expected(
    within: str,
    members: str,
    least: int,
    price: int | None,
    bundle_code: str,
    judged: Encounter,
    _history: None,
    _stage: Stage,
) -> tuple[list[oracle.Finding], set[str]]:
    findings = []
    days = sorted({one.service_date for one in oracle.counted(judged, "*")})
    for window in [[day] for day in days] if within == "day" else [days]:
        whole = [one for one in oracle.counted(judged, bundle_code) if one.service_date in window]
        lines = [one for one in oracle.counted(judged, members) if one.service_date in window]
        lines = [one for one in lines if one.id not in {other.id for other in whole}]
        if len({one.item_code for one in lines}) >= least:
            faults, yuan = at_issue(lines, whole, price)
            if faults:
                at_fault_ids = {one.id for one in faults}
                related = [*whole, *(one for one in lines if one.id not in at_fault_ids)]
                findings.append(oracle.finding(faults, related, yuan))
    return findings, set()


def variants() -> Iterator[tuple[Ruleset, Any]]:
    for within, members, least, price, code in product(
        ("day", "stay"),
        ("M1|M2|M3", "M1|M12|M2|M3", "M*", "M1*|M3"),
        (1, 2, 3),
        (None, 0, 7, 20),
        ("", "B", "B*", "M3"),
    ):
        if (members, code, least) != ("M1|M2|M3", "M3", 3):  # refused: tested above
            columns = {"min_members": str(least), "bundle_price": "" if price is None else str(price)}
            ruleset = open_rule(KIND, {"within": within}, bundle(members, bundle_code=code, **columns))
            yield ruleset, partial(expected, within, members, least, price, code)


@oracle_of(KIND)
def test_as_the_slow_reading() -> None:
    codes, dates = ["M1", "M12", "M2", "M3", "B", "B1", "C"], [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]
    compared.agree_each(list(variants()), lambda random: (compared.whole(random, codes, dates), None, Stage.ORDERING))
