"""What pages do in the browser: passwords are hidden and may be pasted, nothing is kept there, nothing that was sent is
run.
"""

import re
from pathlib import Path

import pytest

CONSOLE = Path(__file__).resolve().parents[3] / "app" / "interfaces" / "console"
TEMPLATES = sorted((CONSOLE / "templates").glob("*.html"))
SCRIPTS = sorted(one for one in (CONSOLE / "static").rglob("*.js") if "vendor" not in one.parts)
OTHERS = sorted((CONSOLE.parent / "nhsa" / "templates").glob("*.html"))
STORES = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.|serviceWorker")
RUNS = re.compile(
    r"\beval\b|new Function|\.(inner|outer)HTML\s*=|hx-on|javascript:|insertAdjacentHTML|document\.write|"
    r"setTimeout\(\s*[\"']"
)
POLLUTES = re.compile(r"__proto__|prototype\s*\[|\.constructor\s*\[|\.extend\(true")
FORM = re.compile(r"<form\b[^>]*>")
INPUT = re.compile(r"<input\b[^>]*>")


def own_scripts() -> str:
    """Ours alone: what comes with htmx and ECharts is theirs, and configured below."""
    return "\n".join(one.read_text("utf-8") for one in [*SCRIPTS, *TEMPLATES, *OTHERS])


def password_fields() -> list[str]:
    """Also those that one sets a password with."""
    fields = [one for file in TEMPLATES for one in INPUT.findall(file.read_text("utf-8"))]
    return [one for one in fields if re.search(r'name="(password|old|new|again)"|autocomplete="[a-z]+-password"', one)]


def test_passwords_are_hidden_while_they_are_typed() -> None:
    assert len(password_fields()) >= 3
    for one in password_fields():
        assert 'type="password"' in one, one


def test_passwords_may_be_pasted_and_kept_by_managers() -> None:
    for one in password_fields():
        assert re.search(r'autocomplete="(current|new)-password"', one), one
        assert "onpaste" not in one
        assert "readonly" not in one
        told = re.search(r'maxlength="(\d+)"', one)
        assert told is None or int(told[1]) >= 128
    assert not re.search(r"[\"']paste[\"']|onpaste", own_scripts())


def test_no_field_gets_into_an_address_where_a_script_should_have_sent_it() -> None:
    """A browser that has not run them yet sends a form without a method by GET: a password or a patient, too."""
    forms = [one for file in TEMPLATES for one in FORM.findall(file.read_text("utf-8"))]
    assert len([one for one in forms if "hx-post" in one]) > 20
    for one in forms:
        assert 'method="post"' in one or ("hx-post" not in one and ('method="get"' in one or "hx-get" in one)), one


def test_nothing_is_kept_in_the_browser() -> None:
    assert STORES.search(own_scripts()) is None
    assert '"historyCacheSize":0' in (CONSOLE / "templates" / "base.html").read_text("utf-8")


def test_nothing_that_was_sent_is_run_or_changes_prototypes() -> None:
    assert RUNS.search(own_scripts()) is None
    assert POLLUTES.search(own_scripts()) is None
    assert '"allowEval":false' in (CONSOLE / "templates" / "base.html").read_text("utf-8")


@pytest.mark.parametrize("code", ["x.innerHTML = a", "localStorage.a = 1", "o.__proto__ = a", "eval(a)"])
def test_it_would_be_seen(code: str) -> None:
    assert any(one.search(code) for one in (STORES, RUNS, POLLUTES))


def test_every_whole_page_can_be_left_by_signing_out() -> None:
    """Those with a frame have it from base.html; without one is only the page where one signs in."""
    assert 'hx-post="/console/sign-out"' in (CONSOLE / "templates" / "base.html").read_text("utf-8")
    whole = [one for one in TEMPLATES if "<html" in one.read_text("utf-8")]
    assert {one.name for one in whole} == {"base.html", "sign_in.html"}
    framed = [one.name for one in TEMPLATES if '{% extends "base.html" %}' in one.read_text("utf-8")]
    assert "findings.html" in framed
    parts = {one.name for one in TEMPLATES if one.name.startswith("_")}
    assert {one.name for one in TEMPLATES} == {"base.html", "sign_in.html", *framed} | parts
