"""Payment text (支付限定文字): the diagnoses that a restriction in words surely asks for."""

from app.knowledge.imports.faults import Refused
from app.knowledge.payment_note import parse
from app.knowledge.payment_note.mapping import to_restricted_use


def diagnoses_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The diagnoses of which one is asked for, as patterns joined by `|`, and what a person should look at besides.

    Raises Refused where the words name none surely: a list that lacked one would call who has it a violation.
    """
    if not text:
        raise Refused("没有限定内容")
    parsed = parse(text)
    found = to_restricted_use(parsed).get("diagnoses", "")
    why = "；".join(parsed.reasons)
    if not found:
        raise Refused(f"限定内容“{text}”没有确定的诊断编码，需人工核对{f'（{why}）' if why else ''}")
    return found, (f"限定内容“{text}”只有诊断已转为编码，其余需人工核对（{why}）",) if why else ()
