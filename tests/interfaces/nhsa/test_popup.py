"""The hosted popup: what the doctor sees and answers, and what the HIS hears when it asks."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from app.interfaces.nhsa.tickets import Tickets
from app.settings import Settings
from app.store.audit_log import NotRecorded
from tests.interfaces.nhsa.caller import RULES, Answer, Caller
from tests.interfaces.nhsa.messages import WOMEN_ONLY, feedback, message, order, ordered, person, warn
from tests.service import fast_lane_of

MakeCaller = Callable[..., Caller]
BASE = "https://192.0.2.1"
WARD, TWICE = "001102000050000", [order("YZ8", "001103000010000"), order("YZ9", "001102000030000")]


@pytest.fixture
def his(with_profiles: MakeCaller) -> Caller:
    return with_profiles({"popup_base": BASE})


def opened(caller: Caller, content: Any) -> str:
    """The path of the page that the answer tells of."""
    answer = caller.post(content).json()
    assert answer["url2"] == answer["url"] + "/outcome"
    assert answer["url"].startswith(f"{BASE}/fsi/api/popup/")
    return urlsplit(answer["url"]).path


def page(caller: Caller, path: str) -> str:
    answer = caller.call("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html;charset=utf-8"
    assert "script" not in answer.headers["content-security-policy"]
    return answer.body.decode()


def submit(caller: Caller, path: str, **form: str) -> Answer:
    body = urlencode({name.replace("_", "."): value for name, value in form.items()})
    return caller.call("POST", path, body.encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def outcome(caller: Caller, path: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(caller.call("GET", f"{path}/outcome").body)
    return found


def test_no_page_without_a_finding_or_without_the_switch(his: Caller, with_profiles: MakeCaller) -> None:
    assert "url" not in his.post(message(person(gend="2"))).json()
    assert "url" not in with_profiles().post(message()).json()


def test_the_page_says_what_is_wrong_in_chinese_and_names_nobody(his: Caller) -> None:
    text = page(his, opened(his, ordered(order(), *TWICE)))
    for word in (
        "医保审核提示",
        "共 2 条提示",
        "明确违规",
        "高度可疑",
        "后穹窿穿刺术限女性，患者为男性。",
        "建议：",
        "涉及金额：50.00 元",
        "依据：",
    ):
        assert word in text
    assert text.index("明确违规") < text.index("高度可疑"), "the strictest first"
    for identity in ("测试甲", "P0001", "M0001", "1955"):
        assert identity not in text
    assert "<script" not in text
    assert 'lang="zh-CN"' in text


def test_to_go_on_needs_a_reason(his: Caller) -> None:
    path = opened(his, message())
    assert outcome(his, path) == {"code": "0", "data": "0"}
    assert "请填写理由" in submit(his, path, action_0="proceed", reason_0="  ").body.decode()
    assert outcome(his, path) == {"code": "0", "data": "0"}
    assert "可以继续" in submit(his, path, action_0="proceed", reason_0="病情需要").body.decode()
    assert outcome(his, path) == {"code": "0", "data": "1"}
    again = page(his, path)
    assert 'value="病情需要"' in again
    assert re.search(r'value="proceed" checked', again)


def test_to_go_back_needs_none(his: Caller) -> None:
    path = opened(his, message())
    assert "返回修改处方" in submit(his, path, action_0="revise").body.decode()
    assert outcome(his, path) == {"code": "0", "data": "2"}


def test_one_that_goes_back_holds_all_and_all_must_be_answered(his: Caller) -> None:
    path = opened(his, ordered(order(), *TWICE))
    his.post(feedback(warn(his.post(message()).result[0]["jr_id"])))
    assert outcome(his, path)["data"] == "0", "the other finding is open"
    submit(his, path, action_0="proceed", reason_0="病情需要", action_1="revise")
    assert outcome(his, path)["data"] == "2"
    submit(his, path, action_0="proceed", reason_0="病情需要", action_1="proceed", reason_1="另有指征")
    assert outcome(his, path)["data"] == "1"


def test_an_order_sent_again_asks_only_what_was_not_explained(his: Caller) -> None:
    """A reason given holds on; that the doctor went back before says nothing of the order as it is now."""
    first = opened(his, message())
    submit(his, first, action_0="revise")
    second = opened(his, message())
    assert (outcome(his, first)["data"], outcome(his, second)["data"]) == ("2", "0")
    submit(his, second, action_0="revise")
    assert outcome(his, second)["data"] == "2", "said again of the second page"
    third = opened(his, message())
    submit(his, third, action_0="proceed", reason_0="病情需要")
    assert outcome(his, opened(his, message()))["data"] == "1"


def test_an_answer_that_is_none_is_asked_again(his: Caller) -> None:
    path = opened(his, message())
    assert "处理方式无效" in submit(his, path, action_0="excepted").body.decode()
    assert outcome(his, path)["data"] == "0"


def test_what_cannot_be_stored_is_not_said_to_be(his: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    path = opened(his, message())

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotRecorded("disk full")

    monkeypatch.setattr("app.application.record_disposition.DispositionRecorder.record", refuse)
    assert "暂时无法保存" in submit(his, path, action_0="revise").body.decode()


def test_markup_in_texts_and_answers_is_shown_not_obeyed(with_profiles: MakeCaller, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    for file in RULES.rglob("*.*"):
        copied = rules / file.relative_to(RULES)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_text(file.read_text("utf-8").replace("虚构政策文件", "<b>文件"), "utf-8")
    caller = with_profiles({"popup_base": BASE}, rules=rules)
    path = opened(caller, ordered(order(hilist_name="<script>alert(1)</script>")))
    submit(caller, path, action_0="proceed", reason_0='"><img src=x onerror=alert(1)>')
    text = page(caller, path)
    assert "<script>" not in text
    assert "<img" not in text
    assert "<b>" not in text
    assert "&lt;b&gt;" in text
    assert "&#34;&gt;&lt;img" in text


def test_a_ticket_that_is_forged_or_past_opens_nothing(his: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    path = opened(his, message())
    ticket = path.rpartition("/")[2]
    monkeypatch.setattr(Tickets, "_sign", lambda *_: "0" * 32)
    for forged in (path, path[:-1], f"{path}0", path.replace(ticket, "x"), path.replace(ticket, "")):
        for address in (forged, f"{forged}/"):
            answer = his.call("GET", address)
            assert (answer.status, "本页已失效" in answer.body.decode()) == (404, True), address
    answer = his.call("GET", f"{path}/outcome")
    assert (answer.status, json.loads(answer.body)) == (404, {"code": "-1", "data": "0"})
    assert submit(his, path, action_0="revise").status == 404
    monkeypatch.undo()
    assert page(his, path)


def test_a_ticket_of_an_audit_that_is_not_there_opens_nothing(his: Caller) -> None:
    tickets = fast_lane_of(his.app)._bases[0][1]._tickets  # type: ignore[attr-defined]
    answer = his.call("GET", f"/fsi/api/popup/{tickets.issue(['0' * 32], 1)}")
    assert answer.status == 404
    past = Tickets(tickets._secret, tickets._path, lambda: 0.0).issue(["0" * 32], 1)
    assert his.call("GET", f"/fsi/api/popup/{past}").status == 404


def test_the_page_shows_what_the_answer_told_of(with_profiles: MakeCaller) -> None:
    """A profile that hides a severity, or a message that asks for one rule only, is kept to on the page, too."""
    caller = with_profiles({"popup_base": BASE, "severities": ["definite"]})
    assert "共 1 条提示" in page(caller, opened(caller, ordered(order(), *TWICE)))
    whole = with_profiles({"popup_base": BASE, "result_as_object": True})
    assert "共 2 条提示" in page(whole, opened(whole, ordered(order(), *TWICE)))


def test_the_page_covers_all_patients_of_a_message(his: Caller) -> None:
    other = person(patn_id="P2", curr_mdtrt_id="M2")
    other["fsi_encounter_dtos"] = [{**other["fsi_encounter_dtos"][0], "mdtrt_id": "M2"}]
    path = opened(his, message(person(), other))
    assert "共 2 条提示" in page(his, path)
    submit(his, path, action_0="proceed", reason_0="病情需要", action_1="proceed", reason_1="病情需要")
    assert outcome(his, path)["data"] == "1"


def test_many_findings_make_one_page(his: Caller) -> None:
    orders = [order(f"YZ{number}", WOMEN_ONLY) for number in range(30)]
    assert "共 30 条提示" in page(his, opened(his, ordered(*orders, order("W", WARD))))


@pytest.mark.parametrize(
    ("frames", "told"),
    [([], "'none'"), (["https://his.example", "http://10.0.0.7:8080"], "https://his.example http://10.0.0.7:8080")],
)
def test_only_pages_that_are_named_may_frame_it(tmp_path: Path, frames: list[str], told: str) -> None:
    with Caller(tmp_path, popup_frames=frames) as caller:
        policy = caller.call("GET", "/fsi/api/popup/none").headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {told}")
    assert "base-uri 'none'; object-src 'none'" in policy


@pytest.mark.parametrize("frame", ["*", "https://his.example; script-src *", "his.example", "https://his.example/page"])
def test_what_is_no_origin_is_refused_at_the_start(frame: str) -> None:
    with pytest.raises(ValueError, match="popup_frames"):
        Settings(popup_frames=[frame])
