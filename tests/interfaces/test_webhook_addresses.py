"""API7 (2023), webhooks: nothing that a person enters leads to an address that the operator did not name."""

import asyncio

import pytest

from app.application.webhook_targets import AllowedTargets, BadTarget

INNER = [
    "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "169.254.169.254", "[fe80::1]", "10.0.0.1", "192.168.1.1",
    "172.16.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::ffff:a00:1]",
    "100.64.0.1", "metadata.google.internal", "localhost.", "127.0.0.1.",
]  # fmt: skip
FORMS = [
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "ftp://127.0.0.1/", "http://", "//127.0.0.1/", "127.0.0.1",
    "http://hook.test@127.0.0.1/", "http://127.0.0.1\\@hook.test/", "http://hook.test#@127.0.0.1/", "http://[127.0.0.1/",
    "http://127.0.0.1:99999/", "http://127.0.0.1\r\nx: y/", "javascript:alert(1)", "http://user:pass@10.1.2.3/", "",
    "http://10.1.2.3/" + "a" * 600,
]  # fmt: skip


def refused(targets: AllowedTargets, url: str) -> None:
    with pytest.raises(BadTarget):
        asyncio.run(targets.find(url))


@pytest.mark.parametrize("host", INNER)
def test_inner_addresses_unless_they_are_named(host: str) -> None:
    refused(AllowedTargets([]), f"http://{host}/hook")
    refused(AllowedTargets(["hook.test", "10.1.2.0/24"]), f"https://{host}:8443/hook")


@pytest.mark.parametrize("url", FORMS)
def test_forms_that_mean_something_else(url: str) -> None:
    refused(AllowedTargets(["hook.test", "10.1.2.0/24"]), url)


def test_what_is_named_is_reached_by_its_very_address() -> None:
    found = asyncio.run(AllowedTargets(["10.1.2.0/24"]).find("http://10.1.2.3:8080/hook?a=b"))
    assert (found.url, found.authority) == ("http://10.1.2.3:8080/hook?a=b", "10.1.2.3:8080")
    refused(AllowedTargets(["10.1.2.0/24"]), "http://10.1.3.3/hook")
