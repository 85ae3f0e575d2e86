"""Initials of pinyin (拼音首字母): 阿莫西林 is amxl, as people type it."""

import re

from pypinyin import Style, lazy_pinyin

INITIALS_ONLY = re.compile(r"[a-z0-9]+")
_DROPPED = re.compile(r"[^a-z0-9]+")


def initials_of(text: str) -> str:
    """Small letters and digits; what stands between Chinese characters stays as it is, without blanks and signs."""
    return _DROPPED.sub("", "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower())
