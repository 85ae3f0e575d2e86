"""Encounter (就诊): one visit or stay of one patient, with what was found, done, ordered and charged."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.line import ChargeLine, Code, Id, Line, LocalTime, OrderLine, Practitioner, Text
from app.domain.money import CENT, check_number

MOST_LINES = 50_000  # of either kind; the longest stays have some thousands


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = ""


class Pregnancy(StrEnum):
    """生育状态. Dictionaries of the vendors conflict, so nothing is assumed: unknown unless the caller is sure."""

    NONE = "none"
    PLANNING = "planning"
    PREGNANT = "pregnant"
    LACTATING = "lactating"
    UNKNOWN = ""


class CareType(StrEnum):
    """医疗类别: how the patient is cared for."""

    OUTPATIENT = "outpatient"
    CHRONIC_OUTPATIENT = "chronic_outpatient"  # 门诊慢特病
    EMERGENCY = "emergency"
    INPATIENT = "inpatient"
    DAY_CASE = "day_case"
    PHARMACY = "pharmacy"
    INTERNET = "internet"
    UNKNOWN = ""


class InsuranceType(StrEnum):
    """险种."""

    EMPLOYEE = "employee"
    RESIDENT = "resident"
    WORK_INJURY = "work_injury"
    MATERNITY = "maternity"
    OTHER = "other"
    NONE = "none"
    UNKNOWN = ""


class FacilityLevel(StrEnum):
    """医疗机构级别: 三级、二级、一级及以下、未定级."""

    TERTIARY = "tertiary"
    SECONDARY = "secondary"
    PRIMARY = "primary"
    UNGRADED = "ungraded"
    UNKNOWN = ""


class DiagnosisUse(StrEnum):
    """诊断类别: on admission or at discharge."""

    ADMISSION = "admission"
    DISCHARGE = "discharge"
    UNKNOWN = ""


class Patient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """参保人. No name and no identity number: no rule needs them."""

    id: Id
    sex: Sex = Sex.UNKNOWN
    birth_date: date | None = None
    pregnancy: Pregnancy = Pregnancy.UNKNOWN
    newborn_weight_grams: Annotated[int, Meta(ge=1, le=9999)] | None = None


class Coverage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """参保、险种."""

    insurance_type: InsuranceType = InsuranceType.UNKNOWN
    pooling_area: Code = ""
    is_out_of_area: bool | None = None
    chronic_disease: Code = ""  # the approved disease of 门诊慢特病


class Facility(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """定点医疗机构."""

    id: Id
    level: FacilityLevel = FacilityLevel.UNKNOWN
    type: Code = ""
    district_code: Code = ""


class Diagnosis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """诊断. `code` is an ICD-10 code of the insurance edition, or empty where the sender has none."""

    code: Code = ""
    name: Text = ""
    is_principal: bool = False
    use: DiagnosisUse = DiagnosisUse.UNKNOWN
    diagnosed_date: date | None = None


class Procedure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True):
    """手术操作. `code` is an ICD-9-CM-3 code of the insurance edition; `performed_at` is when it began, if known."""

    code: Code = ""
    name: Text = ""
    is_principal: bool = False
    performed_date: date | None = None
    performed_at: LocalTime | None = None


class Encounter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """就诊. `end_at` is absent while the stay lasts; an outpatient visit may give only `start_at`.

    `payment_standard_amount` is what the stay's group is expected to be paid (病组、病种支付标准), in yuan.
    """

    id: Id
    facility: Facility
    patient: Patient
    coverage: Coverage = Coverage()
    care_type: CareType = CareType.UNKNOWN
    start_at: LocalTime | None = None
    end_at: LocalTime | None = None
    death_at: LocalTime | None = None
    campus: Code = ""  # 院区, where a facility has several
    department: Code = ""
    ward: Code = ""
    practitioner: Practitioner = Practitioner()
    diagnoses: Annotated[tuple[Diagnosis, ...], Meta(max_length=500)] = ()
    procedures: Annotated[tuple[Procedure, ...], Meta(max_length=500)] = ()
    order_lines: Annotated[tuple[OrderLine, ...], Meta(max_length=MOST_LINES)] = ()
    charge_lines: Annotated[tuple[ChargeLine, ...], Meta(max_length=MOST_LINES)] = ()
    payment_standard_amount: Decimal | None = None

    def __post_init__(self) -> None:
        if self.start_at is not None and self.end_at is not None and self.end_at < self.start_at:
            raise ValueError(f"`end_at` {self.end_at} is before `start_at` {self.start_at}")
        if self.payment_standard_amount is not None:
            check_number(self.payment_standard_amount, "payment_standard_amount", smallest=CENT)
        seen = set()
        for line in (*self.order_lines, *self.charge_lines):
            if line.id in seen:
                raise ValueError(
                    f"line id {line.id!r} is used twice; every line of an encounter needs an id of its own"
                )
            seen.add(line.id)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What counts: every charge, and every order that no charge carries out yet."""
        if not self.order_lines:
            return self.charge_lines
        if not self.charge_lines:
            return self.order_lines
        charged = {charge.order_id for charge in self.charge_lines}
        return (*(order for order in self.order_lines if order.id not in charged), *self.charge_lines)
