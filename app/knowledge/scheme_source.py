"""Where a grouping scheme lies (分组方案的文件): a folder, or a zip that holds one; its files as bytes."""

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app.knowledge.scheme_issues import SchemeError, refuse

MANIFEST = "scheme.json"
_LARGEST_FILE = 64 * 1024 * 1024
_SUFFIXES = {".csv", ".json"}


@dataclass(frozen=True, slots=True)
class SchemeSource:
    """The files of a scheme by name, as they lie in its folder. `digest` is the same for the same names and content."""

    path: Path
    files: Mapping[str, bytes]
    digest: str


def read_source(path: Path) -> SchemeSource:
    """Read the tables and JSON files of a folder or zip; raises SchemeError where it cannot be read."""
    try:
        files = dict(_of_folder(path) if path.is_dir() else _of_zip(path))
    except FileNotFoundError:
        raise refuse("", "not found", "there is no such folder or zip", "mend the path", str(path)) from None
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        why = str(error) or type(error).__name__
        raise refuse("", "not readable", why, "give a folder, or a zip without a password", str(path)) from error
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return SchemeSource(path, files, digest.hexdigest())


def _of_folder(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.iterdir()):
        if file.suffix in _SUFFIXES and file.is_file():
            _check_size(path, file.name, file.stat().st_size)
            yield file.name, file.read_bytes()


def _of_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        top = _top(path, archive)
        for entry in archive.infolist():
            name = PurePosixPath(entry.filename)
            if entry.is_dir() or name.parent != top or name.suffix not in _SUFFIXES or name.name.startswith("."):
                continue
            _check_size(path, name.name, entry.file_size)
            yield name.name, archive.read(entry)


def _top(path: Path, archive: zipfile.ZipFile) -> PurePosixPath:
    """The folder in the archive that holds scheme.json: the root, or the one folder there."""
    found = [name.parent for entry in archive.namelist() if (name := PurePosixPath(entry)).name == MANIFEST]
    shallow = sorted({parent for parent in found if len(parent.parts) <= 1})
    if len(shallow) == 1:
        return shallow[0]
    if not shallow:
        raise refuse(
            MANIFEST,
            "missing file",
            "every scheme has it, at the top of the zip or in its one folder",
            "zip the folder of the scheme",
            str(path),
        )
    raise refuse(
        MANIFEST,
        f"the zip holds {len(shallow)} schemes",
        "a zip is one scheme",
        f"zip one of {', '.join(map(str, shallow))}",
        str(path),
    )


def _check_size(path: Path, name: str, size: int) -> None:
    if size > _LARGEST_FILE:
        raise SchemeError(
            refuse(
                name,
                f"{size:,} bytes",
                f"a table has at most {_LARGEST_FILE:,}",
                "look whether it is the right file",
            ).faults,
            str(path),
        )
