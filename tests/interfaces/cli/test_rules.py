import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_list_shows_every_rule(run: Run, pack: Path) -> None:
    result = run("rules", "list", "--rules", pack)
    assert result.exit_code == 0
    _, row = result.stdout.splitlines()
    assert row.split() == [
        "item-for-other-sex",
        "项目区分性别",
        "restricted_use",
        "启用",
        "1",
        "1",
        "明确违规",
        "事前、事中、事后",
    ]


def test_list_as_json(run: Run, pack: Path) -> None:
    (rule,) = json.loads(run("rules", "list", "--json", "--rules", pack).stdout)
    assert (rule["id"], rule["kind"], rule["status"], rule["version"]) == (
        "item-for-other-sex",
        "restricted_use",
        "active",
        1,
    )
    assert rule["stages"] == ["ordering", "settling", "settled"]


def test_lock_then_check_is_ok(run: Run, pack: Path) -> None:
    assert run("rules", "check", "--partial", "--rules", pack).exit_code == 1
    locked = run("rules", "lock", "--rules", pack)
    assert locked.exit_code == 0, locked.output
    assert (pack / "lock.csv").read_text("utf-8").startswith("rule,version,sha256\nitem-for-other-sex,1,")
    checked = run("rules", "check", "--partial", "--rules", pack)
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == "ok: 1 rules, 1 knowledge points, 2 examples\n"


def test_check_asks_for_every_kind_of_a_whole_library(run: Run, pack: Path) -> None:
    run("rules", "lock", "--rules", pack)
    result = run("rules", "check", "--rules", pack)
    assert result.exit_code == 1
    assert "no rule is of kind 'quantity_limit'" in result.stderr


def test_check_tells_an_example_that_fails(run: Run, pack: Path) -> None:
    rule = pack / "national" / "item-for-other-sex" / "rule.yaml"
    rule.write_text(rule.read_text("utf-8").replace("hits: []", "hits: [L9]"), "utf-8")
    result = run("rules", "check", "--partial", "--rules", pack)
    assert result.exit_code == 1
    assert "must hit ['L9']" in result.stderr


def test_lock_refuses_changed_content_under_the_same_version(run: Run, pack: Path) -> None:
    run("rules", "lock", "--rules", pack)
    before = (pack / "lock.csv").read_bytes()
    knowledge = pack / "national" / "item-for-other-sex" / "knowledge.csv"
    knowledge.write_text(knowledge.read_text("utf-8") + "P2,002101030280000,阴茎海绵体造影,male\n", "utf-8")
    result = run("rules", "lock", "--rules", pack)
    assert result.exit_code == 1
    assert "write version: 2" in result.stderr
    assert (pack / "lock.csv").read_bytes() == before


def test_unreadable_rules_are_told_without_a_traceback(run: Run, pack: Path) -> None:
    (pack / "national" / "item-for-other-sex" / "rule.yaml").write_text("title: [", "utf-8")
    for command in ("list", "lock"):
        result = run("rules", command, "--rules", pack)
        assert result.exit_code == 2
        assert "not readable as YAML" in result.stderr


def test_a_folder_without_rules(run: Run, tmp_path: Path) -> None:
    result = run("rules", "list", "--rules", tmp_path)
    assert result.exit_code == 2
    assert "no rules here" in result.stderr
