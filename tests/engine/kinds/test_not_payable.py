"""Not payable: always, alone in a prescription, or without the patient's consent."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from app.domain.case import Case
from app.domain.line import ChargeLine, FormularyClass, ItemCategory
from app.knowledge.pack import PackError
from tests.engine.kinds import agreement, compared
from tests.engine.kinds.agreement import oracle_of
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


def ruleset(when, classes=()):
    points = [{"item_code": CLOVE}, {"item_code": f"{GINSENG}|H-2"}]
    return open_rule("not_payable", {"when": when, "formulary_classes": list(classes)}, points)


def case_of(rows):
    lines = [
        ChargeLine(id=str(number), item_code=code, service_date=day, **fields)
        for number, (code, day, fields) in enumerate(rows)
    ]
    return Case(compared.visit(charge_lines=tuple(lines)))


def drawn_prescriptions(random):
    def fields():
        category = random.choice(
            (ItemCategory.UNKNOWN, ItemCategory.UNKNOWN, ItemCategory.DECOCTION_PIECE, ItemCategory.DRUG)
        )
        return {"prescription_id": random.choice(["", "R", "S"]), "category": ItemCategory(category)}

    days = [DAY, DAY, NEXT_DAY]
    return ([(random.choice(POOL), random.choice(days), fields()) for _ in range(random.randint(0, 5))],)


def drawn_consents(random):
    def fields():
        return {
            "has_consent": random.choice([None, True, False]),
            "formulary_class": random.choice(list(FormularyClass)),
        }

    return ([(random.choice(POOL), DAY, fields()) for _ in range(random.randint(0, 3))],)


def expected_alone(rows):
    """Every prescription gathered first, then asked whether anything in it is neither listed nor something else."""
    pieces = [
        (str(number), code, day, fields["prescription_id"])
        for number, (code, day, fields) in enumerate(rows)
        if fields["category"] == "decoction_piece" or code[0] == "T" or code in TABLE
    ]
    found, unknown, by_number = [], set(), {}
    by_day = Counter(day for _, _, day, _ in pieces)
    for piece in pieces:
        by_number.setdefault(piece[3], []).append(piece)
    for number, group in by_number.items():
        if number == "":
            for name, code, day, _ in group:
                if code in TABLE and by_day[day] == 1:
                    found.append(frozenset({name}))
                elif code in TABLE:
                    unknown.add(name)
        elif not {code for _, code, *_ in group} - TABLE:
            found.append(frozenset(name for name, *_ in group))
    return found, {"line.prescription_id": unknown} if unknown else {}


def expected_single(when, classes, rows):
    """Line by line; what is unknown must be told where it decides, and may be told where it does not."""
    found, unknown, decisive = [], {}, set()
    for number, (code, _, fields) in enumerate(rows):
        name, consent, of_class = str(number), fields["has_consent"], fields["formulary_class"]
        unknown[name] = {"line.formulary_class"} if classes and not of_class else set()
        unknown[name] |= {"line.has_consent"} if when == "without_consent" and consent is None else set()
        may_be_of_class = not classes or of_class in ("", *classes)
        if code in TABLE and may_be_of_class and (when == "always" or consent is not True):
            (decisive.add if unknown[name] else found.append)(name)

    def lacking(missing):
        told = [(name, fact) for fact, names in missing.items() for name in names]
        return decisive <= {name for name, _ in told} and all(fact in unknown[name] for name, fact in told)

    return [frozenset({name}) for name in found], lacking


@oracle_of("not_payable")
def test_alone_as_the_definition_says():
    agreement.agree(
        [(ruleset("alone"), expected_alone)], drawn_prescriptions, case_of, lambda one: frozenset(one.lines)
    )


@oracle_of("not_payable")
def test_single_lines_as_the_definition_says():
    variants = [
        (ruleset(when, classes), partial(expected_single, when, classes))
        for when in ("always", "without_consent")
        for classes in ((), ("c",), ("b", "c"))
    ]
    agreement.agree(variants, drawn_consents, case_of, lambda one: frozenset(one.lines))
