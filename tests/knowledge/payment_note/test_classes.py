"""What a text means in its class, and how many of the published points are read."""

import re
from pathlib import Path

import pytest

from app.knowledge.pack import PackError
from app.knowledge.payment_note import parse
from app.knowledge.payment_note.classes import Basis, PointText, structure
from app.knowledge.payment_note.coverage import read_points, report
from app.knowledge.payment_note.describe import columns_line, conditions_line
from tests.knowledge.payment_note.shared import CATALOGUE, POINTS, needed

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "payment-notes.md"
CHILD = "就诊人年龄超出儿童年龄限制"
PAIR = "项目A和项目B同时收费"
LIMIT = "使用项目的数量总计超过上限数量"


@pytest.mark.parametrize(
    ("rule_class", "constraint", "more", "coverage", "columns"),
    [
        ("药品区分性别使用", "用于月经不调、痛经。", {}, "full", "sex=female"),
        ("药品区分性别使用", "治疗良性前列腺增生。", {}, "full", "sex=male"),
        ("药品区分性别使用", "清热解毒。", {}, "partly", "—"),
        ("药品区分性别使用", "用于前列腺炎、盆腔炎。", {}, "partly", "—"),
        ("医疗服务项目区分性别使用", "女性孕产相关检查", {}, "full", "sex=female"),
        ("医疗服务项目区分性别使用", "", {}, "none", "—"),
        ("药品儿童专用", "清肺，止咳。", {"detect_logic": CHILD}, "full", "max_age=17"),
        ("药品儿童专用", "清肺。（药品说明书包含成人用法用量）", {"detect_logic": CHILD}, "partly", "—"),
        ("药品儿童专用", "清肺，止咳。", {}, "partly", "—"),
        ("药品限儿童使用", "限儿童。", {}, "full", "max_age=17"),
        ("药品限儿童使用", "限3-12岁肺动脉高压患者。", {}, "full", "min_age=3 max_age=12"),
        ("药品限儿童使用", "限头孢菌素耐药或重症感染儿童患者。", {}, "partly", "max_age=17"),
        ("医疗服务项目儿童专用", "新生儿专用项目", {}, "full", "max_age_days=28"),
        ("医疗服务项目限年龄", "限法定就业年龄段患者", {}, "partly", "—"),
        ("手术项目未按规定折价收费", "胃肠手术组", {}, "full", "group=胃肠手术组"),
        ("药品限工伤保险", "限工伤保险", {}, "full", "insurance_types=work_injury"),
        ("药品限就医方式", "限肺癌患者。", {}, "partly", "diagnoses="),
        ("药品限医疗机构级别", "限二级及以上医疗机构。", {}, "full", "facility_levels=tertiary|secondary"),
        ("药品限支付疗程", "支付不超过14天。", {}, "full", "measure=days per=stay limit=14"),
        ("药品限支付疗程", "限肺癌患者。", {}, "partly", "diagnoses="),
        ("药品限二线使用", "限二线用药。", {}, "full", "—"),
        ("药品限二线使用", "限一种肺癌患者。", {}, "partly", "diagnoses="),
        ("药品限适应症", "限放化疗。", {}, "partly", "—"),
        ("医疗服务项目限定频次", "小时", {"detect_logic": LIMIT}, "full", "measure=quantity per=day limit=24"),
        ("医疗服务项目限定频次", "日", {"detect_logic": LIMIT}, "full", "measure=quantity per=day limit=1"),
        ("医疗服务项目限定频次", "次", {"detect_logic": LIMIT}, "none", "—"),
        ("医疗服务项目周期超频次", "评定间隔时间不短于14天。", {}, "full", "measure=days per=rolling limit=1"),
        ("中药饮片单方使用不予支付", "单独使用不予支付", {}, "full", "when=alone"),
        ("中药饮片单复方均不予支付", "不得纳入基金支付范围的中药饮片", {}, "full", "when=always"),
        ("", "限儿童。", {}, "full", "max_age=17"),
    ],
)
def test_the_class_tells_what_the_text_means(
    rule_class: str, constraint: str, more: dict[str, str], coverage: str, columns: str
) -> None:
    found = structure(PointText(rule_class=rule_class, constraint=constraint, **more))
    assert (found.coverage, bool(found.reasons)) == (coverage, coverage != "full")
    assert columns_line(found).startswith(columns)


def test_a_pair_of_items_is_read_from_name_and_codes() -> None:
    pair = PointText(
        rule_class="医疗服务项目重复收费",
        constraint="含监护、床位",
        item_name="急诊监护费×急诊诊查费",
        detect_logic=PAIR,
        item_codes=("001103000010000", "001102000030000"),
    )
    found = structure(pair)
    assert found.kind == "mutually_exclusive"
    assert found.columns[0]["item_code"] == "001103000010000"
    assert found.columns[0]["excluded_code"] == "001102000030000"
    alone = PointText(rule_class=pair.rule_class, constraint="含监护", item_name="急诊监护费", detect_logic=PAIR)
    assert structure(alone).coverage == "none"


def test_the_published_points_are_read_as_far_as_the_document_says() -> None:
    found = report(read_points(needed(POINTS), "constraint"))
    text = DOCUMENT.read_text("utf-8")
    assert found.total.points == 3035
    assert found.share >= 0.99  # what was reached; it may rise
    assert found.total.judged >= 2980
    assert f"{found.total.full:,} fully structured" in text
    own = [one for one in found.classes if one.by_class < one.points and one.rule_class.startswith("药品限")]
    assert sum(one.full for one in own) >= 0.94 * sum(one.points for one in own)


def test_the_notes_of_the_catalogue_are_read_as_far_as_the_document_says() -> None:
    found = report(read_points(needed(CATALOGUE), "payment_scope_note"))
    assert found.total.points > 600
    assert found.share >= 0.55
    assert found.total.full + found.total.partly + found.total.none == found.total.points


def test_the_fifty_parses_of_the_document_are_what_is_read_today() -> None:
    entries = re.findall(
        r"^\d+\. `(.*?)` .*\n   - 原文：(.*)\n   - 读出：(.*)\n   - 可判：(.*)(?:\n   - 复核：(.*))?$",
        DOCUMENT.read_text("utf-8"),
        re.MULTILINE,
    )
    assert len(entries) == 50
    by_class = 0
    for rule_class, constraint, conditions, columns, reasons in entries:
        found = structure(PointText(rule_class=rule_class, constraint=constraint, detect_logic=CHILD))
        if rule_class == "医疗服务项目重复收费":  # its structure stands in the name and the codes
            continue
        by_class += found.basis is Basis.CLASS
        if found.basis is Basis.TEXT:
            assert conditions_line(parse(constraint)) == conditions
        assert columns_line(found) == columns
        assert "；".join(found.reasons) == reasons
    assert 0 < by_class < 12


def test_a_file_without_the_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("text\n限儿童\n", "utf-8")
    with pytest.raises(PackError, match="'constraint'; the columns are text"):
        read_points(file, "constraint")
    file.write_bytes("constraint\n限儿童\n".encode("gb18030"))
    with pytest.raises(PackError, match="UTF-8"):
        read_points(file, "constraint")
