"""Settlement preview: steps, shares, split, per-capita payment, and the running preview of a stay."""

from datetime import date, timedelta
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.group_weight import GroupMeans, PaymentScheme
from app.grouper.payment import price
from app.grouper.payment_preview import preview_settlement
from app.grouper.payment_shares import capitation, shares_of, split
from app.grouper.payment_steps import explain
from app.grouper.thresholds import running_preview
from tests.grouper.payment_build import BY_POINTS, WEIGHTS, D, facts, parameters, priced, row

SCHEME = PaymentScheme(parameters(), WEIGHTS)


def texts(payment, made=None):
    return {step.name: step.text for step in explain(payment, made or parameters())}


def test_every_number_of_a_price_is_a_step_with_a_sentence():
    found = price("ES33", facts("31000"), parameters(), WEIGHTS, explain=True)
    numbers = {step.name: step.value for step in found.steps if step.value is not None}
    assert numbers.pop("rate") == D("9575.25")
    assert numbers == {name: getattr(found, name) for name in numbers}
    assert set(numbers) >= {
        "weight",
        "coefficient",
        "formula_value",
        "ratio",
        "adjustment",
        "official_value",
        "surplus",
    }
    assert all(step.text for step in found.steps)
    said = texts(found)
    assert said["formula_value"] == "支付标准=权重0.6866×费率9575.25元×系数0.92=6,048.42元"
    assert said["payment_class"] == "高倍率病例：费用31000元达到高倍率界线30242.10元，按项目付费"
    assert said["surplus"] == "与费用持平，不计结余或超支"
    assert found == msgspec.structs.replace(priced("ES33", "31000"), steps=found.steps)


def test_points_are_explained_as_points():
    said = texts(priced("ES33", "5200", BY_POINTS), parameters(BY_POINTS))
    assert said["base_points"] == "权重0.6866×100=68.66点"
    assert said["formula_value"] == "支付标准=68.66点×点值95.7525元×系数0.92=6,048.42元"
    assert said["surplus"] == "结余848.42元"
    assert texts(priced("ES33", "7000"))["surplus"] == "超支951.58元"


@pytest.mark.parametrize(
    ("group", "fields", "step", "word"),
    [
        ("AA19", {"cost": "9"}, "attribute", "无权重组"),
        ("AA29", {"cost": "9"}, "attribute", "不稳定病组"),
        ("IU25", {"cost": "9"}, "attribute", "无极差组"),
        ("AA19", {"cost": "9"}, "payment_class", "无支付标准"),
        ("IU2Z", {"cost": "9", "stay_days": 3}, "fall_back", "按病组IU25计算"),
        ("IU2Z", {"cost": "5000", "stay_days": 13}, "missing", "中医占比，结果可能因此改变"),
        ("ES33", {}, "missing", "住院总费用，因此没有结果"),
        ("ES33", {"cost": "24000"}, "review", "以经办机构审核为准"),
    ],
)
def test_what_a_coder_should_know_is_said(group, fields, step, word):
    assert word in texts(priced(group, **fields))[step]


def test_a_scheme_explains_attributes_in_its_own_words():
    made = parameters(attributes={"基础组": {"note": "基础组各级同价"}})
    assert texts(price("ES35", facts("9"), made, WEIGHTS), made)["attribute"] == "基础组各级同价"


def test_shares_against_the_means_of_the_group():
    means = GroupMeans(total_amount=D(6000), drug_amount=D(1500), consumable_amount=D(600))
    known = row("ES33", "0.6866", means=means)
    case = facts("5000", drug_amount=D(2000), consumable_amount=D(600), examination_amount=D(500))
    drug, consumable, examination = shares_of(case, known)
    assert (drug.share, drug.mean_share, drug.difference) == (D("0.4"), D("0.25"), D(500))
    assert drug.text == "药品费2,000.00元，占总费用40.00%（病组地区均值占25.00%），比病组地区均值高500.00元"
    assert consumable.text.endswith("与病组地区均值相同")
    assert (examination.mean_amount, examination.difference) == (None, None)
    assert examination.text.endswith("病组地区均值未知，未作比较")
    own = msgspec.structs.replace(case, means=GroupMeans(drug_amount=D(3000)))
    assert shares_of(own, known)[0].difference == D(-1000)
    assert shares_of(facts("5000"), known) == ()
    assert shares_of(facts("0", drug_amount=D(0)), None)[0].share is None


def test_the_split_of_an_official_value():
    found = split(D("9692.31"), parameters(fund_share="0.75", prepay_share="0.9"))
    assert (found.fund_amount, found.other_amount) == (D("7269.23"), D("2423.08"))
    assert (found.prepaid_amount, found.deposit_amount) == (D("6542.31"), D("484.62"))
    found = split(D(1000), parameters(deposit_share=None))
    assert found == type(found)(None, None, None, None)


