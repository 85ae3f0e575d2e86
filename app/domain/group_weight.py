"""Group weight (病组权重): what the region's table says of a group."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.domain.encounter import FacilityLevel
from app.domain.settlement import PaymentParameters


class GroupMeans(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Means of the group in the region (not its payment standard): yuan, and days. None: not known."""

    total_amount: Decimal | None = None
    stay_days: Decimal | None = None
    drug_amount: Decimal | None = None
    consumable_amount: Decimal | None = None
    examination_amount: Decimal | None = None


NO_MEANS = GroupMeans()


class GroupWeight(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row of the weight table. A level that is not in `weights` has no weight there, and no standard (无支付标准).

    `weight` holds at every level; a table has either that or `weights`. `cases` is their number in the region.
    """

    code: str
    weight: Decimal | None = None
    weights: Mapping[FacilityLevel, Decimal] = {}
    attributes: tuple[str, ...] = ()
    means: GroupMeans = NO_MEANS
    low_limit: Decimal | None = None
    high_limit: Decimal | None = None
    cases: int | None = None

    def at(self, level: FacilityLevel) -> Decimal | None:
        return self.weight if self.weight is not None else self.weights.get(level)


class PaymentScheme(Struct, frozen=True):
    """支付方案: parameters of one period and the weights they go with, by group."""

    parameters: PaymentParameters
    weights: Mapping[str, GroupWeight]
