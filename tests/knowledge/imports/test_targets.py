"""Where rows go: the rules that stand in the packs already are the ones that are meant."""

from pathlib import Path

import pytest

from app.knowledge.imports.classes import CLASSES, class_of_title
from app.knowledge.imports.targets import PRACTITIONER, TARGETS, Target, of_practitioner
from app.knowledge.pack import read_rule_folder
from app.knowledge.text_yaml import read_yaml

NATIONAL = Path(__file__).parents[3] / "rules" / "national"


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.rule)
def test_a_rule_that_stands_already_is_of_the_same_kind_and_class(target: Target) -> None:
    if not (NATIONAL / target.rule).exists():
        pytest.skip("a draft is written for it")
    rule = read_rule_folder(NATIONAL / target.rule).rule
    assert (rule.kind, rule.rule_class) == (target.kind, CLASSES[target.seq].name)
    assert rule.in_force[max(rule.in_force)] == read_yaml(target.parameters.encode())


def test_every_class_goes_somewhere_and_no_two_share_a_rule() -> None:
    assert {seq for seq, _ in TARGETS} == CLASSES.keys()
    assert len({target.rule for target in TARGETS.values()}) == len(TARGETS)


def test_auditors_rules_stand_apart() -> None:
    for target in TARGETS.values():
        apart = of_practitioner(target)
        assert apart.rule == PRACTITIONER + target.rule
        assert apart.severity == "slightly_suspect"


@pytest.mark.parametrize("one", CLASSES.values(), ids=lambda one: one.name)
def test_a_title_names_its_class(one: object) -> None:
    name, seq = one.name, one.seq
    assert class_of_title(f"附件3 “{name}”规则对应知识点明细（2026年）") == seq


def test_a_title_that_names_none() -> None:
    assert class_of_title("batch01_service_age Sheet1") is None
