"""Review findings (办理疑点): one command for one review, or for many, each of which succeeds or says why not."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from app.domain.access import Caller, Scope
from app.domain.review import Review, ReviewAction
from app.domain.review_command import Command, Ground, NotAllowed
from app.domain.review_policy import DEFAULT_POLICY, ReviewPolicy
from app.domain.review_steps import apply, options
from app.domain.working_days import WorkingCalendar, day_of
from app.store.reviews import Change, LostUpdate, ReviewStore

MOST_AT_ONCE = 500
_SLICE = 100  # reviews changed in one transaction


class UnknownReview(LookupError):
    """There is no such review, or none in the caller's scope."""


class Result(NamedTuple):
    """What became of one review: it as it is now, or why it was not done: one of the errors that `act` raises."""

    id: str
    review: Review | None
    refusal: NotAllowed | LostUpdate | UnknownReview | None = None


class ReviewDesk:
    def __init__(
        self,
        store: ReviewStore,
        calendar: WorkingCalendar,
        policy: ReviewPolicy = DEFAULT_POLICY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._calendar, self._policy, self._now = store, calendar, policy, now

    async def act(self, review: str, command: Command, version: int | None = None) -> Review:
        """The review afterwards. `version` is the one the sender saw; None: whichever there is.

        Raises UnknownReview, NotAllowed, LostUpdate; NotRecorded or Unavailable where the database does not answer.
        """
        (result,) = await self.act_on_many({review: version}, command)
        if result.refusal is not None:
            raise result.refusal
        if result.review is None:
            raise UnknownReview(review)
        return result.review

    async def act_on_many(self, wanted: Mapping[str, int | None], command: Command) -> list[Result]:
        """In the order given. Raises only where the database does not answer; what was done before that stays done."""
        if len(wanted) > MOST_AT_ONCE:
            raise ValueError(f"{len(wanted)} reviews at once; give at most {MOST_AT_ONCE}")
        ids, done = list(wanted), dict[str, Result]()
        for start in range(0, len(ids), _SLICE):
            part = ids[start : start + _SLICE]
            done |= await self._act_on({one: wanted[one] for one in part}, dict.fromkeys(part, command))
        return [done[one] for one in ids]

    async def assign(self, dealt: Mapping[str, str], by: Caller, practitioner: str = "") -> list[Result]:
        """Give each review to the account named for it."""
        commands = {
            review: Command(action=ReviewAction.ASSIGN, by=by, practitioner=practitioner, assignee=account)
            for review, account in dealt.items()
        }
        return await self.act_on_each(commands)

    async def act_on_each(self, commands: Mapping[str, Command]) -> list[Result]:
        """As `act_on_many`, but each with a command of its own; all of them are one person's, whose scope holds."""
        if any(one.by != first.by for first, one in pairwise(commands.values())):
            raise ValueError("commands of several people at once")
        ids, done = list(commands), dict[str, Result]()
        for start in range(0, len(ids), _SLICE):
            part = ids[start : start + _SLICE]
            done |= await self._act_on(dict.fromkeys(part), {one: commands[one] for one in part})
        return [done[one] for one in ids]

    def options(self, review: Review, by: Caller, practitioner: str = "") -> tuple[ReviewAction, ...]:
        """What this person may do with it today."""
        return options(review, by, day_of(self._now()), self._calendar, self._policy, practitioner)

    async def _act_on(self, wanted: Mapping[str, int | None], commands: Mapping[str, Command]) -> dict[str, Result]:
        scope = next(iter(commands.values())).by.scope
        found = await self._store.get(list(wanted), scope)
        results: dict[str, Result] = {}
        changes: dict[str, Change] = {}
        for one, version in wanted.items():
            try:
                changes[one] = await self._change(found.get(one), one, version, commands[one])
            except (UnknownReview, LostUpdate, NotAllowed) as refusal:
                results[one] = Result(one, None, refusal)
        lost = await self._save(changes, scope)
        for one, change in changes.items():
            results[one] = Result(one, None, LostUpdate([one])) if one in lost else Result(one, change.review)
        return results

    async def _change(self, review: Review | None, one: str, version: int | None, command: Command) -> Change:
        if review is None:
            raise UnknownReview(one)
        if version is not None and version != review.version:
            raise LostUpdate([one])
        if command.attachments:
            known = {attachment.id for attachment in await self._store.attachments(one, command.by.scope)}
            if not known.issuperset(command.attachments):
                raise NotAllowed(Ground.INCOMPLETE, "所列附件不在该疑点下，请先上传")
        return Change(*apply(review, command, self._now(), self._calendar, self._policy))

    async def _save(self, changes: Mapping[str, Change], scope: Scope) -> set[str]:
        """All that can be; those that somebody else changed meanwhile."""
        lost: set[str] = set()
        while remaining := [change for one, change in changes.items() if one not in lost]:
            try:
                await self._store.save(remaining, scope)
            except LostUpdate as error:
                if lost.issuperset(error.ids):
                    raise  # it names none of ours: trying again would not end
                lost |= set(error.ids)
            else:
                break
        return lost
