"""Load the ruleset (装载规则库): from the compiled file of its revision, or by compiling the packs anew."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.engine.compiled import MAGIC, compile_rules, revision_of
from app.engine.ruleset import Ruleset, open_ruleset
from app.knowledge.overlay import read_overlays
from app.knowledge.pack import PackError, read_packs


def load_ruleset(rules_dir: Path, cache_dir: Path | None = None) -> Ruleset:
    """The ruleset of the packs below `rules_dir`. With a cache directory the compiled form is kept there by revision.

    Raises PackError with every fault of every rule.
    """
    with _collector_paused():
        return _load(rules_dir, cache_dir)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Nothing that is read becomes garbage: the collector would only go through all of it, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _load(rules_dir: Path, cache_dir: Path | None) -> Ruleset:
    folders = read_packs(rules_dir)
    overlays = read_overlays(rules_dir, folders)
    if cache_dir is None:
        return Ruleset(compile_rules(folders, overlays.exceptions, overlays.adjustments))
    revision = revision_of(folders, overlays.exceptions, overlays.adjustments)
    file = cache_dir / f"{revision}.{MAGIC.decode().lower()}"
    if file.exists():
        try:
            return open_ruleset(file)
        except (
            PackError,
            ValueError,
        ):  # half a file from a crash, or of another version; an empty one cannot be mapped
            file.unlink(missing_ok=True)
    _write(file, compile_rules(folders, overlays.exceptions, overlays.adjustments))
    return open_ruleset(file)


def _write(file: Path, content: bytes) -> None:
    """All or nothing: a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
