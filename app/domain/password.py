"""Password rules (口令规则): long, not one of those that everybody tries first, nothing of the account's own name."""

import re
import unicodedata
from enum import StrEnum

SHORTEST, LONGEST = 12, 128
_LEET = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i"}
)
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)

# What is left of a password without its digits and signs must not be one of these, or two of them.
COMMON = frozenset(
    [
        "admin",
        "administrator",
        "root",
        "system",
        "sysadmin",
        "superuser",
        "user",
        "guest",
        "test",
        "testing",
        "demo",
        "default",
        "changeme",
        "change",
        "secret",
        "password",
        "passwd",
        "passw",
        "passcode",
        "pass",
        "word",
        "pwd",
        "login",
        "signin",
        "welcome",
        "letmein",
        "hello",
        "helloworld",
        "master",
        "access",
        "enter",
        "qwerty",
        "asdf",
        "zxcv",
        "qaz",
        "wsx",
        "qazwsx",
        "qwe",
        "asd",
        "zxc",
        "abc",
        "abcd",
        "iloveyou",
        "loveyou",
        "love",
        "dragon",
        "monkey",
        "shadow",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "computer",
        "internet",
        "server",
        "oracle",
        "mysql",
        "postgres",
        "redis",
        "windows",
        "linux",
        "google",
        "hospital",
        "yiyuan",
        "yibao",
        "yiliao",
        "yaoshi",
        "yisheng",
        "hushi",
        "huanzhe",
        "doctor",
        "nurse",
        "medical",
        "medicare",
        "insurance",
        "health",
        "clinic",
        "mingjian",
        "shenhe",
        "audit",
        "his",
        "drg",
        "dip",
        "nhsa",
        "zhongguo",
        "china",
        "beijing",
        "shanghai",
        "guangzhou",
        "shenzhen",
        "woaini",
        "woaizhongguo",
        "nihao",
        "mima",
        "guanliyuan",
        "ceshi",
        "xinxike",
        "xinxi",
        "keshi",
        "zhuren",
    ]
)


class PasswordFault(StrEnum):
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    SIMPLE = "simple"
    OWN_NAME = "own_name"


TEXTS = {
    PasswordFault.TOO_SHORT: f"口令至少 {SHORTEST} 个字符",
    PasswordFault.TOO_LONG: f"口令至多 {LONGEST} 个字符",
    PasswordFault.COMMON: "口令过于常见，容易被猜中",
    PasswordFault.SIMPLE: "口令过于简单（重复或连续的字符）",
    PasswordFault.OWN_NAME: "口令不得包含登录名",
}


def normal(password: str) -> str:
    """The same password typed on another keyboard gives the same bytes."""
    return unicodedata.normalize("NFC", password)


def faults_of(password: str, login: str) -> list[PasswordFault]:
    text = normal(password)
    plain = unicodedata.normalize("NFKC", password).casefold()
    found = []
    if len(text) < SHORTEST:
        found.append(PasswordFault.TOO_SHORT)
    if len(text) > LONGEST:
        return [PasswordFault.TOO_LONG]
    if _is_common(plain):
        found.append(PasswordFault.COMMON)
    if _is_simple(plain):
        found.append(PasswordFault.SIMPLE)
    if login and login.casefold() in plain:
        found.append(PasswordFault.OWN_NAME)
    return found


def _is_common(plain: str) -> bool:
    for text in (plain, plain.translate(_LEET), re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain).translate(_LEET)):
        letters = re.sub(r"[^a-z]", "", text)
        if not letters and text.isascii() and text.isdecimal():
            return True  # digits alone: dates, telephone and identity numbers
        if letters in COMMON or any(letters[:at] in COMMON and letters[at:] in COMMON for at in range(2, len(letters))):
            return True
    return False


def _is_simple(plain: str) -> bool:
    if len(set(plain)) < 5:
        return True
    if any(plain == (plain[:size] * len(plain))[: len(plain)] for size in range(1, len(plain) // 2 + 1)):
        return True
    left = plain
    for run in _RUNS:
        for text in (run, run[::-1]):
            for size in range(len(text), 3, -1):
                for at in range(len(text) - size + 1):
                    left = left.replace(text[at : at + size], "")
    return len(left) < 4
