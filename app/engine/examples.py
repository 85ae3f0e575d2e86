"""A rule's own examples, run by pytest, by `mingjian rules check`, and again before a ruleset is published."""

from decimal import Decimal
from typing import Any

import msgspec

from app.domain.case import Case
from app.domain.encounter import Encounter
from app.domain.feed import FEEDS
from app.domain.feeds import NO_FEEDS, Feeds
from app.domain.finding import Finding
from app.domain.money import ZERO
from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.knowledge.pack import RuleFolder
from app.knowledge.rule import Example, Status

_STAND_IN = {"id": "E", "facility": {"id": "F"}, "patient": {"id": "P"}}  # what an example need not say


class ExampleFailed(AssertionError):
    """An example does not give what it says; the text shows both."""


def check_coverage(folder: RuleFolder) -> None:
    """Raise ExampleFailed unless the rule has an example that must hit and one that must not."""
    examples = folder.rule.examples
    if not any(example.hits for example in examples):
        raise ExampleFailed(f"{folder.rule.id}: no example that must hit; add one that shows the fault")
    if not any(not example.hits and not example.missing for example in examples):
        raise ExampleFailed(f"{folder.rule.id}: no example that must not hit; add a near miss")


def open_rule(folder: RuleFolder) -> Ruleset:
    """The rule alone, compiled and opened, whatever its status. Raises PackError."""
    return Ruleset(compile_rules([_loaded(folder)]))


def run_example(folder: RuleFolder, example: Example, ruleset: Ruleset | None = None) -> None:
    """Judge the example by its rule alone; raises ExampleFailed where the outcome is another.

    `ruleset` is the rule as `open_rule` gives it, for callers that run several of its examples.
    """
    ruleset = ruleset or open_rule(folder)
    where = f"{folder.rule.id}: {example.name}"
    try:
        stage = example.stage or folder.rule.stages[0]
        history = None if example.history is None else tuple(_encounter(one) for one in example.history)
        case = Case(_encounter(example.encounter, folder), stage, history, _feeds(example.feeds or {}))
        amount = Decimal(example.amount) if example.amount else None
    except (msgspec.ValidationError, ArithmeticError, TypeError, KeyError) as error:
        raise ExampleFailed(f"{where}\n  cannot be read: {error}") from error
    judgement = ruleset.audit(case)
    found = sorted({name for finding in judgement.findings for name in finding.lines or ("encounter",)})
    if found != sorted(example.hits):
        raise ExampleFailed(f"{where}\n  must hit {sorted(example.hits)}\n  did hit  {found}")
    missing = sorted({one.missing for one in judgement.not_evaluated})
    if missing != sorted(example.missing) and (example.missing or not example.hits):
        raise ExampleFailed(f"{where}\n  must miss facts {sorted(example.missing)}\n  did miss       {missing}")
    if amount is not None and (found_amount := _amount(judgement.findings)) != amount:
        raise ExampleFailed(f"{where}\n  amount must be {amount}\n  amount is      {found_amount}")


def check_rule(folder: RuleFolder) -> None:
    """All of a rule's self-tests; raises ExampleFailed at the first that fails."""
    check_coverage(folder)
    ruleset = open_rule(folder)
    for example in folder.rule.examples:
        run_example(folder, example, ruleset)


def _loaded(folder: RuleFolder) -> RuleFolder:
    """The folder as if it were active, so that drafts and retired rules are tested too."""
    if folder.rule.status in (Status.ACTIVE, Status.TRIAL):
        return folder
    rule = folder.rule.model_copy(update={"status": Status.TRIAL})
    return RuleFolder(
        folder.path, folder.scope, rule, folder.header, folder.rows, folder.line_numbers, folder.content_hash
    )


def _encounter(written: dict[str, Any], folder: RuleFolder | None = None) -> Encounter:
    merged = {**_STAND_IN, **written}
    for name in ("facility", "patient"):
        merged[name] = {**_STAND_IN[name], **written.get(name, {})}  # type: ignore[dict-item]
    if folder is not None:
        scope = folder.scope
        if scope.facility:
            merged["facility"] = {**merged["facility"], "id": scope.facility}
        if scope.area:
            merged["coverage"] = {**written.get("coverage", {}), "pooling_area": scope.area}
    return msgspec.convert(merged, Encounter, strict=False)


def _feeds(written: dict[str, list[dict[str, Any]]]) -> Feeds:
    feeds = NO_FEEDS
    for name, rows in written.items():
        shape = FEEDS[name]
        feeds = feeds.with_records(shape, [msgspec.convert(row, shape, strict=False) for row in rows])
    return feeds


def _amount(findings: tuple[Finding, ...]) -> Decimal:
    return sum((finding.amount_at_issue or ZERO for finding in findings), ZERO)
