"""3103: each kind of feedback has its answer, and what is stored of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interfaces.nhsa.caller import BASE, Answer, Caller
from tests.interfaces.nhsa.messages import envelope, feedback, message, warn
from tests.stored_dispositions import stored_dispositions

MakeCaller = Callable[..., Caller]


@pytest.fixture
def his(with_profiles: MakeCaller) -> Caller:
    return with_profiles({}, {"paths": ["strict"], "feedback_needs_reason": True, "name": "strict"})


def finding_of(caller: Caller) -> str:
    return str(caller.post(message()).result[0]["jr_id"])


def send(caller: Caller, *warns: dict[str, Any], path: str = f"{BASE}/3103") -> Answer:
    return caller.post(feedback(*warns), path=path)


def statuses(answer: Answer) -> list[str]:
    return [one["status"] for one in answer.result]


def stored(caller: Caller) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in stored_dispositions(caller.data_dir)]


def test_a_disposition_is_stored_with_caller_practitioner_and_reason(his: Caller) -> None:
    finding = finding_of(his)
    assert statuses(send(his, warn(finding))) == ["recorded"]
    assert stored(his) == [
        (finding, 1, "nhsa:default:H00000000001", "D0000001", "proceed", "病情需要，已与患者沟通")
    ]  # fmt: skip


def test_what_is_said_again_is_not_stored_twice(his: Caller) -> None:
    finding = finding_of(his)
    assert [statuses(send(his, warn(finding))) for _ in range(3)] == [["recorded"], ["repeated"], ["repeated"]]
    assert len(stored(his)) == 1


def test_what_contradicts_replaces_and_both_stay_on_record(his: Caller) -> None:
    finding = finding_of(his)
    assert statuses(send(his, warn(finding), warn(finding, "2", ""))) == ["recorded", "changed"]
    assert statuses(send(his, warn(finding, "1", "另一原因"))) == ["changed"]
    assert [row[4:] for row in stored(his)] == [
        ("proceed", "病情需要，已与患者沟通"),
        ("revise", ""),
        ("proceed", "另一原因"),
    ]


def test_the_same_from_another_caller_is_kept_too(his: Caller) -> None:
    finding = finding_of(his)
    send(his, warn(finding))
    assert statuses(send(his, warn(finding), path=f"{BASE}/strict")) == ["repeated"]
    assert [row[2].split(":")[1] for row in stored(his)] == ["default", "strict"]


def test_an_unknown_id_is_kept_and_said_to_be_unknown(his: Caller) -> None:
    assert statuses(send(his, warn("b" * 32), warn("长" * 80))) == ["unknown_finding"] * 2
    assert [row[1] for row in stored(his)] == [0, 0]


@pytest.mark.parametrize("reason", ["", None, "-", "   "])
def test_a_missing_reason_is_stored_as_missing_unless_the_profile_asks_for_one(his: Caller, reason: Any) -> None:
    finding = finding_of(his)
    assert statuses(send(his, warn(finding, 1, reason))) == ["recorded"]
    assert "第2条" in send(his, warn(finding), warn(finding, 1, reason), path=f"{BASE}/strict").fault
    assert statuses(send(his, warn(finding, 2, reason), path=f"{BASE}/strict")) == ["changed"]
    assert [row[5] for row in stored(his)] == ["", ""], "a refused message leaves nothing behind"


def test_a_long_reason_is_kept_whole(his: Caller) -> None:
    send(his, warn(finding_of(his), "1", "理由" * 1000))
    assert stored(his)[0][5] == "理由" * 1000


@pytest.mark.parametrize(
    ("warns", "said"),
    [
        ([], "warns"),
        ("", "warns"),
        (None, "warns"),
        ([warn("")], "warn_rslt_id"),
        ([warn("a" * 32), {}], "第2条"),
        ([warn("a" * 32, "3")], "dspo_way"),
        ([warn("a" * 32, "")], "dspo_way"),
        ([warn("a" * 32, [1])], "dspo_way"),
    ],
)
def test_feedback_that_says_nothing_is_refused_whole(his: Caller, warns: Any, said: str) -> None:
    assert said in his.post(envelope("3103", {"data": {"warn_type": "1", "warns": warns}})).fault
    assert stored(his) == []


def test_the_shapes_of_other_clients(his: Caller) -> None:
    finding = finding_of(his)
    one = warn(finding, 2)
    camel = {"warnRsltId": finding, "dspoWay": 2, "dspoWayRea": one["dspo_way_rea"]}
    for content in ({"data": {"warns": one}}, {"data": "", "warns": [one]}, {"trigScen": {"warns": [camel]}}):
        answer = his.post(envelope("3103", content))
        assert answer.result[0]["warn_rslt_id"] == finding
    assert [row[4] for row in stored(his)] == ["revise"]


def test_the_echo_has_only_characters_that_clients_have(his: Caller) -> None:
    answer = his.post(feedback(warn("结果😀" * 3)))
    assert answer.result[0]["warn_rslt_id"] == "结果?结果?结果?"
