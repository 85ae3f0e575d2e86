"""A rule beside its oracle on cases drawn by the thousand from a seed, and which kinds have been set beside theirs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from random import Random
from typing import Any

from app.domain.case import Case
from app.engine.ruleset import Ruleset

COUNT = 20_000

Missing = Mapping[str, set[str]]  # the lines that were not judged, by the fact that was missing
Lacking = Missing | set[str] | Callable[[Missing], bool]  # exactly this, these facts of whatever lines, or what holds
Told = tuple[Iterable[Any], Lacking]
Expected = Callable[..., Told]

ORACLE_TESTS: dict[str, list[str]] = defaultdict(list)
_compared: Counter[str] = Counter()


def oracle_of(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a test as one in which an oracle of the kind agrees; it fails where it compares fewer than COUNT."""

    def register(test: Callable[..., None]) -> Callable[..., None]:
        @wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            before = _compared[kind]
            test(*args, **kwargs)
            count = _compared[kind] - before
            assert count >= COUNT, f"the oracle of {kind} was asked of {count} encounters, fewer than {COUNT}"

        ORACLE_TESTS[kind].append(f"{test.__module__}.{test.__name__}")
        return run

    return register


def agree(
    variants: Sequence[tuple[Ruleset, Expected]],
    draw: Callable[[Random], tuple[Any, ...]],
    case_of: Callable[..., Case],
    tell: Callable[[Any], Any],
) -> int:
    """Each drawn case is judged by one rule, in turn: it finds and misses what its definition says.

    The draw must meet hits and clean cases enough; the number of cases in which a fact was missing is returned.
    """
    random, hits, clean, unknown = Random(20260310), 0, 0, 0
    for number in range(COUNT):
        ruleset, expected = variants[number % len(variants)]
        given = draw(random)
        judgement = ruleset.audit(case_of(*given))
        missing = {one.missing: set(one.lines) for one in judgement.not_evaluated}
        assert "internal_error" not in missing, given
        found = [tell(one) for one in judgement.findings]
        wanted, lacking = expected(*given)
        assert Counter(found) == Counter(wanted), (number % len(variants), given)
        assert _is(missing, lacking), (missing, lacking, number % len(variants), given)
        hits += bool(found)
        unknown += bool(missing)
        clean += not found and not missing
    assert min(hits, clean) > COUNT / 50, (hits, clean, unknown)
    _compared.update({rule.kind: COUNT for ruleset, _ in variants[:1] for rule in ruleset.rules.values()})
    return unknown


def _is(missing: Missing, lacking: Lacking) -> bool:
    if callable(lacking):
        return lacking(missing)
    return missing == lacking if isinstance(lacking, Mapping) else set(missing) == lacking
