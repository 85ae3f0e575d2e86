"""Charges that cannot be: near misses one by one, and drawn encounters against the definition."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.domain.decision import Stage
from app.domain.encounter import FacilityLevel
from app.knowledge.pack import PackError
from tests.engine.kinds import compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, missing, open_rule
from tests.engine.kinds.compared import visit

KIND = "phantom_charge"


def judged(columns, lines, **fields):
    return judge(KIND, {}, [{"item_code": "A1|A2", **columns}], encounter(*oracle.spelled(lines), **fields))


@pytest.mark.parametrize(
    ("columns", "department", "is_hit", "lacking"),
    [
        ({"departments": "A28*"}, "A28", False, set()),
        ({"departments": "A28*"}, "A28.01", False, set()),
        ({"departments": "A28*"}, "A04", True, set()),
        ({"departments": "A28*"}, "", False, {"department"}),
        ({"departments": "A28*"}, "0412", False, {"department"}),
        ({"departments": "A28*"}, "骨科", False, {"department"}),
        ({"departments": "A28*|0412"}, "0413", True, set()),
        ({"departments": "A28*|0412"}, "0412", False, set()),
        ({"excluded_departments": "A03*"}, "A03.04", True, set()),
        ({"excluded_departments": "A03*"}, "A04", False, set()),
        ({"excluded_departments": "A03*"}, "", False, {"department"}),
        ({"facility_levels": "tertiary"}, "", False, {"facility.level"}),
        ({"facility_types": "1"}, "", False, {"facility.type"}),
    ],
)
def test_departments(columns, department, is_hit, lacking):
    judgement = judged(columns, "a A1", department=department)
    assert bool(judgement.findings) is is_hit
    assert set(missing(judgement)) == lacking


def test_the_department_of_the_line_goes_first():
    assert at_fault(judged({"departments": "A28"}, "a A1 department=A04; b A2", department="A28")) == [["a"]]


@pytest.mark.parametrize(
    ("facility", "is_hit"),
    [
        ({"level": "tertiary", "type": "1"}, False),
        ({"level": "primary", "type": "1"}, True),
        ({"level": "tertiary", "type": "2"}, True),
        ({"level": "primary"}, True),
    ],
)
def test_facilities(facility, is_hit):
    judgement = judged({"facility_levels": "tertiary|secondary", "facility_types": "1"}, "a A1", facility=facility)
    assert bool(judgement.findings) is is_hit
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("columns", "lines", "faults", "total"),
    [
        ({"most_per_day": "2"}, "a A1 quantity=2 amount=8", [], "0"),
        ({"most_per_day": "2"}, "a A1 quantity=3 amount=9", [["a"]], "3"),
        ({"most_per_day": "2"}, "a A1 quantity=2; b A2 amount=4", [["b"]], "4"),
        ({"most_per_day": "2"}, "a A1 amount=4; b A2 quantity=3 amount=6; c A1 amount=1", [["b", "c"]], "5"),
        ({"most_per_day": "2"}, "a A1 quantity=2; b A2 +1 quantity=2", [], "0"),
        ({"most_per_stay": "2"}, "a A1 quantity=2; b A2 +1 amount=4", [["b"]], "4"),
        ({"most_per_stay": "2"}, "a A1 quantity=2; b A12 +1", [], "0"),
        ({"most_per_day": "2", "most_per_stay": "3"}, "a A1 quantity=2; b A1 +1 quantity=2 amount=8", [["b"]], "4"),
    ],
)
def test_how_often(columns, lines, faults, total):
    judgement = judged(columns, lines)
    assert (at_fault(judgement), amount(judgement)) == (faults, Decimal(total))
    assert not missing(judgement)


def test_what_stands_in_the_wrong_place_does_not_count():
    columns = {"departments": "A28*", "most_per_day": "1"}
    lines = "a A1 department=A28; b A2 department=A04; c A1 department=A28; d A1 department=A04"
    assert sorted(at_fault(judged(columns, lines))) == [["b"], ["c"], ["d"]]


def test_a_number_past_the_most_is_told_though_the_place_is_unknown():
    judgement = judged({"departments": "A28*", "most_per_day": "1"}, "a A1; b A1 amount=5")
    assert (at_fault(judgement), missing(judgement)) == ([["b"]], {"department": ["a"]})


def test_the_words_of_a_finding():
    columns = {"departments": "A28*", "most_per_day": "2"}
    for lines, reason in [
        ("a A1 department=A04", "科室 A04 不开展"),
        ("a A1 quantity=3 department=A28", "同日共3，最多2"),
    ]:
        one = encounter(*oracle.spelled(lines))
        (found,) = judge(KIND, {}, [{"item_code": "A1", **columns}], one, message="原因{reason}").findings
        assert found.message == f"原因{reason}"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "fill at least one column"),
        ({"most_per_day": "-1"}, "must be a number"),
        ({"departments": "骨科"}, "pattern"),
    ],
)
def test_what_cannot_be_judged_is_refused(columns, reason):
    with pytest.raises(PackError, match=reason):
        open_rule(KIND, {}, [{"item_code": "A1", **columns}])


def test_many_lines_stay_quick():
    text = ";".join(f"l{number} A1 department=A28" for number in range(3000))
    (found,) = judged({"departments": "A28*", "most_per_day": "24"}, text).findings
    assert len(found.lines) == 2976


POINTS = [
    {
        "item_code": "A1|A2",
        "departments": "A28*|A20",
        "excluded_departments": "A28.9*",
        "facility_levels": "tertiary",
        "most_per_day": "2",
        "most_per_stay": "3",
    },
    {"item_code": "A2|B1", "most_per_stay": "2.5"},
]


def expected(one, _history, _stage):
    findings, lacking = [], set()
    for number, point in enumerate(POINTS):
        lines = oracle.counted(one, point["item_code"])
        wheres = {line.id: where(one, line) if number == 0 else "" for line in lines}
        told = set()
        for line in lines:
            if wheres[line.id] == "wrong":
                findings.append(oracle.finding([line], [], oracle.claimed(line)))
                told.add(line.id)
        right = [line for line in lines if line.id not in told]
        for day in sorted({line.service_date for line in right}):
            group = [line for line in right if line.service_date == day]
            told |= too_many(group, point.get("most_per_day"), findings)
        # one check says one thing: the last line of the stay that has told of its day is silent of the stay
        if right and not {"day", right[-1].id} <= told:
            told |= too_many(right, point.get("most_per_stay"), findings)
        lacking |= {wheres[line.id] for line in right if line.id not in told} - {""}
    return findings, lacking


def where(one, line):
    department, level = line.department or one.department, one.facility.level
    wrong = level is FacilityLevel.PRIMARY or department in ("A04", "A28.91")
    if wrong:
        return "wrong"
    if not level:
        return "facility.level"
    return "" if department in ("A28", "A28.01", "A20") else "department"


def too_many(group, most, findings):
    """The id of the line that speaks, and a mark, where the group is past the most."""
    if most is None or sum(Fraction(line.quantity) for line in group) <= Fraction(most):
        return set()
    faults, amounts, so_far = [], [], Fraction(0)
    for line in group:
        so_far += Fraction(line.quantity)
        past = min(so_far - Fraction(most), Fraction(line.quantity))
        if past > 0:
            faults.append(line)
            claimed = oracle.claimed(line)
            amounts.append(None if claimed is None else claimed * past / Fraction(line.quantity))
    total = sum((one for one in amounts if one is not None), Fraction(0))
    if None in amounts:
        total = oracle.total(faults)  # an amount that is not known is added up by the engine
    findings.append(oracle.finding(faults, [line for line in group if line not in faults], total))
    return {"day", group[-1].id}


@oracle_of(KIND)
def test_as_the_definition():
    def draw(random):
        levels = (FacilityLevel.TERTIARY, FacilityLevel.TERTIARY, FacilityLevel.PRIMARY, FacilityLevel.UNKNOWN)
        departments = ("", "", "A28", "A28.01", "A28.91", "A20", "A04", "A2", "骨科")
        lines = tuple(
            compared.charge(random, f"L{number}", ["A1", "A2", "B1", "B2"], 1, department=random.choice(departments))
            for number in range(random.randint(0, 4))
        )
        one = visit(place={"level": random.choice(levels)}, department=random.choice(departments), charge_lines=lines)
        return one, None, Stage.SETTLED

    compared.agree(open_rule(KIND, {}, POINTS), draw, expected)
