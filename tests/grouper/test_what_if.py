"""What if: the worked examples, the reasons that tables give, neutral words, and what is listed."""

from decimal import Decimal

import pytest

from app.domain.encounter import Sex
from app.grouper.drg import group
from app.grouper.payment import price
from app.grouper.what_if import difference_of, what_if
from app.grouper.what_if_result import Direction
from tests.grouper.drg_build import SCHEMES, published, stay
from tests.grouper.what_if_build import TERTIARY, by_change, priced_as, starter

D = Decimal
needs_tables = pytest.param(
    "chs_drg_11",
    marks=pytest.mark.skipif(
        "chs_drg_11" not in SCHEMES, reason="the published schemes are not beside this repository"
    ),
)
BOTH = pytest.mark.parametrize("name", ["starter", needs_tables])


def scheme_named(name):
    return starter() if name == "starter" else published(name)


def asked(name, *diagnoses, procedures=(), **keywords):
    """By the payment of the starter scheme, whose weights serve for scale only."""
    case = stay(*diagnoses, procedures=procedures)
    return what_if(scheme_named(name), case, starter().payments[0], TERTIARY, **keywords)


@BOTH
def test_a_sole_mcc_carries_the_group(name):
    found = asked(name, "I63.900", "J96.000")
    assert found.recorded.drg == "BR21"
    dropped = by_change(found)["drop_diagnosis", "J96.000"]
    assert dropped.outcome.drg == "BR25"
    assert dropped.diagnoses == ("I63.900",)
    assert "细分组由BR21（有计入的MCC）变为BR25" in dropped.reasons[0]
    assert "计入MCC（排除表" in dropped.reasons[1]
    assert [(one.level, one.codes, one.is_sole, one.outcome.drg) for one in found.steps] == [
        ("MCC", ("J96.000",), True, "BR25")
    ]


@BOTH
def test_two_complications_carry_a_step_each(name):
    found = asked(name, "I63.900", "J44.100", "J18.900", all_variants=True)
    variants = by_change(found)
    assert found.recorded.drg == "BR21"
    assert variants["drop_diagnosis", "J18.900"].outcome.drg == "BR21"
    assert not variants["drop_diagnosis", "J18.900"].differs
    assert variants["drop_diagnosis", "J44.100"].outcome.drg == "BR23"
    assert "该变体计入的并发症合并症：J18.900（CC）。" in variants["drop_diagnosis", "J44.100"].reasons
    assert [(one.level, one.codes, one.is_sole, one.outcome.drg) for one in found.steps] == [
        ("MCC", ("J44.100",), True, "BR23"),
        ("CC", ("J18.900",), True, "BR25"),
    ]


@BOTH
def test_the_principal_decides_adrg_and_severity(name):
    found = asked(name, "J44.100", "J18.900")
    assert found.recorded.drg == "ET23"
    swapped = by_change(found)["swap_principal", "J18.900"]
    assert swapped.outcome.drg == "ES31"
    assert swapped.diagnoses == ("J18.900", "J44.100")
    told = "".join(swapped.reasons)
    assert "ADRG由ET2" in told
    assert "变为ES3" in told
    assert "原主诊断J44.100作为其他诊断：" in told
    assert swapped.direction is Direction.RECORDED_LOWER


@BOTH
def test_the_first_operation_decides_the_adrg(name):
    found = asked(name, "I21.001", procedures=("88.5500", "36.0700"))
    assert found.recorded.drg == "FM39"
    first = by_change(found)["first_procedure", "36.0700"]
    assert first.outcome.adrg == "FM1"
    assert first.procedures == ("36.0700", "88.5500")
    assert "主要手术操作在FM1.proc表中" in first.reasons[0]
    if name == "chs_drg_11":
        assert first.outcome.drg == "FM19"


@BOTH
def test_a_residual_principal_has_no_group_and_no_price(name):
    found = asked(name, "I21.000", "E11.900", all_variants=True)
    assert (found.recorded.drg, found.recorded.status) == ("0000", "无法入组")
    for one in found.variants:
        assert one.difference is None
        assert one.direction is Direction.UNKNOWN
        assert "分组不变" in one.sentence or "二者支付不能比较" in one.sentence


