"""Case objects in the field names of groupers: what is read, what counts as not given, what is no case at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.application.case_objects import BadCaseObject, read_case_object
from app.domain.encounter import Sex
from app.domain.stay import Stay

FULL = {
    "Index": "7",
    "gender": "2",
    "age": 0,
    "ageDay": 12,
    "weight": 3200,
    "dept": "0301",
    "inHospitalTime": 9,
    "leavingType": "1",
    "icuHours": 12.5,
    "amount": "1234.56",
    "zdList": ["P07.100", "J96.000"],
    "ssList": ["96.7201"],
}
STAY = Stay(
    id="7",
    sex=Sex.FEMALE,
    age_years=0,
    age_days=12,
    weight_grams=3200,
    department="0301",
    stay_days=9,
    icu_hours=12.5,
    discharge_disposition="1",
    diagnoses=("P07.100", "J96.000"),
    procedures=("96.7201",),
    total_amount=Decimal("1234.56"),
)


def test_a_whole_case():
    read = read_case_object(FULL)
    assert (read.index, read.stay, read.complaints) == ("7", STAY, ())
    assert read_case_object({"case": FULL, "expected": {}}) == read


def test_numbers_given_as_text_and_codes_given_as_text():
    text = {name: str(value) for name, value in FULL.items()} | {"zdList": "P07.100|J96.000", "ssList": "96.7201"}
    assert read_case_object(text).stay == STAY
    assert read_case_object({**FULL, "zdList": " P07.100, J96.000,"}).stay == STAY
    floats = {**FULL, "age": 0.0, "weight": "3200.0", "gender": 2.0, "leavingType": 1}
    assert read_case_object(floats).stay == STAY


@pytest.mark.parametrize(("gender", "sex"), [("1", Sex.MALE), (1, Sex.MALE), (2, Sex.FEMALE), ("男", Sex.MALE)])
def test_sex(gender, sex):
    assert read_case_object({**FULL, "gender": gender}).stay.sex is sex


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("gender", "3", "sex"),
        ("gender", 0, "sex"),
        ("gender", True, "sex"),
        ("gender", ["1"], "sex"),
        ("age", "x", "age_years"),
        ("age", -1, "age_years"),
        ("age", 12.5, "age_years"),
        ("age", True, "age_years"),
        ("age", 151, "age_years"),
        ("ageDay", {}, "age_days"),
        ("weight", "3.2kg", "weight_grams"),
        ("inHospitalTime", 10**9, "stay_days"),
        ("icuHours", "nan", "icu_hours"),
        ("icuHours", -1, "icu_hours"),
        ("amount", "1e999", "total_amount"),
        ("dept", ["x"], "department"),
        ("leavingType", "x" * 65, "discharge_disposition"),
    ],
)
def test_a_value_that_is_not_what_it_should_be_counts_as_not_given_and_is_told(field, value, attribute):
    read = read_case_object({**FULL, field: value})
    assert not getattr(read.stay, attribute)
    assert len(read.complaints) == 1
    assert "无效" in read.complaints[0]


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_blank_is_not_told(value):
    blank = {name: value for name in FULL if name not in ("zdList", "ssList")}
    read = read_case_object({**blank, "zdList": ["A"]})
    assert read.complaints == ()
    assert read.stay == Stay(diagnoses=("A",), id=value or "")


@pytest.mark.parametrize(
    ("codes", "read"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        ([""], ()),
        (["A", "", "B"], ("A", "B")),
        (["", "B"], ("", "B")),
        ("A|", ("A",)),
    ],
)
def test_codes(codes, read):
    assert read_case_object({**FULL, "zdList": codes}).stay.diagnoses == read


@pytest.mark.parametrize(
    ("document", "told", "index"),
    [
        ([1], "not a list", None),
        ("x", "not text", None),
        (None, "not null", None),
        (5, "not a number", None),
        ({"Index": 5}, "zdList is missing", 5),
        ({"Index": "a", "zdList": {}}, "zdList must be a list", "a"),
        ({"Index": "a", "zdList": [1]}, "zdList must be a list", "a"),
        ({"Index": "a", "zdList": ["A"], "ssList": 3}, "ssList must be a list", "a"),
        ({"Index": "a", "zdList": ["A" * 65]}, "longer than 64", "a"),
        ({"Index": "a", "zdList": ["A"] * 1001}, "1001 codes", "a"),
        ({"case": [], "Index": "b"}, "zdList is missing", "b"),
    ],
)
def test_what_is_no_case_is_refused(document, told, index):
    with pytest.raises(BadCaseObject, match=told) as error:
        read_case_object(document)
    assert error.value.index == index


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*FULL, "case"]), inner, max_size=5),
)


@given(st.dictionaries(st.sampled_from([*FULL, "case"]), JSON, max_size=12))
def test_anything_is_read_or_refused(document):
    try:
        read = read_case_object(document)
    except BadCaseObject as error:
        told = str(error)
        assert told
    else:
        assert isinstance(read.stay, Stay)
