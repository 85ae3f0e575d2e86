"""The national interface (国家医保接口): messages of 3101, 3102, 3103 and what clients make of them."""

import json
from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.mutate import mutate_json
from tests.fuzz.served import ask
from tests.fuzz.target import Target
from tests.interfaces.nhsa.mangle import SHAPES
from tests.interfaces.nhsa.messages import feedback, message, order, ordered, warn


def seeds() -> list[bytes]:
    operation = {"oprn_code": "38.1200", "oprn_name": "手术", "main_oprn_flag": "1", "oprn_date": "2026-03-02"}
    plain: list[Any] = [
        message(), ordered(order(), order("YZ2", "001102000050000", cnt=3), infno="3102", fsi_operation_dtos=operation),
        feedback(warn("a" * 32), warn("b" * 32, 2, "")),
    ]  # fmt: skip
    random = Random(1)
    shaped = [shape(deepcopy(plain[number % 2]), random) for number, shape in enumerate(SHAPES)]
    texts = [json.dumps(one, ensure_ascii=False) for one in (*plain, *shaped)]
    return [one.encode() for one in texts] + [texts[0].encode("gb18030"), b"[" * 5000, b'{"input":' * 3000, b"\xff"]


def examine(data: bytes) -> None:
    answer = ask("/fsi/api/3101", data)
    told = answer.json()
    assert told["infcode"] in (0, -1), told
    assert "系统内部错误" not in str(told["err_msg"])


TARGET = Target(seeds, examine, mutate_json)
