"""Reads reviews with SQLAlchemy, from either database (疑点查询), within the scope of whoever asks."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import BigInteger, Select, case, cast, exists, false, func, select

from app.domain.access import EVERYWHERE, Scope
from app.domain.review import Review, ReviewStep
from app.store.review_counts import Axis
from app.store.review_filters import among, conditions, cursor_after, ordered, place_of, within
from app.store.review_narrowing import narrowed
from app.store.review_overview import facet_of, facets_asked, in_time, series_asked
from app.store.review_rows import ATTACHED, COLUMNS, NAMES, STEPS, StoredReview, review_of, step_of
from app.store.review_search import ReviewSearch, SeqAmong
from app.store.review_tables import review_attachments, review_contents, review_steps, reviews
from app.store.reviews import (
    LATEST_FIRST,
    MOST_COUNTED,
    MOST_ROWS,
    MOST_SEARCHED,
    Attachment,
    Facet,
    Grain,
    Order,
    Overview,
    ReviewFilter,
    ReviewPage,
    Sorting,
    Totals,
)
from app.store.sealing import moment
from app.store.vault import Vault

Ask = Callable[[Select[Any], Scope], Awaitable[list[Any]]]  # rows, as tuples, of what the scope covers

WALKS = "walks"  # an option of a question: one index leads to what is asked for

_AMOUNT = case((reviews.c.amount_cents > 0, reviews.c.amount_cents), else_=0)  # an unknown one adds nothing


class ReviewsQuery:
    def __init__(self, ask: Ask, seq_among: SeqAmong, vault: Vault) -> None:
        self._ask, self._vault = ask, vault
        self._search = ReviewSearch(self._everywhere, seq_among)

    async def _everywhere(self, asked: Select[Any]) -> list[Any]:
        """Of names and kinds, which are about nobody."""
        return await self._ask(asked, EVERYWHERE)

    async def page(
        self, wanted: ReviewFilter, scope: Scope, order: Order = LATEST_FIRST, cursor: str = "", size: int = 50
    ) -> ReviewPage:
        """Raises BadCursor."""
        size, tests = max(1, min(size, MOST_ROWS)), await self._tests(wanted, scope, order)
        asked: Any = select(reviews.c.seq, *COLUMNS).where(*tests)
        chosen = ordered(asked, wanted, order, cursor).limit(size + 1)
        found = await self._with_contents(chosen, scope, order, walks=not wanted.text)
        following = cursor_after(found[size - 1][0], wanted, order) if len(found) > size else ""
        return ReviewPage([one.review for _, one in found[:size]], following)

    async def _with_contents(
        self, asked: Select[Any], scope: Scope, order: Order, *, walks: bool
    ) -> list[tuple[dict[str, Any], StoredReview]]:
        """The rows are chosen before their contents are looked up."""
        rows = asked.subquery()
        joined = select(rows, review_contents.c.content).join(review_contents, review_contents.c.id == rows.c.id)
        joined = joined.execution_options(**{WALKS: walks})
        told = {row[1]: row for row in await self._ask(joined, scope)}
        named = [dict(zip(("seq", *NAMES), row, strict=False)) for row in told.values()]
        named.sort(key=lambda one: place_of(one, order), reverse=order.is_descending)
        return [(one, review_of(one, told[one["id"]][-1])) for one in named]

    async def totals(self, wanted: ReviewFilter, scope: Scope, most: int = MOST_COUNTED) -> Totals:
        most = min(most, MOST_SEARCHED) if wanted.text else most
        tests = await self._tests(replace(wanted, text=""), scope)
        ways = await self._search.ways(wanted.text)
        if len(ways) != 1:
            return await self._totals_of_ways(tests, ways, scope, most)
        some = select(_AMOUNT.label("amount"), reviews.c.refund_cents).where(*tests, *ways[0])
        first = some.limit(most + 1).subquery()
        sums = [cast(func.coalesce(func.sum(one), 0), BigInteger) for one in (first.c.amount, first.c.refund_cents)]
        asked: Any = select(func.count(), *sums).select_from(first)
        ((count, amounts, refunds),) = await self._ask(asked.execution_options(**{WALKS: not wanted.text}), scope)
        if count > most:
            return _more_than(most)
        return Totals(count=count, is_more=False, amount_cents=amounts, refund_cents=refunds)

    async def _totals_of_ways(self, tests: list[Any], ways: list[list[Any]], scope: Scope, most: int) -> Totals:
        """What fits several ways counts once; as soon as there are too many, nothing more is looked for."""
        found: dict[int, tuple[int, int]] = {}
        for way in ways:
            asked: Any = select(reviews.c.seq, _AMOUNT, reviews.c.refund_cents).where(*tests, *way).limit(most + 1)
            rows = await self._ask(asked.execution_options(**{WALKS: True}), scope)
            found |= {seq: (amount, refund) for seq, amount, refund in rows}
            if len(found) > most:
                return _more_than(most)
        amounts, refunds = [sum(one) for one in zip(*found.values(), strict=True)] if found else (0, 0)
        return Totals(count=len(found), is_more=False, amount_cents=amounts, refund_cents=refunds)

    async def _tests(self, wanted: ReviewFilter, scope: Scope, order: Order = LATEST_FIRST) -> list[Any]:
        narrowing = await narrowed(self._everywhere, wanted, scope, order)
        if narrowing is None:
            return [false()]
        tests = [*within(scope, reviews), *conditions(wanted), *narrowing.tests]
        if order.by is Sorting.SEVERITY:  # so that the index is entered where there is something to find
            tests.append(among(reviews.c.severity, sorted(narrowing.severities)))
        return [*tests, *await self._search.tests(wanted.text)]

    async def get(self, ids: Sequence[str], scope: Scope) -> dict[str, Review]:
        return {name: one.review for name, one in (await self.stored(ids, scope)).items()}

    async def stored(self, ids: Sequence[str], scope: Scope) -> dict[str, StoredReview]:
        return await self.found(reviews.c.id.in_(list(ids)), scope) if ids else {}

    async def found(self, test: Any, scope: Scope) -> dict[str, StoredReview]:
        asked = select(*COLUMNS, review_contents.c.content).join(review_contents, review_contents.c.id == reviews.c.id)
        rows = await self._ask(asked.where(test, *within(scope, reviews)), scope)
        named = [(dict(zip(NAMES, row, strict=False)), row[-1]) for row in rows]
        return {row["id"]: review_of(row, content) for row, content in named}

    async def steps(self, review: str, scope: Scope) -> list[ReviewStep]:
        one = review_steps.c
        asked = STEPS.where(one.review == review, _is_seen(review_steps, scope)).order_by(one.number)
        names = [column.name for column in STEPS.selected_columns]
        rows = await self._ask(asked, scope)
        return [step_of(dict(zip(names, row, strict=True)), self._vault) for row in rows]

    async def attachments(self, review: str, scope: Scope) -> list[Attachment]:
        one = review_attachments.c
        asked = ATTACHED.where(one.review == review, *_is_held(scope))
        return [self._attachment(row) for row in await self._ask(asked.order_by(one.recorded_at, one.id), scope)]

    async def attached(self, attachment: str, scope: Scope) -> tuple[Attachment, bytes] | None:
        one = review_attachments.c
        asked = ATTACHED.add_columns(one.content).where(one.id == attachment, *_is_held(scope))
        for row in await self._ask(asked, scope):
            return self._attachment(row[:-1]), self._vault.open("review_attachments", (row[0],), row[-1])
        return None

    def _attachment(self, row: Sequence[Any]) -> Attachment:
        one = Attachment._make(row)
        name = self._vault.open_text("review_attachments", (one.id,), one.name)
        return one._replace(at=moment(row[2]), name=name)

    async def facets(self, wanted: Overview, scope: Scope, by: Axis | None, most: int = 50) -> list[Facet]:
        rows = await self._ask(facets_asked(wanted, scope, by, most), scope)
        return list(map(partial(facet_of, by=by), rows))

    async def series(self, wanted: Overview, scope: Scope, grain: Grain) -> list[Facet]:
        return in_time(await self._ask(series_asked(wanted, scope, grain), scope), grain)


def _more_than(most: int) -> Totals:
    return Totals(count=most, is_more=True, amount_cents=None, refund_cents=None)


def _is_held(scope: Scope) -> tuple[Any, ...]:
    """Every attachment has a name until it is erased."""
    return review_attachments.c.name != "", _is_seen(review_attachments, scope)


def _is_seen(table: Any, scope: Scope) -> Any:
    """Whether the review that the row belongs to is within the scope."""
    return exists().where(reviews.c.id == table.c.review, *within(scope, reviews))
