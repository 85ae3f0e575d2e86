"""Cells (单元格): what a cell says as text, and the code that it holds, however Excel has changed it."""

import re
import unicodedata
from decimal import Decimal

from app.domain.codes import is_national_item_code
from app.knowledge.imports.faults import Refused

Cell = str | float | int | bool | None
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[Ee][+-]?\d+")
_SEPARATORS = re.compile(r"[|,;、/\s]+")  # after NFKC, which makes full-width commas and semicolons plain
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_DIGITS_KEPT = 15  # of a number in a worksheet; what is longer has lost its end
_SERVICE_CODE = 15  # characters; begins with 00, or 01 in the price guides since 2023
_PREFIX = re.compile(
    r"(0[01]\d{3,15}|3\d{7,14}|X[A-Z]\d\d[A-Z]{2}[A-Z0-9]{0,17}|Z[A-Z]\d\d[A-Z]{3}\d{0,12}|C\d{2,26})", re.ASCII
)
_BRACKETS = str.maketrans("〔【〖「『〕】〗」』", "((((()))))")


def text_of(cell: Cell) -> str:
    """The cell as a person reads it: trimmed, with whole numbers without their `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        number = Decimal(repr(cell))
        return f"{number.normalize():f}" if number.is_finite() else str(cell)
    return " ".join(_INVISIBLE.sub("", cell).split())


def plain(text: str) -> str:
    """Full-width digits, letters and signs as plain ones."""
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """What two spellings of one name share: width, case, blanks and kinds of brackets and dashes do not count."""
    folded = plain(text).translate(_BRACKETS).casefold()
    return re.sub(r"[\s\u00b7\u2022\u30fb]+", "", re.sub(r"[‐-―−~～]", "-", folded))


def codes_of(cell: Cell) -> list[str]:
    """The codes in a cell, in order, each once. Raises Refused where Excel has dropped digits."""
    if isinstance(cell, bool) or cell is None:
        return []
    if isinstance(cell, int | float):
        return [_from_number(cell)]
    found = [
        one.strip("()[]'\"`*") if not one.endswith("*") else one.strip("()[]'\"`")
        for one in _SEPARATORS.split(plain(text_of(cell)).upper().strip("()"))
    ]
    for one in found:
        if _SCIENTIFIC.fullmatch(one):
            raise Refused(f"编码“{text_of(cell)}”是科学计数法，末尾数字已丢失；请把该列设为文本后重新填写")
    return list(dict.fromkeys(one for one in found if one))


def _from_number(number: float) -> str:
    """A code that a worksheet holds as a number: its leading zeros are restored where only one code can be meant."""
    if number != number or number in (float("inf"), float("-inf")) or number < 0 or number != int(number):
        raise Refused(f"编码“{number}”不是编码")
    digits = str(int(number))
    if len(digits) > _DIGITS_KEPT:
        raise Refused(f"编码按数字存放（{number:.6g}），Excel只保留15位，末尾数字已丢失；请把该列设为文本后重新填写")
    padded = digits.zfill(_SERVICE_CODE)
    return padded if len(digits) >= _SERVICE_CODE - 2 and is_national_item_code(padded) else digits


def check_code(code: str) -> str:
    """The code as it stands in knowledge; raises Refused where it is not a national item code."""
    if code.isascii() and is_national_item_code(code):
        return code
    raise Refused(f"“{code}”不是国家医保编码（药品20或23位、医疗服务项目15位、饮片10位、耗材20或27位）")


def as_pattern(code: str) -> str:
    """A national code, or the beginning of some as auditors keep them, which becomes `PREFIX*`."""
    bare = code.removesuffix("*")
    if bare.isascii() and is_national_item_code(bare):
        return bare
    if _PREFIX.fullmatch(bare):
        return f"{bare}*"
    raise Refused(f"“{code}”过短或不合编码规则，只靠名称区分的项目无法按编码审核")


def about(code: str) -> str:
    """What a code is of: `drug`, `service`, `consumable` or `piece`."""
    return {"X": "drug", "Z": "drug", "C": "consumable", "T": "piece", "G": "piece"}.get(code[:1], "service")


def looks_like_code(cell: Cell) -> bool:
    """Whether a cell holds codes, or the beginning of one, and not a name."""
    try:
        found = codes_of(cell)
    except Refused:
        return True
    return bool(found) and all(is_national_item_code(one) or _PREFIX.fullmatch(one.rstrip("*")) for one in found)
