"""Try it: every example says what it is meant to, nothing is recorded, and what cannot be read is said."""

import json
from typing import Any

import pytest

from app.interfaces.console.try_examples import EXAMPLES
from tests.interfaces.console.conftest import Person
from tests.service import request

EXPECTED = {"rest": "后穹窿穿刺术限女性", "inpatient": "床位", "message": "后穹窿穿刺术限女性"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_the_examples_find_what_they_are_meant_to(lead: Person, example: Any) -> None:
    page = lead.get(f"/console/try?example={example.name}").text
    assert example.document.get("msgid", "DEMO-1") in page
    answer = lead.tell("/console/try", message=example.text)
    assert answer.status_code == 200
    assert EXPECTED[example.name] in answer.text
    assert "未记录" in answer.text
    assert "未能评估" in answer.text


def test_nothing_is_recorded(lead: Person) -> None:
    before = lead.get("/v1/statistics/overview").json()["total"]
    for _ in range(3):
        lead.tell("/console/try", message=json.dumps(request(id="TRIED-1")))
    assert lead.get("/v1/statistics/overview").json()["total"] == before
    assert lead.get("/console/stay?facility=F1&encounter=TRIED-1").status_code == 404


def test_the_form_is_judged(lead: Person) -> None:
    fields = {
        "mode": "form", "stage": "settling", "sex": "male", "age": "45", "care_type": "outpatient",
        "diagnoses": "N41.000，I10.x00", "code_1": "003112010070000", "name_1": "后穹窿穿刺术", "amount_1": "50",
    }  # fmt: skip
    text = lead.tell("/console/try", **fields).text
    assert "后穹窿穿刺术限女性" in text
    assert "拦截" in text
    assert "没有发现疑点" in lead.tell("/console/try", **{**fields, "sex": "female", "diagnoses": "I10.x00"}).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"message": ""}, "请粘贴报文"),
        ({"message": "{"}, "不是有效的 JSON"),
        ({"message": "[" * 5000}, "不是有效的 JSON"),
        ({"message": "[]"}, "JSON 对象"),
        ({"message": '{"a": 1}'}, "无法识别"),
        ({"message": '{"encounter": {}}'}, "不符合接口定义"),
        ({"message": '{"infno": "3101", "input": {}}'}, "缺少"),
        ({"message": '{"infno": "3101", "input": 5}'}, "。"),
        ({"mode": "form"}, "至少填写一行"),
        ({"mode": "form", "code_1": "X", "age": "200"}, "年龄"),
        ({"mode": "form", "code_1": "X", "amount_1": "-5"}, "不符合接口定义"),
        ({"mode": "form", "code_1": "X", "sex": "neither"}, "不符合接口定义"),
    ],
)
def test_what_cannot_be_read_is_said(lead: Person, fields: dict[str, str], said: str) -> None:
    answer = lead.tell("/console/try", **fields)
    assert answer.status_code == 422, answer.text
    assert said in answer.text
    assert 'class="fault"' in answer.text


def test_what_is_too_long_is_refused(lead: Person) -> None:
    answer = lead.tell("/console/try", message="x" * 300_000)
    assert answer.status_code == 413
    assert "256KB" in answer.text


def test_what_is_pasted_is_never_markup(lead: Person) -> None:
    told = request(id="<script>alert(1)</script>")
    told["encounter"]["charge_lines"][0]["item_name"] = "<b>后穹窿</b>"
    text = lead.tell("/console/try", message=json.dumps(told, ensure_ascii=False)).text
    assert "<script>alert" not in text
    assert "<b>后穹窿" not in text
    assert "&lt;b&gt;后穹窿" in text


@pytest.mark.parametrize("typed", ["0031120100700", "后穹窿", "hqlccs"])
def test_items_are_found_by_code_name_and_initials(lead: Person, typed: str) -> None:
    assert "后穹窿穿刺术" in lead.get("/console/try/items", params={"code_2": typed}).text
    assert lead.get("/console/try/items").text.strip() == ""
