"""The endpoint of the national interface: any path under the base, dispatched by `infno`, always HTTP 200 and JSON."""

import itertools
import logging
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

import msgspec

from app.application.authorise import OutOfScope
from app.domain.access import Caller
from app.interfaces.asgi import ClientGone, Header, Receive, Scope, Send, header, read_body, respond
from app.interfaces.deadline import asked_ms
from app.interfaces.errors import Problem
from app.interfaces.nhsa.answer import Envelope
from app.interfaces.nhsa.auth import Admission, Refused
from app.interfaces.nhsa.leaves import Reader
from app.interfaces.nhsa.message import Envelope as Opened
from app.interfaces.nhsa.message import Message, decode_envelope, decode_message, text_of
from app.interfaces.nhsa.profiles import Profile, Profiles
from app.interfaces.nhsa.translate import NoEncounter, facility_of
from app.interfaces.observe.request_id import note_refusal

log = logging.getLogger("mingjian.nhsa")
AUDITS = {"3101": "3101", "3301": "3101", "3660": "3101", "3102": "3102", "3661": "3102"}
FEEDBACK = "3103"
_PLACE = re.compile(r"\(byte (?P<byte>\d+)\)|at `\$\.?(?P<path>[^`]+)`")


class Call(NamedTuple):
    """One message on its way through: who sent it, in which frame it is answered. `body` is as it was sent; `started`
    is when it began to arrive, on the monotonic clock, and `asked_ms` within which time the caller wants the answer.
    """

    infno: str
    message: Message
    body: bytes
    profile: Profile
    envelope: Envelope
    who: Caller
    started: float
    asked_ms: int | None

    @property
    def caller(self) -> str:
        return self.who.id


Transaction = Callable[[Call], Awaitable[bytes]]


class Undecodable(Exception):
    """The body cannot be read; the text, in Chinese, says why."""


class NhsaEndpoint:
    def __init__(
        self,
        profiles: Profiles,
        audit: Transaction,
        feedback: Transaction,
        max_body: int,
        now: Callable[[], datetime] = datetime.now,
        admit: Admission | None = None,
    ) -> None:
        self._profiles, self._audit, self._feedback = profiles, audit, feedback
        self._max_body, self._now, self._admit = max_body, now, admit or Admission()
        self._admit.prepare(profiles)
        self._serial = itertools.count(int(now().timestamp() * 1000))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cors = self._cors(scope)
        if scope["method"] == "OPTIONS":
            await respond(send, 204, b"", extra=cors)
            return
        encoding, started = "utf-8", time.monotonic()
        try:
            body = await self._body(scope, receive)
            text, encoding = _text_of(body, scope)
            answer = await self._answer(scope, body, text, started)
        except Undecodable as error:
            note_refusal("invalid-request")
            answer = self._envelope(self._profiles.default, None).failure(str(error), self._now())
        if encoding == "gbk":
            answer = answer.decode().encode("gb18030")
        media_type = b"application/json;charset=" + encoding.encode()
        await respond(send, 200, answer, media_type, cors)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        try:
            return await read_body(scope, receive, self._max_body)
        except Problem:
            raise Undecodable(f"报文超过 {self._max_body} 字节，请分批发送") from None

    async def _answer(self, scope: Scope, body: bytes, text: bytes, started: float) -> bytes:
        opened, fault = _open(text)
        facility, infno = facility_of(opened), Reader().text("infno", opened.infno)
        profile = self._profiles.of(facility, scope["path"])
        envelope = self._envelope(profile, opened)
        try:
            who = await self._admit(profile, facility, scope, text)
            if fault is not None or not isinstance(opened, Message):
                raise fault or Undecodable("报文结构不符")
            asked = _asked_ms(scope)
            return await self._dispatch(Call(infno, opened, body, profile, envelope, who, started, asked))
        except OutOfScope:
            note_refusal("out-of-scope")
            log.info("out of scope, reference %s", envelope.reference)
            return envelope.failure("接入被拒绝：报文中的机构不在本接口方的授权范围内", self._now())
        except (Undecodable, NoEncounter, Refused) as error:
            note_refusal("unauthorized" if isinstance(error, Refused) else "invalid-request")
            log.info("refused, reference %s: %s", envelope.reference, error)
            return envelope.failure(str(error), self._now())
        except ClientGone:
            raise
        except Exception:
            log.exception("transaction failed, reference %s", envelope.reference)
            if profile.on_internal_error == "open" and infno in AUDITS:
                return envelope.success({"result": None if profile.result_as_object else []}, self._now())
            return envelope.failure(f"系统内部错误，编号 {envelope.reference}，请联系管理员", self._now())

    async def _dispatch(self, call: Call) -> bytes:
        if call.infno in AUDITS:
            return await self._audit(call)
        if call.infno == FEEDBACK:
            return await self._feedback(call)
        raise Undecodable(f"不支持的交易编号“{call.infno[:10]}”，本服务支持 3101、3102、3103")

    def _envelope(self, profile: Profile, opened: Opened | Message | None) -> Envelope:
        area = opened.mdtrtarea_admvs if opened is not None else None
        return Envelope(profile, area if isinstance(area, str) else "", self._now(), next(self._serial))

    def _cors(self, scope: Scope) -> list[Header]:
        origin = header(scope, b"origin")
        if not origin or not ({origin, "*"} & self._profiles.origins):
            return []
        wanted = header(scope, b"access-control-request-headers") or "content-type"
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-methods", b"POST, OPTIONS"),
            (b"access-control-allow-headers", wanted.encode("latin-1")),
            (b"access-control-max-age", b"600"),
            (b"vary", b"Origin"),
        ]


def _asked_ms(scope: Scope) -> int | None:
    try:
        return asked_ms(scope)
    except Problem:
        raise Undecodable("请求头 X-Deadline-Ms 应为毫秒数，不小于 10 的整数") from None


def _text_of(body: bytes, scope: Scope) -> tuple[bytes, str]:
    try:
        return text_of(body, header(scope, b"content-type"))
    except UnicodeDecodeError:
        raise Undecodable("报文既不是 UTF-8 也不是 GBK 编码") from None


def _open(text: bytes) -> tuple[Opened | Message, Undecodable | None]:
    """The message; or its envelope alone, with what is wrong inside. Raises Undecodable where there is no envelope."""
    try:
        try:
            return decode_message(text), None
        except msgspec.ValidationError as error:
            return decode_envelope(text), Undecodable(f"报文结构不符{_place(error)}")
    except msgspec.ValidationError as error:
        raise Undecodable(f"报文应为 JSON 对象，且各字段为单个值{_place(error)}") from None
    except RecursionError:
        raise Undecodable("报文嵌套过深") from None
    except (msgspec.DecodeError, ValueError, ArithmeticError) as error:
        raise Undecodable(f"报文不是有效的 JSON{_place(error)}") from None


def _place(error: Exception) -> str:
    """Where a decoder found the fault, as it tells it in English."""
    found = _PLACE.search(str(error))
    if found is None:
        return ""
    return f"，第 {found['byte']} 字节处有误" if found["byte"] else f"，见 {found['path'][:100]}"
