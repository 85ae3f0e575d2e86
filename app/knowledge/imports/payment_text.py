"""Payment text (支付限定文字): the diagnoses of a restriction in words, where the parser of payment notes is sure of it."""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

from app.knowledge.imports.faults import Refused

_PARSER = "app.knowledge.payment_note"


@cache
def _parser() -> Callable[[str], Any] | None:
    """The parser, None where this edition has none."""
    try:
        found = getattr(importlib.import_module(_PARSER), "parse", None)
    except ModuleNotFoundError:
        return None
    return found if callable(found) else None


def diagnoses_of(text: str) -> str:
    """The diagnoses of which one is asked for, as code patterns joined by `|`.

    Every alternative must name its diagnoses and nothing may be left open: a list that lacked one would call a patient
    who has it a violation. Raises Refused with what a person must read.
    """
    parse = _parser()
    if parse is None:
        raise Refused(f"限定内容“{text}”是文字，需人工写成诊断编码")
    parsed = parse(text)
    if parsed.needs_review:
        raise Refused(f"限定内容“{text}”需人工核对：{'；'.join(parsed.reasons)}")
    alternatives = parsed.alternatives or parsed.common
    found: list[str] = []
    for clause in alternatives:
        codes = [code for span in clause.spans if span.kind == "diagnosis" and not span.negated for code in span.codes]
        if not codes:
            raise Refused(f"限定内容“{text}”的一种情形没有可对应的诊断编码，需人工核对")
        found += codes
    if not found:
        raise Refused(f"限定内容“{text}”没有可对应的诊断编码，需人工核对")
    return "|".join(dict.fromkeys(found))
