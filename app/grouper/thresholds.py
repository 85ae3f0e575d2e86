"""Running preview (在院费用预警): the accrued cost of a stay against the payment standard, while something can be done.

The pace is the accrued cost over the calendar days so far, today included; it says when a line would be crossed if the
stay went on as it did, no more than that.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from app.domain.money import ZERO, cents, check_number, plain
from app.domain.payment import RunningPreview, Threshold

DEFAULT_THRESHOLDS = (Decimal("0.9"), Decimal("1.0"), Decimal("1.1"))
_FURTHEST = 3650  # days: a line that lies further ahead will not be crossed
_FOUR = Decimal("0.0001")
_CARE_NOTE = "费用预警仅供管理参考，不得因此推诿患者、减少必要诊疗或要求提前出院。"


def running_preview(
    accrued_amount: Decimal,
    standard_amount: Decimal | None,
    *,
    thresholds: Iterable[Decimal] = DEFAULT_THRESHOLDS,
    start_date: date | None = None,
    today: date | None = None,
) -> RunningPreview:
    """Which of the thresholds (shares of the standard, rising) are reached, and when the next ones would be.

    Amounts in yuan. Days are only said where both the day of admission and `today` are known; without a standard
    (None) nothing is compared. Raises ValueError for a negative cost, or a `today` before the admission.
    """
    check_number(accrued_amount, "accrued_amount")
    days = _days(start_date, today)
    daily = None if days is None else cents(accrued_amount / days)
    if standard_amount is None or standard_amount <= ZERO:
        hint = "病组无支付标准，无法作费用预警。"
        return RunningPreview(None, accrued_amount, None, None, daily, (), hint, _CARE_NOTE)
    lines = tuple(_threshold(share, accrued_amount, standard_amount, start_date, days, daily) for share in thresholds)
    return RunningPreview(
        standard_amount=standard_amount,
        accrued_amount=accrued_amount,
        remaining_amount=standard_amount - accrued_amount,
        share=(accrued_amount / standard_amount).quantize(_FOUR, ROUND_HALF_UP),
        daily_amount=daily,
        thresholds=lines,
        hint=" ".join(_summary(lines, accrued_amount, standard_amount)),
        care_note=_CARE_NOTE,
    )


def _days(start_date: date | None, today: date | None) -> int | None:
    if start_date is None or today is None:
        return None
    if today < start_date:
        raise ValueError(f"`today` {today} is before `start_date` {start_date}; give the last day of the cost")
    return (today - start_date).days + 1


def _threshold(
    share: Decimal, accrued: Decimal, standard: Decimal, start: date | None, days: int | None, daily: Decimal | None
) -> Threshold:
    amount = share * standard
    if accrued >= amount:
        return Threshold(share, cents(amount), True, None, _reached(share, accrued, standard))
    expected = None
    if start is not None and days is not None and accrued > ZERO:
        day = _rounded_up(amount * days, accrued)
        expected = start + timedelta(days=day - 1) if day <= _FURTHEST else None
    hint = f"距支付标准的{_percent(share)}（{amount:,.2f}元）还有{amount - accrued:,.2f}元。"
    if expected is not None:
        hint += f"按目前日均{daily:,.2f}元，预计{expected}达到。"
    return Threshold(share, cents(amount), False, expected, hint)


def _rounded_up(value: Decimal, by: Decimal) -> int:
    whole = value // by
    return int(whole) + (whole * by < value)


def _percent(share: Decimal) -> str:
    return f"{plain(share * 100)}%"


def _reached(share: Decimal, accrued: Decimal, standard: Decimal) -> str:
    line = f"费用已达支付标准的{_percent(share)}（{share * standard:,.2f}元）"
    if share < 1:
        return f"{line}，接近支付标准，请核对病案首页诊断、手术操作是否填写完整，并关注后续费用。"
    if share == 1:
        return f"{line}，后续费用预计形成超支，请核对分组是否准确。"
    return f"{line}，已超出支付标准{accrued - standard:,.2f}元，病情确需的可了解特病单议条件并保存依据。"


def _summary(lines: tuple[Threshold, ...], accrued: Decimal, standard: Decimal) -> Iterator[str]:
    """The highest line that is reached, and the next one."""
    reached = [line for line in lines if line.is_reached]
    ahead = [line for line in lines if not line.is_reached]
    if reached:
        yield reached[-1].hint
    else:
        yield f"已发生费用{accrued:,.2f}元，为支付标准{standard:,.2f}元的{accrued / standard:.1%}，未达预警线。"
    if ahead:
        yield ahead[0].hint
