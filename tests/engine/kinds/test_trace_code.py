"""Trace codes: used twice here or elsewhere, what does not count, and an oracle."""

from datetime import timedelta

import pytest

from app.domain.feed import TraceCode
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, line, missing, open_rule

KIND = "trace_code"
POINTS = [{"item_code": "X*", "item_name": "药品"}]
WORDS = {"message": "{count}个追溯码重复（{codes}）：{earlier}"}
ELSEWHERE = {"trace_code": "T1", "facility": "F2", "encounter": "E2", "settled_date": "2026-02-01"}


def judged(*lines, settled=()):
    rows = {} if settled is None else {"trace_codes": list(settled)}
    return fed.judge(KIND, {}, POINTS, encounter(*lines), rows, **WORDS)


def drug(id, *codes, code="XA", day=0, **fields):
    return line(id, code, drawn.DAY + timedelta(days=day), trace_codes=codes, **fields)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([drug("L1", "T1"), drug("L2", "T2")], []),
        ([drug("L1", "T1"), drug("L2", "T1")], [["L2"]]),
        ([drug("L1", "T1"), drug("L2", "T1", code="XB"), drug("L3", "T1")], [["L2"], ["L3"]]),
        ([drug("L1", "T1", "T1")], [["L1"]]),
        ([drug("L1", "T1", day=1), drug("L2", "T1")], [["L1"]]),  # the earlier day is the first use
        ([drug("L1", "T1"), drug("L2", "T1", code="H")], []),
    ],
)
def test_within_the_encounter(lines, found):
    judgement = judged(*lines)
    assert at_fault(judgement) == found
    assert not missing(judgement)


@pytest.mark.parametrize(
    ("changes", "is_hit"),
    [
        ({}, True),
        ({"facility": "F"}, True),
        ({"encounter": "E"}, True),  # another facility's encounter of the same number
        ({"facility": "F", "encounter": "E"}, False),
        ({"is_withdrawn": True}, False),
        ({"is_split": True}, False),
        ({"trace_code": "T2"}, False),
    ],
)
def test_against_the_feed(changes, is_hit):
    judgement = judged(drug("L1", "T1"), settled=[{**ELSEWHERE, **changes}])
    assert bool(judgement.findings) is is_hit


def test_a_split_pack_may_stand_on_several_lines():
    split = {**ELSEWHERE, "is_split": True}
    assert not judged(drug("L1", "T1"), drug("L2", "T1"), settled=[split]).findings


def test_the_words():
    told = [one.message for one in judged(drug("L1", "T1"), drug("L2", "T1")).findings]
    assert told == ["1个追溯码重复（T1）：已用于本次就诊的另一条明细"]
    told = [one.message for one in judged(drug("L1", "T1", "T1")).findings]
    assert told == ["1个追溯码重复（T1）：在同一条明细中填了两次"]
    later = {**ELSEWHERE, "facility": "F3", "settled_date": "2026-02-02"}
    (finding,) = judged(drug("L1", "T0", "T1"), drug("L2", "T0", "T1"), settled=[later, ELSEWHERE]).findings[1:]
    assert finding.message == "2个追溯码重复（T0、T1）：2026-02-01已在医疗机构F2结算"
    assert finding.related_lines == ("L1",)


def test_many_codes_are_counted_and_five_are_named():
    codes = [f"T{number}" for number in range(7)]
    (finding,) = judged(drug("L1", *codes), drug("L2", *codes)).findings
    assert finding.facts["count"] == "7"
    assert finding.facts["codes"] == "T0、T1、T2、T3、T4"


@pytest.mark.parametrize(
    ("lines", "settled", "lacking"),
    [
        ([drug("L1")], (), {"line.trace_codes"}),
        ([drug("L1")], None, {"line.trace_codes"}),
        ([drug("L1", "T1")], None, {"feed.trace_codes"}),
        ([drug("L1", "T1"), drug("L2")], None, {"feed.trace_codes", "line.trace_codes"}),
        ([drug("L1", code="H")], None, set()),
    ],
)
def test_what_is_missing_is_said(lines, settled, lacking):
    judgement = judged(*lines, settled=settled)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking


def expected(visit, records):
    """Every use of every code is set beside every other."""
    drugs = [(one.service_date, number, one) for number, one in enumerate(visit.charge_lines) if one.item_code == "XA"]
    ordered = [one for _, _, one in sorted(drugs, key=lambda each: each[:2])]
    uses = [(one.id, code) for one in ordered for code in one.trace_codes]
    guilty: dict[str, set[str]] = {}
    for place, (line_id, code) in enumerate(uses):
        known = [one for one in records or () if one.trace_code == code]
        if any(one.is_split for one in known):
            continue
        strange = [one for one in known if not one.is_withdrawn and (one.facility, one.encounter) != ("F", "E")]
        if strange or code in [other for _, other in uses[:place]]:
            guilty.setdefault(line_id, set()).add(code)
    lacking = {"line.trace_codes"} if any(not one.trace_codes for one in ordered) else set()
    if records is None and uses:
        lacking.add("feed.trace_codes")
    return [((line_id,), str(len(codes))) for line_id, codes in guilty.items()], lacking


def draw(random):
    lines = [
        drawn.line(
            number, drawn.one_of(random, "XA", "XA", "XA", "H"), drawn.day(random),
            trace_codes=tuple(drawn.one_of(random, *"ABCDEFGH") for _ in range(drawn.one_of(random, 0, 1, 1, 1, 2))),
        )
        for number in range(random.randrange(4))
    ]  # fmt: skip
    records = [
        TraceCode(
            trace_code=drawn.one_of(random, *"ABCDEFGH"), facility=drawn.one_of(random, "F", "F", "G"),
            encounter=drawn.one_of(random, "E", "E", "E9"), settled_date=drawn.DAY,
            is_withdrawn=random.randrange(4) == 0, is_split=random.randrange(6) == 0,
        )
        for _ in range(random.randrange(3))
    ]  # fmt: skip
    last = list({one.key: one for one in records}.values())
    return drawn.encounter(tuple(lines)), drawn.one_of(random, last, last, last, None)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    fed.agree(
        open_rule(KIND, {}, POINTS, **WORDS), TraceCode, draw, expected,
        lambda finding: (finding.lines, finding.facts["count"]),
    )  # fmt: skip
