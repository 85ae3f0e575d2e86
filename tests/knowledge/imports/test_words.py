"""What the lists say in Chinese, as columns of knowledge; what is not sure is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from app.knowledge.imports import words
from app.knowledge.imports.faults import Refused

TERTIARY, SECONDARY = {"facility_levels": "tertiary"}, {"facility_levels": "tertiary|secondary"}


@pytest.mark.parametrize(
    ("read", "text", "found"),
    [
        (words.sex, "男", {"sex": "male"}),
        (words.sex, "限女性", {"sex": "female"}),
        (words.age, "新生儿", {"max_age_days": "28"}),
        (words.age, "婴幼儿", {"max_age": "6"}),
        (words.age, "儿童", {"max_age": "17"}),
        (words.age, "限儿童使用", {"max_age": "17"}),
        (words.age, "成年", {"min_age": "18"}),
        (words.age, "3-12岁", {"min_age": "3", "max_age": "12"}),
        (words.age, "限３～１２岁儿童", {"min_age": "3", "max_age": "12"}),
        (words.age, "2岁至11岁", {"min_age": "2", "max_age": "11"}),
        (words.age, "14岁以下", {"max_age": "13"}),
        (words.age, "14岁及以下", {"max_age": "14"}),
        (words.age, "60岁以上", {"min_age": "60"}),
        (words.age, "60周岁及以上", {"min_age": "60"}),
        (words.age, "参保人年龄超出法定就业年龄限制", {"min_age": "16", "max_age": "63"}),
        (words.forbidden_age, "儿童", {"min_age": "18"}),
        (words.forbidden_age, "12岁以下禁用", {"min_age": "12"}),
        (words.forbidden_age, "12", {"min_age": "12"}),
        (words.forbidden_age, "12岁及以下", {"min_age": "13"}),
        (words.level, "三级", TERTIARY),
        (words.level, "二级", SECONDARY),
        (words.level, "限二级及以上医疗机构", SECONDARY),
        (words.level, "一级", {"facility_levels": "tertiary|secondary|primary"}),
        (words.insurance, "工伤", {"insurance_types": "work_injury|none"}),
        (words.insurance, "生育保险", {"insurance_types": "maternity|none"}),
        (words.care, "住院", {"care_types": "inpatient|day_case"}),
        (words.care, "急诊或住院", {"care_types": "emergency|inpatient|day_case"}),
        (words.care, "门诊", {"care_types": "outpatient|chronic_outpatient|emergency"}),
        (words.course_days, "支付不超过14天。", 14),
        (words.course_days, "限脑梗死恢复期患者，单次住院最多支付14天。", 14),
        (words.course_days, "总时间不超过90天，评定间隔时间不短于14天。", 90),
        (words.course_days, "一个疾病过程支付不超过９０天", 90),
        (words.course_days, "20天", 20),
        (words.frequency, "1次每周", ("1", "week")),
        (words.frequency, "48次每年", ("48", "year")),
        (words.quantity, "2照射区", ("2", "照射区")),
        (words.money, "33000元", "33000"),
        (words.money, "1,234.50", "1234.50"),
        (words.number, "24小时", "24"),
        (words.number, "0.5", "0.5"),
    ],
)
def test_read(read: Callable[[str], Any], text: str, found: object) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (words.sex, "男女"),
        (words.sex, ""),
        (words.age, "限重症患者"),
        (words.age, "60岁"),
        (words.forbidden_age, "慎用"),
        (words.level, "综合医院"),
        (words.level, ""),
        (words.insurance, "职工"),
        (words.care, "不限门诊"),
        (words.care, "家庭病床"),
        (words.course_days, "支付不超过12个月"),
        (words.course_days, "支付不超过14天或不超过21天"),
        (words.course_days, "限脑梗死"),
        (words.frequency, "每周一次"),
        (words.quantity, "若干"),
        (words.money, "面议"),
        (words.number, "0"),
        (words.number, "-1"),
        (words.number, "一次"),
    ],
)
def test_what_is_not_sure_is_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(Refused):
        read(text)


def test_a_note_that_allows_more_than_the_column_is_followed() -> None:
    """The column says less than the note: the lenient of the two holds, so that no finding is wrong."""
    assert words.level("三级", "需三级综合医院眼科或二级及以上眼科专科医院医师处方") == SECONDARY
    assert words.level("三级", "限三级医疗机构") == TERTIARY
    assert words.care("住院", "限急诊或住院患者。") == {"care_types": "emergency|inpatient|day_case"}
