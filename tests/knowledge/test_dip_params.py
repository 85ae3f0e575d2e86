"""DIP parameters: both forms of the file, and every wrong setting by itself."""

import json
from decimal import Decimal

import pytest

from app.knowledge.dip_params import DipParams
from app.knowledge.dip_params_files import read_params


def read(folder, text, name="params.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    faults = []
    return read_params(folder, faults), faults


def test_no_file_is_the_default(tmp_path):
    faults = []
    assert read_params(tmp_path, faults) == DipParams()
    assert not faults


CSV = """key,value,note
layers,priority;basic+comprehensive,
operation.main_is_principal,yes,
conservative.below_level,4,
pricing.high.cap_at,5,封顶
pricing.review_from,,不设
"""
JSON = {
    "layers": ["priority", "basic+comprehensive"],
    "operation": {"main_is_principal": True},
    "conservative": {"below_level": 4},
    "pricing": {"high": {"cap_at": "5"}, "review_from": None},
}


def test_both_forms_say_the_same(tmp_path):
    from_csv, faults = read(tmp_path, CSV)
    assert not faults
    (tmp_path / "params.csv").unlink()
    from_json, faults = read(tmp_path, json.dumps(JSON), "params.json")
    assert not faults
    assert from_csv == from_json
    assert from_csv.layers == ("priority", "basic+comprehensive")
    assert (from_csv.pricing.high.cap_at, from_csv.pricing.review_from) == (Decimal(5), None)
    assert from_csv.operation.main_is_principal


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        ("colour,red", "colour", "未知的参数"),
        ("choice,complete;luck", "choice", "不可用"),
        ("comprehensive.by,mood", "comprehensive.by", "不可用"),
        ("conservative.below_level,9", "conservative.below_level", "不可用"),
        ("operation.partial_related,maybe", "operation.partial_related", "不可用"),
        ("operation.or_signs,||", "operation.or_signs", "不可用"),
        ("pricing.low.at,low", "pricing.low.at", "不可用"),
        ("pricing.low.at,-0.5", "pricing.low.at", "值为-0.5"),
        ("pricing.low.at,NaN", "pricing.low.at", "值为NaN"),
        ("pricing.fund_share,1.2", "pricing.fund_share", "值为1.2"),
        ("pricing.low.at,3", "pricing", "超低界限3不低于超高界限2"),
        ("pricing.high.cap_at,2", "pricing.high.cap_at", "封顶倍数2不高于超高界限2"),
        ("layers,priority;attic", "layers", "层次“attic”未知"),
        ("layers,basic;basic", "layers", "层次“basic”出现两次"),
        ("type_order,core:*;rich:surgery", "type_order", "“rich:surgery”不可用"),
        ("operation.and_signs,|", "operation", "“|”既表示或又表示且"),
        ("pricing.low.at,0.4\npricing.low.at,0.3", "pricing.low.at", "参数重复"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, row, column, told):
    params, faults = read(tmp_path, f"key,value\n{row}\n")
    (fault,) = faults
    assert (fault.file, fault.column) == ("params.csv", column)
    assert told in fault.what
    assert fault.why
    assert fault.remedy
    assert isinstance(params, DipParams)


def test_the_words_that_can_be_used_are_told(tmp_path):
    _, faults = read(tmp_path, "key,value\nchoice,luck\n")
    assert "catalogue_order" in faults[0].why


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"layers": {"a": 1}}', '{"pricing": 5}', '{"pricing": {"low": {"at": []}}}']
)
def test_json_of_another_shape_is_told(tmp_path, text):
    assert read(tmp_path, text, "params.json")[1]


def test_two_files_are_one_too_many(tmp_path):
    (tmp_path / "params.json").write_text("{}")
    _, faults = read(tmp_path, "key,value\n")
    assert "同时存在" in faults[0].what
