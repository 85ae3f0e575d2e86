"""`mingjian rules coverage`: every class in order, and a failure where one has no rule."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.knowledge.build import write_csv

Run = Callable[..., Result]


def table(pack: Path, *rows: str) -> None:
    write_csv(pack / "tables" / "national-classes.csv", "seq,code,name", *rows)


def give_class(pack: Path, name: str) -> None:
    file = pack / "national" / "item-for-other-sex" / "rule.yaml"
    file.write_text(f"class: {name}\n" + file.read_text("utf-8"), "utf-8")


def test_all_covered(run: Run, pack: Path) -> None:
    table(pack, "1,GZ1,区分性别")
    give_class(pack, "区分性别")
    done = run("rules", "coverage", "--rules", pack)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[1].split() == [
        "1", "GZ1", "区分性别", "item-for-other-sex", "restricted_use", "1", "2", "事前、事中、事后",
    ]  # fmt: skip
    assert done.output.splitlines()[-1] == "国家规则1类，已覆盖1类，规则1条"


def test_a_class_without_a_rule_fails(run: Run, pack: Path) -> None:
    table(pack, "1,GZ1,区分性别", "2,,限年龄")
    give_class(pack, "区分性别")
    done = run("rules", "coverage", "--rules", pack)
    assert done.exit_code == 1
    assert "尚无规则" in done.stdout
    assert "2 限年龄" in done.stderr


def test_a_pack_without_the_table_cannot_be_measured(run: Run, pack: Path) -> None:
    done = run("rules", "coverage", "--rules", pack)
    assert done.exit_code == 2
    assert "national-classes.csv" in done.output
