"""People and places (人员与科室名称): what pages call those whom reviews name by code."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from app.domain.access import PERMISSIONS, Permission
from app.domain.account import Account
from app.domain.review import Review
from app.domain.review_command import SYSTEM
from app.store.accounts import AccountStore
from app.store.reviews import Directory

_FRESH = 20.0  # seconds in which the accounts are not asked for again
_MOST_FACILITIES = 8  # of one page whose codes are looked up


class People:
    """The accounts of staff by id."""

    def __init__(self, accounts: AccountStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts, self._clock = accounts, clock
        self._known: Mapping[str, Account] = {}
        self._asked_at = float("-inf")

    async def known(self) -> Mapping[str, Account]:
        """Raises Unavailable."""
        if self._clock() - self._asked_at > _FRESH:
            self._known = {one.id: one for one in await self._accounts.all()}
            self._asked_at = self._clock()
        return self._known

    async def names(self) -> "AccountNames":
        return AccountNames(await self.known())

    async def reviewers(self, review: Review | None = None) -> list[tuple[str, str]]:
        """Who may be given reviews, or this one: id and name."""
        where = None if review is None else _where(review)
        return [
            (one.id, one.name or one.login)
            for one in (await self.known()).values()
            if not one.is_disabled
            and any(Permission.FINDING_REVIEW in permissions for permissions in _permissions(one))
            and (where is None or one.scope.covers(*where))
        ]


class AccountNames:
    def __init__(self, known: Mapping[str, Account]) -> None:
        self._known = known

    def __call__(self, account: str) -> str:
        """What a page calls the account; blank for none."""
        if account == SYSTEM.id:
            return "系统"
        found = self._known.get(account)
        return (found.name or found.login) if found is not None else account


class Names(NamedTuple):
    """Names of departments and practitioners by facility and code; a code without one is its own name."""

    departments: Mapping[tuple[str, str], str]
    practitioners: Mapping[tuple[str, str], str]

    def department(self, review: Review) -> str:
        return self.departments.get((review.facility, review.department), "") or review.department

    def practitioner(self, review: Review) -> str:
        return self.practitioners.get((review.facility, review.practitioner), "") or review.practitioner


async def names_of(directory: Directory, reviews: Iterable[Review]) -> Names:
    """Raises Unavailable."""
    places: dict[str, tuple[set[str], set[str]]] = {}
    for one in reviews:
        departments, practitioners = places.setdefault(one.facility, (set(), set()))
        departments.add(one.department)
        practitioners.add(one.practitioner)
    told: dict[tuple[str, str], str] = {}
    people: dict[tuple[str, str], str] = {}
    for facility, (departments, practitioners) in list(places.items())[:_MOST_FACILITIES]:
        if codes := sorted(departments - {""}):
            told |= {(facility, one.code): one.name for one in await directory.departments(facility, codes)}
        if codes := sorted(practitioners - {""}):
            people |= {(facility, one.code): one.name for one in await directory.staff(facility, codes)}
    return Names(told, people)


def _permissions(account: Account) -> Iterable[frozenset[Permission]]:
    return [PERMISSIONS[role] for role in account.roles]


def _where(review: Review) -> tuple[str, str, str, str]:
    return review.facility, review.campus, review.department, review.practitioner
