"""Refusals of pages (页面上的拒绝): said in Chinese, as a page or as the piece of one that was asked for."""

from collections.abc import Callable, Coroutine, Mapping
from html import escape
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from app.interfaces.console.pages import HEADERS, STATIC, Pages
from app.interfaces.errors import Problem
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

_TEXTS = {
    400: "请求无法识别，请返回后重试。",
    403: "您没有这项操作的权限，或登录状态已失效，请刷新页面。",
    404: "没有这个内容，或它不在您的管辖范围内。",
    413: "提交的内容过大，没有保存。",
    422: "提交的内容有误，请检查后重试。",
    503: "数据库暂时没有应答，没有做任何更改，请稍后再试。",
}


class PageRoute(APIRoute):
    """Whatever a page raises as a refusal is answered so that people can read it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except (Unavailable, NotRecorded):
                return refusal(request, 503)
            except RequestValidationError:
                return refusal(request, 422)
            except Problem as problem:
                return refusal(request, problem.status)

        return answer


def refused(pages: Pages, texts: Mapping[type[Exception], tuple[int, str]], error: Exception) -> Response:
    """What a form is answered that a use case refused; `texts` tell the status and why, the first that fits."""
    status, text = next(told for kind, told in texts.items() if isinstance(error, kind))
    return pages.part("_fault.html", status=status, fault=text)


def refusal(request: Request, status: int) -> Response:
    text = escape(_TEXTS.get(status, "操作没有完成。"))
    fault = f'<p class="fault" role="alert">{text}</p>'
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(fault, status, HEADERS)
    page = (
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>未完成 · 明鉴</title>'
        f'<link rel="stylesheet" href="{STATIC}/console.css"></head><body class="front"><main class="card sign-in">'
        f'<h1><b>明鉴</b> 医保智能审核</h1>{fault}<p><a href="/console">返回工作台</a></p></main></body></html>'
    )
    return HTMLResponse(page, status, HEADERS)
