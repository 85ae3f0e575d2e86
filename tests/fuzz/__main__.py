"""Fuzz one target with coverage (模糊测试): `python -m tests.fuzz NAME [SECONDS]`, by default for ten minutes.

Without NAME, the names are told. What was found to be worth keeping lies below var/fuzz/NAME, as does what broke
something.
"""

import importlib
import logging
import shutil
import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

from tests.fuzz.target import NAMES, Target, found

VAR = Path("var/fuzz")


def main() -> None:
    if len(sys.argv) < 2:
        sys.stdout.write("\n".join((*NAMES, "")))
        return
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "600"
    if name not in NAMES:
        raise SystemExit(f"{name} is none of {', '.join(NAMES)}")
    with atheris.instrument_imports(include=["app", "yaml"]):
        target: Target = importlib.import_module(f"tests.fuzz.{name}").TARGET
    logging.getLogger("mingjian.access").disabled = True
    corpus, broken, scratch = (VAR / name / part for part in ("corpus", "broken", "scratch"))
    shutil.rmtree(scratch, ignore_errors=True)  # libFuzzer ends the process, and nothing is tidied up
    for folder in (corpus, broken, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch.resolve())
    for number, seed in enumerate((*target.seeds(), *found(name))):
        (corpus / f"seed-{number}").write_bytes(seed)

    target.examine(target.seeds()[0])  # what is loaded once is no fault of an input

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        if seed % 4 == 0:
            return bytes(atheris.Mutate(data, most))
        return target.mutate(data, Random(seed))[:most]

    options = [
        sys.argv[0], str(corpus), f"-max_total_time={seconds}", f"-max_len={target.longest}",
        f"-timeout={target.seconds}", "-rss_limit_mb=2048", f"-artifact_prefix={broken}/", "-print_final_stats=1",
        "-len_control=0",
    ]  # fmt: skip
    atheris.Setup(options, target.examine, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
