"""The six hooks: which orders each judges, in every form of their contexts that clients send."""

from collections.abc import Callable

import pytest

from tests.interfaces.cds_hooks.emr import (
    CONSULTATION,
    HOOKS,
    LIMITED,
    MONITORING,
    Emr,
    Json,
    bundle,
    call,
    concept,
    covers,
    open_points,
    prefetch,
    service,
)

APPOINTMENT = {
    "resourceType": "Appointment", "id": "A1", "status": "proposed", "start": "2026-10-14T09:00:00+08:00",
    "participant": [],
}  # fmt: skip


def faults(answer: Json) -> list[str]:
    return [card["summary"] for card in answer["cards"]]


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_judges_its_orders(emr: Emr, hook: str) -> None:
    answer = emr.ask(hook, call(hook))
    assert faults(answer) == ["后穹窿穿刺术限女性，患者为男性。"]
    assert ("systemActions" in answer) == (hook != "encounter-discharge")


@pytest.mark.parametrize("hook", HOOKS)
def test_nothing_wrong_gives_no_card(emr: Emr, hook: str) -> None:
    women = prefetch(patient={"resourceType": "Patient", "id": "P1", "gender": "female", "birthDate": "1980-01-01"})
    body = call(hook)
    body["prefetch"] = {**body["prefetch"], "patient": women["patient"]}
    assert emr.ask(hook, body)["cards"] == []


def test_select_judges_only_the_selection(emr: Emr) -> None:
    body = call("order-select", service("S1", MONITORING), service("S2", LIMITED, quantityQuantity={"value": 9}))
    body["context"]["selections"] = ["ServiceRequest/S1"]
    answer = emr.ask("order-select", body)
    assert answer["cards"] == []
    assert set(covers(answer)) == {"S1"}
    body["context"]["selections"] = ["ServiceRequest/S2"]
    assert len(emr.ask("order-select", body)["cards"]) == 1


def test_what_is_not_selected_still_conflicts_with_what_is(emr: Emr) -> None:
    body = call("order-select", service("S1", MONITORING), service("S2", CONSULTATION))
    for selected in ("S1", "S2"):
        body["context"]["selections"] = [f"ServiceRequest/{selected}"]
        answer = emr.ask("order-select", body)
        assert faults(answer) == ["急诊诊查费与急诊监护费不得同日同时收费。"]
        assert set(covers(answer)) == {selected}


@pytest.mark.parametrize(
    "selections",
    [
        None,
        [],
        "ServiceRequest/SR1",
        ["SR1"],
        ["https://emr/fhir/ServiceRequest/SR1"],
        [{"reference": "ServiceRequest/SR1"}],
    ],
)
def test_selections_in_other_forms(emr: Emr, selections: object) -> None:
    body = call("order-select")
    body["context"]["selections"] = selections
    assert len(emr.ask("order-select", body)["cards"]) == 1


def test_a_selection_that_was_not_sent_is_named(emr: Emr) -> None:
    body = call("order-select")
    body["context"]["selections"].append("ServiceRequest/GONE")
    gap = open_points(emr.ask("order-select", body))["order"]
    assert gap["why"] == "not_sent"
    assert "ServiceRequest/GONE" in gap["message"]


@pytest.mark.parametrize(
    "context",
    [
        {"order": "ServiceRequest/SR1", "performer": "Organization/O", "task": {"resourceType": "Task", "id": "T"}},
        {"dispatchedOrders": ["ServiceRequest/SR1"], "fulfillmentTasks": [{"resourceType": "Task"}]},
        {"dispatched-orders": ["ServiceRequest/SR1"], "fulfillment-tasks": []},
        {"dispatchedOrders": "ServiceRequest/SR1"},
        {"dispatchedOrders": [{"reference": "ServiceRequest/SR1"}]},
        {"dispatchedOrders": [service()]},
        {"dispatchedOrders": bundle(service())},
        {"order": service()},
    ],
)
def test_dispatch_in_both_generations(emr: Emr, context: Json) -> None:
    body = call("order-dispatch")
    body["context"] = {"patientId": "P1", **context}
    answer = emr.ask("order-dispatch", body)
    assert len(answer["cards"]) == 1
    assert set(covers(answer)) == {"SR1"}


