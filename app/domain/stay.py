"""Stay (住院病例): what a grouping scheme looks at, as the settlement list (医疗保障基金结算清单) gives it."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from app.domain.encounter import Sex
from app.domain.line import Code
from app.domain.money import check_number


class Stay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One discharged (or still running) stay. What is not given is unknown, never zero.

    `diagnoses` are ICD-10 codes and `procedures` ICD-9-CM-3 codes of the insurance edition, the principal one first.
    `discharge_disposition` is the 离院方式 of the settlement list (1 home, 2 transfer, 3 community, 4 against advice,
    5 death, 9 other). `total_amount` is the cost of the stay in yuan.
    """

    id: Code = ""
    sex: Sex = Sex.UNKNOWN
    age_years: Annotated[int, Meta(ge=0, le=150)] | None = None
    age_days: Annotated[int, Meta(ge=0, le=60000)] | None = None
    weight_grams: Annotated[int, Meta(ge=0, le=20000)] | None = None  # at birth, or on admission, of a newborn
    department: Code = ""
    stay_days: Annotated[int, Meta(ge=0, le=36500)] | None = None
    icu_hours: Annotated[float, Meta(ge=0)] | None = None
    discharge_disposition: Code = ""
    diagnoses: tuple[Code, ...] = ()
    procedures: tuple[Code, ...] = ()
    total_amount: Decimal | None = None

    def __post_init__(self) -> None:
        if self.total_amount is not None:
            check_number(self.total_amount, "total_amount")
