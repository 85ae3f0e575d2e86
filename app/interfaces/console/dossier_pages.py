"""The pages of a dossier (申诉书版面), drawn with a font that every reader of Chinese PDF brings along."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from app.application.finding_file import FindingFile, Proof
from app.domain.labels import SEVERITY_LABELS, label
from app.domain.review import ReviewStep
from app.domain.review_labels import ACTION_LABELS, DEADLINE_LABELS, STATE_LABELS
from app.domain.review_reasons import reason_text
from app.interfaces.console.fact_labels import FACT_LABELS
from app.interfaces.console.pages import moment, yuan

_FONT = "STSong-Light"
_GREY = colors.HexColor("#c4c9d2")
_KINDS = {"audit": "审核记录", "audit.completed": "审核补全", "reviewed": "办理记录"}
_WIDTH = A4[0] - 36 * mm


class Told(NamedTuple):
    file: FindingFile
    proofs: Sequence[Proof]
    name: Callable[[str], str]  # of an account
    by: str
    at: datetime


def draw(told: Told) -> bytes:
    """The PDF without attachments."""
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    written = io.BytesIO()
    review = told.file.review
    document = SimpleDocTemplate(
        written, pagesize=A4, leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
        title=f"医保疑点申诉书 {review.id}", author="明鉴", subject=review.title, lang="zh-CN",
    )  # fmt: skip
    foot = f"明鉴　{moment(told.at)} 由 {told.by} 生成　疑点 {review.id}"

    def number(canvas: Any, _: Any) -> None:
        canvas.saveState()
        canvas.setFont(_FONT, 8)
        canvas.drawString(18 * mm, 10 * mm, foot)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, f"第 {canvas.getPageNumber()} 页")
        canvas.restoreState()

    document.build(list(_story(told)), onFirstPage=number, onLaterPages=number)
    return written.getvalue()


def _story(told: Told) -> Iterator[Flowable]:
    yield _text("医保疑点申诉书", size=18, centred=True)
    yield Spacer(1, 4 * mm)
    yield _pairs(_about(told))
    yield from _why(told.file)
    yield from _lines(told.file)
    yield from _steps(told)
    yield from _attached(told)
    yield from _signatures()


def _about(told: Told) -> list[tuple[str, str]]:
    review, trace = told.file.review, told.file.trace
    content = told.file.content
    deadline = ""
    if review.deadline is not None and review.deadline_step is not None:
        deadline = f"{DEADLINE_LABELS[review.deadline_step]} {review.deadline}"
    return [
        ("疑点", f"{review.title}（{SEVERITY_LABELS[review.severity]}）"),
        ("编号", review.id),
        ("状态", STATE_LABELS[review.state]),
        ("期限", deadline or "—"),
        ("医疗机构", review.facility),
        ("就诊", f"{review.encounter}　{label(review.care_type)}　{label(review.insurance_type)}"),
        ("患者", content.patient if content is not None else "—"),
        (
            "科室",
            f"{trace.department_name or review.department or '—'}（主任：{trace.head_name or trace.head or '—'}）",
        ),
        ("医师", trace.practitioner_name or review.practitioner or "—"),
        ("涉及金额", f"{yuan(review.amount_cents)} 元"),
        ("首次发现", f"{moment(review.first_found_at)}，共 {review.times_found} 次"),
    ]


def _why(file: FindingFile) -> Iterator[Flowable]:
    review = file.review
    yield _heading("一、疑点与依据")
    yield _text(review.message)
    yield _text(f"规则：{review.rule}（第 {review.rule_version} 版），类别：{review.category}")
    finding = file.content.finding if file.content is not None else None
    if finding is None:
        yield _text("审核内容已按保存期限清除，或无法读取。")
        return
    if finding.basis:
        yield _text(f"依据：{finding.basis}")
    for one in finding.references:
        yield _text(f"· {one}")
    yield _text(f"规则库版本：{finding.ruleset}　知识点：{finding.point}", size=8)
    if finding.facts:
        yield _pairs([(FACT_LABELS.get(name, name), value) for name, value in finding.facts.items()])


def _lines(file: FindingFile) -> Iterator[Flowable]:
    yield _heading("二、涉及明细")
    named = [one for one in file.content.lines if one.is_at_fault or one.is_related] if file.content is not None else []
    if not named:
        yield _text("涉及整次就诊，或明细已清除。")
        return
    rows = [["标记", "日期", "项目", "数量", "金额（元）"]]
    for one in named:
        line = one.line
        amount = "—" if one.total is None else f"{one.total:,.2f}"
        mark = "违规" if one.is_at_fault else "相关"
        rows.append([mark, str(line.service_date), f"{line.name}\n{line.item_code}", _plain(line.quantity), amount])
    yield _table(rows, (0.09, 0.15, 0.48, 0.12, 0.16))


def _steps(told: Told) -> Iterator[Flowable]:
    yield _heading("三、办理经过")
    if not told.file.steps:
        yield _text("尚无人办理。")
        return
    rows = [["时间", "办理", "办理人", "理由与说明"]]
    rows += [_step_row(one, told.name) for one in told.file.steps]
    yield _table(rows, (0.17, 0.2, 0.15, 0.48))


def _step_row(step: ReviewStep, name: Callable[[str], str]) -> list[str]:
    done = ACTION_LABELS[step.action]
    if step.from_state is not step.to_state:
        done += f"\n→ {STATE_LABELS[step.to_state]}"
    said = [text for text in (reason_text(step.action, step.reason_code), step.comment) if text]
    return [moment(step.at), done, name(step.by), "\n".join(said)]


def _attached(told: Told) -> Iterator[Flowable]:
    yield _heading("四、附件与存证")
    if told.file.attachments:
        rows = [["附件", "大小", "SHA-256"]]
        rows += [[one.name, f"{one.size:,} 字节", one.digest.hex()] for one in told.file.attachments]
        yield _table(rows, (0.35, 0.15, 0.5))
    else:
        yield _text("没有附件。")
    yield Spacer(1, 2 * mm)
    rows = [["存证序号", "内容", "证明文件（在本 PDF 的附件中）"]]
    for one in told.proofs:
        there = f"entry-{one.seq}.tlog-proof" if one.file is not None else "检查点尚未生成，十秒后重新下载即有"
        rows.append([str(one.seq), _KINDS.get(one.kind, one.kind), there])
    yield _table(rows, (0.2, 0.3, 0.5))
    yield _text(
        "证明文件可用 mingjian trail verify-proof 或任何 C2SP tlog-proof 工具离线核验，不需要访问本系统。", size=8
    )


def _signatures() -> Iterator[Flowable]:
    yield Spacer(1, 10 * mm)
    yield _text("申诉科室（盖章）：＿＿＿＿＿＿＿＿　　科室主任签字：＿＿＿＿＿＿＿＿　　日期：＿＿＿＿＿＿")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _style(size: int, *, centred: bool = False) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}{centred}", fontName=_FONT, fontSize=size, leading=size * 1.5, wordWrap="CJK",
        alignment=1 if centred else 0,
    )  # fmt: skip


def _text(text: str, *, size: int = 10, centred: bool = False) -> Paragraph:
    return Paragraph(escape(text).replace("\n", "<br/>"), _style(size, centred=centred))


def _heading(text: str) -> Paragraph:
    style = _style(12)
    style.spaceBefore, style.spaceAfter = 4 * mm, 1.5 * mm
    return Paragraph(escape(text), style)


def _pairs(pairs: list[tuple[str, str]]) -> Table:
    return _table([[name, value] for name, value in pairs], (0.18, 0.82), has_head=False)


def _table(rows: list[list[str]], shares: tuple[float, ...], *, has_head: bool = True) -> Table:
    cells = [[_text(text, size=9) for text in row] for row in rows]
    table = Table(cells, colWidths=[_WIDTH * one for one in shares], repeatRows=int(has_head))
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.4, _GREY), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    if has_head:
        table.setStyle(TableStyle([("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f2f4f7"))]))
    return table
