"""Contexts of the hooks (触发场景): which orders each asks about, and which only stand around them."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.interfaces.cds_hooks.bundles import ORDER_TYPES, Held
from app.interfaces.cds_hooks.fhir import Reference, target_of
from app.interfaces.cds_hooks.orders import encounter_of
from app.interfaces.cds_hooks.request import Call, Gap, Why
from app.interfaces.cds_hooks.visit import Resources

_WITHDRAWN = frozenset({"cancelled", "revoked", "entered-in-error", "stopped"})
_NOT_SENT = "医嘱 {} 没有随请求提供，未审核；本服务不回调 FHIR 服务器，请在 prefetch 中提供"


class Orders(NamedTuple):
    """`asked` are judged, `around` stand beside them; `gaps` name orders that nobody sent."""

    asked: list[Held]
    around: list[Held]
    gaps: list[Gap]


def _drafts(call: Call, _: Resources) -> Orders:
    return Orders([held for held in call.context_resources if held.type in ORDER_TYPES], [], [])


def _selected(call: Call, resources: Resources) -> Orders:
    """order-select: the selection among the drafts. Where none is told, all of them."""
    drafts = _drafts(call, resources).asked
    wanted = _named(call.context.get("selections"))
    if not wanted:
        return Orders(drafts, [], [])
    chosen = set(wanted)
    asked = [held for held in drafts if (held.type, held.id) in chosen or ("", held.id) in chosen]
    there, ids = {held.reference for held in asked}, {held.id for held in asked}
    gaps = [_not_sent(kind, id) for kind, id in wanted if f"{kind}/{id}" not in there and (kind or id not in ids)]
    return Orders(asked, [held for held in drafts if held.reference not in there], gaps)


def _dispatched(call: Call, resources: Resources) -> Orders:
    """order-dispatch, in both generations: `order` and `task`, or `dispatchedOrders` and `fulfillmentTasks`."""
    asked = _drafts(call, resources).asked
    there = {held.id for held in asked}
    gaps = []
    for name in ("order", "dispatchedOrders", "dispatched-orders"):
        for kind, id in _named(call.context.get(name)):
            if id in there:
                continue
            there.add(id)
            kinds = (kind,) if kind else tuple(ORDER_TYPES)
            found = next((held for one in kinds if (held := resources.find(one, id)) is not None), None)
            if found is not None and found.type in ORDER_TYPES:
                asked.append(found)
            else:
                gaps.append(_not_sent(kind, id))
    return Orders(asked, [], gaps)


def _prefetched(call: Call, _: Resources) -> Orders:
    """encounter-start and -discharge: all orders of the visit that were prefetched."""
    return Orders([held for held in call.prefetched if held.type in ORDER_TYPES], [], [])


def _named(values: Any) -> list[tuple[str, str]]:
    """The (type, id) of references that the context gives as texts, as objects, or alone."""
    told = values if isinstance(values, list) else [values]
    texts = [one.get("reference") if isinstance(one, dict) else one for one in told]
    return [target_of(Reference(one.strip())) for one in texts if isinstance(one, str) and one.strip()]


def _not_sent(kind: str, id: str) -> Gap:
    return Gap("order", Why.NOT_SENT, _NOT_SENT.format("/".join(filter(None, (kind, id)))[:128]))


_READERS: dict[str, Callable[[Call, Resources], Orders]] = {
    "order-select": _selected,
    "order-sign": _drafts,
    "appointment-book": _drafts,
    "order-dispatch": _dispatched,
    "encounter-start": _prefetched,
    "encounter-discharge": _prefetched,
}


def orders_of(call: Call, hook: str, resources: Resources, encounter_id: str) -> Orders:
    """Each order once, without those that were withdrawn, belong to other visits, or are what is booked here."""
    read = _READERS[hook](call, resources)
    asked = _standing(read.asked)
    rest = [held for held in (*read.around, *call.prefetched) if held.type in ORDER_TYPES]
    around = _around(asked, rest, encounter_id) if rest else []
    if hook.startswith("encounter-"):
        asked = [held for held in asked if encounter_of(held) in ("", encounter_id)]
    return Orders(asked, around, read.gaps)


def _around(asked: Iterable[Held], rest: Iterable[Held], encounter_id: str) -> list[Held]:
    judged = {held.reference for held in asked if held.id}
    booked = {
        id for held in asked if held.type == "Appointment" for one in held.order.based_on for id in target_of(one)[1:]
    }
    return [
        held
        for held in _standing(rest)
        if held.id not in booked and encounter_of(held) in ("", encounter_id) and held.reference not in judged
    ]


def _standing(orders: Iterable[Held]) -> list[Held]:
    """A draft may also stand in the prefetch: the first is the one that was changed last."""
    found: dict[tuple[str, str] | int, Held] = {}
    for place, held in enumerate(orders):
        order = held.order
        if order.status not in _WITHDRAWN and order.do_not_perform is not True:
            found.setdefault((held.type, held.id) if held.id else place, held)
    return list(found.values())
