"""Structure in one line (结构描述): what was read from a note, for people to compare with its text."""

from app.knowledge.payment_note.classes import Structured
from app.knowledge.payment_note.note import Parsed, SpanKind

_WORDS = {
    SpanKind.DIAGNOSIS: "诊断",
    SpanKind.AGE: "年龄",
    SpanKind.SEX: "性别",
    SpanKind.FACILITY_LEVEL: "机构级别",
    SpanKind.CARE_TYPE: "就医方式",
    SpanKind.INSURANCE_TYPE: "险种",
    SpanKind.COURSE: "疗程",
    SpanKind.FREQUENCY: "频次",
    SpanKind.INTERVAL: "间隔",
    SpanKind.TIMING: "时机",
    SpanKind.LINE: "治疗线",
    SpanKind.THERAPY: "治疗",
    SpanKind.SEVERITY: "程度",
    SpanKind.STAGE: "病情",
    SpanKind.EVIDENCE: "证据",
    SpanKind.COMBINATION: "联合",
    SpanKind.PURPOSE: "目的",
    SpanKind.PREVENTION: "预防",
    SpanKind.PRESCRIBER: "处方资格",
    SpanKind.NOT_PAYABLE: "不予支付",
    SpanKind.SURGERY_GROUP: "手术组",
    SpanKind.CITATION: "出处",
    SpanKind.REMARK: "说明",
}


def conditions_line(parsed: Parsed) -> str:
    """The conditions of each clause as they stand in the text; `非` before those that are turned away."""
    told = []
    for clause in parsed.clauses:
        words = [
            f"{'非' if span.negated else ''}{_WORDS[span.kind]}[{span.text.strip('，, ')}]"
            for span in clause.spans
            if span.is_condition
        ]
        if words:
            told.append((f"{clause.number}. " if clause.number else "") + " ".join(words))
    return " ‖ ".join(told) or "—"


def columns_line(found: Structured) -> str:
    """What may be judged: the columns of the kind."""
    lines = [" ".join(f"{name}={cell}" for name, cell in columns.items()) for columns in found.columns]
    return " ‖ ".join(lines) or "—"
