"""Words (限定用语): what the lists say in Chinese about patients, facilities and times, as columns of knowledge.

Each function takes the text of a cell and gives columns; it raises Refused for what it is not sure of.
"""

import re
from decimal import Decimal

from app.knowledge.imports.cells import plain
from app.knowledge.imports.faults import Refused

Columns = dict[str, str]

NEWBORN, INFANT, CHILD = {"max_age_days": "28"}, {"max_age": "6"}, {"max_age": "17"}
# 婴幼儿 ends at three, but fees for 婴幼儿 are charged until school; the lenient reading keeps findings certain.
_AGES: dict[str, Columns] = {
    "新生儿": NEWBORN,
    "婴幼儿": INFANT,
    "婴儿": INFANT,
    "幼儿": INFANT,
    "儿童": CHILD,
    "小儿": CHILD,
    "未成年": CHILD,
    "未成年人": CHILD,
    "成年": {"min_age": "18"},
    "成年人": {"min_age": "18"},
    "成人": {"min_age": "18"},
    # 最低就业年龄 16 (劳动法第十五条); 最高退休年龄 63 (关于实施渐进式延迟法定退休年龄的决定)
    "法定就业年龄": {"min_age": "16", "max_age": "63"},
}
_AGE_RANGE = re.compile(r"(?:限|适用于)?(\d+)(?:周岁|岁)?[-~至到](\d+)(?:周岁|岁)(?:\(?含\)?)?(?:儿童|患者|人群)*")
_AGE_FROM = re.compile(r"(?:限|≥|>=)?(\d+)(?:周岁|岁)(?:及|\(含\))?(?:以上|或以上)?(?:儿童|患者|人群)*")
_AGE_BELOW = re.compile(r"(?:限|<)?(\d+)(?:周岁|岁)(及|\(含\))?以下(?:儿童|患者|人群)*|(?:≤|<=|不超过)(\d+)(?:周岁|岁)")
_FORBIDDEN_BELOW = re.compile(
    r"(?:小于|<|未满)?(\d+)(?:周岁|岁)?(及|\(含\))?(?:以下)?(?:儿童|患者|人群)*(?:禁用|禁止使用)?"
)
_ALL_DAYS = re.compile(r"(\d+)(天|日)")
_COURSE = re.compile(
    r"(?:单次住院(?:期间)?|一个疾病过程|总时间|累计)?(?:最多)?(?:支付)?(?:总?时间)?(?:最多支付|最多|不超过|不得超过|≤)(\d+)(天|日)"
)
_LONG_COURSE = re.compile(r"(?:不超过|最多(?:支付)?)(\d+|一|两|三|半)个?(月|年|周)")
_FREQUENCY = re.compile(r"(\d+)次每(日|天|周|月|年)")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(\D.*)")
_MONEY = re.compile(r"(\d+(?:\.\d+)?)元?")


def sex(text: str) -> Columns:
    found = {"男": "male", "男性": "male", "女": "female", "女性": "female"}.get(plain(text).removeprefix("限"))
    if found is None:
        raise Refused(f"性别“{text}”不是男或女")
    return {"sex": found}


def age(text: str) -> Columns:
    """Who may have the item."""
    said = plain(text).replace(" ", "")
    bare = re.sub(r"(患者|使用|专用|人群)+$", "", said.removeprefix("限"))
    if bare in _AGES:
        return dict(_AGES[bare])
    if found := _AGE_RANGE.fullmatch(said):
        return {"min_age": found[1], "max_age": found[2]}
    if found := _AGE_BELOW.fullmatch(said):
        return {"max_age": found[3] or str(int(found[1]) - (0 if found[2] else 1))}
    if (found := _AGE_FROM.fullmatch(said)) and ("上" in said or "≥" in said or ">=" in said):
        return {"min_age": found[1]}
    if any(word in said for word in ("法定就业年龄", "就业年龄")):
        return dict(_AGES["法定就业年龄"])
    raise Refused(f"年龄限定“{text}”无法确定岁数")


