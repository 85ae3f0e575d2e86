"""Logs (日志): a line of JSON or of text each, with the id of the request, and redacted."""

import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from app.interfaces.observe.failure import told
from app.interfaces.observe.redact import redact
from app.interfaces.observe.request_id import current_id

_encode = msgspec.json.Encoder().encode


def moment(at: float) -> str:
    thousandths = int(at * 1000)
    return f"{_second(thousandths // 1000)}.{thousandths % 1000:03}Z"


@lru_cache(2)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        request = current_id()
        head = f"{moment(record.created)} {record.levelname} {record.name} {f'[{request}] ' if request else ''}"
        return head + redact("\n".join([record.getMessage(), *self._failure(record)]))

    def _failure(self, record: logging.LogRecord) -> list[str]:
        error = record.exc_info[1] if record.exc_info else None
        return [] if error is None else [told(error)]


class JsonFormatter(TextFormatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": moment(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request := current_id():
            line["request_id"] = request
        if failure := self._failure(record):
            line["error"] = redact(failure[0])
        return _encode(line).decode()


def is_json(wanted: str) -> bool:
    """`wanted` is json or text; blank means text where a person looks at a terminal, and JSON elsewhere."""
    return wanted == "json" or (not wanted and not sys.stderr.isatty())


def log_to_stderr(wanted: str = "") -> None:
    """Everything that is logged, also by libraries and as warnings, in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if is_json(wanted) else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)
    for talkative in ("alembic", "httpx", "opentelemetry"):  # httpx logs whole addresses
        logging.getLogger(talkative).setLevel(logging.WARNING)
