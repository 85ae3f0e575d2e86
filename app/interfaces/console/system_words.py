"""Words of the pages for running it (系统管理用语): what entries, states and refusals are called in Chinese."""

from datetime import timedelta, timezone

import msgspec

from app.trail.entry import Body, Kind, read_body

CHINA = timezone(timedelta(hours=8))
KIND_LABELS: dict[str, str] = {
    Kind.TRAIL_STARTED: "存证链启用",
    Kind.KEY_USED: "启用签名密钥",
    Kind.AUDIT: "审核",
    Kind.AUDIT_COMPLETED: "审核补全",
    Kind.DISPOSITION: "医生反馈",
    Kind.HISTORY_IMPORTED: "导入历史",
    Kind.LINE_WITHDRAWN: "撤销明细",
    Kind.FEED_LOADED: "载入数据",
    Kind.RULESET_STORED: "规则入库",
    Kind.RULESET_MOVED: "规则切换",
    Kind.CONFIGURED: "配置",
    Kind.DEGRADED: "降级时段",
    Kind.ERASED: "删除个人信息",
    Kind.EXPORTED: "导出",
    Kind.BACKED_UP: "备份",
    Kind.RESTORED: "恢复",
    Kind.UNMASKED: "查看明文身份",
    Kind.READ: "查看患者数据",
    Kind.SIGNED_IN: "登录",
    Kind.REVIEWED: "办理疑点",
    Kind.RIGHTS_CHANGED: "权限变更",
    Kind.KEY_CHANGED: "密钥变更",
}
DEPENDENCY_LABELS = {"database": "数据库", "redis": "Redis 缓存", "capacity": "处理能力"}
STATE_LABELS = {"unknown": "未知", "ok": "正常", "slow": "缓慢", "down": "不可用"}
BREAKER_LABELS = {"record": "审核入库", "history": "历史查询"}
CHANGED = "该记录刚被他人修改，未作任何改动；请刷新页面后重试。"
UNAVAILABLE = "数据库暂不可用，未作任何改动；请稍后重试。"


def told_details(content: bytes) -> Body | None:
    """What an entry says; None where it cannot be read."""
    try:
        return read_body(content)
    except msgspec.MsgspecError:
        return None
