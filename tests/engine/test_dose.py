"""What a line holds: packs as they are really written, and what nobody may guess."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.dose import dose_of, is_mass, read_contents
from tests.engine.kinds.build import line


def dose(specification, unit, dose_unit="mg", quantity="1", contents=None):
    return dose_of(line("a", "X", specification=specification, unit=unit, quantity=quantity), contents or {}, dose_unit)


@pytest.mark.parametrize(
    ("specification", "unit", "milligrams"),
    [
        ("4ml:80mg", "支", 80),
        ("80mg:4ml", "支", 80),
        ("25mg", "片", 25),
        ("0.25g*24片", "片", 250),
        ("0.25g*24片", "盒", 6000),
        ("0.25g×24片/盒", "盒", 6000),
        ("25mg*14", "盒", 350),
        ("100ml:25mg", "瓶", 25),
        ("1g/瓶", "瓶", 1000),
        ("0.1g*100片", "瓶", 10_000),
        ("50μg", "片", Decimal("0.05")),
        ("0.5克", "支", 500),
        ("500 mg", "粒", 500),
    ],
)
def test_packs_as_they_are_written(specification, unit, milligrams):
    assert dose(specification, unit) == milligrams


@pytest.mark.parametrize(
    ("specification", "unit"),
    [
        ("", "片"),
        ("100ml", "瓶"),
        ("5%100ml", "瓶"),
        ("0.4g:80mg", "片"),  # two masses: a compound
        ("50万单位", "支"),
        ("0.25g", "盒"),  # how many?
        ("0.1g", "瓶"),  # a vial, or tablets?
        ("25mg*7片*2板", "盒"),
        ("25mg*7片*2板", "板"),
        ("10mg*10支", "片"),
        ("25mg", ""),
        ("300IU", "支"),
        ("5mgI", "支"),
        ("25mg+5mg", "片"),
    ],
)
def test_what_is_ambiguous_is_not_guessed(specification, unit):
    assert dose(specification, unit) is None


def test_a_line_charged_by_mass_says_it_by_itself():
    assert dose("", "g", "g", "30") == 30
    assert dose("", "克", "mg", "2") == 2000
    assert dose("", "MG", "g", "500") == Decimal("0.5")


def test_the_contents_given_go_before_the_specification():
    assert dose("25mg", "片", "mg", "2", {"片": Decimal(20)}) == 40
    assert dose("", "支", "万单位", "2", {"支": Decimal(80)}) == 160
    assert dose("25mg", "片", "万单位") is None


@pytest.mark.parametrize("cell", ["片", "片=", "=5", "片=x", "片=0", "片=-1", "片=NaN"])
def test_contents_that_are_none(cell):
    with pytest.raises(ValueError, match="contents"):
        read_contents([cell])


@given(
    st.decimals("0.01", "999", places=2),
    st.sampled_from(["mg", "g", "毫克", "克"]),
    st.integers(1, 99),
    st.sampled_from("*×xX"),
    st.sampled_from("片粒丸"),
    st.integers(1, 50),
)
def test_a_pack_holds_its_count_of_singles(each, unit, count, sign, single, quantity):
    specification = f"{each}{unit}{sign}{count}{single}"
    one = dose(specification, single)
    assert one == each * (1 if unit in ("mg", "毫克") else 1000)
    assert dose(specification, "盒", "g", str(quantity)) == one * count * quantity / 1000


def test_units_of_mass():
    assert [is_mass(unit) for unit in ("g", "MG", "克", "ml", "")] == [True, True, True, False, False]
