"""One visit: what each of its fields becomes, and what profiles decide."""

from datetime import date, datetime
from typing import Any

import pytest

from app.domain.encounter import CareType, Encounter, FacilityLevel, Pregnancy, Procedure
from app.interfaces.nhsa.profiles import Profile
from tests.interfaces.nhsa.messages import DAY, diagnosis, message, person, visit
from tests.interfaces.nhsa.test_translate import read

at = datetime.fromisoformat


def read_visit(profile: Profile | None = None, scene: str = "", **fields: Any) -> tuple[Encounter, tuple[str, ...]]:
    (asked,) = read(message(person(visit(**fields)), trig_scen=scene), profile=profile)
    return asked.request.encounter, asked.notes


@pytest.mark.parametrize(
    ("fields", "scene", "profile", "care_type"),
    [
        ({"med_type": "21"}, "2", {}, CareType.INPATIENT),
        ({"med_type": "14"}, "", {}, CareType.CHRONIC_OUTPATIENT),
        ({"med_type": "21", "med_mdtrt_type": "1"}, "", {}, CareType.INPATIENT),
        ({"med_type": "21"}, "5", {"care_type": {"21": "outpatient"}}, CareType.OUTPATIENT),
        ({"med_type": "", "med_mdtrt_type": "210"}, "", {}, CareType.INPATIENT),
        ({"med_type": "", "med_mdtrt_type": "110"}, "8", {}, CareType.OUTPATIENT),
        ({"med_type": None, "med_mdtrt_type": "2"}, "5", {}, CareType.INPATIENT),
        ({"med_type": "", "med_mdtrt_type": ""}, "10", {}, CareType.PHARMACY),
        ({"med_type": "0", "med_mdtrt_type": "3"}, "", {}, CareType.UNKNOWN),
        ({"med_type": "0", "med_mdtrt_type": "3"}, "", {"visit_type": "B"}, CareType.INPATIENT),
        ({"med_type": "0", "med_mdtrt_type": "3"}, "", {"visit_type": "A"}, CareType.PHARMACY),
        ({"med_type": "", "med_mdtrt_type": "1"}, "23", {}, CareType.OUTPATIENT),
    ],
)
def test_how_the_patient_is_cared_for(
    fields: dict[str, Any], scene: str, profile: dict[str, Any], care_type: CareType
) -> None:
    assert read_visit(Profile(**profile), scene, **fields)[0].care_type is care_type


@pytest.mark.parametrize(
    ("dictionary", "code", "pregnancy"),
    [
        ("unknown", "1", Pregnancy.UNKNOWN),
        ("unknown", "3", Pregnancy.UNKNOWN),
        ("A", "0", Pregnancy.UNKNOWN),
        ("A", "1", Pregnancy.NONE),
        ("A", "3", Pregnancy.PREGNANT),
        ("A", "4", Pregnancy.LACTATING),
        ("B", "1", Pregnancy.PREGNANT),
        ("B", "2", Pregnancy.LACTATING),
        ("B", "3", Pregnancy.UNKNOWN),
        ("A", 18.6, Pregnancy.UNKNOWN),
    ],
)
def test_pregnancy_is_unknown_unless_the_profile_says_which_dictionary_is_meant(
    dictionary: Any, code: Any, pregnancy: Pregnancy
) -> None:
    encounter, notes = read_visit(Profile(pregnancy=dictionary), matn_stas=code)
    assert encounter.patient.pregnancy is pregnancy
    assert bool(notes) == (pregnancy is Pregnancy.UNKNOWN and code != "0")


@pytest.mark.parametrize(
    ("profile", "code", "level", "is_noted"),
    [
        ({}, "02", FacilityLevel.UNKNOWN, True),
        ({"facility_level": "national"}, "02", FacilityLevel.TERTIARY, False),
        ({"facility_level": "national"}, "05", FacilityLevel.SECONDARY, False),
        ({"facility_level": "national"}, "77", FacilityLevel.UNKNOWN, True),
        ({"facility_level": {"2": "secondary"}}, "2", FacilityLevel.SECONDARY, False),
        ({}, "", FacilityLevel.UNKNOWN, False),
    ],
)
def test_the_level_of_the_facility(profile: dict[str, Any], code: str, level: FacilityLevel, is_noted: bool) -> None:
    encounter, notes = read_visit(Profile(**profile), medins_lv=code)
    assert encounter.facility.level is level
    assert bool(notes) is is_noted


