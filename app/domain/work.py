"""Work (请求类别): what kind of work a request asks for. Where there is no room, the last kind goes first."""

from enum import StrEnum


class Work(StrEnum):
    """From what is kept longest to what is shed first."""

    ORDERING = "ordering"  # 医生下单: somebody stands before a patient
    SETTLING = "settling"  # 结算
    RETROSPECTIVE = "retrospective"  # 事后批量: nobody waits for a single one
    DASHBOARD = "dashboard"  # 看板
    EXPORT = "export"  # 导出
