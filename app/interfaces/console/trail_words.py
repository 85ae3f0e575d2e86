"""Details of trail entries (存证条目内容) as staff read them; what has no word here is told as it stands."""

from collections.abc import Mapping
from typing import Any

from app.domain.access import ROLE_LABELS
from app.domain.labels import ANSWER_LABELS, STAGE_LABELS
from app.domain.review_labels import ACTION_LABELS, STATE_LABELS
from app.interfaces.console.menu import MENU
from app.interfaces.console.try_it import DECISION_LABELS
from app.trail.entry import Body, Kind

_LABELS = {
    "action": "操作", "attachment": "附件", "campuses": "院区", "changed": "变更项", "decision": "结论",
    "departments": "科室", "digest": "摘要", "earlier_until": "旧密钥用至", "encounters": "就诊数",
    "expires_at": "有效期至", "facilities": "机构", "facility": "机构", "fields": "身份项", "filter": "条件摘要",
    "format": "格式", "from": "自", "is_disabled": "停用", "is_known": "疑点已知", "key": "密钥", "lines": "明细数",
    "load": "批次", "move": "次序", "number": "步骤", "outcome": "结果", "own_patients": "仅本人患者",
    "patients": "患者数", "reason": "理由", "role": "角色", "roles": "角色", "rows": "行数", "ruleset": "规则库",
    "sha256": "摘要", "size": "大小", "stage": "环节", "table": "名录", "to": "至", "type": "类型", "until": "至",
    "version": "版本", "way": "方式", "what": "查看",
}  # fmt: skip
_WORDS: dict[str, Mapping[Any, str]] = {
    "outcome": {
        "success": "成功", "failure": "失败", "locked": "已锁定", "signed_out": "退出", "ended": "会话被结束",
        "ticket_issued": "签发票据",
    },
    "way": {"password": "密码", "oidc": "单点登录", "ticket": "票据"},
    "what": {"findings": "疑点"},
    "table": {"departments": "科室名录", "practitioners": "医生名录"},
    "stage": STAGE_LABELS,
    "decision": DECISION_LABELS,
    "from": STATE_LABELS,
    "to": STATE_LABELS,
    "role": {**ROLE_LABELS, "system": "系统"},
    "roles": ROLE_LABELS,
    "action": {
        **ACTION_LABELS, **ANSWER_LABELS, "created": "建立", "publish": "发布", "rollback": "回退",
    },
    "fields": {
        "name": "姓名", "identity_number": "证件号码", "patient": "患者标识", "card": "卡号", "phone": "电话",
        "address": "住址", "birth_date": "出生日期",
    },
}  # fmt: skip
_PAGES = sorted(((one.path, one.title) for one in MENU), key=lambda one: -len(one[0]))
_MORE = {"/console/stay": "住院详情"}
_LISTS = ("roles", "fields")
_TRUE = {True: "是", False: "否"}


def told_entry(body: Body) -> list[tuple[str, str]]:
    """Name and value of each detail."""
    return [(_LABELS.get(name, name), _told(body.kind, name, value)) for name, value in body.details.items()]


def _told(kind: str, name: str, value: str | int | bool | None) -> str:
    if isinstance(value, bool):
        return _TRUE[value]
    text = "—" if value is None or value == "" else str(value)
    if name == "what" and kind == Kind.READ:
        return _page(text)
    if name in _LISTS:
        return "、".join([_word(name, one) for one in text.replace(",", " ").split()])
    return _word(name, text)


def _word(name: str, value: str) -> str:
    return _WORDS.get(name, {}).get(value, value)


def _page(operation: str) -> str:
    """`GET /console/findings/{id}` as the title of its page; what is no page stays an operation."""
    path = operation.partition(" ")[2]
    if path in _MORE:
        return _MORE[path]
    found = next((title for base, title in _PAGES if path == base or path.startswith(f"{base}/")), "")
    return f"{found}（详情）" if found and "{" in path else found or operation
