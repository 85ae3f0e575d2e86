"""What is kept beside the database (数据目录): rules, schemes, spool, and the files that are secrets."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_DERIVED = ("cache", "metrics", ".restoring")  # made anew by whoever needs it
_OPEN = ("schemes", "spool")
SETTINGS = "settings"


class Place(NamedTuple):
    """Where an installation keeps its things. `settings_files`: settings whose value is a file, by their names."""

    data_dir: Path
    rules_dir: Path
    database_path: Path
    database_url: str | None
    settings_files: Mapping[str, Path]


def open_files(place: Place) -> Iterator[tuple[str, Path]]:
    """What is copied as it is, by its path within a backup; the spool first, so that nothing leaves it for the
    database after the database was copied.
    """
    for path in _within(place.data_dir):
        name = path.relative_to(place.data_dir)
        if not _is_derived(place, path) and _is_open(name):
            yield f"data/{name}", path
    for path in _within(place.rules_dir):
        yield f"rules/{path.relative_to(place.rules_dir)}", path


def secret_files(place: Place) -> dict[str, Path]:
    """Whatever else stands in the data directory is taken for a secret, keys foremost; so are files in settings."""
    found = {f"data/{path.relative_to(place.data_dir)}": path for path in _within(place.data_dir)
             if not _is_derived(place, path) and not _is_open(path.relative_to(place.data_dir))}  # fmt: skip
    within = set(found.values())
    for name, path in place.settings_files.items():
        if path.is_file() and path not in within:
            found[f"{SETTINGS}/{name}/{path.name}"] = path
    return found


def _within(folder: Path) -> Iterator[Path]:
    """Spool files are named by time: sorted, so that a file that grows meanwhile is copied last."""
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix not in (".tmp", ".new"))


def _is_open(name: Path) -> bool:
    return name.parts[0] in _OPEN or name.suffix == ".pub"


def _is_derived(place: Place, path: Path) -> bool:
    name = path.relative_to(place.data_dir)
    is_database = path.parent == place.database_path.parent and path.name.startswith(place.database_path.name)
    return is_database or name.parts[0] in _DERIVED
