"""Every rule kind is set beside a slow oracle of its own on at least 20,000 encounters, and a difference is seen."""

from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest

from app.domain.case import Case
from app.engine.kinds import KINDS
from tests.engine.kinds import agreement
from tests.engine.kinds.build import encounter, line, open_rule

LEAST = 20_000


@pytest.fixture(scope="module")
def oracle_tests():
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"{__package__}.{path.stem}")
    return agreement.ORACLE_TESTS


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_oracle(kind, oracle_tests):
    assert oracle_tests.get(kind), f"no test is marked @oracle_of({kind!r}); write one that calls an `agree`"


def test_what_is_promised_of_every_oracle(oracle_tests):
    assert oracle_tests.keys() <= KINDS.keys()
    assert agreement.COUNT >= LEAST


KIND = "quantity_limit"
RULE = open_rule(KIND, {"measure": "quantity", "per": "line"}, [{"item_code": "A1", "limit": "2"}])


def compare(most, lacking=frozenset()):
    """A rule that allows 2, beside an oracle that allows `most`."""
    agreement.agree(
        [(RULE, lambda quantity: ([("L",)] if quantity > most else [], set(lacking)))],
        lambda random: (random.randint(0, 3) + 1,),
        lambda quantity: Case(encounter(line("L", "A1", quantity=str(quantity)))),
        lambda finding: finding.lines,
    )


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(agreement, "ORACLE_TESTS", defaultdict(list))
    return agreement.oracle_of(KIND)


def test_an_oracle_that_agrees(registered):
    registered(lambda: compare(2))()
    assert list(agreement.ORACLE_TESTS) == [KIND]


@pytest.mark.parametrize(("most", "lacking"), [(1, ()), (3, ()), (2, ("history",))])
def test_an_oracle_that_says_something_else(most, lacking):
    with pytest.raises(AssertionError):
        compare(most, lacking)


def test_encounters_that_are_all_alike_prove_nothing():
    with pytest.raises(AssertionError):
        agreement.agree(
            [(RULE, lambda _: ([], set()))], lambda _: (1,), lambda _: Case(encounter()), lambda finding: finding.lines
        )


@pytest.mark.parametrize("count", [0, LEAST - 1])
def test_too_few_encounters(count, registered, monkeypatch):
    def few():
        if count:
            monkeypatch.setattr(agreement, "COUNT", count)
            compare(2)
            monkeypatch.setattr(agreement, "COUNT", LEAST)

    with pytest.raises(AssertionError, match=f"asked of {count} encounters"):
        registered(few)()
