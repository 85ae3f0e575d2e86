"""GET /v1/findings/export: all findings of a filter as one file (导出)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.application.export_findings import Exported, FindingExporter, TooManyRows
from app.application.finding_sheets import COLUMNS, Format, moment
from app.domain.labels import ANSWER_LABELS, SEVERITY_LABELS, STAGE_LABELS, label
from app.domain.review_labels import STATE_LABELS
from app.domain.working_days import day_of
from app.interfaces.caller import SignedIn
from app.interfaces.errors import FieldError, Problem, not_recorded
from app.interfaces.rest.bodies import refusals
from app.interfaces.rest.finding_query import Direction, FieldName, FindingFilter, Trial, asked_in, parameters_of
from app.interfaces.rest.finding_rows import NO_STORE
from app.interfaces.rest.findings import FINDINGS
from app.store.audit_log import NotRecorded
from app.store.reviews import Order, Sorting

_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ANSWER = {
    "description": "The file",
    "content": {one.partition(";")[0]: {"schema": {"type": "string"}} for one in _TYPES.values()},
    "headers": {
        "X-Content-SHA256": {"schema": {"type": "string"}},
        "X-Row-Count": {"schema": {"type": "integer"}},
    },
}
_EXPORTED = tuple(one.name for one in COLUMNS)
_LONGEST = 400  # characters of the filter in a watermark


class ExportAsk(FindingFilter, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    format: Format = Format.XLSX
    sort: Sorting = Sorting.TIME
    order: Direction = Direction.DESCENDING
    fields: tuple[FieldName, ...] = ()


def export_router(exporter: FindingExporter) -> APIRouter:
    routes = APIRouter(tags=["findings"])

    @routes.get(
        f"{FINDINGS}/export",
        summary="All findings of a filter as CSV or Excel",
        description="The filters are those of `GET /v1/findings`. The file names who made it, when and of what; cells "
        "that a spreadsheet would take for formulas are disarmed. The export, with its filter, rows and SHA-256, is an "
        "entry of the trail before the first byte is sent; without the entry there is no file. How many rows it may "
        "hold is set by `MINGJIAN_EXPORT_ROWS` and, for audit leads, `MINGJIAN_EXPORT_LEAD_ROWS`.",
        response_class=Response,
        responses={200: _ANSWER, **refusals(403, 422, 503)},
        openapi_extra={"parameters": parameters_of(ExportAsk)},
    )
    async def export_findings(request: Request, caller: SignedIn) -> Response:
        asked = asked_in(request, ExportAsk)
        if unknown := set(asked.fields).difference(_EXPORTED):
            fault = FieldError("/fields", f"{sorted(unknown)[0]} is no column; {', '.join(_EXPORTED)} are")
            raise Problem(422, "invalid-request", "A parameter is not valid", errors=(fault,))
        order = Order(asked.sort, asked.order is Direction.DESCENDING)
        try:
            made = await exporter.export(asked.wanted(), caller, asked.format, order, in_words(asked), asked.fields)
        except TooManyRows as error:
            raise _too_many(error) from None
        except NotRecorded:
            raise not_recorded() from None
        return _file(made, asked.format)

    return routes


def _file(made: Exported, form: Format) -> Response:
    name = quote(f"医保疑点-{day_of(made.at):%Y%m%d}.{form.value}", safe="")
    headers = {
        "content-disposition": f"attachment; filename=findings.{form.value}; filename*=UTF-8''{name}",
        "content-length": str(made.size), "x-content-sha256": made.digest, "x-row-count": str(made.rows),
        "x-content-type-options": "nosniff", **NO_STORE,
    }  # fmt: skip
    return StreamingResponse(made.chunks(), 200, headers, _TYPES[form])


def in_words(asked: FindingFilter) -> str:
    """The filter as the watermark says it; patients are not told apart in it."""
    parts = []
    for name, heading in _HEADINGS.items():
        value = getattr(asked, name)
        if name == "patient_key" and value:
            parts.append(f"{heading}：已指定{len(value)}名")
        elif isinstance(value, tuple) and value:
            say = _WORDS.get(name, str)
            parts.append(f"{heading}：{'、'.join([say(one) or '无' for one in value])}")
        elif isinstance(value, datetime):
            parts.append(f"{heading}：{moment(value)}")
        elif isinstance(value, bool):
            parts.append(f"{heading}：{'是' if value else '否'}")
        elif isinstance(value, date | str) and value:
            parts.append(f"{heading}：{value}")
    if asked.trial is not Trial.EXCLUDE:
        parts.append("仅试运行规则" if asked.trial is Trial.ONLY else "含试运行规则")
    told = "；".join(parts) or "全部"
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


_HEADINGS = {
    "found_from": "发现起", "found_before": "发现止", "facility": "医疗机构", "campus": "院区", "department": "科室",
    "practitioner": "医师", "patient_key": "患者", "encounter": "就诊", "rule": "规则", "rule_class": "规则类别",
    "category": "违规行为分类", "severity": "等级", "stage": "环节", "state": "状态", "insurance_type": "险种",
    "care_type": "医疗类别", "answer": "医师处理", "has_answer": "医师已处理", "assignee": "处理人",
    "amount_from": "金额起", "amount_to": "金额止", "deadline_from": "期限起", "deadline_to": "期限止", "q": "检索词",
}  # fmt: skip
_WORDS: Mapping[str, Callable[[Any], str]] = {
    "severity": SEVERITY_LABELS.__getitem__,
    "stage": STAGE_LABELS.__getitem__,
    "state": STATE_LABELS.__getitem__,
    "answer": ANSWER_LABELS.__getitem__,
    "insurance_type": label,
    "care_type": label,
}


def _too_many(error: TooManyRows) -> Problem:
    if error.is_lead_needed:
        return Problem(
            403, "export-needs-lead", "An export of that size is for an audit lead",
            f"一次最多导出{error.most}条；请缩小筛选范围，或请医保办负责人导出。",
        )  # fmt: skip
    return Problem(
        422, "export-too-large", "There are too many findings for one file",
        f"一次最多导出{error.most}条；请缩小筛选范围，分次导出。",
    )  # fmt: skip
