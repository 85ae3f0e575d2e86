"""Codes that do not fit the patient or the dictionary: what is found, and the near miss that is let pass."""

import pytest

from app.domain.encounter import Sex
from tests.grouper.coding_build import case, check, found, one, unknown, with_parameters


@pytest.mark.parametrize(
    ("codes", "fields", "hit"),
    [
        (("N40.x00",), {"sex": Sex.FEMALE}, True),
        (("N40.x00",), {"sex": Sex.MALE}, False),
        (("I63.900", "O82.000"), {"sex": Sex.MALE}, True),
        (("I63.900", "N64.500"), {"sex": Sex.MALE}, False),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 11}, True),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 12}, False),
        (("O80.000",), {"sex": Sex.FEMALE, "age_years": 56}, True),
        (("P22.000",), {"age_years": 0, "age_days": 28}, False),
        (("P22.000",), {"age_years": 0, "age_days": 29}, True),
        (("P22.000",), {"age_years": 5, "age_days": None}, True),
        (("F03.x00",), {"age_years": 29}, True),
        (("F03.x00",), {"age_years": 30}, False),
    ],
)
def test_a10_fits_the_patient(codes, fields, hit):
    report = check(case(*codes, **fields))
    assert ("A10" in found(report)) is hit


@pytest.mark.parametrize(
    ("code", "fields", "missing"),
    [
        ("N40.x00", {"sex": Sex.UNKNOWN}, "patient.sex"),
        ("F03.x00", {"age_years": None}, "patient.age"),
        ("P22.000", {"age_years": 0, "age_days": None}, "patient.age"),
    ],
)
def test_a10_asks_for_what_a_diagnosis_calls_for(code, fields, missing):
    assert unknown(check(case(code, **fields)), "coding-diagnosis-unfit-for-patient") == {missing}
    assert not unknown(check(case("I63.900", **fields)), "coding-diagnosis-unfit-for-patient")


def test_a12_what_the_dictionary_lacks():
    small = with_parameters("A12", min_dictionary=10, min_procedures=10)
    finding = one(check(case("I63.900", "A00.999", procedures=["99.9999"]), tables=small), "A12")
    assert (finding.codes, finding.is_data_quality) == (("A00.999", "99.9999"), True)
    assert "A12" not in found(check(case("I63.900"), tables=small))
    assert unknown(check(case("I63.900", "A00.999")), "coding-code-not-in-dictionary") == {"scheme.dictionary"}