def test_per_capita_payment():
    made = parameters(per_capita={"amount": "1200"})
    assert capitation(made, 1000) == D("1200000.00")
    assert (capitation(made, 0), capitation(made, 1, 1)) == (0, 100)
    assert capitation(made, 1000, 5) == D("500000.00")
    assert capitation(parameters(), 1000) is None
    for wrong in ((-1, 12), (1, 0), (1, 13)):
        with pytest.raises(ValueError, match="`"):
            capitation(made, *wrong)


def test_a_preview_says_everything_at_once():
    case = facts("5500", drug_amount=D(1000), start_date=date(2025, 3, 1), today=date(2025, 3, 5))
    found = preview_settlement("ES33", case, SCHEME)
    assert found.payment.surplus == D("548.42")
    assert found.payment.steps
    assert found.shares[0].share == D("0.1818")
    assert found.split.deposit_amount == D("302.42")
    assert found.running.share == D("0.9093")
    assert [line.is_reached for line in found.running.thresholds] == [True, False, False]
    assert preview_settlement("AA19", case, SCHEME).running.share is None
    assert preview_settlement("AA19", case, SCHEME).split is None
    assert preview_settlement("ES33", facts(), SCHEME, explain=False).running is None


def test_the_day_on_which_a_line_is_crossed_at_this_pace():
    found = running_preview(D(4000), D(10000), start_date=date(2025, 3, 1), today=date(2025, 3, 4))  # 1,000 a day
    assert found.daily_amount == 1000
    assert [line.expected_on for line in found.thresholds] == [date(2025, 3, 9), date(2025, 3, 10), date(2025, 3, 11)]
    assert "预计2025-03-09达到" in found.hint
    assert found.hint.startswith("已发生费用4,000.00元，为支付标准10,000.00元的40.0%，未达预警线。")
    assert "距支付标准的90%（9,000.00元）还有5,000.00元" in found.hint
    assert found.remaining_amount == 6000


@pytest.mark.parametrize(
    ("accrued", "reached", "word"),
    [
        ("8999.99", 0, "未达预警线"),
        ("9000", 1, "接近支付标准"),
        ("9999.99", 1, "接近支付标准"),
        ("10000", 2, "后续费用预计形成超支"),
        ("10999.99", 2, "后续费用预计形成超支"),
        ("11000", 3, "已超出支付标准1,000.00元"),
    ],
)
def test_the_lines_are_reached_exactly(accrued, reached, word):
    found = running_preview(D(accrued), D(10000))
    assert sum(line.is_reached for line in found.thresholds) == reached
    assert word in found.hint
    assert all(line.expected_on is None for line in found.thresholds)
    assert "不得因此推诿患者" in found.care_note


def test_what_cannot_be_previewed():
    for nothing in (None, D(0)):
        found = running_preview(D(4000), nothing)
        assert (found.standard_amount, found.share, found.thresholds) == (None, None, ())
        assert "无支付标准" in found.hint
    assert all(
        line.expected_on is None
        for line in running_preview(D(0), D(1), start_date=date(2025, 3, 1), today=date(2025, 3, 1)).thresholds
    )
    slow = running_preview(D("0.01"), D(10**9), start_date=date(2025, 3, 1), today=date(2025, 3, 1))
    assert slow.thresholds[0].expected_on is None
    with pytest.raises(ValueError, match="is before `start_date`"):
        running_preview(D(1), D(1), start_date=date(2025, 3, 2), today=date(2025, 3, 1))
    with pytest.raises(ValueError, match="accrued_amount"):
        running_preview(D(-1), D(1))


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 90), st.lists(st.integers(1, 300), unique=True))
def test_the_day_is_the_first_on_which_the_pace_reaches_the_line(accrued, standard, days, percents):
    start = date(2025, 1, 1)
    shares = [D(percent) / 100 for percent in sorted(percents)]
    today = start + timedelta(days=days)
    found = running_preview(D(accrued) / 100, D(standard) / 100, thresholds=shares, start_date=start, today=today)
    pace = Fraction(accrued, 100) / (days + 1)
    for line in found.thresholds:
        amount = Fraction(line.share) * Fraction(standard, 100)
        assert line.is_reached == (Fraction(accrued, 100) >= amount)
        if line.expected_on is not None:
            elapsed = (line.expected_on - start).days + 1
            assert line.expected_on > today
            assert pace * (elapsed - 1) < amount <= pace * elapsed
