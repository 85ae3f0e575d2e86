from pathlib import Path

from app.engine.compiled import compile_rules
from app.engine.ruleset import Ruleset
from app.knowledge.pack import read_packs
from tests.knowledge.build import write_rule


def test_a_rule_says_whether_two_must_decide(tmp_path: Path) -> None:
    write_rule(tmp_path, "one-rule")
    write_rule(tmp_path, "two-rule", second_person="true")
    rules = Ruleset(compile_rules(read_packs(tmp_path))).rules.values()
    assert {rule.id: rule.second_person for rule in rules} == {"one-rule": False, "two-rule": True}
