"""Import a grouping scheme (导入分组方案): copied whole into the schemes of this service, or not at all."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.knowledge.scheme_files import read_tables
from app.knowledge.scheme_issues import SchemeError, SchemeIssue, refuse
from app.knowledge.scheme_manifest import SCHEME_ID
from app.knowledge.scheme_source import MANIFEST, read_source


@dataclass(frozen=True, slots=True)
class SchemeImported:
    """`is_new` is False where the same files were there already."""

    id: str
    path: Path
    is_new: bool
    warnings: tuple[SchemeIssue, ...]


def import_scheme(source: Path, schemes_dir: Path, scheme_id: str = "") -> SchemeImported:
    """Copy the scheme of a folder or zip to a folder of its id, or of `scheme_id`, below `schemes_dir`.

    Raises SchemeError with every fault, and where another scheme has the id; then nothing was written.
    """
    read = read_source(source)
    tables, findings = read_tables(read)
    if tables is None or findings.faults:
        raise SchemeError(findings.faults, str(source))
    name = scheme_id or tables.manifest.id
    if not SCHEME_ID.fullmatch(name):
        why = "letters, digits, _ . and - make an id, and a letter or digit starts it"
        raise refuse("", f"the id {name!r}", why, "give another with --id", str(source))
    files = dict(read.files)
    if name != tables.manifest.id:
        files[MANIFEST] = _renamed(files[MANIFEST], name)
    target = schemes_dir / name
    if target.exists():
        if read_source(target).files == files:
            return SchemeImported(name, target, False, tuple(findings.warnings))
        why = f"another scheme of this id lies in {target}"
        raise refuse("", f"the id {name!r} is taken", why, "give another with --id, or take that one away", str(source))
    _write(files, target)
    return SchemeImported(name, target, True, tuple(findings.warnings))


def _renamed(manifest: bytes, name: str) -> bytes:
    document = json.loads(manifest.decode("utf-8-sig"))
    return json.dumps({**document, "scheme": name}, ensure_ascii=False, indent=1).encode() + b"\n"


def _write(files: dict[str, bytes], target: Path) -> None:
    """Written beside and moved into place: a service that looks meanwhile sees all of it or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for name, content in files.items():
            (work / name).write_bytes(content)
        work.chmod(0o755)
        work.rename(target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
