"""A thousand bodies that no client should send get a thousand envelopes, and nothing breaks unheard."""

import copy
import json
import logging
from random import Random
from typing import Any

import pytest

from tests.interfaces.nhsa.caller import Caller
from tests.interfaces.nhsa.messages import DAY, envelope, feedback, message, order, ordered, person, visit, warn
from tests.interfaces.nhsa.walk import camel, dicts

SEED, COUNT = 20260302, 1000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**19, -(10**30), 10**4000, 1e308, 5e-324, "", " ", "-", "NaN", "Infinity",
    "1e999999", "9" * 5000, "\x00", "😀", "\u202e", "ＡＢＣ", "<script>", "'; DROP TABLE audits", "2026-02-30",
    "0001-01-01", "9998-12-31 23:59:59", "2026-03-02T08:00:00+14:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "一" * 2000, [], {}, [[]], [{}], {"a": {}}, [None], ["x"], {"rx_id": {"rx_id": {}}},
    [[[[[[]]]]]], "²", "١٢٣", "1_000", "0x10", "+5", "--5", "5%",
)  # fmt: skip
RAW: tuple[bytes, ...] = (
    b"NaN", b"Infinity", b"-Infinity", b"9" * 5000, b"-" + b"9" * 5000, b"1e99999999", b"1E-99999999",
    b"0." + b"1" * 9000,
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b"\xff", b'"\xed\xa0\x80"', b'"\xc3\x28"', b"[" * 3000, b"01",
    b'{"a":' * 3000, b"'x'", b"undefined", b'"a" "b"', b"{,}", b"[1,]", b'"\n"', b"tru", b"-", b"//x",
)  # fmt: skip
PLAIN = (
    message(),
    ordered(order(), order("YZ1", "001103000010000"), order("YZ1", "001102000030000"), infno="3102"),
    message(person(visit(mdtrt_id="M0", adm_date="2026-01-05", dscg_date="2026-01-12"), visit(med_type="21"))),
    envelope("3660", {"trigScen": camel(message()["input"]["data"])}),
    feedback(warn("a" * 32), warn("b" * 32, "2", "")),
    envelope("3101", {"data": "", "patient_dtos": person(fsi_encounter_dtos=""), "fsi_encounter_dtos": visit()}),
)


def set_anywhere(content: Any, random: Random, value: Any) -> None:
    spot = random.choice([(one, name) for one in dicts(content) for name in one])
    spot[0][spot[1]] = value


