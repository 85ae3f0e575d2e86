"""Load the ruleset (装载规则库): from the compiled file of its revision, or by compiling the packs anew."""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

from app.engine.compiled import MAGIC, compile_rules, revision_of
from app.engine.ruleset import Ruleset, open_ruleset
from app.engine.warm_up import look_through
from app.knowledge.overlay import read_overlays
from app.knowledge.pack import PackError, read_packs

log = logging.getLogger("mingjian")

_FILES_KEPT = 20  # compiled files; the database keeps every revision


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
    kept = open_kept(cache_dir, revision)
    if kept is not None:
        return kept
    _write(_file(cache_dir, revision), compile_rules(folders, overlays.exceptions, overlays.adjustments))
    return open_ruleset(_file(cache_dir, revision))


def compiled_form(rules_dir: Path) -> bytes:
    """The packs below `rules_dir`, compiled. Raises PackError with every fault of every rule."""
    with _collector_paused():
        folders = read_packs(rules_dir)
        overlays = read_overlays(rules_dir, folders)
        return compile_rules(folders, overlays.exceptions, overlays.adjustments)


def open_kept(cache_dir: Path, revision: str) -> Ruleset | None:
    """The revision from its compiled file, mapped into memory and so shared by all processes that open it; None where
    there is no such file. A broken one is removed.
    """
    file = _file(cache_dir, revision)
    try:
        ruleset = open_ruleset(file)
        if ruleset.revision == revision:
            return ruleset
    except FileNotFoundError:
        return None
    except (PackError, ValueError):  # half a file from a crash, or of another version; an empty one cannot be mapped
        pass
    file.unlink(missing_ok=True)
    return None


def keep_compiled(cache_dir: Path, revision: str, compiled: bytes) -> Ruleset:
    """Open what came from elsewhere, and keep it for the next time and the other processes.

    Raises PackError where it is not this revision, or not of this version.
    """
    ruleset = read_compiled(revision, compiled)
    try:
        _write(_file(cache_dir, revision), compiled)
    except OSError as error:
        log.warning("the compiled ruleset could not be kept in %s: %s", cache_dir, error)
        return ruleset
    return open_kept(cache_dir, revision) or ruleset


def read_compiled(revision: str, compiled: bytes) -> Ruleset:
    """Open it in memory and look it through. Raises PackError."""
    ruleset = Ruleset(compiled)
    if ruleset.revision != revision:
        raise PackError(f"what is stored as the ruleset {revision} is {ruleset.revision}")
    look_through(ruleset)
    return ruleset


def _file(cache_dir: Path, revision: str) -> Path:
    return cache_dir / f"{revision}.{MAGIC.decode().lower()}"


def _write(file: Path, content: bytes) -> None:
    """All or nothing: a reader never sees half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}-{get_ident()}.tmp")
    with temporary.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(file)
    _remove_oldest(file)


def _remove_oldest(newest: Path) -> None:
    """Who has one of them open goes on reading it."""
    written: list[tuple[float, Path]] = []
    for one in newest.parent.glob(f"*{newest.suffix}"):
        try:
            written.append((one.stat().st_mtime, one))
        except FileNotFoundError:  # another process removed it first
            continue
    for _, one in sorted(written, reverse=True)[_FILES_KEPT:]:
        one.unlink(missing_ok=True)
