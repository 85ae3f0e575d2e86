"""Which pages may call: the headers for an origin."""

import pytest

from app.interfaces.cds_hooks.cors import OriginList


@pytest.mark.parametrize(
    ("listed", "origin", "allowed"),
    [
        (["https://emr.example"], "https://emr.example", True),
        (["https://emr.example/"], "https://emr.example", True),
        (["https://emr.example"], "https://emr.example.evil", False),
        (["https://emr.example"], "http://emr.example", False),
        (["https://emr.example"], "null", False),
        (["*"], "https://any.example", True),
        (["https://emr.example"], "", False),
        ([], "https://emr.example", False),
    ],
)
def test_origins(listed: list[str], origin: str, allowed: bool) -> None:
    headers = dict(OriginList(listed)({"headers": [(b"origin", origin.encode())] if origin else []}))
    assert headers.get(b"access-control-allow-origin") == (origin.encode() if allowed else None)
    if allowed:
        assert b"Authorization" in headers[b"access-control-allow-headers"]
    assert (b"vary" in headers) == bool(listed)
