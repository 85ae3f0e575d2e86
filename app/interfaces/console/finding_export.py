"""The list of findings as a file (导出): the same filter, sorting and rows as the page that it was asked from."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from app.application.export_findings import FindingExporter, TooManyRows
from app.application.finding_sheets import Format
from app.domain.labels import ANSWER_LABELS, SEVERITY_LABELS, STAGE_LABELS
from app.domain.review_labels import STATE_LABELS
from app.domain.working_days import day_of
from app.interfaces.caller import SignedIn
from app.interfaces.console.finding_desk import FindingDesk
from app.interfaces.console.finding_query import LIST, Asked, asked_by
from app.interfaces.console.finding_words import INSURANCE_LABELS
from app.interfaces.console.page_route import PageRoute
from app.interfaces.console.pages import HEADERS
from app.store.audit_log import NotRecorded

EXPORT = f"{LIST}/export"
_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_HEADINGS = {
    "from": "发现起", "to": "发现止", "facility": "医疗机构", "campus": "院区", "department": "科室",
    "practitioner": "医师", "encounter": "就诊", "rule": "规则", "class": "规则类别", "category": "违规行为分类",
    "severity": "等级", "stage": "环节", "state": "状态", "insurance": "险种", "answer": "医生反馈",
    "assignee": "处理人", "amount_from": "金额起", "amount_to": "金额止", "due_from": "期限起", "due_to": "期限止",
    "q": "检索词",
}  # fmt: skip
_WORDS: dict[str, Mapping[Any, str]] = {
    "severity": SEVERITY_LABELS, "stage": STAGE_LABELS, "state": STATE_LABELS, "answer": ANSWER_LABELS,
    "insurance": INSURANCE_LABELS,
}  # fmt: skip
_LONGEST = 400


def export_pages(work: FindingDesk, exporter: FindingExporter) -> APIRouter:
    routes = APIRouter(include_in_schema=False, route_class=PageRoute)

    @routes.get(EXPORT)
    async def export(request: Request, caller: SignedIn) -> Response:
        asked = asked_by(request.query_params.multi_items())
        form = Format.CSV if asked.one("format") == Format.CSV.value else Format.XLSX
        try:
            made = await exporter.export(asked.wanted, caller, form, asked.order, in_words(asked))
        except TooManyRows as error:
            more = "，或请医保办负责人导出" if error.is_lead_needed else ""
            return _refused(work, request, 422, f"一次最多导出{error.most}条，请缩小范围{more}。")
        except NotRecorded:
            return _refused(work, request, 503, "导出须先写入存证，而数据库暂时没有应答；没有导出任何内容。")
        name = quote(f"医保疑点-{day_of(made.at):%Y%m%d}.{form.value}", safe="")
        headers = {
            **HEADERS,
            "content-disposition": f"attachment; filename=findings.{form.value}; filename*=UTF-8''{name}",
            "content-length": str(made.size),
        }
        return StreamingResponse(made.chunks(), 200, headers, _TYPES[form])

    return routes


def _refused(work: FindingDesk, request: Request, status: int, fault: str) -> Response:
    return work.pages.page(request, "no_finding.html", title="导出疑点", status=status, fault=fault)


def in_words(asked: Asked) -> str:
    """For the watermark; patients are not told apart in it."""
    parts = []
    for name, heading in _HEADINGS.items():
        if values := asked.fields.get(name):
            words = _WORDS.get(name, {})
            parts.append(f"{heading}：{'、'.join([words.get(one, one) for one in values])}")
    if asked.wanted.patient_keys:
        parts.append(f"患者：已指定{len(asked.wanted.patient_keys)}名")
    if asked.wanted.is_trial is not False:
        parts.append("仅试运行规则" if asked.wanted.is_trial else "含试运行规则")
    return ("；".join(parts) or "全部")[:_LONGEST]
