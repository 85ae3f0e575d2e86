"""The condition language of grouping schemes, read."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.scheme_condition import (
    FALSE,
    TRUE,
    And,
    Member,
    Not,
    Number,
    Or,
    Severity,
    Sites,
    Tagged,
    Valid,
    Word,
    atoms,
    conjuncts,
)
from app.knowledge.scheme_condition_text import ConditionError, parse_condition

MCC, CC = Severity("mcc"), Severity("cc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("true", TRUE),
        ("false", FALSE),
        ("pdx in AA1.pdx", Member("pdx", "AA1.pdx")),
        ("pdx not in L", Not(Member("pdx", "L"))),
        ("not proc1 in L", Not(Member("proc1", "L"))),
        ("dx any L", Member("dx", "L")),
        ("odx any L", Member("odx", "L")),
        ("proc any AH13.proc.2", Member("proc", "AH13.proc.2")),
        ("oproc any L", Member("oproc", "L")),
        ("proc tag JA1.proc 3", Tagged("JA1.proc", "3")),
        ("proc tag L 躯干、脊柱创伤", Tagged("L", "躯干、脊柱创伤")),
        ("sites Z.pdx >= 2", Sites("Z.pdx", ">=", 2)),
        ("proc1 valid", Valid("proc1")),
        ("not (proc valid)", Not(Valid("proc"))),
        ("sex = 1", Word("sex", ("1",))),
        ("age<=6", Number("age", "<=", 6)),
        ("age_days <= 28", Number("age_days", "<=", 28)),
        ("weight < 1500.5", Number("weight", "<", 1500.5)),
        ("los = 1.0", Number("los", "=", 1)),
        ("icu_hours > 120", Number("icu_hours", ">", 120)),
        ("leaving in (2,5)", Word("leaving", ("2", "5"))),
        ("leaving = 5", Word("leaving", ("5",))),
        ("dept = ICU", Word("dept", ("ICU",))),
        ('dept in ("重症 医学", ICU)', Word("dept", ("重症 医学", "ICU"))),
        ("(mcc or cc)", Or((MCC, CC))),
        ("mcc or cc and true", Or((MCC, And((CC, TRUE))))),
        ("not mcc and cc", And((Not(MCC), CC))),
        ("not not mcc", Not(Not(MCC))),
        ("((mcc))", MCC),
    ],
)
def test_reads(text, tree):
    assert parse_condition(text) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'the end' stands where a condition"),
        ("pdx", "write `pdx in ...`"),
        ("pdx in", "'the end' stands where a list should stand"),
        ("pdx in and mcc", "'and' stands where a list should stand"),
        ("pdx on L", "'on' follows 'pdx'"),
        ("dx in L", "write `dx any ...`"),
        ("(mcc", "closing parenthesis is missing"),
        ("mcc)", "')' stands where the condition should end"),
        ("mcc cc", "'cc' stands where"),
        ("mcc and", "'the end' stands where a condition"),
        ("age < x", "'x' is not a number"),
        ("age 3", "write one of < <= > >= ="),
        ("age < -3", "'-3' is not a number"),
        ("sites L >= 1.5", "whole numbers"),
        ("leaving in 2", "in parentheses"),
        ("leaving in (2", "closing parenthesis is missing"),
        ("sex = 3", "it can be 1 (male) or 2 (female)"),
        ("valid", "'valid' stands where a condition"),
        ("gender = 1", "'gender' stands where a condition"),
        ('dept = "x', "is not understood"),
        ("(" * 60 + "mcc" + ")" * 60, "more than 50"),
    ],
)
def test_what_is_wrong_is_told(text, told):
    with pytest.raises(ConditionError) as error:
        parse_condition(text)
    assert told in str(error.value)


@given(st.text(st.sampled_from("pdx in any age<=()andornot mcc,2.L\"'"), max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(ConditionError):
        assert list(atoms(parse_condition(text)))


def test_the_parts_of_a_condition():
    condition = parse_condition("pdx in A and (mcc or not cc) and (age < 3 and true)")
    assert list(atoms(condition)) == [Member("pdx", "A"), MCC, CC, Number("age", "<", 3), TRUE]
    assert len(list(conjuncts(condition))) == 4
