"""Signing in at the console: by a plain form, from our own page, and led on nowhere but here."""

import pytest

from tests.interfaces.console.conftest import Someone
from tests.interfaces.console.front import PASSWORD
from tests.service import Service


def test_whoever_is_not_known_is_led_to_sign_in(someone: Someone) -> None:
    nobody = someone("")
    for path in ("/console", "/console/findings", "/console/appeals"):
        answer = nobody.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/sign-in")
    page = nobody.get("/console/sign-in")
    assert page.status_code == 200
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_right_password_opens_the_workbench_and_signing_out_closes_it(someone: Someone) -> None:
    auditor = someone("auditor")
    assert "工作台" in auditor.get("/console").text
    answer = auditor.tell("/console/sign-out")
    assert answer.headers["hx-redirect"] == "/console/sign-in"
    assert auditor.get("/console").status_code == 303


def test_wrong_and_locked_are_told_in_chinese_and_names_are_not_given_away(someone: Someone) -> None:
    nobody = someone("")
    known = [nobody.enter("auditor", "wrong-password-1") for _ in range(5)]
    unknown = nobody.enter("nobody-of-that-name", "wrong-password-1")
    assert {one.status_code for one in (*known, unknown)} == {401}
    assert "账号、密码或动态口令不正确" in known[0].text
    assert known[0].text.replace("auditor", "") == unknown.text.replace("nobody-of-that-name", "")
    locked = nobody.enter("auditor")
    assert locked.status_code == 423
    assert "请15分钟后再试" in locked.text


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example", "/console/../../x"])
def test_nobody_is_led_away(someone: Someone, away: str) -> None:
    assert someone("").enter("auditor", next=away).headers["location"] == "/console"
    assert "evil" not in someone("").get("/console/sign-in", params={"next": away}).text


def test_the_page_that_was_asked_for_comes_after(someone: Someone) -> None:
    path = "/console/findings?severity=definite"
    assert someone("").enter("auditor", next=path).headers["location"] == path


def test_a_form_of_another_site_is_refused(service: Service, someone: Someone) -> None:
    nobody = someone("")
    form = {"login": "auditor", "password": PASSWORD}
    answer = nobody.post("/console/sign-in", data=form, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "其他网站" in answer.text


def test_what_changes_something_needs_the_token(someone: Someone) -> None:
    auditor = someone("auditor")
    auditor.csrf = "made-up"
    assert auditor.tell("/console/findings/bulk", do="decide").status_code == 403
