"""Sizes (篇幅): names each file of more than 250 lines and each function of more than 40, and fails where one is."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("app", "benchmarks", "demo", "migrations", "scripts", "tests")
FILE, FUNCTION = 250, 40
EXCEPTIONS: dict[str, str] = {}  # path, or path:function, and why it may be longer


def too_long(root: Path, folders: tuple[str, ...] = FOLDERS) -> Iterator[tuple[str, str]]:
    """What is too long, as an exception would name it, and how long it is. Decorators do not count."""
    for path in sorted(one for folder in folders for one in (root / folder).rglob("*.py")):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > FILE:
            yield name, f"{name}: {lines} lines; a file has at most {FILE}: split it by what its parts are about"
        for one in ast.walk(ast.parse(text, name)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (one.end_lineno or one.lineno) - one.lineno + 1
                if lines > FUNCTION:
                    told = f"{name}:{one.lineno}: {one.name} has {lines} lines; a function has at most {FUNCTION}"
                    yield f"{name}:{one.name}", told


def faults(root: Path, exceptions: dict[str, str]) -> list[str]:
    """An exception that nothing needs is a fault too: it would let through what grows later."""
    found = dict(too_long(root))
    unneeded = [f"scripts/sizes.py: {name} is an exception, and not too long" for name in exceptions.keys() - found]
    return [told for name, told in found.items() if name not in exceptions] + sorted(unneeded)


if __name__ == "__main__":
    sys.exit("\n".join(faults(ROOT, EXCEPTIONS)) or None)
