"""Warm up: a new ruleset is ready for what the old one was asked, and one that is not of this version is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.case import Case
from app.domain.decision import Stage
from app.engine import warm_up as module
from app.engine.compiled import compile_rules
from app.engine.kind import On
from app.engine.ruleset import Ruleset
from app.engine.warm_up import look_through, warm_up
from app.knowledge.pack import PackError, read_packs
from tests.application.build import request
from tests.knowledge.build import write_rule


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    write_rule(tmp_path)
    return compile_rules(read_packs(tmp_path))


def test_what_was_met_is_prepared(content: bytes) -> None:
    old, new = Ruleset(content), Ruleset(content)
    case = Case(request("001", "nothing", "002X").encounter, Stage.ORDERING)
    old.audit(case)
    old.view(Stage.SETTLED)
    warm_up(new, old)
    assert set(new.views) == set(old.views)
    for key, view in old.views.items():
        for on in On:
            assert new.views[key].met(on) == view.met(on)
    assert new.audit(case) == old.audit(case) == Ruleset(content).audit(case)


def test_only_so_much_is_prepared(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CODES", 2)
    old, new = Ruleset(content), Ruleset(content)
    old.audit(Case(request("001", "a", "b").encounter, Stage.ORDERING))
    warm_up(new, old)
    assert new.view(Stage.ORDERING).met(On.ITEM) == ["001", "a"]


def test_what_is_forgotten_is_prepared_anew(content: bytes) -> None:
    ruleset = Ruleset(content)
    case = Case(request("001").encounter)
    before = ruleset.audit(case)
    ruleset.forget()
    assert not ruleset.views
    assert ruleset.audit(case) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.replace(b"restricted_use", b"restricted_abu"),
        lambda one: one.replace(b"\xa9item_code", b"\xa9item_kode"),
        lambda one: one.replace(b"female", b"femail"),
    ],
    ids=["a kind that is not there", "a column that is not there", "a word that is not known"],
)
def test_what_is_not_of_this_version_is_refused(content: bytes, change: Callable[[bytes], bytes]) -> None:
    look_through(Ruleset(content))
    assert change(content) != content
    with pytest.raises(PackError):
        look_through(Ruleset(change(content)))
