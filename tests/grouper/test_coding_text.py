"""Mentions in record texts: denied, affirmed, or worth nothing; and what was measured."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grouper.coding_case import RecordText
from app.grouper.coding_text import Mention, measurements, mentions

TERMS = ("呼吸衰竭", "呼衰")
AFFIRMED, DENIED, UNCERTAIN = Mention.AFFIRMED, Mention.DENIED, Mention.UNCERTAIN


def told(text, kind=""):
    return [one.mention for one in mentions([RecordText(text=text, kind=kind)], TERMS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("患者无呼吸衰竭表现。", [DENIED]),
        ("血气分析正常，未见呼吸衰竭征象", [DENIED]),
        ("已排除呼吸衰竭", [DENIED]),
        ("呼吸衰竭：阴性", [DENIED]),
        ("呼吸衰竭依据不足", [DENIED]),
        ("无咳嗽、胸闷、呼吸衰竭", [DENIED]),
        ("不支持呼衰", [DENIED]),
        ("患者呼吸衰竭，予吸氧", [AFFIRMED]),
        ("无明显诱因出现呼吸衰竭", [AFFIRMED]),
        ("予无创呼吸机纠正呼吸衰竭", [AFFIRMED]),
        ("无力、呼吸衰竭", [AFFIRMED]),
        ("无发热，呼吸衰竭加重", [AFFIRMED]),
        ("无发热但呼吸衰竭加重", [UNCERTAIN]),
        ("不能排除呼吸衰竭", [UNCERTAIN]),
        ("不除外呼吸衰竭", [UNCERTAIN]),
        ("未排除呼吸衰竭", [UNCERTAIN]),
        ("待排呼吸衰竭", [UNCERTAIN]),
        ("考虑呼吸衰竭", [UNCERTAIN]),
        ("若出现呼吸衰竭则转ICU", [UNCERTAIN]),
        ("无呼吸衰竭病史", [UNCERTAIN]),
        ("既往无呼吸衰竭", [UNCERTAIN]),
        ("入院诊断：1.肺炎 2.呼吸衰竭", [UNCERTAIN]),
        ("无呼吸衰竭；次日呼吸衰竭", [DENIED, AFFIRMED]),
        ("一般情况可", []),
    ],
)
def test_mentions(text, expected):
    assert told(text) == expected


def test_what_only_repeats_the_diagnoses_says_nothing():
    assert told("呼吸衰竭", kind="diagnosis") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("PaO2 95mmHg", ["95"]),
        ("PaO2：95.5 mmHg，PaCO2 40 mmHg", ["95.5"]),
        ("动脉血氧分压（PaO2）为88mmHg", ["88"]),
        ("氧分压 55mmHg，复查氧分压90mmHg", ["55", "90"]),
        ("PaO2 12.5 kPa", []),
        ("PaO2 正常", []),
        ("SPaO2 95mmHg", []),
        ("PaO2 95", []),
    ],
)
def test_measurements(text, values):
    found = measurements([RecordText(text=text)], ("氧分压", "PaO2"), "mmHg")
    assert [one.value for one in found] == [Decimal(value) for value in values]


def test_a_unit_may_be_written_with_either_mu():
    for text in ("肌酐 90 umol/L", "肌酐90μmol/L", "肌酐：90µmol/l"):
        assert len(measurements([RecordText(text=text)], ("肌酐",), "umol/L")) == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_without_a_fault(before, behind):
    for one in mentions([RecordText(text=before + "呼吸衰竭" + behind)], TERMS):
        assert "呼吸衰竭" in before + "呼吸衰竭" + behind
        assert one.quote
    measurements([RecordText(text=before + "PaO2" + behind)], ("PaO2",), "mmHg")


@given(st.sampled_from(["", "患者", "神志清，"]), st.sampled_from(["无", "未见", "没有", "已排除", "不支持"]))
def test_doubt_before_a_denial_takes_its_worth(start, denial):
    assert told(f"{start}{denial}呼吸衰竭") == [DENIED]
    assert told(f"{start}可能{denial}呼吸衰竭") == [UNCERTAIN]
