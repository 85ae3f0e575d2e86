"""The trace of a grouping (分组过程): what was tried, what held and why, told so that a coder can follow it."""

from collections.abc import Iterator

from msgspec import Struct


class Translation(Struct, frozen=True, kw_only=True):
    """A code that was changed, dropped, or stops the stay; `kind` is diagnosis or procedure, `to` blank for none."""

    kind: str
    code: str
    to: str
    name: str
    sentence: str


class MdcTried(Struct, frozen=True, kw_only=True):
    """`held`: its condition was met; whether one of its rules took the stay then, the trace's `rule` tells."""

    mdc: str
    held: bool
    sentence: str


class RuleHeld(Struct, frozen=True, kw_only=True):
    """A rule whose condition was met. `kind` is ADRG or QY, `condition` as the scheme writes it."""

    mdc: str
    kind: str
    code: str
    name: str
    condition: str
    sentence: str


class SplitTried(Struct, frozen=True, kw_only=True):
    drg: str
    name: str
    held: bool
    condition: str
    sentence: str


class Complication(Struct, frozen=True, kw_only=True):
    """A secondary diagnosis. `level` is mcc, cc or blank; `table` its exclusion table; `counts` where not excluded."""

    code: str
    name: str
    level: str
    table: str
    counts: bool
    sentence: str


class Alternative(Struct, frozen=True, kw_only=True):
    """A code that would lead to a group: instead of the principal diagnosis, or first among what is recorded."""

    code: str
    name: str
    drg: str
    drg_name: str


class Residual(Struct, frozen=True, kw_only=True):
    """灰码: the principal diagnosis is in no MDC, while finer codes of its category are."""

    code: str
    name: str
    siblings: tuple[Alternative, ...]
    sentence: str


class Trace(Struct, frozen=True, kw_only=True):
    """`passed_over` are rules whose condition was met but none of whose splits was, so that the search went on.

    `principal_table` is the exclusion table of the principal diagnosis. `retried_with`: the procedure with which alone
    the stay was grouped, in schemes that try so. `hints` say what to look at where there is no group.
    """

    translations: tuple[Translation, ...] = ()
    mdcs: tuple[MdcTried, ...] = ()
    passed_over: tuple[RuleHeld, ...] = ()
    rule: RuleHeld | None = None
    splits: tuple[SplitTried, ...] = ()
    principal_table: str = ""
    complications: tuple[Complication, ...] = ()
    retried_with: str = ""
    residual: Residual | None = None
    other_principals: tuple[Alternative, ...] = ()
    other_procedures: tuple[Alternative, ...] = ()
    hints: tuple[str, ...] = ()
    conclusion: str = ""

    def sentences(self) -> Iterator[str]:
        """All of it as text, in order."""
        yield from [one.sentence for one in self.translations]
        yield from [one.sentence for one in self.mdcs]
        yield from [one.sentence for one in self.passed_over]
        if self.rule is not None:
            yield self.rule.sentence
        yield from [one.sentence for one in self.complications]
        yield from [one.sentence for one in self.splits]
        if self.residual is not None:
            yield self.residual.sentence
        yield from self.hints
        yield self.conclusion
