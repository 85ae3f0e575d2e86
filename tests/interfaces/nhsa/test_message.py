"""The decoding of messages: snake_case and camelCase read alike, and nothing unknown disturbs."""

import json
from typing import Any

import msgspec
import pytest

from app.interfaces.nhsa.message import Input, Message, decode_envelope, decode_message, text_of
from tests.interfaces.nhsa.messages import feedback, message, warn
from tests.interfaces.nhsa.walk import camel


def plain(node: Any) -> Any:
    """Structs of either case as one mapping."""
    if isinstance(node, msgspec.Struct):
        return {name: plain(value) for name, value in msgspec.structs.asdict(node).items()}
    return [plain(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize("content", [message(), feedback(warn("a"))])
def test_camel_case_reads_as_snake_case(content: dict[str, Any]) -> None:
    other = {**content, "input": camel(content["input"])}
    read, also = (decode_message(json.dumps(one).encode()) for one in (content, other))
    assert plain(read) == plain(also)
    assert isinstance(also, Message)
    assert isinstance(also.input, Input)


def test_the_envelope_is_read_of_what_is_not_understood_inside() -> None:
    body = b'{"infno":"3101","fixmedins_code":"H1","mdtrtarea_admvs":"100000","input":[[1]]}'
    with pytest.raises(msgspec.ValidationError):
        decode_message(body)
    assert decode_envelope(body).fixmedins_code == "H1"


@pytest.mark.parametrize(
    ("body", "content_type", "text", "encoding"),
    [
        (b"{}", "", b"{}", "utf-8"),
        (b"{}", "application/json;charset=gbk", b"{}", "utf-8"),
        ("医".encode(), "", "医".encode(), "utf-8"),
        ("医".encode("utf-8-sig"), "", "医".encode(), "utf-8"),
        ("虚构".encode("gbk"), "", "虚构".encode(), "gbk"),
        ("医院".encode("gbk"), 'application/json; charset="GB2312"', "医院".encode(), "gbk"),
        ("一".encode(), "application/json;charset=GBK", "一".encode(), "utf-8"),
        ("㐀".encode("gb18030"), "", "㐀".encode(), "gbk"),
    ],
)
def test_encodings(body: bytes, content_type: str, text: bytes, encoding: str) -> None:
    assert text_of(body, content_type) == (text, encoding)


def test_what_is_in_no_encoding_is_an_error() -> None:
    for content_type in ("", "application/json;charset=gbk"):
        with pytest.raises(UnicodeDecodeError):
            text_of(b"\xff\xff\xff", content_type)
