"""Case objects (病案对象): stays in the field names that DRG groupers commonly read, as a Stay with what was wrong.

Index, gender (1, 2), age, ageDay, weight (g), dept, inHospitalTime (days), leavingType, icuHours, amount (yuan),
zdList, ssList (codes, the principal one first; lists, or text parted by `|` or `,`). Numbers may come as text. A value
that is not what it should be counts as not given: where grouping needs it, the answer is 信息校验不通过.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from app.domain.encounter import Sex
from app.domain.money import LARGEST
from app.domain.stay import Stay

_SEXES = {"1": Sex.MALE, "2": Sex.FEMALE, "男": Sex.MALE, "女": Sex.FEMALE}
_WHOLE = re.compile(r"(\d{1,9})(\.0*)?", re.ASCII)
_PARTED = re.compile(r"[|,]")
_LONGEST_CODE = 64
_MOST_CODES = 1000
_MOST_HOURS = 1_000_000


class BadCaseObject(ValueError):
    """Not a case object at all; the message says why. `index` is the case's own key where it was told."""

    def __init__(self, message: str, index: object = None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class CaseRead:
    """`index` is the case's key as it was sent. `complaints` say in Chinese which values were not usable."""

    index: object
    stay: Stay
    complaints: tuple[str, ...]


def read_case_object(document: object) -> CaseRead:
    """Read a case object, or one that stands as `case` beside other fields; raises BadCaseObject."""
    if isinstance(document, Mapping) and isinstance(document.get("case"), Mapping):
        document = document["case"]
    if not isinstance(document, Mapping):
        raise BadCaseObject(f"a case is an object with fields such as zdList, not {_kind(document)}")
    reader = _Reader(document)
    index = document.get("Index")
    if "zdList" not in document:
        raise BadCaseObject("the field zdList is missing; it holds the diagnosis codes", index)
    text = "" if index is None or isinstance(index, dict | list) else str(index)[:_LONGEST_CODE]
    stay = Stay(
        id=text,
        sex=reader.sex(),
        age_years=reader.whole("age", "年龄", 150),
        age_days=reader.whole("ageDay", "年龄天数", 60_000),
        weight_grams=reader.whole("weight", "体重", 20_000),
        department=reader.word("dept", "科室"),
        stay_days=reader.whole("inHospitalTime", "住院天数", 36_500),
        icu_hours=reader.hours(),
        discharge_disposition=reader.word("leavingType", "离院方式"),
        diagnoses=reader.codes("zdList", index),
        procedures=reader.codes("ssList", index),
        total_amount=reader.amount(),
    )
    return CaseRead(index, stay, tuple(reader.complaints))


def _kind(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class _Reader:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.complaints: list[str] = []

    def _given(self, field: str) -> Any:
        value = self._document.get(field)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def _complain(self, word: str, value: object, wanted: str) -> None:
        self.complaints.append(f"{word}“{str(value)[:40]}”无效：{wanted}")

    def sex(self) -> Sex:
        value = self._given("gender")
        if value.__class__ is str and value in _SEXES:
            return _SEXES[value]
        text = _plain_whole(value)
        found = _SEXES.get(value if text is None and isinstance(value, str) else text or "")
        if found is None:
            if value is not None:
                self._complain("患者性别", value, "须为1（男）或2（女）")
            return Sex.UNKNOWN
        return found

    def whole(self, field: str, word: str, most: int) -> int | None:
        value = self._document.get(field)
        if value.__class__ is int and 0 <= value <= most:
            return value
        value = self._given(field)
        text = _plain_whole(value)
        if text is not None and int(text) <= most:
            return int(text)
        if value is not None:
            self._complain(word, value, f"须为0至{most}的整数")
        return None

    def hours(self) -> float | None:
        value = self._given("icuHours")
        if value is None:
            return None
        if value.__class__ is int and 0 <= value <= _MOST_HOURS:
            return float(value)
        number = _decimal(value)
        if number is not None and 0 <= number <= _MOST_HOURS:
            return float(number)
        self._complain("重症监护小时数", value, "须为不小于0的数")
        return None

    def amount(self) -> Decimal | None:
        value = self._given("amount")
        number = _decimal(value)
        if number is not None and 0 <= number <= LARGEST:
            return number
        if value is not None:
            self._complain("费用", value, "须为不小于0的金额（元）")
        return None

    def word(self, field: str, word: str) -> str:
        value = self._given(field)
        if value is None:
            return ""
        if isinstance(value, bool | dict | list) or len(str(value)) > _LONGEST_CODE:
            self._complain(word, value, "须为代码")
            return ""
        return value.removesuffix(".0") if isinstance(value, str) else _plain_whole(value) or str(value)

    def codes(self, field: str, index: object) -> tuple[str, ...]:
        """Blank codes are left out, but for a blank principal one before others, which is no known code."""
        value = self._document.get(field)
        if value is None:
            return ()
        if isinstance(value, str):
            value = _PARTED.split(value)
        if not isinstance(value, list) or not all([isinstance(one, str) for one in value]):
            raise BadCaseObject(f"the field {field} must be a list of codes, or text parted by |", index)
        codes = [one.strip() for one in value]
        if len(codes) > _MOST_CODES:
            raise BadCaseObject(f"the field {field} holds {len(codes)} codes; at most {_MOST_CODES} are read", index)
        if codes and max(map(len, codes)) > _LONGEST_CODE:
            raise BadCaseObject(f"a code in {field} is longer than {_LONGEST_CODE} characters", index)
        if all(codes):
            return tuple(codes)
        rest = tuple(one for one in codes[1:] if one)
        return (codes[0], *rest) if codes[0] or rest else ()


def _plain_whole(value: object) -> str | None:
    """A whole number as its digits, also where it comes as 3200.0 or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    found = _WHOLE.fullmatch(str(value))
    return None if found is None else found[1]


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
