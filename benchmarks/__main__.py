"""Run the benchmarks: `python -m benchmarks [module …] [--quick]`, all modules unless some are named."""

import argparse
import time
from importlib import import_module

_MODULES = (
    "engine", "load", "scale", "http", "cds_hooks", "grouping", "history", "what_if",
    "trail", "observed", "privacy", "findings",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="module", help=" | ".join(_MODULES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and fewer points where it is slow")
    parser.add_argument("--rows", type=int, default=0, help="how many findings, for `findings`")
    chosen = parser.parse_args()
    if unknown := set(chosen.modules) - set(_MODULES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose from {', '.join(_MODULES)}")
    goals = []
    for name in chosen.modules or _MODULES:
        started = time.monotonic()
        print(f"== {name}", flush=True)
        sizes = {"rows": chosen.rows} if name == "findings" else {}
        goals += import_module(f"benchmarks.{name}").run(quick=chosen.quick, **sizes)
        print(f"({time.monotonic() - started:.0f} s)\n", flush=True)
    print("\n".join(goals))


if __name__ == "__main__":
    main()
