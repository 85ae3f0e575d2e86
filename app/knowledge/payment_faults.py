"""Faults of shape in payment parameters (支付参数格式错误): which field it is, why it is wrong, and what to write."""

import copy
import re
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from app.domain.encounter import FacilityLevel
from app.domain.settlement import Basis, HighMethod, LowMethod, Method, QuotaUnit, ReviewFlag

_CHOICES: tuple[tuple[str, type[StrEnum]], ...] = (  # by how the place of a wrong word ends
    ("low.method", LowMethod),
    ("high.method", HighMethod),
    ("method", Method),
    ("basis", Basis),
    ("quota_unit", QuotaUnit),
    ("flags", ReviewFlag),
)
_ENTRY = "[...]"  # how msgspec says "one of the entries"


def explain(document: Any, shape: type[msgspec.Struct], error: msgspec.ValidationError) -> str:
    """What is wrong with the document, which is not of the shape: the field first, what to do last."""
    what, _, place = _with_keys(document, shape, str(error)).partition(" - at ")
    field = place.strip("`").replace("key` in `", "a key of ").replace("$.", "").removeprefix("$")
    where = field or "the whole"
    if what.startswith("Object contains unknown field"):
        return f"{where}: {what[0].lower()}{what[1:]}; take it out, or mend its name"
    if what.startswith("Object missing required field"):
        return f"{where}: the field {what.rpartition(' ')[2]} is missing; add it"
    if what.startswith("Invalid enum value") and (choices := _choices(field)):
        return f"{where}: {what.removeprefix('Invalid enum value ')} is not known; write {choices}"
    if "decimal" in what.lower():
        return f'{where}: {what}; write a number, best as text, such as "9575.25"'
    return f"{where}: {what}; see the field in the description of payment.json"


def _with_keys(document: Any, shape: type[msgspec.Struct], text: str) -> str:
    """The message with the entries named that msgspec does not name: those that are wrong when they stand alone."""
    parts = text.partition("`$.")[2].split(_ENTRY)
    whole = entries = copy.deepcopy(document)
    named = text
    for part in parts[:-1]:
        for step in re.findall(r"[^.\[\]`]+", part):
            entries = entries[int(step) if isinstance(entries, list) else step]
        key = _wrong_entry(entries, lambda: _message(whole, shape) == text)
        named, entries = named.replace(_ENTRY, f".{key}", 1), entries[key]
    return named


def _wrong_entry(entries: dict[str, Any], is_wrong: Callable[[], bool]) -> str:
    """Leaves in `entries` only the one that is wrong, and gives its key."""
    key = ""
    for key, value in dict(entries).items():
        entries.clear()
        entries[key] = value
        if is_wrong():
            break
    return key


def _message(document: Any, shape: type[msgspec.Struct]) -> str:
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _choices(field: str) -> str:
    if field.startswith(("a key of ", "level_as")):
        return _words(FacilityLevel)
    ending = re.sub(r"\[\d+\]$", "", field)
    return next((_words(words) for end, words in _CHOICES if ending.endswith(end)), "")


def _words(words: type[StrEnum]) -> str:
    names = [one.value for one in words if one.value]
    return f"{', '.join(names[:-1])} or {names[-1]}"
