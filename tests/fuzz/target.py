"""What is fuzzed (模糊测试对象): where bytes from outside are first understood, and what may come of them."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

FOUND = Path(__file__).parent / "found"  # inputs that once broke something, by target: kept so that none does again

NAMES = (
    "audit_request", "nhsa_message", "fhir_body", "rule_pack", "table_file", "expression", "trail_proof", "stay_input",
)  # fmt: skip


class Target(NamedTuple):
    """`examine` returns for what is accepted and for what is refused as documented, and raises for anything else.

    `mutate` makes another input of one; `longest` in bytes; `seconds` for one input.
    """

    seeds: Callable[[], list[bytes]]
    examine: Callable[[bytes], None]
    mutate: Callable[[bytes, Random], bytes]
    longest: int = 20_000
    seconds: int = 5


def refused(error: Exception) -> None:
    """A refusal says why. Raises AssertionError."""
    if not str(error).strip():
        raise AssertionError("refused without a word") from error


def found(name: str) -> list[bytes]:
    folder = FOUND / name
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []
