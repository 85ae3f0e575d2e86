"""Shares of a payment and of a bill: who pays what and when, what the bill consists of, and per-capita payment."""

from decimal import ROUND_HALF_UP, Decimal

from app.domain.group_weight import NO_MEANS, GroupMeans, GroupWeight
from app.domain.money import ZERO, cents, plain
from app.domain.payment import FundSplit, PaymentFacts, ShareOfCost
from app.domain.settlement import PaymentParameters

_FOUR = Decimal("0.0001")
_PARTS = (
    ("drug_amount", "药品费"),
    ("consumable_amount", "耗材费"),
    ("examination_amount", "检查检验费"),
)


def split(official_value: Decimal, parameters: PaymentParameters) -> FundSplit:
    """What the fund pays of the official value, how much of that in advance (预付), and what is held back (质量保证金).

    The deposit is a share of the whole official value. Shares that the scheme does not give are None.
    """
    fund = None if parameters.fund_share is None else cents(official_value * parameters.fund_share)
    paid = official_value if fund is None else fund
    return FundSplit(
        fund_amount=fund,
        other_amount=None if fund is None else official_value - fund,
        prepaid_amount=None if parameters.prepay_share is None else cents(paid * parameters.prepay_share),
        deposit_amount=None if parameters.deposit_share is None else cents(official_value * parameters.deposit_share),
    )


def shares_of(facts: PaymentFacts, row: GroupWeight | None) -> tuple[ShareOfCost, ...]:
    """Drugs, consumables and examinations, as far as their amounts are given, against the means of the group.

    Means that the facts give win over those of the weight table. A mean that nobody knows is not compared.
    """
    own, table = facts.means, row.means if row is not None else NO_MEANS
    total = facts.total_amount
    mean_total = own.total_amount if own.total_amount is not None else table.total_amount
    found = []
    for name, label in _PARTS:
        amount: Decimal | None = getattr(facts, name)
        if amount is None:
            continue
        mean = _mean(name, own, table)
        share = (amount / total).quantize(_FOUR, ROUND_HALF_UP) if total else None
        mean_share = (mean / mean_total).quantize(_FOUR, ROUND_HALF_UP) if mean is not None and mean_total else None
        difference = None if mean is None else amount - mean
        text = _sentence(label, amount, share, mean_share, difference)
        found.append(ShareOfCost(name, label, amount, share, mean, mean_share, difference, text))
    return tuple(found)


def _mean(name: str, own: GroupMeans, table: GroupMeans) -> Decimal | None:
    found: Decimal | None = getattr(own, name)
    return found if found is not None else getattr(table, name)


def _sentence(
    label: str, amount: Decimal, share: Decimal | None, mean_share: Decimal | None, difference: Decimal | None
) -> str:
    text = f"{label}{amount:,.2f}元" + (f"，占总费用{share:.2%}" if share is not None else "")
    if mean_share is not None:
        text += f"（病组地区均值占{mean_share:.2%}）"
    if difference is None:
        return f"{text}；病组地区均值未知，未作比较"
    if not difference:
        return f"{text}，与病组地区均值相同"
    return f"{text}，比病组地区均值{'高' if difference > ZERO else '低'}{abs(difference):,.2f}元"


def capitation(parameters: PaymentParameters, persons: int, months: int = 12) -> Decimal | None:
    """按人头付费: yuan for so many insured persons and months of the year; None where the scheme has none.

    Raises ValueError for negative persons or months that are not 1 to 12.
    """
    if persons < 0:
        raise ValueError(f"`persons` is {plain(Decimal(persons))}; it must be 0 or more")
    if not 1 <= months <= 12:
        raise ValueError(f"`months` is {months}; it must be from 1 to 12")
    if parameters.per_capita is None:
        return None
    return cents(parameters.per_capita.amount * persons * months / 12)
