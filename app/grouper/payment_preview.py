"""Settlement preview (结算预览): payment with steps, the make-up of the bill, the split, the running preview."""

from app.domain.group_weight import PaymentScheme
from app.domain.payment import PaymentFacts, RunningPreview, SettlementPreview
from app.grouper.payment import price
from app.grouper.payment_shares import shares_of, split
from app.grouper.payment_standard import standard_of
from app.grouper.thresholds import running_preview


def preview_settlement(
    group_code: str, facts: PaymentFacts, scheme: PaymentScheme, *, explain: bool = True
) -> SettlementPreview:
    """Everything at once, for one stay that has been grouped.

    `split` is None where there is no official value, `running` where no cost is known. Raises ValueError where
    `facts.today` is before `facts.start_date`.
    """
    parameters = scheme.parameters
    payment = price(group_code, facts, parameters, scheme.weights, explain=explain)
    official = payment.official_value
    return SettlementPreview(
        payment=payment,
        shares=shares_of(facts, scheme.weights.get(payment.priced_code)),
        split=None if official is None else split(official, parameters),
        running=_running(payment.priced_code, facts, scheme),
    )


def _running(priced_code: str, facts: PaymentFacts, scheme: PaymentScheme) -> RunningPreview | None:
    if facts.total_amount is None:
        return None
    standard = standard_of(priced_code, facts, scheme.parameters, scheme.weights)
    return running_preview(
        facts.total_amount,
        standard.amount,
        thresholds=scheme.parameters.thresholds,
        start_date=facts.start_date,
        today=facts.today,
    )
