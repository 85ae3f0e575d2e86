"""Not payable: always, alone in a prescription, or without the patient's consent."""

from collections import Counter
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.case import Case
from app.knowledge.pack import PackError
from tests.engine.kinds.build import DAY, amount, at_fault, encounter, judge, line, missing, open_rule

CLOVE, GINSENG, LIQUORICE = "T000700200", "T001700643", "T000700311"  # the first two stand in the table
LISTED = [{"item_code": CLOVE}, {"item_code": GINSENG}]
NEXT_DAY = DAY + timedelta(days=1)


def alone(*lines, points=LISTED, **rule):
    return judge("not_payable", {"when": "alone"}, points, encounter(*lines), **rule)


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ([(CLOVE, "R")], [["1"]]),
        ([(CLOVE, "R"), (GINSENG, "R")], [["1", "2"]]),
        ([(GINSENG, "R"), (CLOVE, "R"), (CLOVE, "R")], [["1", "2", "3"]]),
        ([(CLOVE, "R"), (LIQUORICE, "R")], []),
        ([(LIQUORICE, "R"), (CLOVE, "R")], []),
        ([(CLOVE, "R"), (LIQUORICE, "S")], [["1"]]),
        ([(CLOVE, "R"), (GINSENG, "S")], [["1"], ["2"]]),
        ([(CLOVE, "R"), (CLOVE + "1", "R")], []),  # another code that begins alike is another piece
        ([(CLOVE, "R"), ("XA02BCA001A001010100001", "R")], [["1"]]),  # a western drug beside it is no piece
        ([(LIQUORICE, "R")], []),
    ],
)
def test_alone_in_a_prescription(pieces, found):
    lines = [line(str(number), code, prescription_id=rx) for number, (code, rx) in enumerate(pieces, start=1)]
    judgement = alone(*lines)
    assert at_fault(judgement) == found
    assert not missing(judgement)


def test_alone_holds_the_whole_prescription_in_one_finding():
    judgement = alone(
        line("1", GINSENG, NEXT_DAY, prescription_id="R", amount="12.50", item_name="人参片"),
        line("2", CLOVE, prescription_id="R", amount="3", item_name="丁香"),
        line("3", CLOVE, prescription_id="R", amount="4", item_name="丁香"),
        message="处方仅含{item_names}",
    )
    assert at_fault(judgement) == [["2", "3", "1"]]  # by date
    assert judgement.findings[0].point == "K002"  # that of the last piece, which spoke for all
    assert str(amount(judgement)) == "19.50"
    assert judgement.findings[0].message == "处方仅含丁香、人参片"


def test_at_most_five_names_are_told():
    codes = [f"T00000000{number}" for number in range(7)]
    lines = [line(code, code, prescription_id="R") for code in codes]
    judgement = alone(*lines, points=[{"item_code": code} for code in codes])
    assert len(judgement.findings[0].lines) == 7
    assert judgement.findings[0].facts == {"item_names": "、".join(codes[:5])}


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([], [["1"]]),
        ([line("2", LIQUORICE, NEXT_DAY)], [["1"]]),
        ([line("2", "XA02BCA001A001010100001")], [["1"]]),
        ([line("2", LIQUORICE)], []),
        ([line("2", GINSENG, prescription_id="R")], [["2"]]),
        ([line("2", "H-77", category="decoction_piece")], []),
        ([line("2", "H-77", category="drug")], [["1"]]),
    ],
)
def test_without_a_prescription_number(others, found):
    """Alone only where no other piece stands on its day; else nobody knows what it was prescribed with."""
    judgement = alone(line("1", CLOVE), *others)
    assert at_fault(judgement) == found
    assert missing(judgement) == ({} if ["1"] in found else {"line.prescription_id": ["1"]})


def test_a_category_tells_a_piece_with_a_local_code():
    pair = [line("1", CLOVE, prescription_id="R"), line("2", "H-77", prescription_id="R", category="decoction_piece")]
    assert at_fault(alone(*pair)) == []
    assert at_fault(alone(*pair, points=[*LISTED, {"item_code": "H-77"}])) == [["1", "2"]]


@pytest.mark.parametrize(
    ("in_force", "found"),
    [
        ({"effective_start": DAY}, [["1", "2"]]),
        ({"effective_start": NEXT_DAY}, []),
        ({"effective_end": DAY}, [["1", "2"]]),
        ({"effective_end": DAY - timedelta(days=1)}, []),
    ],
)
@pytest.mark.parametrize("codes", [(CLOVE, GINSENG), (GINSENG, CLOVE)], ids=["last", "first"])
def test_a_piece_counts_as_listed_only_while_its_row_is_in_force(codes, in_force, found):
    points = [{"item_code": CLOVE}, {"item_code": GINSENG, **{name: str(day) for name, day in in_force.items()}}]
    lines = [line(str(number), code, prescription_id="R") for number, code in enumerate(codes, start=1)]
    assert at_fault(alone(*lines, points=points)) == found