def of_another_type(content: Any, random: Random) -> bytes:
    for _ in range(random.randint(1, 4)):
        set_anywhere(content, random, copy.deepcopy(random.choice(ODD)))
    return json.dumps(content, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass")


def raw_inside(content: Any, random: Random) -> bytes:
    set_anywhere(content, random, "@@@")
    return json.dumps(content).encode().replace(b'"@@@"', random.choice(RAW))


def wrongly_nested(content: Any, random: Random) -> bytes:
    one = random.choice([(holder, name) for holder in dicts(content) for name in holder])
    whole = one[0][one[1]]
    one[0][one[1]] = random.choice(
        [[whole], [[whole]], {"x": whole}, [whole, whole], {one[1]: whole}, str(whole), [whole, 5, None]]
    )
    return json.dumps(content).encode()


def truncated(content: Any, random: Random) -> bytes:
    body = json.dumps(content, ensure_ascii=False).encode(random.choice(["utf-8", "gbk"]))
    return body[: random.randrange(len(body))]


def broken_bytes(content: Any, random: Random) -> bytes:
    body = bytearray(json.dumps(content, ensure_ascii=False).encode(random.choice(["utf-8", "gbk"])))
    for _ in range(random.randint(1, 6)):
        place = random.randrange(len(body))
        body[place : place + random.randrange(2)] = random.randbytes(random.randrange(3))
    return bytes(body)


def wrongly_encoded(content: Any, random: Random) -> bytes:
    text = json.dumps(content, ensure_ascii=False)
    return random.choice([
        text.encode(random.choice(["utf-16", "utf-32", "utf-16-be", "big5hkscs", "utf-7", "gb18030"]), "replace"),
        text.encode().replace("甲".encode(), "甲".encode("gbk")),
        b"\xef\xbb\xbf" * 2 + text.encode(),
    ])  # fmt: skip


def deeply_nested(content: Any, random: Random) -> bytes:
    depth, opening, closing = random.choice([50, 500, 5000, 100_000]), *random.choice([("[", "]"), ('{"a":', "}")])
    set_anywhere(content, random, "@@@")
    return json.dumps(content).replace('"@@@"', opening * depth + "1" + closing * depth).encode()


def keys_lost_or_doubled(content: Any, random: Random) -> bytes:
    for holder in list(dicts(content)):
        for name in list(holder):
            if random.random() < 0.15:
                holder.pop(name)
    text = json.dumps(content)
    return text.replace("{", '{"rx_id":[],"infno":"3101",', 1 if random.random() < 0.5 else -1).encode()


MUTATIONS = (
    of_another_type, of_another_type, of_another_type, raw_inside, wrongly_nested, truncated, broken_bytes,
    wrongly_encoded, deeply_nested, keys_lost_or_doubled,
)  # fmt: skip


def bodies() -> list[tuple[str, bytes]]:
    random = Random(SEED)
    found = []
    for number in range(COUNT):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        found.append((mutate.__name__, mutate(copy.deepcopy(random.choice(PLAIN)), random)))
    return found


def check_envelope(answer: Any) -> None:
    assert answer["infcode"] in (0, -1)
    assert len(answer["inf_refmsgid"]) == 30
    if answer["infcode"]:
        assert 0 < len(answer["err_msg"].encode("gbk")) <= 200
        assert answer["output"] is None
        return
    assert answer["err_msg"] == ""
    assert isinstance(answer["output"]["result"], list)
    json.dumps(answer, ensure_ascii=False).encode("gbk")


def test_a_thousand_bad_bodies_get_a_thousand_envelopes(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    references, understood = set(), 0
    with caplog.at_level(logging.WARNING):
        for name, body in bodies():
            answer = caller.post(body)
            assert answer.status == 200, (name, body[:500])
            told = answer.json()
            check_envelope(told)
            references.add(told["inf_refmsgid"])
            understood += told["infcode"] == 0
    assert len(references) == COUNT
    assert COUNT * 0.2 < understood < COUNT * 0.9, "some are odd only, and are audited all the same"
    unheard = [one.getMessage() for one in caplog.records if not any(each in one.getMessage() for each in references)]
    assert unheard == []
    assert [one.exc_info for one in caplog.records] == [], "and none of them breaks anything at all"


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:30])
def test_an_odd_value_anywhere_costs_neither_the_answer_nor_the_other_patient(caller: Caller, value: Any) -> None:
    """Wherever the message can be read at all, the second patient's finding is told."""
    second = person(visit(mdtrt_id="M2"), patn_id="P2", curr_mdtrt_id="M2")
    leaves = [name for name, kept in {**visit(), **order(), **person()}.items() if not isinstance(kept, list)]
    for name in leaves[:: len(leaves) // 12]:
        broken = person()
        for holder in list(dicts(broken)):
            if name in holder:
                holder[name] = copy.deepcopy(value)
        told = caller.post(message(broken, second)).json()
        check_envelope(told)
        if told["infcode"] == 0:
            assert "P2" in [one["patn_id"] for one in told["output"]["result"]], name
        else:
            assert "JSON" in told["err_msg"] or "报文" in told["err_msg"]


def test_a_day_that_is_none_does_not_reach_the_rules(caller: Caller) -> None:
    assert len(caller.post(ordered(order(drord_begn_date="2026-02-30"))).result) == 1
    assert caller.post(ordered(order(drord_begn_date="2025-12-31"), adm_date=DAY)).result == []
