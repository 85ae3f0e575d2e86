"""A parsed payment note (支付备注的结构): spans that tile the text, and clauses that group them.

A span of a condition says what it restricts. `connective` joins (或、和), `glue` carries no condition of its own
(限、患者、的), `stop` ends a clause, `marker` numbers an alternative, `remainder` is text that nobody understood.
"""

from enum import StrEnum

from msgspec import Struct


class SpanKind(StrEnum):
    DIAGNOSIS = "diagnosis"
    AGE = "age"
    SEX = "sex"
    FACILITY_LEVEL = "facility_level"
    CARE_TYPE = "care_type"
    INSURANCE_TYPE = "insurance_type"
    COURSE = "course"  # at most so many days: 支付不超过14天
    FREQUENCY = "frequency"  # at most so many times within a period: 每周最多支付一次
    INTERVAL = "interval"  # not sooner again than: 评定间隔时间不短于14天
    TIMING = "timing"  # 发作48小时内开始使用
    LINE = "line"  # 二线、既往接受过、失败、不耐受, and the number of treatments before
    THERAPY = "therapy"  # the treatments spoken of
    SEVERITY = "severity"
    STAGE = "stage"  # what narrows a disease and no claim tells: 晚期、复发、活动性
    EVIDENCE = "evidence"  # genotype, test result, screening
    COMBINATION = "combination"
    PURPOSE = "purpose"  # 维持治疗、术前镇静
    PREVENTION = "prevention"  # 预防: the patient need not have the disease
    PRESCRIBER = "prescriber"
    NOT_PAYABLE = "not_payable"
    SURGERY_GROUP = "surgery_group"
    CITATION = "citation"  # （人社部发〔2016〕23号）
    REMARK = "remark"  # says something, asks nothing
    NEGATION = "negation"  # 无、未、不含: turns what follows, or as 除外 what precedes
    OPEN_LIST = "open_list"  # 等: the list may go on
    CONNECTIVE = "connective"
    GLUE = "glue"
    STOP = "stop"
    MARKER = "marker"
    REMAINDER = "remainder"


# What claims tell; the mapping speaks of no other.
JUDGED = frozenset(
    {
        SpanKind.DIAGNOSIS,
        SpanKind.AGE,
        SpanKind.SEX,
        SpanKind.FACILITY_LEVEL,
        SpanKind.CARE_TYPE,
        SpanKind.INSURANCE_TYPE,
        SpanKind.COURSE,
        SpanKind.FREQUENCY,
        SpanKind.INTERVAL,
    }
)
_NO_CONDITION = frozenset(
    {
        SpanKind.CONNECTIVE,
        SpanKind.GLUE,
        SpanKind.STOP,
        SpanKind.MARKER,
        SpanKind.REMAINDER,
        SpanKind.NEGATION,
        SpanKind.OPEN_LIST,
    }
)


class Span(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`low` and `high` are included bounds in `unit`; `values` are codes of the domain or plain words."""

    kind: SpanKind
    start: int
    end: int
    text: str
    codes: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    unit: str = ""
    per: str = ""
    negated: bool = False

    @property
    def is_condition(self) -> bool:
        return self.kind not in _NO_CONDITION


class Role(StrEnum):
    COMMON = "common"  # holds for every alternative
    ALTERNATIVE = "alternative"  # one of these must hold


class Clause(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A numbered item, or what stands between stops. `unsure` are kinds that a connective leaves open."""

    role: Role
    spans: tuple[Span, ...]
    number: int = 0
    unsure: frozenset[SpanKind] = frozenset()

    @property
    def understood(self) -> bool:
        return not self.unsure and all(span.kind is not SpanKind.REMAINDER for span in self.spans)

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    def of(self, kind: SpanKind) -> tuple[Span, ...]:
        """The conditions of this kind that the clause asks for, not those it turns away."""
        return tuple(span for span in self.spans if span.kind is kind and not span.negated)


class Coverage(StrEnum):
    FULL = "full"
    PARTLY = "partly"
    NONE = "none"


class Parsed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a note says. `reasons` tell in Chinese why a person must read it; empty where nobody needs to."""

    text: str
    spans: tuple[Span, ...]
    clauses: tuple[Clause, ...]
    reasons: tuple[str, ...] = ()

    @property
    def needs_review(self) -> bool:
        return bool(self.reasons)

    @property
    def remainder(self) -> tuple[str, ...]:
        return tuple(span.text for span in self.spans if span.kind is SpanKind.REMAINDER)

    @property
    def conditions(self) -> tuple[Span, ...]:
        return tuple(span for span in self.spans if span.is_condition)

    def of(self, kind: SpanKind) -> tuple[Span, ...]:
        return tuple(span for span in self.spans if span.kind is kind)

    @property
    def alternatives(self) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clauses if clause.role is Role.ALTERNATIVE)

    @property
    def common(self) -> tuple[Clause, ...]:
        return tuple(clause for clause in self.clauses if clause.role is Role.COMMON)

    @property
    def coverage(self) -> Coverage:
        """Full: every character is a condition or joins conditions, and nothing is left open."""
        if not self.conditions:
            return Coverage.NONE
        return Coverage.PARTLY if self.reasons else Coverage.FULL
