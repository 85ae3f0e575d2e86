"""Special review: which stays are worth filing, and how many a hospital may file."""

import pytest

from app.domain.group_weight import GroupMeans
from app.domain.payment import PaymentClass
from app.domain.settlement import ReviewFlag
from app.grouper.payment import price
from app.grouper.payment_review import review_quota
from tests.grouper.payment_build import LEVEL1, LEVEL2, LEVEL3, D, facts, parameters, priced, row

PLAIN = parameters()


@pytest.mark.parametrize(
    ("changes", "fields", "reasons"),
    [
        ({"min_ratio": "3"}, {}, ["费用为支付标准的3.97倍，达到3倍"]),
        ({"min_ratio": "4"}, {}, []),
        ({"min_ratio": "3"}, {"cost": "18145.26"}, ["费用为支付标准的3.00倍，达到3倍"]),
        ({"min_ratio": "3"}, {"cost": "18145.25"}, []),
        ({"min_days": 60}, {"stay_days": 60}, ["住院60天，达到60天"]),
        ({"min_days": 60}, {"stay_days": 59}, []),
        ({"min_days": 60}, {"stay_days": 60, "cost": "6048.42"}, []),
        ({"min_days": 60}, {"stay_days": 60, "cost": "6048.43"}, ["住院60天，达到60天"]),
        ({"min_icu_hours": "72"}, {"icu_hours": 72.0}, ["重症监护72小时，达到72小时"]),
        ({"min_icu_hours": "72"}, {"icu_hours": 71.9}, []),
        ({"flags": ["new_technology"]}, {"review_flags": (ReviewFlag.NEW_TECHNOLOGY,)}, ["使用新药、新耗材或新技术"]),
        ({"flags": ["critical"]}, {"review_flags": (ReviewFlag.NEW_TECHNOLOGY,)}, []),
    ],
)
def test_candidates_for_special_review(changes, fields, reasons):
    cost = fields.get("cost", "24000")
    fields = {name: value for name, value in fields.items() if name != "cost"}
    found = priced("ES33", cost, changes={"special_review": changes}, **fields)
    assert list(found.review_reasons) == reasons
    assert found.payment_class == ("special_review" if reasons else "normal")
    assert found.surplus == D("6048.42") - D(cost)
    assert not priced("ES33", "6000", changes={"special_review": changes}, **fields).is_review_candidate


def test_more_marks_of_special_review():
    review = {"min_days_ratio": "3", "fewer_cases_than": 5, "ungrouped": True, "only_deficit": False}
    means = GroupMeans(stay_days=D(8))
    weights = {"ES33": row("ES33", "0.6866", cases=4, means=means), "ES31": row("ES31", "0.8", cases=5, means=means)}
    changed = parameters(special_review=review)
    assert len(price("ES33", facts("5000", stay_days=24), changed, weights).review_reasons) == 2
    assert price("ES31", facts("5000", stay_days=23), changed, weights).review_reasons == ()
    found = price("0000", facts("5000", stay_days=25), changed, weights)
    assert (found.payment_class, found.is_review_candidate) == (PaymentClass.NO_STANDARD, True)


def test_the_quota_of_special_review():
    assert [review_quota(PLAIN, level, 12_000) for level in (LEVEL3, LEVEL2, LEVEL1)] == [60, 36, 12]
    assert review_quota(PLAIN, LEVEL3, 199) == 0
    percent = parameters(special_review={"quota": {"tertiary": "5"}, "quota_unit": "percent"})
    assert review_quota(percent, LEVEL3, 12_000) == 600
    assert review_quota(percent, LEVEL2, 12_000) is None
    assert review_quota(parameters(special_review=None), LEVEL2, 12_000) is None
    with pytest.raises(ValueError, match="discharges"):
        review_quota(PLAIN, LEVEL3, -1)
