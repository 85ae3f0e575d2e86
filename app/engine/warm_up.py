"""Warm up (预热规则库): a ruleset is looked through and made ready before requests meet it.

Both are work for a thread beside the event loop, so they let go of the interpreter again and again.
"""

import time

import msgspec

from app.engine.kind import On
from app.engine.kinds import KINDS
from app.engine.ruleset import Ruleset
from app.knowledge.pack import PackError

MOST_CODES = 20_000  # per view; those beyond are prepared when they are met, as all are after a start
_WORK, _REST = 0.001, 0.0005  # seconds


class _Pace:
    """Rests whenever it has worked for a while."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def keep(self) -> None:
        if time.monotonic() - self._since > _WORK:
            time.sleep(_REST)
            self._since = time.monotonic()


def look_through(ruleset: Ruleset) -> None:
    """Read every rule and point once; raises PackError where this version does not understand one.

    What another version wrote may open, and break only when a claim meets the point.
    """
    pace, header = _Pace(), ruleset.header
    try:
        for rule in header.rules:
            for _ in ruleset.each_point(rule):
                pace.keep()
        for number, period in enumerate(header.periods):
            ruleset.parameters((number, 0), KINDS[header.rules[period.rule].kind])
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError) as error:
        raise PackError(f"the compiled ruleset holds what this version does not understand: {error!r}") from error


def warm_up(ruleset: Ruleset, like: Ruleset) -> None:
    """Prepare what `like` has in use: its views, and in each of them the codes that it met."""
    pace = _Pace()
    for key, used in list(like.views.items()):
        view = ruleset.view(*key)
        for on in (On.ITEM, On.DIAGNOSIS):
            for code in used.met(on)[:MOST_CODES]:
                view.prepare(on, code)
                pace.keep()
