"""Rule packs (规则包): rule.yaml and knowledge.csv, parted by a NUL byte, read and compiled."""

import tempfile
from functools import partial
from pathlib import Path
from random import Random

import yaml

from app.application.load_ruleset import compiled_form
from app.knowledge.pack import PackError
from tests.fuzz.mutate import mutate_text
from tests.fuzz.target import Target, refused
from tests.knowledge.build import HEADER, ROWS, rule_document

RULES = Path(__file__).resolve().parents[2] / "rules" / "national"
_PIECES = (*(f"\n{name}: ".encode() for name in rule_document()), b" *a", b" &a ", b"[*a, *a]", b"\n    - ")


def seeds() -> list[bytes]:
    knowledge = "\n".join((HEADER, *ROWS)).encode()
    made = [yaml.safe_dump(rule_document(), allow_unicode=True, sort_keys=False).encode() + b"\0" + knowledge]
    for folder in sorted(RULES.iterdir()):
        rule, table = folder / "rule.yaml", folder / "knowledge.csv"
        if rule.is_file():
            rows = table.read_bytes().split(b"\n")[:4] if table.is_file() else []
            made.append(rule.read_bytes() + b"\0" + b"\n".join(rows))
    bomb = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [*%c, *%c]\n" % (97 + n, 97 + n, 96 + n, 96 + n) for n in range(1, 24)
    )
    return [*[one for one in made if len(one) < 12_000], bomb, b"references: " + bomb, b"[" * 900, b"a:\n" * 5000]


def examine(data: bytes) -> None:
    rule, _, knowledge = data.partition(b"\0")
    with tempfile.TemporaryDirectory(prefix="mingjian-fuzz-") as root:
        folder = Path(root, "national", "fuzzed")
        folder.mkdir(parents=True)
        (folder / "rule.yaml").write_bytes(rule)
        (folder / "knowledge.csv").write_bytes(knowledge)
        try:
            compiled_form(Path(root))
        except PackError as error:
            refused(error)


def mutate(data: bytes, random: Random) -> bytes:
    rule, nul, knowledge = data.partition(b"\0")
    part = partial(mutate_text, random=random, pieces=_PIECES)
    return rule + nul + part(knowledge) if knowledge and random.random() < 0.4 else part(rule) + nul + knowledge


TARGET = Target(seeds, examine, mutate)
