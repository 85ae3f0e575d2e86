"""What is installed is what was locked: hashes for every file, a bill of materials that names all of it."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
_PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]+\])?==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")


class Locked(NamedTuple):
    name: str
    version: str
    hashes: frozenset[str]


def locked(file: Path) -> list[Locked]:
    """Every requirement of the lock; raises where a line is none."""
    found = []
    text = re.sub(r"^\s*#.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(str.strip, text.splitlines()):
        package = _PACKAGE.match(line)
        assert package is not None, f"{file.name}: {line!r} is no package of one version"
        found.append(Locked(package[1].lower(), package[2], frozenset(_HASH.findall(line))))
    return found


def test_there_are_locks() -> None:
    assert [file.name for file in LOCKS] == ["requirements-build.lock", "requirements-dev.lock", "requirements.lock"]


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.name)
def test_every_line_of_a_lock_has_one_version_and_hashes_and_names_no_host(file: Path) -> None:
    packages = locked(file)
    assert len(packages) >= 5
    assert [one.name for one in packages if not one.hashes] == []
    assert re.findall(r"https?://|--index-url|--find-links|--trusted-host", file.read_text("utf-8")) == []


def test_what_is_asked_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = {re.split(r"[\[<>=!~ ;]", one)[0].lower() for one in project["project"]["dependencies"]}
    assert asked - {one.name for one in locked(ROOT / "requirements.lock")} == set()
    built = {f"{one.name}=={one.version}" for one in locked(ROOT / "requirements-build.lock")}
    assert set(project["build-system"]["requires"]) <= built


def test_what_is_installed_holds_no_tools_of_developers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["app"]
    tools = {re.split(r"[\[<>=!~ ;]", one)[0].lower() for one in project["dependency-groups"]["dev"]}
    asked = {re.split(r"[\[<>=!~ ;]", one)[0].lower() for one in project["project"]["dependencies"]}
    assert {"pytest", "hypothesis", "schemathesis", "ruff", "mypy"} <= tools
    assert {one.name for one in locked(ROOT / "requirements.lock")} & (tools - asked) == set()


def test_whatever_installs_demands_hashes() -> None:
    commands = re.findall(r"^.*\bpip (?:install|download)\b.*$", _scripts(), re.MULTILINE)
    assert len(commands) >= 4
    of_packages = [one for one in commands if "--no-deps" not in one and not one.lstrip().startswith("#")]
    assert [one for one in of_packages if "--require-hashes" not in one] == []
    assert [one for one in of_packages if "--no-build" not in one and "--only-binary :all:" not in one] == []
    assert [one for one in commands if "--no-deps" in one and "--offline" not in one] == []


def _scripts() -> str:
    files = [*(ROOT / "scripts").glob("*.sh"), ROOT / "Dockerfile", ROOT / "Makefile"]
    return "\n".join(file.read_text("utf-8").replace("\\\n", " ") for file in files)


def test_a_lookup_of_vulnerabilities_that_skips_a_package_is_no_pass() -> None:
    """The service that knows of vulnerabilities may not know a package, or not be reached: that must not look clean."""
    lookup = re.findall(r"^\t.*pip-audit.*$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert len(lookup) == 1
    assert {"--strict", "--require-hashes", "requirements.lock"} <= set(lookup[0].split())


def test_the_bill_of_materials_names_every_locked_package(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "sbom.cdx.json"
    subprocess.run([sys.executable, "scripts/sbom.py", str(file)], cwd=ROOT, check=True, timeout=120)
    bill: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "mingjian"
    told = [_told(one) for one in bill["components"]]
    assert sorted(told) == sorted(locked(ROOT / "requirements.lock"))
    without = {one["name"] for one in bill["components"] if not one.get("licenses")}
    assert {name for name in without if _is_installed(name)} == set(), "an installed package tells its licence"
    assert [one["purl"] for one in bill["components"] if not one["purl"].startswith("pkg:pypi/")] == []
    served = [place for one in bill["components"] for place in one.get("externalReferences", [])]
    assert served == [], "where a package is served from is nobody's business"


def _told(component: dict[str, Any]) -> Locked:
    hashes = frozenset(one["content"] for one in component["hashes"] if one["alg"] == "SHA-256")
    return Locked(component["name"].lower(), component["version"], hashes)


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
