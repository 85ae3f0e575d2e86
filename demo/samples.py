"""The sample encounters (演示样例) and the rules that each must meet."""

import json
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent


class Sample(NamedTuple):
    """One request body; `expected` are the rules that must speak, none for a clean encounter."""

    encounter: str
    body: bytes
    expected: frozenset[str]


def read_samples() -> list[Sample]:
    """Every sample in the order of its file name. Raises KeyError for one of which nothing is expected in writing."""
    expected = json.loads((FOLDER / "expected.json").read_text("utf-8"))
    samples = []
    for file in sorted((FOLDER / "encounters").glob("*.json")):
        body = file.read_bytes()
        encounter = json.loads(body)["encounter"]["id"]
        samples.append(Sample(encounter, body, frozenset(expected[encounter])))
    return samples


def shortfalls(sample: Sample, found: frozenset[str]) -> list[str]:
    """In words, what is not as expected: a rule that kept silent, or one that spoke of a clean encounter."""
    faults = [f"{sample.encounter}: no finding of {rule}" for rule in sorted(sample.expected - found)]
    if not sample.expected:
        faults += [f"{sample.encounter}: is clean, but {rule} found something" for rule in sorted(found)]
    return faults
