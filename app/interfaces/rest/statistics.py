"""GET /v1/statistics/overview: violations and money of a period, by department, rule, practitioner and time."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.application.overview import LONGEST_DAYS, MOST_ROWS, Overviews, Told
from app.domain.working_days import day_of
from app.interfaces.caller import SignedIn
from app.interfaces.errors import FieldError, Problem
from app.store.reviews import Facet, Grain, Overview

_DAYS = 30
_Codes = Annotated[list[str], Query(max_length=20)]


class FigureView(BaseModel):
    """One number and, in Chinese, the formula behind it. Of the unit `cents` it is an amount in 0.01 yuan, of `share`
    from 0 to 1; null: there is nothing to divide by.
    """

    model_config = ConfigDict(from_attributes=True)

    name: str
    label: str
    unit: Literal["count", "cents", "share"]
    value: float | None
    formula: str


class Sums(BaseModel):
    """What the findings of one value add up to. `overridden` answers insist or claim an exception."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    total: int
    amount_cents: int
    undecided: int
    confirmed: int
    confirmed_cents: int
    false_positive: int
    excepted: int
    lapsed: int
    refund_cents: int
    overridden: int
    answered: int


class AppealView(BaseModel):
    """Each round of an appeal counts for itself, on the day on which it was lodged or decided."""

    model_config = ConfigDict(from_attributes=True)

    lodged: int
    granted: int
    rejected: int


class StatisticsOverview(BaseModel):
    """Findings that were made first within the days (China Standard Time), both included, as they stand now. Keys are
    `facility/department`, ids of rules, codes of practitioners, states, and days (YYYYMMDD) or months (YYYYMM).
    """

    first: date = Field(alias="from", serialization_alias="from")
    last: date = Field(alias="to", serialization_alias="to")
    grain: Grain
    figures: list[FigureView]
    appeals: AppealView
    total: Sums
    states: list[Sums]
    departments: list[Sums]
    rules: list[Sums]
    practitioners: list[Sums]
    series: list[Sums]


def statistics_router(overviews: Overviews) -> APIRouter:
    routes = APIRouter()

    @routes.get(
        "/v1/statistics/overview",
        summary="Violations and money of a period",
        description="Within the scope of the caller. Without days it tells the last 30. At most 62 days are told day by"
        " day, more by month; the longest period is ten years. Lists hold the values with the most findings.",
        response_model_by_alias=True,
    )
    async def tell(
        caller: SignedIn,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
        facility: _Codes = [],  # noqa: B006 - FastAPI copies it
        department: _Codes = [],  # noqa: B006
        rule: _Codes = [],  # noqa: B006
        practitioner: _Codes = [],  # noqa: B006
        limit: Annotated[int, Query(ge=1, le=1000)] = MOST_ROWS,
    ) -> StatisticsOverview:
        since, until = _days(first, last)
        wanted = Overview(
            first=since, last=until, facilities=tuple(facility), departments=tuple(department), rules=tuple(rule),
            practitioners=tuple(practitioner),
        )  # fmt: skip
        told = await overviews.tell(wanted, caller.scope, limit)
        return _view(told)

    return routes


def _view(told: Told) -> StatisticsOverview:
    lists = {name: _sums(getattr(told, name)) for name in ("departments", "rules", "practitioners", "series")}
    return StatisticsOverview.model_validate(
        {
            "from": told.wanted.first,
            "to": told.wanted.last,
            "grain": told.grain,
            "figures": [FigureView.model_validate(one) for one in told.figures],
            "appeals": AppealView.model_validate(told.appeals),
            "total": Sums.model_validate(told.total),
            "states": _sums(told.states.values()),
            **lists,
        }
    )


def _sums(facets: Iterable[Facet]) -> list[Sums]:
    return [Sums.model_validate(one) for one in facets]


def _days(first: date | None, last: date | None) -> tuple[date, date]:
    """Raises Problem (422)."""
    until = last or max(day_of(datetime.now(UTC)), first or date.min)
    since = first or until - timedelta(days=_DAYS - 1)
    fault = ""
    if since > until:
        fault = "`from` is after `to`"
    elif (until - since).days >= LONGEST_DAYS or since.year < 2000 or until.year > 2999:
        fault = f"at most {LONGEST_DAYS} days, between 2000 and 2999"
    if fault:
        raise Problem(422, "invalid-request", "The period cannot be told", fault, (FieldError("/from", fault),))
    return since, until
