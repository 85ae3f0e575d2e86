"""Answers: the one shape that clients accept, lengths in GBK bytes, no answer beyond the client's buffer."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import AuditRequest
from app.domain.decision import Severity
from app.domain.encounter import Encounter, Facility, Patient
from app.domain.finding import Finding
from app.domain.line import OrderLine
from app.interfaces.nhsa.answer import LARGEST_ANSWER, Envelope, cut, result_of
from app.interfaces.nhsa.fields import ANSWER, DETAIL, VIOLATION, Field
from app.interfaces.nhsa.profiles import Profile
from app.interfaces.nhsa.translate import Asked

RECEIVED = datetime.fromisoformat("2026-03-02T09:00:00.120999")
ANSWERED = datetime.fromisoformat("2026-03-02T09:00:00.180000")


def asked(*ids: str, **fields: Any) -> Asked:
    lines = tuple(OrderLine(id=one, service_date=RECEIVED.date(), amount=Decimal("10.005")) for one in ids)
    encounter = Encounter(id="M1", facility=Facility(id="H1"), patient=Patient(id="P1"), order_lines=lines)
    rx_ids = {one: one.upper() for one in ids}
    return Asked(
        AuditRequest(encounter=encounter),
        **{"patient_id": "P1", "visit_id": "M1", "rx_ids": rx_ids, **fields},
        notes=(),
    )


def finding(*lines: str, **fields: Any) -> Finding:
    plain = {
        "id": "a" * 32,
        "rule": "rule-1",
        "rule_version": 1,
        "ruleset": "",
        "point": "K1",
        "title": "规则名称",
        "category": "",
        "severity": Severity.DEFINITE,
        "message": "内容。",
        "remedy": "",
        "amount_at_issue": Decimal("20.01"),
    }
    return Finding(**{**plain, "lines": lines, **fields})


def result(*pairs: tuple[Finding, Asked], profile: Profile | None = None) -> list[dict[str, Any]]:
    return result_of(pairs, profile or Profile(), "T1", lambda rule: f"GZ-{rule}")[0]


def check_lengths(record: dict[str, Any], table: Any) -> None:
    """Types, lengths and characters as the official table has them."""
    for name, value in record.items():
        field: Field = table[name]
        if field.length == "16,2":
            number = Decimal(str(value))
            assert number == round(number, 2)
            assert 0 <= number < 10**14
        elif field.length:
            assert isinstance(value, str), name
            assert len(value.encode("gbk")) <= int(field.length), name
        assert value or not field.is_required or field.length == "16,2" or isinstance(value, list), name


def test_the_envelope_has_every_key_and_the_whole_platforms_forms() -> None:
    answer = json.loads(Envelope(Profile(), "100000", RECEIVED, 7).success({"result": []}, ANSWERED))
    assert answer == {
        "infcode": 0,
        "inf_refmsgid": "100000202603020900000000000007",
        "refmsg_time": "20260302090000120",
        "respond_time": "20260302090000180",
        "enctype": "",
        "signtype": "",
        "err_msg": "",
        "warn_msg": "",
        "cainfo": "",
        "output": {"result": []},
    }
    assert set(answer) | {"url", "url2"} == set(ANSWER)


@pytest.mark.parametrize("area", ["", "1000", "1000000", "²²²²²²", "abcdef", "一二三四五六"])
def test_an_area_that_is_none_is_zeros(area: str) -> None:
    assert Envelope(Profile(), area, RECEIVED, 10**10 + 3).reference == "000000202603020900000000000003"


@pytest.mark.parametrize(
    ("text", "said"), [("报文缺少 input", "报文缺少 input"), ("", "处理失败"), ("长" * 300, "长" * 100)]
)
def test_a_failure_always_says_something(text: str, said: str) -> None:
    answer = json.loads(Envelope(Profile(), "", RECEIVED, 1).failure(text, ANSWERED))
    assert (answer["infcode"], answer["err_msg"], answer["output"]) == (-1, said, None)


def test_the_profile_makes_the_code_a_text() -> None:
    envelope = Envelope(Profile(infcode_as_text=True), "", RECEIVED, 1)
    assert json.loads(envelope.success({}, ANSWERED))["infcode"] == "0"
    assert json.loads(envelope.failure("x", ANSWERED))["infcode"] == "-1"


def test_one_violation_whole() -> None:
    (found,) = result((finding("l1", basis="依据", references=("文件一", "文件二")), asked("l1")))
    (detail,) = found.pop("judge_result_detail_dtos")
    assert found == {
        "jr_id": "a" * 32,
        "rule_id": "GZ-rule-1",
        "rule_name": "规则名称",
        "vola_cont": "内容。",
        "patn_id": "P1",
        "mdtrt_id": "M1",
        "vola_amt": Decimal("20.01"),
        "vola_amt_stas": "1",
        "sev_deg": "1",
        "vola_evid": "依据；文件一；文件二",
        "vola_bhvr_type": "1",
        "task_id": "T1",
    }
    assert len(detail.pop("jrd_id")) == 32
    assert detail == {
        "patn_id": "P1",
        "mdtrt_id": "M1",
        "rx_id": "L1",
        "vola_item_type": "1",
        "vola_amt": Decimal("20.01"),
    }
    assert {*found, "judge_result_detail_dtos"} == set(VIOLATION)
    assert {*detail, "jrd_id"} == set(DETAIL)


def test_lines_at_fault_and_lines_concerned() -> None:
    (found,) = result((finding("l1", "l2", related_lines=("l3", "of-another-visit")), asked("l1", "l2", "l3")))
    details = found["judge_result_detail_dtos"]
    assert [(one["rx_id"], one["vola_item_type"], one["vola_amt"]) for one in details] == [
        ("L1", "1", Decimal("10.01")),
        ("L2", "1", Decimal("10.01")),
        ("L3", "2", 0),
    ]
    assert len({one["jrd_id"] for one in details}) == 3
    assert (
        details
        == result((finding("l1", "l2", related_lines=("l3",)), asked("l1", "l2", "l3")))[0]["judge_result_detail_dtos"]
    )


def test_an_amount_that_is_not_known_is_zero_and_says_so() -> None:
    (found,) = result((finding("l1", amount_at_issue=None), asked("l1")))
    assert (found["vola_amt"], found["vola_amt_stas"]) == (0, "0")
    assert found["judge_result_detail_dtos"][0]["vola_amt"] == 0


def test_a_finding_without_lines_has_an_empty_list() -> None:
    assert result((finding(), asked("l1")))[0]["judge_result_detail_dtos"] == []


def test_the_strictest_first_each_once_and_only_what_the_profile_shows() -> None:
    one = asked("l1")
    found = [
        finding("l1", id="1" * 32, severity=Severity.SLIGHTLY_SUSPECT),
        finding("l1", id="2" * 32, severity=Severity.DEFINITE),
        finding("l1", id="3" * 32, severity=Severity.HIGHLY_SUSPECT),
        finding("l1", id="2" * 32, severity=Severity.DEFINITE),
    ]
    assert [each["sev_deg"] for each in result(*((each, one) for each in found))] == ["1", "2", "3"]
    profile = Profile(severities=(Severity.HIGHLY_SUSPECT,))
    assert [each["jr_id"][0] for each in result(*((each, one) for each in found), profile=profile)] == ["3"]


def test_texts_are_cut_where_the_client_would() -> None:
    long = finding("l1", title="名" * 300, message="内" * 300, basis="据" * 300, amount_at_issue=Decimal(10**16))
    (found,) = result((long, asked("l1", patient_id="人" * 64, visit_id="诊" * 64, rx_ids={"l1": "方" * 64})))
    check_lengths(found, VIOLATION)
    check_lengths(found["judge_result_detail_dtos"][0], DETAIL)
    assert found["vola_cont"] == "内" * 250


def test_what_is_blank_but_required_is_filled() -> None:
    (found,) = result((finding("l1", message="😀"[:0]), asked("l1", patient_id="")))
    assert (found["vola_cont"], found["patn_id"]) == ("规则名称", "-")


@given(st.text(), st.integers(1, 600))
def test_cutting_never_splits_a_character_nor_leaves_one_that_gbk_has_not(text: str, limit: int) -> None:
    found = cut(text, limit)
    assert len(found.encode("gbk")) <= limit
    whole = text.encode("gbk", "replace").decode("gbk")
    assert whole.startswith(found)
    assert len(found) == len(whole) or len(whole[: len(found) + 1].encode("gbk")) > limit


def test_an_answer_never_outgrows_the_clients_buffer() -> None:
    lines = [f"l{number}" for number in range(50)]
    one = asked(*lines)
    many = [finding(*lines, id=f"{number:032x}", severity=Severity.SLIGHTLY_SUSPECT) for number in range(400)]
    strict = finding("l1", id="f" * 32)
    found, left_out = result_of([(each, one) for each in (*many, strict)], Profile(), "T1", lambda rule: rule)
    answer = Envelope(Profile(), "", RECEIVED, 1).success({"result": found}, ANSWERED, warning=f"{left_out}")
    assert LARGEST_ANSWER * 0.8 < len(answer) < 1024 * 1024 * 0.95
    assert left_out == 401 - len(found) > 0
    assert found[0]["jr_id"] == "f" * 32
    assert json.loads(answer)["warn_msg"] == str(left_out)


def test_one_finding_with_more_lines_than_fit_keeps_as_many_as_do() -> None:
    lines = [f"l{number}" for number in range(9000)]
    found, left_out = result_of([(finding(*lines), asked(*lines))], Profile(), "T1", lambda rule: rule)
    answer = Envelope(Profile(), "", RECEIVED, 1).success({"result": found}, ANSWERED)
    assert len(answer) < 1024 * 1024 * 0.95
    assert 1000 < len(found[0]["judge_result_detail_dtos"]) < 9000
    assert left_out == 0
