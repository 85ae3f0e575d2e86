"""Required companion: an item that stands only beside another, or beside a procedure."""

from datetime import timedelta
from functools import partial

import pytest

from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Procedure
from app.domain.line import ChargeLine
from app.knowledge.pack import PackError
from tests.engine.kinds import agreement, compared
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

ITEM = "003301000060100"
COMPANION, NEIGHBOUR = "003302010010000", "003202010010000"  # 003302* is asked for, 003202* is a near miss
SURGERY = [{"item_code": ITEM, "companion_code": "003302*", "companion_name": "手术治疗"}]


def judged(within, *lines, points=SURGERY, history=None, stage=Stage.ORDERING, **fields):
    return judge("required_companion", {"within": within}, points, encounter(*lines, **fields), history, stage)


@pytest.mark.parametrize(
    ("within", "code", "days", "prescriptions", "is_hit"),
    [
        ("day", COMPANION, 0, "RS", False),
        ("day", COMPANION, 1, "RR", True),
        ("day", COMPANION, -1, "RR", True),
        ("day", NEIGHBOUR, 0, "RR", True),
        ("stay", COMPANION, 9, "RS", False),
        ("stay", NEIGHBOUR, 0, "RR", True),
        ("prescription", COMPANION, 3, "RR", False),
        ("prescription", COMPANION, 0, "RS", True),
        ("prescription", NEIGHBOUR, 0, "RR", True),
    ],
)
def test_beside(within, code, days, prescriptions, is_hit):
    item = line("1", ITEM, prescription_id=prescriptions[0], amount="7")
    other = line("2", code, DAY + timedelta(days=days), prescription_id=prescriptions[1], amount="90")
    judgement = judged(within, item, other)
    assert at_fault(judgement) == ([["1"]] if is_hit else [])
    assert amount(judgement) == (7 if is_hit else 0)
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("days_before", "is_hit"), [(0, False), (1, False), (2, False), (3, True), (-1, True)], ids=str
)
@pytest.mark.parametrize("in_history", [False, True])
def test_before_counts_the_days_up_to_and_with_the_lines_own(days_before, is_hit, in_history):
    points = [{**SURGERY[0], "window_days": "3"}]
    companion = line("2", COMPANION, DAY - timedelta(days=days_before))
    if in_history:
        judgement = judged("before", line("1", ITEM), points=points, history=[encounter(companion, id="earlier")])
    else:
        judgement = judged("before", line("1", ITEM), companion, points=points, history=[])
    assert at_fault(judgement) == ([["1"]] if is_hit else [])


@pytest.mark.parametrize(("window_days", "unknown"), [("1", {}), ("2", {"history": ["1"]})])
def test_before_with_an_unknown_past(window_days, unknown):
    """A past that nobody knows may hold the companion; a window of the day itself needs no past."""
    judgement = judged("before", line("1", ITEM), points=[{**SURGERY[0], "window_days": window_days}])
    assert missing(judgement) == unknown
    assert at_fault(judgement) == ([] if unknown else [["1"]])


def test_before_with_a_companion_at_hand_finds_nothing_whatever_the_past():
    points = [{**SURGERY[0], "window_days": "30"}]
    assert not judged("before", line("1", ITEM), line("2", COMPANION), points=points).findings


@pytest.mark.parametrize("within", ["prescription", "day", "stay"])
def test_other_encounters_count_only_before(within):
    past = encounter(line("2", COMPANION, prescription_id="R"), id="earlier")
    judgement = judged(within, line("1", ITEM, prescription_id="R"), history=[past])
    assert at_fault(judgement) == [["1"]]


@pytest.mark.parametrize(
    ("item_number", "companion_number", "unknown"),
    [("", "R", True), ("", "", True), ("R", "", True), ("R", "S", False)],
)
def test_without_a_prescription_number(item_number, companion_number, unknown):
    lines = line("1", ITEM, prescription_id=item_number), line("2", COMPANION, prescription_id=companion_number)
    judgement = judged("prescription", *lines)
    assert missing(judgement) == ({"line.prescription_id": ["1"]} if unknown else {})
    assert at_fault(judgement) == ([] if unknown else [["1"]])
    assert at_fault(judged("prescription", lines[0])) == [["1"]]  # there is nothing that could stand beside it


@pytest.mark.parametrize(
    ("codes", "stage", "hit", "unknown"),
    [
        (["39.6100"], Stage.ORDERING, False, False),
        (["45.2300", "39.61"], Stage.ORDERING, False, False),
        (["39.5000"], Stage.ORDERING, True, False),
        (["139.6"], Stage.SETTLED, True, False),
        ([], Stage.ORDERING, False, True),
        ([], Stage.SETTLING, False, True),
        ([], Stage.SETTLED, True, False),
        ([""], Stage.ORDERING, False, True),
    ],
)
def test_procedures(codes, stage, hit, unknown):
    """Before the settlement, no procedure at all may mean that none is coded yet."""
    points = [{"item_code": ITEM, "companion_procedures": "39.6*"}]
    judgement = judged("stay", line("1", ITEM), points=points, stage=stage, procedures=[{"code": one} for one in codes])
    assert at_fault(judgement) == ([["1"]] if hit else [])
    assert missing(judgement) == ({"procedures": ["1"]} if unknown else {})


