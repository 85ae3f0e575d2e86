"""Codes and texts as Excel leaves them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.codes import CodeSet
from app.knowledge.imports.cells import as_pattern, check_code, codes_of, fold, looks_like_code, text_of
from app.knowledge.imports.faults import Refused

SERVICE = "002101030280000"
DRUG = "XL02BBA326A001010102180"
PATENT = "ZD03AAA0043010100166"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (1.0, "1"),
        (0.5, "0.5"),
        (14, "14"),
        (True, "是"),
        ("  甲\t乙\n丙　", "甲 乙 丙"),
        ("甲\u200b\ufeff乙", "甲乙"),
        (1e22, "10000000000000000000000"),
        (float("nan"), "nan"),
    ],
)
def test_text(cell: object, text: str) -> None:
    assert text_of(cell) == text


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        (SERVICE, [SERVICE]),
        (f"  {SERVICE}　", [SERVICE]),
        ("００２１０１０３０２８００００", [SERVICE]),
        ("ｘl02bba326a001010102180", [DRUG]),
        (2101030280000.0, [SERVICE]),  # Excel has dropped the zeros in front
        (13105170010000, ["013105170010000"]),
        (332502019010000.0, ["332502019010000"]),  # a province's code: fifteen digits, all kept
        (f"{DRUG}、{PATENT}，{SERVICE}；{DRUG}", [DRUG, PATENT, SERVICE]),
        (f"{DRUG}\n{PATENT}", [DRUG, PATENT]),
        (f"({SERVICE}|{SERVICE})", [SERVICE]),
        (f"'{SERVICE}", [SERVICE]),
        ("XJ01DD*", ["XJ01DD*"]),
        (1.0, ["1"]),  # a running number, not a code
        ("", []),
        (None, []),
        (True, []),
    ],
)
def test_codes(cell: object, codes: list[str]) -> None:
    assert codes_of(cell) == codes


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("2.10103E+12", "科学计数法"),
        ("3.32502E14", "科学计数法"),
        (f"{SERVICE},2.1E+12", "科学计数法"),
        (1.23456789012345e19, "只保留15位"),
        (1234567890123456.0, "只保留15位"),
        (1.5, "不是编码"),
        (-2101030280000.0, "不是编码"),
        (float("inf"), "不是编码"),
        (float("nan"), "不是编码"),
    ],
)
def test_lost_digits_are_refused(cell: object, told: str) -> None:
    with pytest.raises(Refused, match=told):
        codes_of(cell)


@given(st.from_regex(r"0[01][1-9][0-9]{12}", fullmatch=True))
def test_a_service_code_survives_being_a_number(code: str) -> None:
    assert codes_of(float(int(code))) == [code]


@pytest.mark.parametrize("code", [SERVICE, DRUG, PATENT, "T000700200", "C0202010010101010101"])
def test_national_codes_pass(code: str) -> None:
    assert check_code(code) == code


@pytest.mark.parametrize("code", ["阿帕他胺片", SERVICE[:-1], DRUG + "0", "331200", "00210103028000٠", ""])
def test_what_is_no_national_code_is_refused(code: str) -> None:
    with pytest.raises(Refused, match="不是国家医保编码"):
        check_code(code)


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        (SERVICE, SERVICE),
        ("00210103", "00210103*"),
        ("00210103*", "00210103*"),
        ("XG03AAZ064A0", "XG03AAZ064A0*"),
        ("ZA06CAX04380", "ZA06CAX04380*"),
        ("C140808022", "C140808022*"),
        ("332502019010000", "332502019010000*"),
    ],
)
def test_beginnings_of_codes_become_patterns(code: str, pattern: str) -> None:
    assert as_pattern(code) == pattern
    assert CodeSet([pattern])


@pytest.mark.parametrize("code", ["C", "X", "0", "00", "331200", "甲", "抗菌药物"])
def test_what_names_everything_or_nothing_is_refused(code: str) -> None:
    with pytest.raises(Refused, match="过短或不合编码规则"):
        as_pattern(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("糖化血红蛋白测定（色谱法）", "糖化血红蛋白测定(色谱法)"),
        ("ω－3鱼油 脂肪乳", "Ω-3鱼油脂肪乳"),
        ("多种油脂肪乳注射液(C6～24)", "多种油脂肪乳注射液（C6-24）"),
        ("脂肪乳〔１０％〕", "脂肪乳(10%)"),
    ],
)
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("Ⅰ级护理", "Ⅱ级护理"), ("甲片", "甲片剂"), ("甲(0.1g)", "甲(0.2g)")])
def test_different_names_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_what_looks_like_a_code() -> None:
    assert all(map(looks_like_code, [SERVICE, 2101030280000.0, "2.1E+12", "00310511016", f"{DRUG}|{PATENT}"]))
    assert not any(map(looks_like_code, ["阿帕他胺片", "", None, 1.0, "单日", "A×B"]))
