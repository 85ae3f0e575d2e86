"""Attach to a finding (上传附件): proof from staff or a department; its bytes, not its name, tell what it is."""

import io
import re
import secrets
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from app.domain.access import Caller, Permission
from app.domain.review_command import MOST_ATTACHMENTS, Ground, NotAllowed
from app.store.reviews import LARGEST_ATTACHMENT, Attachment, ReviewStore

_OFFICE_OPEN = "application/vnd.openxmlformats-officedocument."
_OFFICE = {
    "xl/workbook.xml": f"{_OFFICE_OPEN}spreadsheetml.sheet",
    "word/document.xml": f"{_OFFICE_OPEN}wordprocessingml.document",
}
TYPES = {  # and how the names of such files end
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    _OFFICE["xl/workbook.xml"]: ".xlsx",
    _OFFICE["word/document.xml"]: ".docx",
    "text/plain": ".txt",
}
_MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+')
_LONGEST_NAME = 100


class AttachmentDesk:
    def __init__(self, store: ReviewStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    async def attach(self, review: str, name: str, content: bytes, caller: Caller) -> Attachment:
        """Raises NotAllowed; LookupError where there is no such review for the caller; NotRecorded, Unavailable."""
        if not (caller.may(Permission.FINDING_REVIEW) or caller.may(Permission.FINDING_ANSWER)):
            raise NotAllowed(Ground.PERMISSION, "您没有上传附件的权限")
        if not content or len(content) > LARGEST_ATTACHMENT:
            raise NotAllowed(Ground.INCOMPLETE, f"附件须为1字节至{LARGEST_ATTACHMENT // 1024 // 1024}MB")
        kind = type_of(content)
        if not kind:
            raise NotAllowed(Ground.INCOMPLETE, "只接受 PDF、PNG、JPEG、xlsx、docx 和纯文本（UTF-8）文件")
        if len(await self._store.attachments(review, caller.scope)) >= MOST_ATTACHMENTS:
            raise NotAllowed(Ground.INCOMPLETE, f"每个疑点最多{MOST_ATTACHMENTS}个附件")
        made = Attachment(
            id=secrets.token_hex(16), review=review, at=self._now(), by=caller.id, type=kind, size=len(content),
            digest=sha256(content).digest(), name=file_name(name, kind),
        )  # fmt: skip
        await self._store.attach(made, content, caller.scope)
        return made


def type_of(content: bytes) -> str:
    """Blank for what is not taken."""
    for magic, kind in _MAGIC.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _office_type(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text) else "text/plain"


def _office_type(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return ""
    if any([name.lower().endswith("vbaproject.bin") for name in names]):
        return ""  # macros
    return next((kind for name, kind in _OFFICE.items() if name in names), "")


def file_name(told: str, kind: str) -> str:
    """A name without a path and without what hides its ending, which fits the type."""
    ending = TYPES[kind]
    base = _NOT_IN_NAMES.sub("_", told.replace("\\", "/").rpartition("/")[2]).strip(" .")
    same = (ending, ".jpeg") if ending == ".jpg" else (ending,)
    for one in same:
        if base.lower().endswith(one):
            base = base[: -len(one)]
    return f"{base[:_LONGEST_NAME].strip(' .') or '附件'}{ending}"