def forbidden_age(text: str) -> Columns:
    """Children below which age may not have the item."""
    said = plain(text).replace(" ", "")
    if re.sub(r"(患者|禁用|禁止使用)+$", "", said) in ("儿童", "小儿", "未成年人", "18岁以下", "18周岁以下"):
        return {"min_age": "18"}
    if found := _FORBIDDEN_BELOW.fullmatch(said):
        return {"min_age": str(int(found[1]) + (1 if found[2] else 0))}
    raise Refused(f"儿童禁用年龄“{text}”无法确定岁数")


def level(text: str, note: str = "") -> Columns:
    """From which level on. The note may name a lower one for some facilities; then that level holds, to be certain."""
    said = plain(text)
    if not re.fullmatch(r"(限|需)?[一二三1-3]级(甲等|乙等)?(及以上)?(医疗机构|医院)?", said):
        raise Refused(f"医疗机构级别“{text}”不是一级、二级或三级")
    lowest = min("一二三123".index(one) % 3 for one in said if one in "一二三123")
    if "二级及以上" in plain(note):
        lowest = min(lowest, 1)
    if lowest == 0:
        return {"facility_levels": "tertiary|secondary|primary"}
    return {"facility_levels": "tertiary|secondary" if lowest == 1 else "tertiary"}


def insurance(text: str) -> Columns:
    """Where the patient pays, nobody is asked; so `none` is always allowed."""
    said = plain(text)
    if "工伤" in said:
        return {"insurance_types": "work_injury|none"}
    if "生育" in said:
        return {"insurance_types": "maternity|none"}
    raise Refused(f"险种“{text}”不是工伤或生育")


def care(text: str, note: str = "") -> Columns:
    """Kinds of care that are paid for. An emergency that the note also allows is allowed."""
    said = plain(text)
    found: list[str] = []
    if "急诊" in said or "抢救" in said or "急诊" in plain(note):
        found.append("emergency")
    if "住院" in said:
        found += ["inpatient", "day_case"]
    if "门诊" in said:
        found = ["outpatient", "chronic_outpatient", "emergency"] + [one for one in found if one != "emergency"]
    if not found or "不" in said:
        raise Refused(f"就医方式“{text}”无法确定")
    return {"care_types": "|".join(found)}


def course_days(text: str) -> int:
    """The longest course in days that a text names."""
    said = plain(text).replace(" ", "")
    days = {int(found[1]) for found in _COURSE.finditer(said)}
    if not days and (found := _ALL_DAYS.fullmatch(said)):
        days = {int(found[1])}
    if len(days) == 1:
        return days.pop()
    if _LONG_COURSE.search(said):
        raise Refused(f"疗程“{text}”以周、月或年计，需人工换算成天数")
    raise Refused(f"“{text}”中没有唯一的支付天数")


def frequency(text: str) -> tuple[str, str]:
    """How often, and within what: `day`, `week`, `month` or `year`."""
    found = _FREQUENCY.fullmatch(plain(text).replace(" ", ""))
    if not found:
        raise Refused(f"频次“{text}”无法识别")
    return found[1], {"日": "day", "天": "day", "周": "week", "月": "month", "年": "year"}[found[2]]


def quantity(text: str) -> tuple[str, str]:
    """A number and its unit."""
    found = _QUANTITY.fullmatch(plain(text).replace(" ", ""))
    if not found:
        raise Refused(f"数量“{text}”无法识别")
    return found[1], found[2]


def money(text: str) -> str:
    found = _MONEY.fullmatch(plain(text).replace(" ", "").replace(",", ""))
    if not found:
        raise Refused(f"金额“{text}”无法识别")
    return found[1]


def number(text: str) -> str:
    """A positive number; `1次`, `24小时` and the like give the number."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\D*", plain(text).replace(" ", ""))
    if not found or Decimal(found[1]) <= 0:
        raise Refused(f"“{text}”不是正数")
    return found[1]
