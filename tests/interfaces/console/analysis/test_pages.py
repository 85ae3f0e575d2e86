"""The pages for looking at the whole: what they tell, to whom, and what they never show."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.interfaces.console.analysis.whole import PATIENT, RULE, TODAY
from tests.interfaces.console.conftest import Person, Someone
from tests.service import Service

PAGES = [
    "/console/dashboard", "/console/dashboard/fees", "/console/rules", f"/console/rules/{RULE}", "/console/try",
    "/console/try?form=1", "/console/stays", "/console/stay?facility=F1&encounter=ZY-0001", "/console/reminders",
    "/console/reminders?view=kept_back",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_served_within_their_time_and_never_name_a_patient(lead: Person, path: str) -> None:
    lead.get(path)
    times = sorted([_timed(lead, path) for _ in range(3)])
    assert times[0] < 0.3, times
    text = lead.get(path).text
    assert PATIENT not in text
    assert "style=" not in text
    assert "onclick" not in text


def _timed(person: Person, path: str) -> float:
    answer = person.get(path)
    assert answer.status_code == 200, answer.text[:500]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.elapsed.total_seconds()


@pytest.mark.parametrize(
    ("login", "path", "status"),
    [
        ("operator", "/console/dashboard", 403),
        ("doctor", "/console/dashboard", 403),
        ("manager", "/console/dashboard", 200),
        ("manager", "/console/reminders", 403),
        ("manager", "/console/stays", 403),
        ("doctor", "/console/try", 403),
        ("doctor", "/console/reminders", 200),
        ("operator", "/v1/statistics/overview", 403),
    ],
)
def test_pages_ask_for_their_permission(someone: Someone, login: str, path: str, status: int) -> None:
    assert someone(login).get(path).status_code == status


def test_whoever_is_not_signed_in_is_led_to_the_door(someone: Someone) -> None:
    answer = someone("").get("/console/dashboard", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in?next=/console/dashboard")


def test_the_dashboard_tells_each_figure_with_its_formula(lead: Person) -> None:
    text = lead.get("/console/dashboard").text
    told = dict(zip(*[_all(text, rf"<{tag}>([^<]+)</{tag}>") for tag in ("span", "b")], strict=False))
    figures = re.findall(r"<div class=\"card figure[^\"]*\"><span>([^<]+)</span><b>([^<]+)</b><small>([^<]+)<", text)
    values = {name: value for name, value, _ in figures}
    assert len(figures) == 11, told
    assert all(len(formula) > 8 for *_, formula in figures)
    assert values["疑点数"] == "40"
    assert values["事前避免金额（元）"] == "950.00"
    assert values["事后追回金额（元）"] == "25.00"
    assert values["遵从率"] == "66.7%"
    assert values["申诉成功率"] == "100.0%"


def test_the_dashboard_stays_within_the_scope(someone: Someone) -> None:
    text = someone("head").get("/console/dashboard").text
    assert "<b>26</b>" in text
    assert "外科" not in text


@pytest.mark.parametrize(
    ("query", "said"),
    [("from=x", "日期不可识别"), ("from=2026-12-01&to=2026-01-01", "晚于"), ("from=1999-01-01", "期间过长")],
)
def test_a_period_that_makes_no_sense_is_said(lead: Person, query: str, said: str) -> None:
    assert said in lead.get(f"/console/dashboard?{query}").text


def test_fees_tell_the_share_outside_the_formulary(lead: Person) -> None:
    text = lead.get("/console/dashboard/fees").text
    assert "50.2%" in text
    assert "请选择不超过" in lead.get("/console/dashboard/fees?from=2026-01-01&to=2026-11-01").text


def test_rest_tells_the_same_numbers(lead: Person, someone: Someone) -> None:
    told: dict[str, Any] = lead.get("/v1/statistics/overview").json()
    figures = {one["name"]: one for one in told["figures"]}
    assert figures["findings"]["value"] == told["total"]["total"] == 40
    assert figures["avoided_amount"] == {
        "name": "avoided_amount", "label": "事前避免金额", "unit": "cents", "value": 95_000,
        "formula": figures["avoided_amount"]["formula"],
    }  # fmt: skip
    assert told["appeals"] == {"lodged": 0, "granted": 1, "rejected": 0}
    assert sum(one["total"] for one in told["series"]) == 40
    assert {one["key"] for one in told["departments"]} == {"F1/D01", "F1/D02"}
    one = lead.get("/v1/statistics/overview", params={"department": "D02", "limit": 1}).json()
    assert (one["total"]["total"], len(one["departments"])) == (14, 1)
    assert someone("head").get("/v1/statistics/overview").json()["total"]["total"] == 26
    bad = lead.get("/v1/statistics/overview", params={"from": "2026-12-01", "to": "2026-01-01"})
    assert bad.status_code == 422
    assert bad.json()["type"] == "urn:mingjian:problem:invalid-request"


def test_the_rules_are_sorted_and_filtered(lead: Person) -> None:
    text = lead.get("/console/rules").text
    first = _rules_in(text)[0]
    assert first == RULE
    assert _rules_in(lead.get("/console/rules?q=不存在的规则").text) == []
    trial = lead.get("/console/rules?status=trial").text
    assert "启用</span>" not in trial
    by_title = _rules_in(lead.get("/console/rules?sort=title").text)
    assert sorted(by_title) == sorted(_rules_in(text))


def test_a_rule_is_told_whole(lead: Person) -> None:
    text = lead.get(f"/console/rules/{RULE}").text
    for said in ("政策依据", "两库", "已知误报情形", "后穹窿穿刺术", "63.2%", "35.0%", "坚持或例外 7 ÷ 已答复 20"):
        assert said in text
    found = lead.get(f"/console/rules/{RULE}/points", params={"q": "难产"}).text
    assert "难产接生" in found
    assert "后穹窿" not in found
    assert "没有符合的知识点" in lead.get(f"/console/rules/{RULE}/points", params={"q": "没有这种项目"}).text
    missing = lead.get("/console/rules/no-such-rule")
    assert missing.status_code == 404
    assert "no-such-rule" in missing.text


def test_reminders_tell_the_answer_and_why_nothing_was_shown(lead: Person) -> None:
    text = lead.get("/console/reminders").text
    assert "未弹出：按设置静默" in text
    assert "弹窗" in text
    answered = lead.get("/console/reminders?answer=proceed").text
    assert "返回修改</span>" not in answered
    assert "坚持执行</span>" in answered
    unanswered = lead.get("/console/reminders?answered=no").text
    assert "坚持执行</span>" not in unanswered
    kept_back = lead.get("/console/reminders?view=kept_back").text
    assert "按设置静默" in kept_back
    assert "没有未弹出的提醒" in lead.get("/console/reminders?view=kept_back&before=1").text


def test_a_doctor_sees_their_own_reminders_only(someone: Someone) -> None:
    text = someone("doctor").get("/console/reminders").text
    assert "张医师" in text
    assert "李医师" not in text


def test_a_stay_tells_where_its_fee_stands(lead: Person) -> None:
    text = lead.get("/console/stay?facility=F1&encounter=ZY-0001").text
    for said in ("ES35", "正常病例", "2,390.00", "37.7%", "1101**********1234", "J18.900", "不得因此推诿患者"):
        assert said in text, said
    assert lead.get("/console/stay?facility=F1&encounter=none").status_code == 404


def test_a_stay_of_others_does_not_exist(someone: Someone) -> None:
    assert someone("other").get("/console/stay?facility=F1&encounter=ZY-0001").status_code == 404
    assert someone("head").get("/console/stay?facility=F1&encounter=ZY-0001").status_code == 200


def test_patients_are_looked_up_out_of_the_address(lead: Person, someone: Someone) -> None:
    found = lead.tell("/console/stays/find", facility="F1", encounter="", patient=PATIENT)
    assert "ZY-0001" in found.text
    assert PATIENT not in found.text
    everywhere = lead.tell("/console/stays/find", facility="", encounter="", patient=PATIENT)
    assert "ZY-0001" in everywhere.text
    led = lead.tell("/console/stays/find", facility="F1", encounter="ZY-0001", patient="")
    assert led.headers["hx-redirect"] == "/console/stay?facility=F1&encounter=ZY-0001"
    assert lead.tell("/console/stays/find", facility="F1", encounter="none", patient="").status_code == 404
    assert lead.tell("/console/stays/find", facility="F1", encounter="", patient="").status_code == 422
    nothing = someone("other").tell("/console/stays/find", facility="F1", encounter="", patient=PATIENT)
    assert "没有找到" in nothing.text


def test_a_stay_is_audited_before_discharge_and_recorded(lead: Person, someone: Someone) -> None:
    answer = lead.tell("/console/stay/audit", facility="F1", encounter="ZY-0001")
    assert answer.status_code == 200
    assert "后穹窿穿刺术限女性" in answer.text
    assert re.search(r"审核号 <span class=\"mono\">[0-9a-f]{32}<", answer.text)
    assert lead.tell("/console/stay/audit", facility="F1", encounter="none").status_code == 404
    assert someone("head").tell("/console/stay/audit", facility="F1", encounter="ZY-0001").status_code == 403


def test_trying_asks_for_the_token_of_the_page(lead: Person) -> None:
    assert lead.post("/console/try", data={"message": "{}"}).status_code == 403


def test_the_stays_are_listed_with_their_findings(lead: Person) -> None:
    text = lead.get("/console/stays").text
    assert len(_all(text, r"encounter=(S\d{3})")) == 20
    assert "外科" not in lead.get("/console/stays?department=D01").text.partition("<tbody")[2]
    assert lead.get("/console/stays?after=nonsense", follow_redirects=False).status_code == 303


def test_the_day_of_today_is_the_last_of_the_period(lead: Person) -> None:
    last = (TODAY + timedelta(hours=8)).date()
    assert lead.get("/v1/statistics/overview").json()["to"] == last.isoformat()


def _all(text: str, pattern: str) -> list[str]:
    return re.findall(pattern, text)


def _rules_in(text: str) -> list[str]:
    return _all(text.partition("<tbody")[2], r"href=\"/console/rules/([^\"]+)\"")


def test_the_service_is_the_real_one(service: Service) -> None:
    assert httpx.get(f"{service.url}/console/static/console.css", trust_env=False).status_code == 200
