"""Every rule kind (规则类型). A new module in this folder is a new kind; nothing else is edited."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from app.engine.kind import RuleKind


def _kinds() -> dict[str, RuleKind[Any, Any]]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {module.KIND.name: module.KIND for module in modules}


KINDS = _kinds()
