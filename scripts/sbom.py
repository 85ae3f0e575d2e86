"""Writes the bill of materials (软件物料清单) of what is installed: every package of the lock, CycloneDX in JSON.

`python scripts/sbom.py FILE`. Names, versions and hashes are those of the lock; licences are told by the packages that
are installed. Where a package is served from is left out: any mirror will do.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.lock"


def bill_of_materials() -> dict[str, Any]:
    bill = _told("requirements", "--pyproject", "pyproject.toml", LOCK)
    licences = {
        _identity(one): one["licenses"] for one in _told("environment", sys.prefix)["components"] if "licenses" in one
    }
    for one in bill["components"]:
        served = one.pop("externalReferences", [])
        one["hashes"] = [hash_ for place in served for hash_ in place.get("hashes", [])]
        one.pop("description", None)  # repeats the line of the lock
        if _identity(one) in licences:
            one["licenses"] = licences[_identity(one)]
    return bill


def _identity(component: dict[str, Any]) -> tuple[str, str]:
    return component["name"].lower().replace("_", "-").replace(".", "-"), component.get("version", "")


def _told(*arguments: str) -> dict[str, Any]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "cyclonedx_py",
        *arguments,
        "--of",
        "JSON",
        "--output-reproducible",
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - no input
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(file: Path) -> None:
    text = json.dumps(bill_of_materials(), indent=1, ensure_ascii=False)
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise SystemExit(f"not a valid bill of materials: {fault}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
