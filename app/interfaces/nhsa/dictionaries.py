"""Dictionaries (字典): what the codes of the national interface mean here. Where clients conflict, a profile decides.

Sources: public client code of ten systems; values that only one of them shows, or that conflict, are left out here.
"""

from collections.abc import Mapping

from app.domain.decision import Severity
from app.domain.encounter import CareType, DiagnosisUse, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.line import FormularyClass, ItemCategory

SEX: Mapping[str, Sex] = {"1": Sex.MALE, "2": Sex.FEMALE, "0": Sex.UNKNOWN, "9": Sex.UNKNOWN}

MED_TYPE: Mapping[str, CareType] = {
    "11": CareType.OUTPATIENT,
    "12": CareType.OUTPATIENT,
    "13": CareType.EMERGENCY,
    "14": CareType.CHRONIC_OUTPATIENT,
    "19": CareType.EMERGENCY,
    "21": CareType.INPATIENT,
    "22": CareType.INPATIENT,
    "23": CareType.INPATIENT,
    "24": CareType.INPATIENT,
    "41": CareType.PHARMACY,
    "51": CareType.OUTPATIENT,
    "52": CareType.INPATIENT,
}
SCENE: Mapping[str, CareType] = {
    "1": CareType.OUTPATIENT,
    "2": CareType.OUTPATIENT,
    "3": CareType.INPATIENT,
    "4": CareType.INPATIENT,
    "5": CareType.INPATIENT,
    "6": CareType.OUTPATIENT,
    "7": CareType.OUTPATIENT,
    "8": CareType.INPATIENT,
    "9": CareType.INPATIENT,
    "10": CareType.PHARMACY,
}
VISIT_TYPE: Mapping[str, Mapping[str, CareType]] = {  # med_mdtrt_type; "1" and "4" agree, "2" and "3" do not
    "agreed": {"1": CareType.OUTPATIENT},
    "A": {"1": CareType.OUTPATIENT, "2": CareType.INPATIENT, "3": CareType.PHARMACY},
    "B": {"1": CareType.OUTPATIENT, "2": CareType.PHARMACY, "3": CareType.INPATIENT},
}
PREGNANCY: Mapping[str, Mapping[str, Pregnancy]] = {
    "unknown": {},
    "A": {
        "0": Pregnancy.UNKNOWN,
        "1": Pregnancy.NONE,
        "2": Pregnancy.PLANNING,
        "3": Pregnancy.PREGNANT,
        "4": Pregnancy.LACTATING,
    },
    "B": {"0": Pregnancy.UNKNOWN, "1": Pregnancy.PREGNANT, "2": Pregnancy.LACTATING},
}
FACILITY_LEVEL: Mapping[str, Mapping[str, FacilityLevel]] = {
    "unknown": {},
    "national": {
        **dict.fromkeys(("01", "02", "03", "04"), FacilityLevel.TERTIARY),
        **dict.fromkeys(("05", "06", "07"), FacilityLevel.SECONDARY),
        **dict.fromkeys(("08", "09", "10"), FacilityLevel.PRIMARY),
        "11": FacilityLevel.UNGRADED,
    },
}
OUT_OF_AREA: Mapping[str, Mapping[str, bool]] = {
    "flag": {"0": False, "1": True},
    "place": {"0": False, "1": False, "2": False, "3": True, "4": True},
}
INSURANCE: Mapping[str, InsuranceType] = {
    **dict.fromkeys(("310", "320", "330", "370"), InsuranceType.EMPLOYEE),
    **dict.fromkeys(("380", "390", "391", "392"), InsuranceType.RESIDENT),
    **dict.fromkeys(("340", "350", "360"), InsuranceType.OTHER),
    "410": InsuranceType.WORK_INJURY,
    "510": InsuranceType.MATERNITY,
}
FORMULARY_CLASS: Mapping[str, FormularyClass] = {
    **dict.fromkeys(("1", "01"), FormularyClass.A),
    **dict.fromkeys(("2", "02"), FormularyClass.B),
    **dict.fromkeys(("3", "03"), FormularyClass.C),
}
CATEGORY: Mapping[str, ItemCategory] = {
    "101": ItemCategory.DRUG,
    "102": ItemCategory.DECOCTION_PIECE,
    "104": ItemCategory.DRUG,
    "105": ItemCategory.OTHER,
    "106": ItemCategory.DECOCTION_PIECE,
    "201": ItemCategory.SERVICE,
    "301": ItemCategory.CONSUMABLE,
    "501": ItemCategory.OTHER,
}
CATEGORY_BY_LETTER: Mapping[str, ItemCategory] = {
    "X": ItemCategory.DRUG,
    "Z": ItemCategory.DRUG,
    "T": ItemCategory.DECOCTION_PIECE,
    "G": ItemCategory.DECOCTION_PIECE,
    "0": ItemCategory.SERVICE,
    "C": ItemCategory.CONSUMABLE,
}
TITLE: Mapping[str, str] = {  # two dictionaries whose codes do not overlap
    **dict.fromkeys(("231", "5"), "chief"),
    **dict.fromkeys(("232", "4"), "associate_chief"),
    **dict.fromkeys(("233", "3"), "attending"),
    **dict.fromkeys(("234", "2"), "resident"),
    **dict.fromkeys(("235", "1"), "assistant"),
    **dict.fromkeys(("6", "9"), "other"),
}
DIAGNOSIS_USE: Mapping[str, DiagnosisUse] = {"1": DiagnosisUse.ADMISSION, "2": DiagnosisUse.DISCHARGE}
UNMAPPED_CODES = frozenset({"", "0", "默认", "无", "未对照"})
SEVERITY_CODE: Mapping[Severity, str] = {
    Severity.DEFINITE: "1",
    Severity.HIGHLY_SUSPECT: "2",
    Severity.SLIGHTLY_SUSPECT: "3",
}