@BOTH
def test_an_excluded_complication_is_told_by_its_table(name):
    """A complication whose exclusion table is the principal diagnosis' own."""
    scheme = scheme_named(name)
    principal, secondary = next(
        (one, other)
        for one in scheme.diagnoses
        for other in scheme.diagnoses
        if one != other
        and scheme.excluded_table(one)
        and scheme.complication(other)[1] == scheme.excluded_table(one)
        and group(scheme, stay(one)).is_grouped
        and by_severity(scheme, one)
    )
    table = scheme.excluded_table(principal)
    added = by_change(what_if(scheme, stay(principal), add=[secondary], all_variants=True))["add_diagnosis", secondary]
    assert not added.differs
    assert f"其排除表{table}＝主诊断{principal}的排除表{table}，被排除" in added.reasons[0]


def by_severity(scheme, principal):
    return group(scheme, stay(principal, "J96.000")).drg != group(scheme, stay(principal)).drg


def test_only_what_differs_is_listed_unless_asked():
    few = asked("starter", "I63.900", "J96.000", "E11.900")
    every = asked("starter", "I63.900", "J96.000", "E11.900", all_variants=True)
    assert few.tried == every.tried == len(every.variants) == 4
    assert all(one.differs for one in few.variants)
    assert [one for one in every.variants if one.differs] == list(few.variants)


def test_clues_are_added_and_known_ones_ignored():
    found = asked("starter", "I21.001", "E11.900", procedures=("88.5500",), add=["J96.000", "E11.900", "36.0700"],
                  all_variants=True)  # fmt: skip
    added = {key: one for key, one in by_change(found).items() if key[0].startswith("add")}
    assert set(added) == {
        ("add_diagnosis", "J96.000"), ("add_procedure", "36.0700"), ("add_first_procedure", "36.0700"),
    }  # fmt: skip
    assert added["add_diagnosis", "J96.000"].diagnoses == ("I21.001", "E11.900", "J96.000")
    assert added["add_procedure", "36.0700"].outcome.drg == found.recorded.drg == "FM39"
    assert added["add_first_procedure", "36.0700"].outcome.adrg == "FM1"
    assert found.ignored == ("E11.900已有记录，不作为增加的编码",)


def test_a_code_that_is_recorded_twice_goes_as_one():
    found = asked("starter", "I63.900", "J96.000", "E11.900", "J96.000", all_variants=True)
    dropped = by_change(found)["drop_diagnosis", "J96.000"]
    assert dropped.diagnoses == ("I63.900", "E11.900")
    assert dropped.outcome.drg == "BR25"
    assert by_change(found)["swap_principal", "J96.000"].diagnoses == ("J96.000", "I63.900", "E11.900")


def test_the_difference_is_that_of_the_prices():
    payment, facts = starter().payments[0], priced_as("12000")
    found = what_if(starter(), stay("I63.900", "J96.000"), payment, facts)
    dropped = by_change(found)["drop_diagnosis", "J96.000"]
    worth = {code: price(code, facts, payment.parameters, payment.weights).official_value for code in ("BR21", "BR25")}
    assert dropped.difference == worth["BR25"] - worth["BR21"] < 0
    assert dropped.direction is Direction.RECORDED_HIGHER
    assert f"记录的分组支付高于该变体{worth['BR21'] - worth['BR25']:,.2f}元" in dropped.sentence
    assert difference_of(None, dropped.outcome.payment) is None


def test_without_payment_groups_are_compared_alone():
    found = what_if(starter(), stay("I63.900", "J96.000"))
    dropped = by_change(found)["drop_diagnosis", "J96.000"]
    assert (dropped.difference, dropped.direction, dropped.outcome.payment) == (None, Direction.UNKNOWN, None)
    assert "支付" not in dropped.sentence


def test_words_take_no_side():
    found = asked("starter", "I63.900", "J96.000", "J18.900", procedures=("88.5500", "36.0700"), all_variants=True)
    told = "".join("".join((one.sentence, *one.reasons)) for one in found.variants) + "".join(
        one.sentence for one in found.steps
    )
    assert not [word for word in ("应当", "应编", "应该", "建议", "高套", "低套", "违规") if word in told]
    assert "不是编码建议" in found.note


@pytest.mark.parametrize(
    "case",
    [
        stay(),
        stay("I63.900", sex=Sex.UNKNOWN),
        stay("I63.900", "J96.000", age_years=None),
        stay("", "J96.000"),
        stay("X"),
    ],
)
def test_strange_stays_say_what_is_wrong(case):
    found = what_if(starter(), case, starter().payments[0], add=["36.0700"], all_variants=True)
    assert found.recorded.drg
    assert found.recorded.status != "分组成功"
    assert found.steps == ()
