"""Disposition (处理方式): what the doctor or clerk did about a finding."""

from enum import StrEnum

from msgspec import Struct


class Action(StrEnum):
    PROCEED = "proceed"  # 继续执行, with a reason
    REVISE = "revise"  # 返回修改
    EXCEPTED = "excepted"  # an exception of the area or the hospital applies


class Disposition(Struct, frozen=True, kw_only=True):
    finding: str
    action: Action
    reason: str = ""
    practitioner: str = ""