@pytest.mark.parametrize(
    ("profile", "code", "is_out"),
    [("flag", "1", True), ("flag", 0, False), ("flag", "4", None), ("place", "4", True), ("place", "2", False)],
)
def test_whether_the_patient_is_from_elsewhere(profile: Any, code: Any, is_out: bool | None) -> None:
    encounter, _ = read_visit(Profile(out_of_area=profile), out_setl_flag=code)
    assert encounter.coverage.is_out_of_area is is_out


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"dscg_date": "2026-03-05 10:00:00"}, at("2026-03-05T10:00")),
        ({"dscg_date": "9999-12-31 00:00:00"}, None),
        ({"dscg_date": "1900-01-01 00:00:00"}, None),
        ({"dscg_date": ""}, None),
        ({"dscg_date": None}, None),
        ({"dscg_date": f"{DAY} 08:30:00", "med_type": "21"}, None),
        ({"dscg_date": f"{DAY} 08:30:00", "med_type": "11"}, at("2026-03-02T08:30")),
        ({"dscg_date": "2026-03-01"}, None),
        ({"adm_date": "2026-47-02", "dscg_date": "2026-47-02"}, None),
    ],
)
def test_when_the_visit_ends(fields: dict[str, Any], end: datetime | None) -> None:
    assert read_visit(**fields)[0].end_at == end


@pytest.mark.parametrize(
    ("code", "name", "department"),
    [
        ("KS01", "虚构科", "KS01"),
        ("虚构科", "KS01", "KS01"),
        ("虚构科", "虚构科", "虚构科"),
        ("", "虚构科", ""),
        ("0301", "", "0301"),
    ],
)
def test_the_department_also_where_code_and_name_are_swapped(code: str, name: str, department: str) -> None:
    assert read_visit(adm_dept_codg=code, adm_dept_name=name)[0].department == department


def codes(encounter: Encounter) -> list[tuple[str, bool]]:
    return [(one.code, one.is_principal) for one in encounter.diagnoses]


@pytest.mark.parametrize(
    ("nodes", "main", "expected"),
    [
        ([diagnosis(maindise_flag=1)], "", [("I10.x00", True)]),
        ([diagnosis(maindise_flag="I10.x00")], "", [("I10.x00", True)]),
        ([diagnosis(maindise_flag="")], "I10.x00", [("I10.x00", True)]),
        ([diagnosis(), diagnosis("E11.900", maindise_flag=None)], "", [("I10.x00", True), ("E11.900", False)]),
        ([diagnosis("XYZD018987", maindise_flag=0)], "I10.x00", [("I10.x00", True), ("XYZD018987", False)]),
        ("", "I10.x00", [("I10.x00", True)]),
        (None, "", []),
        (diagnosis(), None, [("I10.x00", True)]),
        ([diagnosis("", "")], "", []),
        ([diagnosis("", "只有名称", maindise_flag="0")], "", [("", False)]),
    ],
)
def test_diagnoses(nodes: Any, main: Any, expected: list[tuple[str, bool]]) -> None:
    encounter, notes = read_visit(fsi_diagnose_dtos=nodes, dscg_main_dise_codg=main)
    assert codes(encounter) == expected
    assert notes == ()


@pytest.mark.parametrize("key", ["fsi_operation_dtos", "fsi_encounter_dtos"])
def test_operations_also_under_the_wrong_key(key: str) -> None:
    operations = [{"oprn_code": "38.1200", "oprn_date": DAY}, {"oprn_code": ""}]
    encounter, _ = read_visit(**{key: operations})
    assert encounter.procedures == (Procedure(code="38.1200", performed_date=date(2026, 3, 2)),)
