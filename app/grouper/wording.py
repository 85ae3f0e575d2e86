"""Conditions in Chinese (入组条件的文字说明): what one asks, and why a stay does not meet it."""

from typing import NamedTuple

from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.grouper.condition import NUMBER_FIELDS, Bits, Coded, test_of, together
from app.knowledge.scheme_condition import (
    And,
    Atom,
    Condition,
    Member,
    Not,
    Number,
    Or,
    Severity,
    Sites,
    Tagged,
    Truth,
    Valid,
    Word,
)

_SUBJECTS = {
    "pdx": "主诊断",
    "proc1": "主要手术操作",
    "dx": "诊断",
    "odx": "其他诊断",
    "proc": "手术操作",
    "oproc": "其他手术操作",
}
_NUMBERS = {
    "age": ("年龄", "岁"),
    "age_days": ("日龄", "天"),
    "weight": ("体重", "克"),
    "los": ("住院天数", "天"),
    "icu_hours": ("重症监护时间", "小时"),
}
_OPERATORS = {"<": "＜", "<=": "≤", ">": "＞", ">=": "≥", "=": "＝"}
_WORDS = {"leaving": "离院方式", "dept": "科室"}
_SEXES = {"1": "男", "2": "女"}
SEX_NAMES = {Sex.MALE: "男", Sex.FEMALE: "女", Sex.UNKNOWN: "不详"}


class Facts(NamedTuple):
    """A stay with its codes as the scheme sees them."""

    stay: Stay
    diagnoses: Coded
    procedures: Coded
    bits: Bits

    def meet(self, condition: Condition) -> bool:
        return test_of(condition, self.bits)((self.stay, self.diagnoses, self.procedures))


def wording(condition: Condition) -> str:
    """What the condition asks."""
    if isinstance(condition, And):
        return "，且".join(_bracketed(part) for part in condition.parts)
    if isinstance(condition, Or):
        return "，或".join(_bracketed(part) for part in condition.parts)
    if isinstance(condition, Not):
        return _negated(condition.part)
    return _asked(condition)


def _bracketed(part: Condition) -> str:
    return f"（{wording(part)}）" if isinstance(part, And | Or) else wording(part)


def _negated(part: Condition) -> str:
    if isinstance(part, Member):
        return (
            _asked(part).replace("有", "没有", 1) if _is_any(part) else f"{_SUBJECTS[part.subject]}不在{part.list}表中"
        )
    if isinstance(part, Valid):
        return "主要手术操作不是有效手术操作" if part.subject == "proc1" else "没有有效手术操作"
    return f"不满足：{wording(part)}"


def _is_any(atom: Member) -> bool:
    return atom.subject not in ("pdx", "proc1")


def _asked(atom: Atom) -> str:
    if isinstance(atom, Truth):
        return "无其他条件" if atom.value else "永不成立"
    if isinstance(atom, Member):
        return f"{'有' if _is_any(atom) else ''}{_SUBJECTS[atom.subject]}在{atom.list}表中"
    if isinstance(atom, Tagged):
        return f"有手术操作在{atom.list}表的“{atom.tag}”类中"
    if isinstance(atom, Sites):
        return f"诊断涉及{atom.list}表的部位数{_OPERATORS[atom.operator]}{atom.number}"
    if isinstance(atom, Valid):
        return "主要手术操作为有效手术操作" if atom.subject == "proc1" else "有有效手术操作"
    if isinstance(atom, Number):
        name, unit = _NUMBERS[atom.field]
        return f"{name}{_OPERATORS[atom.operator]}{atom.number}{unit}"
    if isinstance(atom, Severity):
        return f"有计入的{atom.level.upper()}"
    if atom.field == "sex":
        return f"性别为{'或'.join(_SEXES[value] for value in atom.values)}"
    return f"{_WORDS[atom.field]}为{'或'.join(atom.values)}"


def unmet(condition: Condition, facts: Facts) -> str:
    """Why the stay does not meet the condition; blank where it does."""
    if facts.meet(condition):
        return ""
    if isinstance(condition, And | Or):
        return "；".join(dict.fromkeys(filter(None, (unmet(part, facts) for part in condition.parts))))
    if isinstance(condition, Not):
        return f"不满足“{wording(condition)}”"
    return _missing(condition, facts)


def _missing(atom: Atom, facts: Facts) -> str:
    stay = facts.stay
    if isinstance(atom, Number):
        name, unit = _NUMBERS[atom.field]
        value = getattr(stay, NUMBER_FIELDS[atom.field])
        known = value is not None and not (atom.field == "weight" and value == 0)
        return f"{name}为{value:g}{unit}，不满足{_asked(atom)}" if known else f"{name}未填写，要求{_asked(atom)}"
    if isinstance(atom, Word):
        if atom.field == "sex":
            return f"患者性别为{SEX_NAMES[stay.sex]}，要求{_asked(atom)}"
        value = stay.discharge_disposition if atom.field == "leaving" else stay.department
        return f"{_WORDS[atom.field]}为{value or '空'}，要求{_asked(atom)}"
    if isinstance(atom, Sites):
        count = (together(facts.diagnoses) & facts.bits.of_tags(atom)).bit_count()
        return f"诊断只涉及{count}个部位，要求{_asked(atom)}"
    if isinstance(atom, Member) and not _is_any(atom):
        codes = stay.diagnoses if atom.subject == "pdx" else stay.procedures
        return f"{_SUBJECTS[atom.subject]}{codes[0]}不在{atom.list}表中" if codes else "没有手术操作"
    if isinstance(atom, Valid) and atom.subject == "proc1":
        return f"主要手术操作{stay.procedures[0]}不是有效手术操作" if stay.procedures else "没有手术操作"
    if isinstance(atom, Truth):
        return "条件永不成立"
    return f"没{_asked(atom)}"
