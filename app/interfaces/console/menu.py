"""The menu (菜单): the pages of the console, each with what it needs; nobody is shown what they may not open."""

from typing import NamedTuple

from app.domain.access import Caller
from app.domain.access import Permission as P
from app.interfaces.need import Entrance, Need


class Entry(NamedTuple):
    path: str
    title: str
    icon: str  # id in static/icons.svg
    need: Need
    group: str


MENU: tuple[Entry, ...] = (
    Entry("/console", "工作台", "home", Entrance.SIGNED_IN, "审核"),
    Entry("/console/findings", "疑点列表", "list", P.FINDING_READ, "审核"),
    Entry("/console/appeals", "申诉管理", "scale", P.FINDING_READ, "审核"),
    Entry("/console/rectifications", "整改跟踪", "wrench", P.FINDING_READ, "审核"),
    Entry("/console/stays", "患者与住院", "bed", P.FINDING_READ, "审核"),
    Entry("/console/reminders", "医生提醒", "bell", P.FINDING_READ, "审核"),
    Entry("/console/dashboard", "统计看板", "chart", P.STATISTICS_READ, "分析"),
    Entry("/console/rules", "规则库", "book", P.RULE_READ, "分析"),
    Entry("/console/try", "试一试", "play", P.AUDIT_SUBMIT, "分析"),
    Entry("/console/trail", "存证与审计", "link", P.TRAIL_READ, "系统"),
    Entry("/console/accounts", "用户与权限", "users", P.SYSTEM_READ, "系统"),
    Entry("/console/keys", "接口密钥", "key", P.KEY_MANAGE, "系统"),
    Entry("/console/profiles", "接口配置", "plug", P.SYSTEM_READ, "系统"),
)


def menu_of(caller: Caller) -> list[tuple[str, list[Entry]]]:
    """What the caller may open, by group, in order."""
    groups: dict[str, list[Entry]] = {}
    for entry in MENU:
        if entry.need is Entrance.SIGNED_IN or (isinstance(entry.need, P) and caller.may(entry.need)):
            groups.setdefault(entry.group, []).append(entry)
    return list(groups.items())