def test_dispatch_judges_what_was_sent_and_names_the_rest(emr: Emr) -> None:
    body = call("order-dispatch")
    body["context"]["dispatchedOrders"].append("ServiceRequest/GONE")
    answer = emr.ask("order-dispatch", body)
    assert len(answer["cards"]) == 1
    assert "ServiceRequest/GONE" in open_points(answer)["order"]["message"]


def test_an_appointment_is_judged_by_what_it_is_for(emr: Emr) -> None:
    body = call("appointment-book", {**APPOINTMENT, "basedOn": [{"reference": "ServiceRequest/SR1"}]})
    body["prefetch"]["serviceRequest"] = service()
    answer = emr.ask("appointment-book", body)
    assert len(answer["cards"]) == 1
    assert set(covers(answer)) == {"A1"}


def test_what_is_booked_counts_once(emr: Emr) -> None:
    """The order and the appointment that carries it out are one."""
    order = service("S1", LIMITED, quantityQuantity={"value": 2})
    booked = {**APPOINTMENT, "start": "2026-10-12T09:00:00+08:00", "basedOn": [{"reference": "ServiceRequest/S1"}]}
    body = call("appointment-book", booked)
    body["prefetch"]["serviceRequest"] = order
    assert emr.ask("appointment-book", body)["cards"] == []
    body["context"]["appointments"]["entry"][0]["resource"]["serviceType"] = [concept(LIMITED)]
    del body["context"]["appointments"]["entry"][0]["resource"]["basedOn"]
    assert len(emr.ask("appointment-book", body)["cards"]) == 1  # another one


def test_prefetched_orders_stand_around_the_drafts(emr: Emr) -> None:
    body = call("order-sign", service("S1", CONSULTATION))
    active = service("S0", MONITORING, status="active", encounter={"reference": "Encounter/E1"})
    body["prefetch"]["active"] = bundle(active)
    answer = emr.ask("order-sign", body)
    assert len(answer["cards"]) == 1
    assert set(covers(answer)) == {"S1"}
    body["prefetch"]["active"] = bundle({**active, "encounter": {"reference": "Encounter/OTHER"}})
    assert emr.ask("order-sign", body)["cards"] == []
    body["prefetch"]["active"] = bundle({**active, "status": "cancelled"})
    assert emr.ask("order-sign", body)["cards"] == []


def test_a_draft_that_is_also_prefetched_counts_once(emr: Emr) -> None:
    order = service("S1", LIMITED, quantityQuantity={"value": 2})
    body = call("order-sign", order)
    body["prefetch"]["drafts"] = bundle(order)
    assert emr.ask("order-sign", body)["cards"] == []


def test_discharge_is_judged_as_settlement(emr: Emr) -> None:
    (card,) = emr.ask("encounter-discharge", call("encounter-discharge"))["cards"]
    assert card["indicator"] == "critical"
    (card,) = emr.ask("order-sign", call("order-sign"))["cards"]
    assert card["indicator"] == "warning"


def test_an_encounter_without_orders_is_no_fault(emr: Emr) -> None:
    body = call("encounter-start")
    del body["prefetch"]["orders"]
    assert emr.ask("encounter-start", body)["cards"] == []


def test_drafts_leave_no_trace_in_the_history(make_emr: Callable[..., Emr]) -> None:
    """Who removes what a card objects to is not reminded of it again; what was signed without objection counts."""
    emr = make_emr(cds_silence_hours=0)
    both = call("order-sign", service("S1", MONITORING), service("S2", CONSULTATION))
    assert len(emr.ask("order-sign", both)["cards"]) == 1
    assert emr.ask("order-sign", call("order-sign", service("S1", MONITORING)))["cards"] == []
    emr.ask("order-select", call("order-select", service("S3", LIMITED, quantityQuantity={"value": 2})))
    one = service("S4", LIMITED, quantityQuantity={"value": 1})
    assert emr.ask("order-sign", call("order-sign", one))["cards"] == []
    more = service("S5", LIMITED, quantityQuantity={"value": 2})
    assert len(emr.ask("order-sign", call("order-sign", more))["cards"]) == 1
