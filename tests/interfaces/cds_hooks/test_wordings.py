"""What an order asks for is read once for each wording, and means the same however often it is read."""

import json
from typing import Any

import msgspec
import pytest

from app.interfaces.cds_hooks import wordings
from app.interfaces.cds_hooks.coding import Item
from app.interfaces.cds_hooks.wordings import read_wording
from app.interfaces.errors import Problem
from tests.interfaces.cds_hooks.emr import Emr, call, drug

CODE = "001102000030000"
NATIONAL = Item(CODE, "Y1", "普通门诊诊查费")
CODING = [{"code": "Y1"}, {"code": CODE, "display": "普通门诊诊查费"}]


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


@pytest.mark.parametrize(
    ("written", "item"),
    [
        ({"coding": CODING}, NATIONAL),
        ({"coding": CODING[::-1], "text": "诊查"}, NATIONAL),
        ([{"coding": CODING}], NATIONAL),
        ({"coding": {"code": 7, "display": None}, "text": "诊查"}, Item("", "7", "诊查")),
        ({"concept": {"coding": CODING}}, NATIONAL),
        (None, Item()),
        ("诊查", Item()),
        (7, Item()),
    ],
)
def test_every_way_to_write_it_is_read(written: Any, item: Item) -> None:
    first, again = read_wording(raw(written)), read_wording(raw(written))
    assert first.item == again.item == item
    assert first is again, "what was read is at hand"


def test_a_long_one_is_read_but_not_kept() -> None:
    kept = wordings._known.cache_info().currsize
    long = raw({"coding": CODING, "note": "x" * 2_000})
    assert read_wording(long).item == NATIONAL
    assert wordings._known.cache_info().currsize == kept


BOUNDLESS = b'{"text": 7, "more": 1e99999999999999999999}'


def test_a_number_that_cannot_be_read_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            read_wording(msgspec.Raw(BOUNDLESS))
        assert refused.value.status == 400


def test_who_sends_one_is_told(emr: Emr) -> None:
    sent = json.dumps(call("order-sign", drug(medicationCodeableConcept="here"))).encode()
    assert "is not JSON that can be read" in emr.refusal("order-sign", sent.replace(b'"here"', BOUNDLESS), 400)


@pytest.mark.parametrize("half", [rb"\ud800", rb"\udc00", rb"\ud800\ud800"])
def test_who_sends_half_a_character_is_told(emr: Emr, half: bytes) -> None:
    sent = json.dumps(call("order-sign", drug()), ensure_ascii=False).encode()
    broken = sent.replace("利".encode(), half, 1)
    assert broken != sent
    assert "is not JSON that can be read" in emr.refusal("order-sign", broken, 400)
