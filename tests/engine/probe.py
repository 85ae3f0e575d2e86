"""Kinds made for tests: they hit whatever they are called with, so that only the engine is under test."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from app.domain.audit import Judgement
from app.domain.case import Case
from app.domain.decision import Stage
from app.domain.encounter import Diagnosis, Encounter
from app.domain.line import Line
from app.engine.compiled import compile_rules
from app.engine.kind import Hit, KnowledgePoint, Missing, On, RuleKind, Shape
from app.engine.ruleset import Ruleset
from app.knowledge.overlay import Adjustment, RuleException
from app.knowledge.pack import NATIONAL, RuleFolder, Scope
from tests.engine.kinds.build import rule_folder


class Parameters(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    word: str = "-"


class Point(KnowledgePoint, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    code: tuple[str, ...] = ()
    breaks: str = ""  # `check`: the check breaks down; a fact's name: it is missing


def _outcome(point: Point, word: str, lines: Sequence[Line]) -> Hit | Missing:
    if point.breaks == "check":
        raise RuntimeError("broken on purpose")
    return Missing(point.breaks) if point.breaks else Hit(lines, facts={"word": word})


def _of_item(point: Point, parameters: Parameters, _: Any) -> Any:
    def check(line: Line, _: Case) -> Hit | Missing:
        return _outcome(point, parameters.word, (line,))

    return check


def _of_diagnosis(point: Point, _: Parameters, __: Any) -> Any:
    def check(diagnosis: Diagnosis, _: Case) -> Hit | Missing:
        return _outcome(point, diagnosis.code, ())

    return check


def _of_encounter(point: Point, parameters: Parameters, _: Any) -> Any:
    def check(_: Case) -> Iterable[Hit | Missing]:
        yield _outcome(point, parameters.word, ())

    return check


def _kind(name: str, on: On, prepare: Any) -> RuleKind[Any, Any]:
    return RuleKind(
        name=name,
        title=name,
        parameters=Parameters,
        point=Point,
        on=on,
        prepare=prepare,
        patterns=lambda point, _: point.code,
        facts=frozenset({"word"}),
    )


PROBES = {
    kind.name: kind
    for kind in (
        _kind("probe_item", On.ITEM, _of_item),
        _kind("probe_diagnosis", On.DIAGNOSIS, _of_diagnosis),
        _kind("probe_encounter", On.ENCOUNTER, _of_encounter),
    )
}


def rule(
    id: str, *points: dict[str, str], kind: str = "probe_item", scope: Scope = NATIONAL, word: str = "-", **changes: Any
) -> RuleFolder:
    """A rule of a probe kind whose message says its word."""
    written = {"id": id, "message": "说：{word}", "in_force": {"2020-01-01": {"word": word}}, **changes}
    return replace(rule_folder(kind, {}, points, **written), scope=scope)


def ruleset(
    *folders: RuleFolder, exceptions: Sequence[RuleException] = (), adjustments: Sequence[Adjustment] = ()
) -> Ruleset:
    return Ruleset(compile_rules(folders, exceptions, adjustments))


def audit(rules: Ruleset, encounter: Encounter, stage: Stage = Stage.ORDERING) -> Judgement:
    return rules.audit(Case(encounter, stage, ()))


def told(judgement: Judgement) -> list[tuple[str, str, tuple[str, ...]]]:
    """Rule, point and lines of every finding, in order."""
    return [(finding.rule, finding.point, finding.lines) for finding in judgement.findings]
