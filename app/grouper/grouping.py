"""The answer of a grouping scheme for one stay (分组结果), in the words that groupers use."""

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from app.grouper.trace import Trace


class GroupingStatus(StrEnum):
    GROUPED = "分组成功"
    AMBIGUOUS = "歧义病案"
    UNGROUPABLE = "无法入组"
    CHECK_FAILED = "信息校验不通过"
    DIAGNOSIS_UNTRANSLATABLE = "诊断不能转换为分组器支持的编码"
    PROCEDURE_UNTRANSLATABLE = "手术操作不能转换为分组器支持的编码"


class Grouping(Struct, frozen=True, kw_only=True):
    """`drg` is the group, or the code by which the scheme marks that there is none; `name` its name where it has one.

    `adrg_name` is the name of the rule that took the stay. `complaints` tell in Chinese why it was not grouped at all
    (CHECK_FAILED and the untranslatable codes). `trace` is there where it was asked for.
    """

    status: GroupingStatus
    mdc: str
    adrg: str
    drg: str
    name: str = ""
    adrg_name: str = ""
    complaints: tuple[str, ...] = ()
    trace: "Trace | None" = None

    @property
    def is_grouped(self) -> bool:
        return self.status is GroupingStatus.GROUPED
