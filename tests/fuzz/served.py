"""The whole service for a fuzzer (被测服务): in this process; what it would only log, it raises."""

import json
import logging
import math
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from app.domain.work import Work
from app.interfaces.admission import USUAL, Admission
from app.interfaces.errors import MEDIA_TYPE
from app.interfaces.rate_limits import RateLimits
from app.interfaces.waiting import Line
from tests.interfaces.nhsa.caller import ROOT, Answer, Caller
from tests.service import check_problem

HEADERS = {"authorization": "Bearer key", "content-type": "application/json"}


class Loud(logging.Handler):
    """An interface answers a failure inside and logs its cause; here the cause is what is looked for."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            raise record.exc_info[1]


_running = ExitStack()


@cache
def caller() -> Caller:
    """One service for the process, with all rules of the repository; it keeps nothing of earlier requests."""
    folder = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="mingjian-fuzz-")))
    started = Caller(folder, rules=ROOT / "rules", keep_history=False, cds_silence_hours=0)
    never_refuse(started.app)
    return _running.enter_context(started)


def never_refuse(app: Any) -> None:
    """Between two calls nothing runs here, which looks to the service as though it had no time for either. And one
    caller asks more than is anybody's share.
    """
    while not isinstance(app, Admission):
        app = app.behind
    app._lines = {work: Line(limits._replace(lag=math.inf)) for work, limits in USUAL.items()}
    app._rates = RateLimits(dict.fromkeys(Work, 1e9))


def stop() -> None:
    _running.close()
    caller.cache_clear()


def ask(path: str, body: bytes, content_type: str = "application/json") -> Answer:
    """The answer, which is a good one or a refusal of the caller's fault."""
    log, loud = logging.getLogger("mingjian"), Loud()
    service = caller()
    log.addHandler(loud)
    try:
        answer = service.call("POST", path, body, {**HEADERS, "content-type": content_type})
    finally:
        log.removeHandler(loud)
    assert answer.status in (200, 400, 404, 409, 412, 413, 415, 422), (answer.status, answer.body[:500])
    assert b'"internal_error"' not in answer.body, answer.body[:2000]  # a rule that broke
    if answer.headers["content-type"] == MEDIA_TYPE:
        check_problem(json.loads(answer.body), answer.status)
    return answer
