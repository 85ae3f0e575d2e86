"""The whole self-check (规则库校验) of a folder of rules: what CI, `mingjian rules check` and publishing all run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.engine.examples import ExampleFailed, check_coverage, open_rule, run_example
from app.engine.kinds import KINDS
from app.knowledge.lock import lock_faults, read_lock, read_retired
from app.knowledge.overlay import read_overlays
from app.knowledge.pack import PackError, RuleFolder, read_packs
from app.knowledge.rulebook import rulebook_faults


def self_check(root: Path, *, every_kind: bool = True) -> list[str]:
    """Every fault of the rules below `root`, each saying where and what to do; [] where all is well.

    `every_kind` asks that each kind be used by a rule, as the national library must.
    """
    try:
        folders = read_packs(root)
    except PackError as error:
        return str(error).splitlines()
    faults = [*_record_faults(root, folders), *rulebook_faults(folders)]
    if every_kind:
        faults += _unused_kinds(folders)
    for folder in folders:
        faults += rule_faults(folder)
    return faults


def _record_faults(root: Path, folders: Sequence[RuleFolder]) -> Iterator[str]:
    """Of the lock, the retired, the exceptions and the adjustments."""
    try:
        yield from lock_faults(folders, read_lock(root), read_retired(root))
    except PackError as error:
        yield from str(error).splitlines()
    try:
        read_overlays(root, folders)
    except PackError as error:
        yield from str(error).splitlines()


def _unused_kinds(folders: Sequence[RuleFolder]) -> Iterator[str]:
    used = {folder.rule.kind for folder in folders}
    for name in sorted(KINDS.keys() - used):
        yield f"app/engine/kinds: no rule is of kind {name!r}; write one, or take the kind out"


def rule_faults(folder: RuleFolder) -> list[str]:
    """Of one rule alone: whether it compiles, has both kinds of example, and does what each of them says."""
    try:
        ruleset = open_rule(folder)
    except PackError as error:
        return str(error).splitlines()
    faults = []
    try:
        check_coverage(folder)
    except ExampleFailed as error:
        faults.append(str(error))
    for example in folder.rule.examples:
        try:
            run_example(folder, example, ruleset)
        except ExampleFailed as error:
            faults.append(str(error))
    return faults
