"""Masking (脱敏): how identity is shown to people who have no need, or no permission, to see it.

What is left is enough to tell two patients on one page apart, and not enough to tell who they are.
"""

import re

_STAR = "*"
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|\d{15})(?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")


def mask_name(name: str) -> str:
    """张三 → 张*, 王小明 → 王**."""
    name = name.strip()
    return name[:1] + _STAR * max(len(name) - 1, 1) if name else ""


def mask_identity_number(number: str) -> str:
    """110101199003071234 → 1101**********1234; the same for any other kind of document as far as its length allows."""
    return _kept(number.strip(), 4, 4)


def mask_phone(phone: str) -> str:
    """13812345678 → 138****5678; a landline keeps its last two digits."""
    phone = phone.strip()
    if (found := _PHONE.fullmatch(phone)) is not None:
        return f"{found[1]}****{found[3]}"
    return _kept(phone, 0, 2)


def mask_id(code: str) -> str:
    """Numbers of patients, cards and cases: an id that is an identity number or a phone is masked as one."""
    code = code.strip()
    if _NUMBER.fullmatch(code):
        return mask_identity_number(code)
    if _PHONE.fullmatch(code):
        return mask_phone(code)
    return _kept(code, 2, 2)


def mask_address(address: str) -> str:
    """北京市海淀区中关村大街1号 → 北京市海淀区****, however long the rest is."""
    address = address.strip()
    kept = min(6, len(address) // 2)
    return address[:kept] + _STAR * 4 if address else ""


def mask_birth_date(day: str) -> str:
    """1980-01-02 → 1980-**-**."""
    return f"{day[:4]}-**-**" if re.match(r"\d{4}", day) else _STAR * len(day)


def mask_text(text: str) -> str:
    """Free text, in which identity numbers and phones are found by their form; a name has none."""
    text = _NUMBER.sub(lambda found: mask_identity_number(found[0]), text)
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def _kept(text: str, first: int, last: int) -> str:
    """At least half of it is hidden, and of what is short, all."""
    if len(text) < 2 * (first + last):
        first = last = 0 if len(text) < 8 else min(first, last, len(text) // 4)
    return text[:first] + _STAR * (len(text) - first - last) + text[len(text) - last :]
