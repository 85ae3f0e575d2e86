"""Text of notes (文本归一): full-width forms, dashes and quotes made one, each in its place."""

import re
import unicodedata

_SAME = {"—": "-", "–": "-", "−": "-", "‐": "-", "～": "~", "〜": "~", "“": '"', "”": '"', "‘": "'", "’": "'"}
_SAME |= {"≧": "≥", "≦": "≤", "⩾": "≥", "⩽": "≤", "\u00a0": " ", "\u3000": " ", "\t": " ", "﹥": ">", "﹤": "<"}
_KEPT = re.compile(r"[Ⅰ-ⅿ①-⓿°²³]")
_DIGITS = {"〇": 0, "零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
NUMBER = r"(?:\d{1,4}|[一二两三四五六七八九]?[十百][一二三四五六七八九]?|[一二两三四五六七八九])"


def normalise(text: str) -> str:
    """The text with one form of each character; always of the same length."""
    return "".join([_one(character) for character in text])


def _one(character: str) -> str:
    if character in _SAME:
        return _SAME[character]
    if character.isascii() or _KEPT.match(character):
        return character
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def number(word: str) -> int:
    """The value of what NUMBER matches."""
    if word.isdigit():
        return int(word)
    for sign, times in (("百", 100), ("十", 10)):
        head, found, tail = word.partition(sign)
        if found:
            return _DIGITS.get(head, 1) * times + (_DIGITS[tail] if tail else 0)
    return _DIGITS[word]