@pytest.mark.parametrize(
    ("when", "consent", "hit", "unknown"),
    [
        ("always", None, True, False),
        ("always", "true", True, False),
        ("without_consent", "false", True, False),
        ("without_consent", "true", False, False),
        ("without_consent", None, False, True),
    ],
)
def test_always_and_without_consent(when, consent, hit, unknown):
    one = line("1", CLOVE, amount="8", item_name="丁香", has_consent=consent)
    judgement = judge("not_payable", {"when": when}, LISTED, encounter(one, line("2", LIQUORICE, has_consent="false")))
    assert at_fault(judgement) == ([["1"]] if hit else [])
    assert missing(judgement) == ({"line.has_consent": ["1"]} if unknown else {})
    assert all(finding.facts == {"item_names": "丁香"} for finding in judgement.findings)


@pytest.mark.parametrize(
    ("formulary_class", "hit", "unknown"),
    [("c", True, False), ("a", False, False), ("b", False, False), ("", False, True)],
)
def test_off_formulary_without_consent(formulary_class, hit, unknown):
    """The rule about 目录外: any code, by the class of the line."""
    one = line("1", "anything-7", has_consent="false", formulary_class=formulary_class)
    parameters = {"when": "without_consent", "formulary_classes": ["c"]}
    judgement = judge("not_payable", parameters, [{"item_code": "*"}], encounter(one))
    assert at_fault(judgement) == ([["1"]] if hit else [])
    assert missing(judgement) == ({"line.formulary_class": ["1"]} if unknown else {})


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "when"),
        ({"when": "never"}, "when"),
        ({"when": "always", "formulary_classes": ["d"]}, "formulary_classes"),
        ({"when": "always", "formulary_classes": [""]}, "blank"),
        ({"when": "alone", "formulary_classes": ["c"]}, "alone"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters, told):
    with pytest.raises(PackError, match=told):
        open_rule("not_payable", parameters, LISTED)


POOL = [CLOVE, GINSENG, LIQUORICE, CLOVE + "0", "H-1", "H-2", "001102000030000"]
TABLE = {CLOVE, GINSENG, "H-2"}  # H-1 and H-2 are codes of the hospital's own; H-2 is listed


@cache
def ruleset(when, classes=()):
    points = [{"item_code": CLOVE}, {"item_code": f"{GINSENG}|H-2"}]
    return open_rule("not_payable", {"when": when, "formulary_classes": list(classes)}, points)


@st.composite
def prescriptions(draw):
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(POOL),
                st.sampled_from(["", "R", "S"]),
                st.sampled_from([DAY, DAY, NEXT_DAY]),
                st.sampled_from(["", "", "decoction_piece", "drug"]),
            ),
            max_size=6,
        )
    )
    return [(str(number), *row) for number, row in enumerate(rows)]


def expected_alone(rows):
    """Every prescription gathered first, then asked whether anything in it is neither listed nor something else."""
    pieces = [row for row in rows if row[4] == "decoction_piece" or row[1][0] == "T" or row[1] in TABLE]
    found, unknown = [], []
    by_number, by_day = {}, Counter()
    for row in pieces:
        by_day[row[3]] += 1
        by_number.setdefault(row[2], []).append(row)
    for number, group in by_number.items():
        if number == "":
            for name, code, _, day, _ in group:
                if code in TABLE:
                    (found if by_day[day] == 1 else unknown).append([name])
        elif not {code for _, code, *_ in group} - TABLE:
            found.append([name for name, *_ in group])
    return sorted(map(sorted, found)), sorted(name for (name,) in unknown)


@given(prescriptions())
def test_alone_as_the_definition_says(rows):
    lines = [line(name, code, day, prescription_id=rx, category=category) for name, code, rx, day, category in rows]
    judgement = ruleset("alone").audit(Case(encounter(*lines)))
    found, unknown = expected_alone(rows)
    assert sorted(sorted(ids) for ids in at_fault(judgement)) == found
    assert missing(judgement).keys() <= {"line.prescription_id"}
    assert sorted(missing(judgement).get("line.prescription_id", [])) == unknown


@given(
    code=st.sampled_from(POOL),
    consent=st.sampled_from([None, True, False]),
    formulary_class=st.sampled_from(["", "a", "b", "c"]),
    classes=st.sampled_from([(), ("c",), ("b", "c")]),
    when=st.sampled_from(["always", "without_consent"]),
)
def test_single_lines_as_the_definition_says(code, consent, formulary_class, classes, when):
    one = line("1", code, has_consent=consent, formulary_class=formulary_class)
    judgement = ruleset(when, classes).audit(Case(encounter(one)))
    may_be_of_class = not classes or formulary_class in ("", *classes)
    may_lack_consent = when == "always" or consent is not True
    wanted = {"line.formulary_class"} if classes and not formulary_class else set()
    wanted |= {"line.has_consent"} if when == "without_consent" and consent is None else set()
    if code not in TABLE or not may_be_of_class or not may_lack_consent:
        assert not judgement.findings
        assert missing(judgement).keys() <= wanted
    else:
        assert bool(judgement.findings) is not bool(wanted)
        assert bool(missing(judgement)) is bool(wanted)
        assert missing(judgement).keys() <= wanted
