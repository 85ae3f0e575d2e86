"""Rule texts: a rule as the revision said it that judged, whatever is in force by now."""

import asyncio
from datetime import date
from pathlib import Path

from app.application.load_ruleset import load_ruleset
from app.application.rule_texts import RuleTexts
from tests.application.library import NOW, compiled, generation, opened


def test_a_rule_of_an_earlier_revision(tmp_path: Path) -> None:
    old, new = generation(tmp_path, 0), generation(tmp_path, 1)
    revision, content = compiled(old)
    current = load_ruleset(new)
    (rule,) = current.rules

    async def steps() -> None:
        async with opened(tmp_path) as store:
            await store.put(revision, content, caller="x", at=NOW)
            texts = RuleTexts(lambda: current, store, tmp_path / "cache")
            (point,) = {one.point for one in list(current.each_point(current.rules[rule]))[:1]}
            for _ in range(2):  # from the database, and then from what is held
                told = await texts.of(revision, rule, point, date(2026, 3, 1))
                assert told is not None
                assert (told.is_as_judged, told.revision, told.head.version) == (True, revision, 1)
                assert told.head.message.startswith("第0版")
                assert told.point is not None
                assert told.point["point"] == point
                assert told.start is not None
                assert told.end is not None
                assert told.start <= date(2026, 3, 1) <= told.end
            now = await texts.of(current.revision, rule)
            assert now is not None
            assert (now.is_as_judged, now.head.version, now.point) == (True, 2, None)
            never = await texts.of(revision, rule, "no-such-point", date(1900, 1, 1))
            assert never is not None
            assert (never.point, never.parameters, never.start) == (None, None, None)

    asyncio.run(steps())


def test_what_cannot_be_read_is_told_as_it_is_in_force(tmp_path: Path) -> None:
    current = load_ruleset(generation(tmp_path, 1))
    (rule,) = current.rules

    async def steps() -> None:
        async with opened(tmp_path) as store:
            await store.put("f" * 32, b"MJRULES0 of another version", caller="x", at=NOW)
            texts = RuleTexts(lambda: current, store, tmp_path / "cache")
            for revision in ("f" * 32, "e" * 32):
                told = await texts.of(revision, rule)
                assert told is not None
                assert (told.is_as_judged, told.revision) == (False, current.revision)
            assert await texts.of("e" * 32, "no-such-rule") is None
            assert texts.in_force("no-such-rule") is None

    asyncio.run(steps())
