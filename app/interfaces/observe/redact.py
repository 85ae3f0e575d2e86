"""Redaction (脱敏): the last defence of the logs, for what should never have come so far."""

import re

# A letter of a hexadecimal id beside the digits means that they are part of that id, and of no number of a person.
_REDACTED = re.compile(
    r"(?P<identity>(?<![0-9a-f])\d{17}[\dXx](?![0-9a-f]))"
    r"|(?P<phone>(?<![0-9a-f])(?:\+?86[- ]?)?1[3-9]\d{9}(?![0-9a-f]))"
    r"|(?P<bearer>\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})"
    r"|(?P<token>\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+)"
    r"|(?P<key>\bmj[a-z]{0,4}[_.][A-Za-z0-9._-]{16,})"
    r"|(?P<password>(?<=://)[^/\s:@]*:[^/\s@]+(?=@))",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text without numbers of identity cards and phones, keys, tokens, and passwords in addresses."""
    return _REDACTED.sub(_mark, text)


def is_clean(text: str) -> bool:
    return _REDACTED.search(text) is None


def _mark(found: re.Match[str]) -> str:
    return f"[{found.lastgroup}]"
