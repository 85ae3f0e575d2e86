"""Writes the table of docs/security.md (安全要求对照) from docs/security/asvs.csv; --check tells if it is stale."""

import csv
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "security.md"
ANSWERS = ROOT / "docs" / "security" / "asvs.csv"
BEGIN, END = "<!-- written by scripts/asvs.py -->\n", "<!-- end -->\n"
CHAPTERS = (
    "Encoding and sanitisation", "Validation and business logic", "Web frontend", "API", "Files", "Authentication",
    "Sessions", "Authorisation", "Self-contained tokens", "OAuth and OIDC", "Cryptography", "Communication",
    "Configuration", "Data protection", "Coding and architecture", "Logging and errors", "WebRTC",
)  # fmt: skip


class Answer(NamedTuple):
    """`state`: shown (tests are cited), reason (it does not apply), open. `tests` are parted by spaces."""

    id: str
    level: str
    asked: str
    state: str
    tests: str
    answer: str


def answers() -> list[Answer]:
    with ANSWERS.open(encoding="utf-8", newline="") as file:
        return [Answer(**row) for row in csv.DictReader(file)]


def table() -> str:
    rows = answers()
    shown, reason, still_open = (_count(rows, state) for state in ("shown", "reason", "open"))
    lines = [f"{shown} are shown by tests, {reason} have a reason, {still_open} are open.\n"]
    chapter = 0
    for one in rows:
        if (number := int(one.id.split(".")[0])) != chapter:
            chapter = number
            lines += [
                f"\n### V{number} {CHAPTERS[number - 1]}\n\n",
                "| | L | asked | answer |\n",
                "|---|---|---|---|\n",
            ]
        cited = "".join(f" {_link(test)}" for test in one.tests.split())
        state = "**open:** " if one.state == "open" else ""
        lines.append(f"| {one.id} | {one.level} | {one.asked} | {state}{one.answer}{cited} |\n")
    return "".join(lines)


def _link(test: str) -> str:
    file, _, function = test.partition("::")
    return f"[`{function or Path(file).name}`](../{file})"


def written(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def _count(rows: list[Answer], state: str) -> int:
    return sum(one.state == state for one in rows)


if __name__ == "__main__":
    text = DOCUMENT.read_text("utf-8")
    if sys.argv[1:] == ["--check"]:
        sys.exit(text != written(text))
    DOCUMENT.write_text(written(text), "utf-8")
