"""What counts of the past, message by message, whoever told it and in whatever order."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from app.application.patient_history import FacilityGroups
from tests.application.history_desk import GROUPS, OTHER, Desk, encounter, opened


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(tmp_path_factory.mktemp("history")) as found:
        yield found


ORDER = {"id": "O"}
CHARGE = {"id": "C", "order_id": "O"}
A, B = {"id": "A"}, {"id": "B"}
LATE = "2026-05-01"
# what, messages about one encounter of one patient, how many count in the end
MESSAGES: list[tuple[str, list[Any], int]] = [
    ("an order", [{"orders": [ORDER]}], 1),
    ("an order and its charge", [{"orders": [ORDER]}, [CHARGE]], 1),
    ("the charge first", [[CHARGE], {"orders": [ORDER]}], 1),
    ("both at once", [{"orders": [ORDER], "lines": [CHARGE]}], 1),
    ("a charge of another item", [{"orders": [ORDER]}, [{**CHARGE, "item_code": OTHER}]], 0),
    ("a charge of another item, first", [[{**CHARGE, "item_code": OTHER}], {"orders": [ORDER]}], 0),
    ("a charge of another day", [{"orders": [ORDER]}, [{**CHARGE, "service_date": LATE}]], 0),
    ("a charge withdrawn", [{"orders": [ORDER]}, [CHARGE], "C"], 1),
    ("a charge of another item withdrawn", [{"orders": [ORDER]}, [{**CHARGE, "item_code": OTHER}], "C"], 1),
    ("the order withdrawn, then the charge", [{"orders": [ORDER]}, [CHARGE], "O", "C"], 0),
    ("a charge of the same id", [{"orders": [ORDER]}, [{"id": "O"}]], 1),
    ("an order of the id of a charge", [[{"id": "O"}], {"orders": [ORDER]}], 1),
    ("a charge of one order, then of another", [{"orders": [ORDER, A]}, [CHARGE], [{**CHARGE, "order_id": "A"}]], 2),
    ("a charge that belongs to itself", [[{"id": "C", "order_id": "C"}]], 1),
    ("the same twice", [[A], [A]], 1),
    ("two", [[A], [B]], 2),
    ("another date", [[A], [{**A, "service_date": LATE}]], 0),
    ("another date and back", [[A], [{**A, "service_date": LATE}], [A]], 1),
    ("another item", [[A], [{**A, "item_code": OTHER}]], 0),
    ("withdrawn", [[A, B], "A"], 1),
    ("withdrawn twice", [[A, B], "A", "A"], 1),
    ("withdrawn and sent again", [[A], "A", [A]], 1),
    ("withdrawn and corrected", [[A], "A", [{**A, "item_code": OTHER}]], 0),
    ("nothing said of it any more", [[A], []], 1),
    ("nothing", [[]], 0),
    ("context, as the caller says", [[{**A, "current": False}]], 1),
]  # fmt: skip


@pytest.mark.parametrize("how", ["audited", "taken in", "by turns"])
@pytest.mark.parametrize(("messages", "count"), [one[1:] for one in MESSAGES], ids=[one[0] for one in MESSAGES])
def test_what_counts(messages: list[Any], count: int, how: str, desk: Desk, request: pytest.FixtureRequest) -> None:
    patient = f"P-{sha256(request.node.name.encode()).hexdigest()[:20]}"
    for number, message in enumerate(messages):
        if isinstance(message, str):
            desk.tell(("F1", patient, message))
            continue
        lines, orders = (message.get("lines", ()), message["orders"]) if isinstance(message, dict) else (message, ())
        told = encounter(patient, *lines, orders=orders, patient=patient)
        if how == "audited" or (how == "by turns" and number % 2):
            desk.audit(told)
        else:
            desk.tell(told)
    assert desk.count(patient) == count
    assert desk.count(patient, "F2") == count
    assert desk.count(patient, "F3") == 0


def test_a_corrected_patient_moves_the_encounter(desk: Desk) -> None:
    desk.audit(encounter("moved", A, patient="wrong"))
    desk.audit(encounter("moved", B, patient="right"))
    assert (desk.count("wrong"), desk.count("right")) == (0, 2)


def test_facilities_may_use_the_same_ids(desk: Desk) -> None:
    for facility in ("F1", "F2", "F3"):
        desk.tell(encounter("same", A, facility=facility, patient="P-same"))
    desk.tell(("F2", "same", "A"))
    assert [desk.count("P-same", facility) for facility in ("F1", "F2", "F3")] == [1, 1, 1]


def test_a_facility_stands_in_one_group_only() -> None:
    assert FacilityGroups([["F1", "F2", "F1"], ["F3"]]).of("F1") == ("F1", "F2")
    assert FacilityGroups(GROUPS).of("F9") == ("F9",)
    with pytest.raises(ValueError, match="'F2' stands in two groups"):
        FacilityGroups([["F1", "F2"], ["F2", "F3"]])
