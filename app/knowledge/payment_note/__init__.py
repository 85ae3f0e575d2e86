"""Payment notes (支付备注): what the text of a restriction surely says, and what a person must read.

`parse("限新发的急性血栓性脑梗死，支付不超过14天。")` gives the diagnoses I63… and a course of 14 days.
"""

from functools import lru_cache

from app.knowledge.payment_note.clauses import clauses_of
from app.knowledge.payment_note.note import Clause, Coverage, Parsed, Role, Span, SpanKind
from app.knowledge.payment_note.scan import scan
from app.knowledge.payment_note.terms import Terms, read_terms, terms_of

__all__ = ["Clause", "Coverage", "Parsed", "Role", "Span", "SpanKind", "Terms", "parse", "read_terms", "terms_of"]


def parse(text: str, terms: Terms | None = None) -> Parsed:
    """Never raises for any text. `terms` None: the tables that stand beside the program."""
    return _parse(text, terms_of() if terms is None else terms)


@lru_cache(4096)
def _parse(text: str, terms: Terms) -> Parsed:
    spans = scan(text, terms)
    clauses, reasons = clauses_of(spans)
    unknown = [span.text for span in spans if span.kind is SpanKind.REMAINDER]
    if unknown:
        reasons = (f"未能理解：{'；'.join(unknown)}", *reasons)
    elif not any(span.is_condition for span in spans):
        reasons = ("没有读出任何条件", *reasons)
    if any(span.kind is SpanKind.AGE and span.low is None and span.high is None for span in spans):
        reasons = (*reasons, "年龄没有岁数")
    return Parsed(text=text, spans=spans, clauses=clauses, reasons=reasons)
