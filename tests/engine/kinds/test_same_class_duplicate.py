"""Same-class duplicate: how many ingredients of one class are used at once."""

from datetime import datetime, time, timedelta
from functools import partial
from itertools import combinations

import pytest

from app.domain.case import Case
from app.domain.line import ChargeLine
from app.knowledge.pack import PackError
from tests.engine.kinds import agreement, compared
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

A, A_OTHER_MAKER = "XA02BCA001A001010100001", "XA02BCA001B002020200002"
B, C = "XA02BCA002A001010100001", "XA02BCA003A001010100001"
OUTSIDE = "XA02BAA001A001010100001"  # of the neighbouring class
CLASS = [{"item_code": "XA02BC*", "class_name": "质子泵抑制剂"}]
NEXT_DAY = DAY + timedelta(days=1)


def moment(hour, minute=0):
    return datetime.combine(DAY, time()) + timedelta(hours=hour, minutes=minute)


def at(hour, minute=0):
    return moment(hour, minute).isoformat()


def judged(within, *lines, most=1, **rule):
    return judge("same_class_duplicate", {"within": within, "most": most}, CLASS, encounter(*lines), **rule)


@pytest.mark.parametrize(
    ("within", "second", "is_hit"),
    [
        ("day", line("2", B), True),
        ("day", line("2", B, NEXT_DAY), False),
        ("day", line("2", A_OTHER_MAKER), False),
        ("day", line("2", OUTSIDE), False),
        ("stay", line("2", B, NEXT_DAY), True),
        ("stay", line("2", A_OTHER_MAKER, NEXT_DAY), False),
        ("prescription", line("2", B, prescription_id="R"), True),
        ("prescription", line("2", B, prescription_id="S"), False),
        ("prescription", line("2", A_OTHER_MAKER, prescription_id="R"), False),
    ],
)
def test_together(within, second, is_hit):
    judgement = judged(within, line("1", A, prescription_id="R"), second)
    assert at_fault(judgement) == ([["2"]] if is_hit else [])
    assert [finding.related_lines for finding in judgement.findings] == ([("1",)] if is_hit else [])
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("stop", "start", "is_hit"),
    [(at(8), at(8, 1), False), (at(8), at(8), True), (at(9), at(8), True), (at(8), None, True), (None, at(9), True)],
    ids=["a minute after", "the same minute", "during", "no start", "no stop"],
)
def test_times_that_meet(stop, start, is_hit):
    first = line("1", A, start_at=at(0), stop_at=stop)
    second = line("2", B, start_at=start, stop_at=at(12))
    assert bool(judged("day", first, second).findings) is is_hit
    assert bool(judged("day", second, first).findings) is is_hit


def test_a_switch_and_back_is_no_duplicate_though_all_three_stand_in_the_stay():
    lines = (
        line("1", A, start_at=at(0), stop_at=at(10)),
        line("2", B, NEXT_DAY, start_at=at(24), stop_at=at(30)),
        line("3", A, NEXT_DAY, start_at=at(40), stop_at=at(50)),
    )
    assert not judged("stay", *lines).findings
    assert at_fault(judged("stay", *lines, line("4", C, NEXT_DAY, start_at=at(29), stop_at=at(35)))) == [["4"]]


def test_lines_that_are_not_in_use_then_are_not_told():
    """B ended before C began, so A and C are at once, and so are A and B, but never three."""
    judgement = judged(
        "day",
        line("1", A, start_at=at(0), stop_at=at(20), item_name="甲"),
        line("2", B, start_at=at(1), stop_at=at(2), item_name="乙"),
        line("3", C, start_at=at(3), stop_at=at(4), item_name="丙"),
        most=1,
        message="同时使用{count}种{class_name}（{names}）",
    )
    assert at_fault(judgement) == [["2", "3"]]
    assert judgement.findings[0].message == "同时使用2种质子泵抑制剂（甲、乙、丙）"


def test_one_ingredient_is_allowed_where_the_rule_does_not_say():
    judgement = judge("same_class_duplicate", {"within": "day"}, CLASS, encounter(line("1", A), line("2", B)))
    assert at_fault(judgement) == [["2"]]


@pytest.mark.parametrize(("most", "found"), [(1, [["2", "3"]]), (2, [["3"]]), (3, [])])
def test_most(most, found):
    judgement = judged("day", line("1", A), line("2", B, amount="5"), line("3", C, amount="7"), most=most)
    assert at_fault(judgement) == found
    assert amount(judgement) == {1: 12, 2: 7, 3: 0}[most]