def test_a_line_is_not_its_own_companion_but_another_of_its_code_is():
    points = [{"item_code": ITEM, "companion_code": "0033*"}]
    assert at_fault(judged("day", line("1", ITEM), points=points)) == [["1"]]
    assert at_fault(judged("day", line("1", ITEM), line("2", ITEM), points=points)) == []


def test_every_line_without_a_companion_is_a_finding_of_its_own():
    lines = line("1", ITEM), line("2", ITEM, DAY + timedelta(days=1)), line("3", COMPANION)
    assert at_fault(judged("day", *lines)) == [["2"]]
    assert at_fault(judged("day", *lines[:2])) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"companion_code": "003302*", "companion_name": "手术治疗"}, "手术治疗"),
        ({"companion_code": "003302*|003303*", "companion_procedures": "39.6*"}, "003302*、003303*、39.6*"),
    ],
)
def test_the_companion_is_told(cells, told):
    judgement = judged("stay", line("1", ITEM), points=[{"item_code": ITEM, **cells}], stage=Stage.SETTLED)
    assert [finding.facts for finding in judgement.findings] == [{"companion": told}]


@pytest.mark.parametrize(
    ("within", "cells", "told"),
    [
        ("stay", {}, "no companion"),
        ("before", {"companion_code": COMPANION}, "window_days"),
        ("before", {"companion_code": COMPANION, "window_days": "0"}, "window_days"),
        ("month", {"companion_code": COMPANION}, "within"),
        ("stay", {"companion_code": "手术"}, "pattern"),
    ],
)
def test_what_means_nothing_is_refused(within, cells, told):
    with pytest.raises(PackError, match=told):
        open_rule("required_companion", {"within": within}, [{"item_code": ITEM, **cells, "companion_name": "甲"}])


WINDOW = 4


def rows(random, most):
    return [
        (
            random.choice([ITEM, COMPANION, COMPANION, NEIGHBOUR, "003302"]),
            random.randint(-WINDOW - 1, 1),
            random.choice(["R", "R", "S", ""]),
        )
        for _ in range(random.randint(0, most))
    ]


def draw(random):
    past = None if random.random() < 0.3 else rows(random, 3)
    codes = random.choices(["39.61", "39.5", "96.04"], k=random.randint(0, 2))
    return rows(random, 4), past, codes, random.choice(list(Stage))


def ruleset(within, asks_for):
    cells = {"item_code": ITEM, "window_days": str(WINDOW)}
    if "item" in asks_for:
        cells["companion_code"] = "003302*" if "own" not in asks_for else f"003302*|{ITEM}"
    if "procedure" in asks_for:
        cells["companion_procedures"] = "39.6*"
    return open_rule("required_companion", {"within": within}, [cells])


def companion_of(row, others, within, asks_for):
    """yes, no, or maybe, of all other lines of the encounter."""
    answer = "no"
    for code, offset, number in others:
        if code[:6] != "003302" and not ("own" in asks_for and code == ITEM):
            continue
        if within == "stay" or (within == "day" and offset == row[1]):
            return "yes"
        if within == "before" and offset in range(row[1] - WINDOW + 1, row[1] + 1):
            return "yes"
        if within == "prescription" and number == row[2] != "":
            return "yes"
        if within == "prescription" and "" in (number, row[2]):
            answer = "maybe"
    return answer


def case_of(present, past, procedures, stage):
    def lines(prefix, found):
        return tuple(
            ChargeLine(
                id=f"{prefix}{number}", item_code=code, service_date=DAY + timedelta(days=offset), prescription_id=rx
            )
            for number, (code, offset, rx) in enumerate(found)
        )

    done = tuple(Procedure(code=code) for code in procedures)
    history = None if past is None else (compared.visit("earlier", charge_lines=lines("P", past)),)
    return Case(compared.visit(charge_lines=lines("L", present), procedures=done), stage, history)


def expected(within, asks_for, present, past, procedures, stage):
    hits, unknown = [], set()
    for number, row in enumerate(present):
        if row[0] != ITEM:
            continue
        answers = set()
        if "item" in asks_for:
            answers.add(companion_of(row, present[:number] + present[number + 1 :], within, asks_for))
            if within == "before":
                answers.add("maybe" if past is None else companion_of(row, past, within, asks_for))
        if "procedure" in asks_for:
            is_open = not procedures and stage is not Stage.SETTLED
            answers.add("yes" if "39.61" in procedures else "maybe" if is_open else "no")
        if "maybe" in answers and "yes" not in answers:
            unknown.add(f"L{number}")
        elif "yes" not in answers:
            hits.append((f"L{number}",))
    return hits, lambda missing: {name for names in missing.values() for name in names} == unknown


@oracle_of("required_companion")
def test_as_the_definition_says():
    variants = [
        (ruleset(within, asks_for), partial(expected, within, asks_for))
        for within in ("prescription", "day", "stay", "before")
        for asks_for in (("item",), ("item", "own"), ("procedure",), ("item", "procedure"))
    ]
    agreement.agree(variants, draw, case_of, lambda finding: finding.lines)
