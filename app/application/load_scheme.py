"""Load a grouping scheme (装载分组方案): found by id or path, compiled once, and kept compiled by its revision."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.period import ALWAYS, Period
from app.grouper.compiled_scheme import compile_scheme, revision_of
from app.grouper.scheme import Scheme
from app.knowledge.scheme_cells import Findings
from app.knowledge.scheme_files import read_tables
from app.knowledge.scheme_issues import SchemeError, refuse
from app.knowledge.scheme_manifest import SCHEME_ID, read_manifest
from app.knowledge.scheme_source import MANIFEST, SchemeSource, read_source

_RULES = "rules.csv"


@dataclass(frozen=True, slots=True)
class SchemeListed:
    """A scheme that can be called by its id; `fault` is blank where its description can be read."""

    id: str
    path: Path
    title: str = ""
    period: Period = ALWAYS
    status: str = ""
    repairs: tuple[str, ...] = ()
    fault: str = ""


def scheme_folders(data_dir: Path, rules_dir: Path) -> tuple[Path, Path]:
    """Where schemes lie: those imported, then those that the project ships. The first with an id is meant by it."""
    return data_dir / "schemes", rules_dir / "grouping"


def load_scheme(path_or_id: str | Path, folders: Path | Sequence[Path] = (), cache_dir: Path | None = None) -> Scheme:
    """The scheme of a folder or zip, or of an id in one of the folders; with a cache directory it is compiled but once.

    Raises SchemeError with every fault of its files, or where there is no such scheme.
    """
    path = find_scheme(path_or_id, folders)
    source = read_source(path)
    if cache_dir is None:
        return Scheme(_compiled(source))
    file = cache_dir / f"{revision_of(source.digest)}.mjdrg001"
    try:
        return Scheme(file.read_bytes())
    except (OSError, ValueError):  # not there yet, or of another version, or half a file from a crash
        pass
    content = _compiled(source)
    _keep(file, content)
    return Scheme(content)


def find_scheme(path_or_id: str | Path, folders: Path | Sequence[Path] = ()) -> Path:
    """Where the scheme lies: an id is looked up in the folders, anything else is a path. Raises SchemeError."""
    places = [folders] if isinstance(folders, Path) else list(folders)
    text = str(path_or_id)
    if isinstance(path_or_id, str) and SCHEME_ID.fullmatch(text):
        for place in places:
            for found in (place / text, place / f"{text}.zip"):
                if (found / MANIFEST).is_file() or found.is_file():
                    return found
        listed = [one for one in list_schemes(places) if one.id == text]
        if listed:
            return listed[0].path
    path = Path(path_or_id)
    if text and path.exists():
        return path
    known = ", ".join(sorted({one.id for one in list_schemes(places)})) or "none"
    why = f"no scheme has this id, and there is no such folder or zip; known are: {known}"
    raise refuse("", "unknown scheme", why, "give an id, or the path of a folder or zip", text)


def list_schemes(folders: Path | Sequence[Path]) -> tuple[SchemeListed, ...]:
    """Every DRG scheme in the folders, by id; one that cannot be read is told with its fault."""
    found: dict[str, SchemeListed] = {}
    for folder in [folders] if isinstance(folders, Path) else folders:
        for listed in _listed_in(folder):
            found.setdefault(listed.id, listed)
    return tuple(found[name] for name in sorted(found))


def _listed_in(folder: Path) -> Iterator[SchemeListed]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or not (path.suffix == ".zip" or (path / MANIFEST).is_file()):
            continue
        findings = Findings()
        try:
            files = read_source(path).files if path.suffix == ".zip" else _description(path)
            manifest = read_manifest(files, findings)
        except (SchemeError, OSError) as error:
            yield SchemeListed(path.stem, path, fault=str(error))
            continue
        if manifest is None:
            yield SchemeListed(path.stem, path, fault=str(findings.faults[0]))
        else:
            yield SchemeListed(manifest.id, path, manifest.title, manifest.period, manifest.status, manifest.repairs)


def _description(path: Path) -> dict[str, bytes]:
    return {MANIFEST: (path / MANIFEST).read_bytes()}


def _compiled(source: SchemeSource) -> bytes:
    tables, findings = read_tables(source)
    if tables is None or findings.faults:
        raise SchemeError(findings.faults, str(source.path))
    return compile_scheme(tables)


def _keep(file: Path, content: bytes) -> None:
    """All or nothing, so that a reader never sees half a file; a cache that cannot be written is done without."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.stem}.", delete=False) as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(out.name).replace(file)
    except OSError:
        return
