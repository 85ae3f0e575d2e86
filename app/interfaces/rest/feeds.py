"""POST /v1/feeds/{name} and GET /v1/feeds: data that no request carries, as JSON lines or CSV."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict

from app.application.authorise import check_everywhere
from app.application.feed_rows import BadFeed, Form, RowFault
from app.application.load_feed import FeedLoader
from app.domain.feed import FEEDS
from app.interfaces.asgi import read_body
from app.interfaces.caller import SignedIn
from app.interfaces.errors import MEDIA_TYPE, FieldError, Problem, not_found, not_recorded
from app.store.audit_log import NotRecorded

_FORMS = {"text/csv": Form.CSV, "application/x-ndjson": Form.JSON_LINES, "application/jsonl": Form.JSON_LINES}
_TOLD = 100  # faults that one answer lists
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "The body is neither CSV nor JSON lines", **_PROBLEM},
    422: {"description": "A row is no record of the feed; `errors` tells each by its line", **_PROBLEM},
    503: {"description": "The records could not be written; send the same again", **_PROBLEM},
}


class FeedLoadedView(BaseModel):
    """What became of the rows: added + changed + unchanged = rows. `records` is what the feed now holds."""

    model_config = ConfigDict(from_attributes=True)

    feed: str
    rows: int
    added: int
    changed: int
    unchanged: int
    records: int


class FeedStateView(BaseModel):
    """`newest` is the latest day or month that a record is about; without `loaded_at` the feed was never loaded."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    title: str
    records: int
    newest: str
    loaded_at: datetime | None


class FeedList(BaseModel):
    feeds: list[FeedStateView]


def feed_router(feeds: FeedLoader, max_body: int) -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/feeds", summary="The feeds, and how new each is")
    def list_feeds() -> FeedList:
        return FeedList(feeds=[FeedStateView.model_validate(one) for one in feeds.states()])

    @routes.post(
        "/v1/feeds/{name}",
        summary="Load records of a feed, all or none",
        description="One record a line as a JSON object, or CSV with a header line. A record replaces the one with its "
        "key; a CSV header line by itself says that there is nothing. Columns: " + _columns(),
        responses=_REFUSALS,
        openapi_extra={"requestBody": {"required": True, "content": _contents()}},
    )
    async def load_feed(
        name: Annotated[str, Path(max_length=64)], request: Request, caller: SignedIn
    ) -> FeedLoadedView:
        check_everywhere(caller)
        if name not in FEEDS:
            raise not_found("feed", name)
        form = _form_of(request.headers.get("content-type", ""))
        body = await read_body(request.scope, request.receive, max_body)
        try:
            return FeedLoadedView.model_validate(await feeds.load(name, body, form, caller=caller.id))
        except BadFeed as error:
            raise _bad_feed(error.faults) from None
        except NotRecorded:
            raise not_recorded() from None

    return routes


def _form_of(content_type: str) -> Form:
    form = _FORMS.get(content_type.partition(";")[0].strip().lower())
    if form is None:
        detail = f"Send Content-Type: {' or '.join(_FORMS)}; not {content_type[:100]!r}."
        raise Problem(415, "unsupported-media-type", "The body is neither CSV nor JSON lines", detail)
    return form


def _bad_feed(faults: list[RowFault]) -> Problem:
    told = tuple(FieldError(_pointer(one), str(one)) for one in faults[:_TOLD])
    count = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
    listed = f"; the first {_TOLD} are listed" if len(faults) > _TOLD else ""
    detail = f"{count}{listed}. Nothing was stored: mend the rows and send all of them again."
    return Problem(422, "invalid-feed", "Some rows are no records of the feed", detail, told)


def _pointer(fault: RowFault) -> str:
    """The line of the body, and the field in it."""
    field = fault.field.replace("~", "~0").replace("/", "~1")
    return f"/{fault.line}/{field}" if field else f"/{fault.line}"


def _columns() -> str:
    named = {name: [field.name for field in msgspec.structs.fields(shape)] for name, shape in FEEDS.items()}
    return "; ".join(f"`{name}`: {', '.join(columns)}" for name, columns in named.items()) + "."


def _contents() -> dict[str, Any]:
    """One schema for each feed is told by name; what holds for all is that rows are text."""
    return {
        "application/x-ndjson": {"schema": {"type": "object"}},
        "text/csv": {"schema": {"type": "string"}},
    }
