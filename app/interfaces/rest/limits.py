"""The limits of a data scope as REST tells them (数据范围): by level, the sorted codes, or null for no limit."""

from app.domain.access import Scope

LEVELS = ("facilities", "campuses", "departments")


def limits_of(scope: Scope) -> dict[str, list[str] | None]:
    levels = {name: getattr(scope, name) for name in LEVELS}
    return {name: None if codes is None else sorted(codes) for name, codes in levels.items()}
