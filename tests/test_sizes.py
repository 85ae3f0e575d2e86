"""scripts/sizes.py finds what is too long, and exceptions that nothing needs."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "sizes.py"))


def function(lines: int, name: str = "one", before: str = "") -> str:
    return f"{before}def {name}():\n" + "    pass\n" * (lines - 1)


def written(root: Path, **texts: str) -> Path:
    (root / "app" / "deep").mkdir(parents=True)
    for name, text in texts.items():
        (root / "app" / "deep" / f"{name}.py").write_text(text, "utf-8")
    return root


def found(root: Path) -> list[str]:
    return [name for name, _ in SCRIPT["too_long"](root)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (function(40), []),
        (function(41), ["app/deep/a.py:one"]),
        (function(41, before="async "), ["app/deep/a.py:one"]),
        ("@wrapped(\n    1,\n)\n" + function(40), []),
        ("class A:\n" + "".join(f"    {line}\n" for line in function(41, "two").splitlines()), ["app/deep/a.py:two"]),
        ("#\n" * 250, []),
        ("#\n" * 251, ["app/deep/a.py"]),
        ("#\n" * 210 + function(41), ["app/deep/a.py", "app/deep/a.py:one"]),
    ],
)
def test_what_is_too_long_is_named(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert found(written(tmp_path, a=text)) == expected


def test_an_exception_lets_one_through_and_no_other(tmp_path: Path) -> None:
    root = written(tmp_path, a=function(41) + function(42, "two"), b=function(41))
    told = SCRIPT["faults"](root, {"app/deep/a.py:one": "why"})
    assert told == [
        "app/deep/a.py:42: two has 42 lines; a function has at most 40",
        "app/deep/b.py:1: one has 41 lines; a function has at most 40",
    ]


def test_an_exception_that_nothing_needs_is_a_fault(tmp_path: Path) -> None:
    (told,) = SCRIPT["faults"](written(tmp_path, a=function(40)), {"app/deep/a.py:one": "why"})
    assert "app/deep/a.py:one is an exception, and not too long" in told


def test_every_folder_of_ours_is_looked_at() -> None:
    ours = {one.parent.relative_to(ROOT).parts[0] for one in ROOT.glob("*/**/*.py") if not _is_foreign(one)}
    assert ours - {"."} == set(SCRIPT["FOLDERS"])


def _is_foreign(path: Path) -> bool:
    top = path.relative_to(ROOT).parts[0]
    return top.startswith(".") or top in ("var", "build", "dist", "node_modules")


def test_every_exception_has_a_reason() -> None:
    assert all(SCRIPT["EXCEPTIONS"].values())
