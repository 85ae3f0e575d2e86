"""Assign findings (任务分派): among the accounts that may work on them, in turn or by department."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec.structs import replace

from app.application.review_findings import Result, ReviewDesk
from app.domain.access import EVERYWHERE, PERMISSIONS, Caller, Permission
from app.domain.account import Account
from app.domain.review import ReviewState
from app.domain.review_command import Ground, NotAllowed
from app.domain.review_worklist import Worker, by_department, round_robin
from app.store.accounts import AccountStore
from app.store.reviews import Order, ReviewFilter, ReviewStore, Sorting

TO_REVIEW = (
    ReviewState.OPEN, ReviewState.IN_REVIEW, ReviewState.AWAITING_SECOND, ReviewState.FIRST_APPEAL,
    ReviewState.SECOND_APPEAL, ReviewState.FINAL_APPEAL, ReviewState.RECTIFIED,
)  # fmt: skip  # where the office has to act
BY_DEADLINE = Order(Sorting.DEADLINE, is_descending=False)
MOST_DEALT = 500
_NOBODY = "没有这个审核人员账号，或其已停用，请选择其他人"


class Way(StrEnum):
    ROUND_ROBIN = "round_robin"
    BY_DEPARTMENT = "by_department"


class FindingAssigner:
    def __init__(self, accounts: AccountStore, reviews: ReviewStore, desk: ReviewDesk) -> None:
        self._accounts, self._reviews, self._desk = accounts, reviews, desk

    async def check(self, account: str, caller: Caller) -> None:
        """Raises NotAllowed where this is no account that works on findings, and not the caller's own."""
        if account == caller.id:
            return
        if account not in await self._reviewers():
            raise NotAllowed(Ground.INCOMPLETE, _NOBODY)

    async def deal(
        self,
        wanted: ReviewFilter,
        caller: Caller,
        way: Way,
        accounts: Sequence[str] = (),
        departments: Mapping[str, frozenset[str]] | None = None,
        most: int = MOST_DEALT,
    ) -> list[Result]:
        """Findings of the filter that wait for the office and that nobody has, the most urgent first. `accounts`: among
        these; without any, among all who may. `departments`: what an account looks after, where that is not its scope.

        Raises NotAllowed, Unavailable, NotRecorded.
        """
        if not caller.may(Permission.FINDING_REVIEW):
            raise NotAllowed(Ground.PERMISSION, "您没有分派疑点的权限")
        workers = await self._workers(accounts, departments or {})
        free = _free(wanted)
        if free is None:
            return []
        page = await self._reviews.page(free, caller.scope, BY_DEADLINE, size=min(most, MOST_DEALT))
        deal = round_robin if way is Way.ROUND_ROBIN else by_department
        return await self._desk.assign(deal(page.reviews, workers), caller)

    async def _workers(self, wanted: Sequence[str], departments: Mapping[str, frozenset[str]]) -> list[Worker]:
        known = await self._reviewers()
        if any([one not in known for one in (*wanted, *departments)]):
            raise NotAllowed(Ground.INCOMPLETE, _NOBODY)
        workers = []
        for one in sorted(wanted or known):
            account = known[one]
            held = await self._reviews.totals(ReviewFilter(states=TO_REVIEW, assignees=(one,)), EVERYWHERE)
            workers.append(
                Worker(
                    caller=Caller(id=one, roles=account.roles, scope=account.scope, kind="session"),
                    load=held.count,
                    doctor=account.scope.practitioner,
                    departments=departments.get(one) or account.scope.departments or frozenset(),
                )
            )
        return workers

    async def _reviewers(self) -> dict[str, Account]:
        return {
            one.id: one
            for one in await self._accounts.all()
            if not one.is_disabled and any(Permission.FINDING_REVIEW in PERMISSIONS[role] for role in one.roles)
        }


def _free(wanted: ReviewFilter) -> ReviewFilter | None:
    """The same, of what waits and nobody has; None: there can be none."""
    states = tuple([one for one in wanted.states or TO_REVIEW if one in TO_REVIEW])
    return replace(wanted, states=states, assignees=("",)) if states else None