def test_order_is_by_date_and_then_as_sent():
    """A is sent first of all but on a later day: on the first day B was there before it."""
    lines = line("1", A, NEXT_DAY), line("2", B), line("3", A)
    judgement = judged("stay", *lines)
    assert at_fault(judgement) == [["3", "1"]]
    assert judgement.findings[0].related_lines == ("2",)


def test_one_finding_per_group_names_each_ingredient_once():
    judgement = judged(
        "day",
        line("1", A, item_name="奥美拉唑"),
        line("2", B, item_name="雷贝拉唑"),
        line("3", A_OTHER_MAKER, item_name="奥美拉唑（另一厂家）"),
        line("4", B, NEXT_DAY),
        line("5", C, NEXT_DAY),
    )
    assert at_fault(judgement) == [["2"], ["5"]]
    assert judgement.findings[0].related_lines == ("1", "3")
    assert judgement.findings[0].facts == {"class_name": "质子泵抑制剂", "count": "2", "names": "奥美拉唑、雷贝拉唑"}


def test_without_a_prescription_number():
    judgement = judged("prescription", line("1", A), line("2", B))
    assert not judgement.findings
    assert missing(judgement) == {"line.prescription_id": ["1", "2"]}
    assert not missing(judged("prescription", line("1", A), line("2", A_OTHER_MAKER), line("3", OUTSIDE)))


@pytest.mark.parametrize(
    ("parameters", "told"), [({}, "within"), ({"within": "month"}, "within"), ({"within": "day", "most": "0"}, "most")]
)
def test_parameters_that_mean_nothing_are_refused(parameters, told):
    with pytest.raises(PackError, match=told):
        open_rule("same_class_duplicate", parameters, CLASS)


INGREDIENTS = {A: "a", A_OTHER_MAKER: "a", B: "b", C: "c", OUTSIDE: None}


def drawn_row(random):
    start = random.randint(0, 6)
    return (
        random.choice(list(INGREDIENTS)),
        random.choice([DAY, DAY, NEXT_DAY]),
        random.choice(["R", "R", "S", ""]),
        random.choice([None, (start, random.randint(start, 6)), (start, None)]),
    )


def meet(one, other):
    """Two rows are at once unless both say when, and one is over before the other begins."""
    if None in (one[3], other[3]) or None in (*one[3], *other[3]):
        return True
    return not (one[3][1] < other[3][0] or other[3][1] < one[3][0])


def expected_of(group, most):
    """Every set of lines of which each two are at once: slow, and as the definition says."""
    rank = {}
    for _, row in group:
        rank.setdefault(INGREDIENTS[row[0]], len(rank))
    wrong, involved, count = set(), set(), 0
    for size in range(1, len(group) + 1):
        for chosen in combinations(group, size):
            if not all(meet(one[1], other[1]) for one, other in combinations(chosen, 2)):
                continue
            ranks = sorted({rank[INGREDIENTS[row[0]]] for _, row in chosen})
            if len(ranks) > most:
                count = max(count, len(ranks))
                involved |= {name for name, _ in chosen}
                wrong |= {name for name, row in chosen if rank[INGREDIENTS[row[0]]] in ranks[most:]}
    return frozenset(wrong), frozenset(involved - wrong), count


def expected(within, most, present):
    groups, unknown = {}, set()
    members = [(f"L{number}", row) for number, row in enumerate(present) if INGREDIENTS[row[0]]]
    members.sort(key=lambda member: (member[1][1], int(member[0][1:])))
    for name, row in members:
        key = {"day": row[1], "stay": "stay", "prescription": row[2]}[within]
        if key == "":
            unknown.add(name)
        else:
            groups.setdefault(key, []).append((name, row))
    if len({INGREDIENTS[row[0]] for _, row in members}) <= most:
        unknown = set()
    wanted = [found for group in groups.values() if (found := expected_of(group, most))[0]]
    return wanted, {"line.prescription_id": unknown} if unknown else {}


def case_of(present):
    lines = []
    for number, (code, day, rx, times) in enumerate(present):
        start, stop = (None if hour is None else moment(hour) for hour in times or (None, None))
        lines.append(
            ChargeLine(
                id=f"L{number}", item_code=code, service_date=day, prescription_id=rx, start_at=start, stop_at=stop
            )
        )
    return Case(compared.visit(charge_lines=tuple(lines)))


@oracle_of("same_class_duplicate")
def test_as_the_definition_says():
    variants = [
        (open_rule("same_class_duplicate", {"within": within, "most": most}, CLASS), partial(expected, within, most))
        for within in ("prescription", "day", "stay")
        for most in (1, 2)
    ]
    agreement.agree(
        variants,
        lambda random: ([drawn_row(random) for _ in range(random.randint(0, 5))],),
        case_of,
        lambda one: (frozenset(one.lines), frozenset(one.related_lines), int(one.facts["count"])),
    )
