"""Every value has a number of its own, so that none is lost in the tables."""

from enum import StrEnum

import pytest

from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import ReviewState
from app.store.pinyin import initials_of
from app.store.review_codes import ANSWERS, CARE_TYPES, INSURANCE_TYPES, NO_ANSWER, SEVERITIES, STAGES, STATES, Codes
from app.store.review_counts import KEYS, MEASURES
from app.store.review_tables import review_counts
from app.store.reviews import Facet


@pytest.mark.parametrize(
    ("codes", "values"),
    [
        (STATES, ReviewState),
        (SEVERITIES, Severity),
        (STAGES, Stage),
        (INSURANCE_TYPES, InsuranceType),
        (CARE_TYPES, CareType),
        (ANSWERS, Action),
    ],
)
def test_every_value_has_its_number(codes: Codes[StrEnum], values: type[StrEnum]) -> None:
    assert [codes.value(codes.of(one)) for one in values] == list(values)
    assert len(set(codes.codes.values())) == len(codes.codes) == len(values)


def test_no_answer_is_no_answer() -> None:
    assert NO_ANSWER not in ANSWERS.codes.values()


def test_severities_sort_as_they_weigh() -> None:
    assert sorted(Severity, key=SEVERITIES.of) == [
        Severity.SLIGHTLY_SUSPECT,
        Severity.HIGHLY_SUSPECT,
        Severity.DEFINITE,
    ]


def test_what_is_counted_stands_in_the_table_in_this_order() -> None:
    assert (*KEYS, *MEASURES) == tuple(column.name for column in review_counts.c)
    assert Facet._fields[1:] == MEASURES


@pytest.mark.parametrize(
    ("text", "initials"),
    [("阿莫西林", "amxl"), ("CT平扫 (头部)", "ctpstb"), ("0.9%氯化钠", "09lhn"), ("", ""), ("、", "")],
)
def test_initials(text: str, initials: str) -> None:
    assert initials_of(text) == initials
