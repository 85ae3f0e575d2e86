"""The words of a finding (提示语): templates that a rule writes once and that facts fill in."""

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from app.domain.line import Line
from app.domain.money import plain
from app.engine.kind import RuleKind
from app.knowledge.pack import PackError, RuleFolder

LINE_WORDS: Mapping[str, Callable[[Line, str], str]] = {  # of a line, and of the item's name in the knowledge
    "item": lambda line, known: line.item_name or line.local_item_name or known or line.name,
    "item_code": lambda line, _: line.item_code,
    "quantity": lambda line, _: plain(line.quantity),
    "service_date": lambda line, _: line.service_date.isoformat(),
}


def words_of(template: str) -> frozenset[str]:
    """The `{word}` names in a template; raises ValueError where braces do not pair or hold more than a name."""
    found = set()
    for _, name, form, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}} must be one plain word in braces")
        found.add(name)
    return frozenset(found)


def check_message(folder: RuleFolder, kind: RuleKind[Any, Any]) -> None:
    """Raise PackError for a message or remedy with a word that no finding of the kind can fill."""
    known = kind.facts | LINE_WORDS.keys() | set(kind.point.__struct_fields__)
    for name, template in (("message", folder.rule.message), ("remedy", folder.rule.remedy)):
        where = f"{folder.path / 'rule.yaml'}: {name}"
        try:
            unknown = words_of(template) - known
        except ValueError as error:
            raise PackError(f"{where}: {error}") from error
        if unknown:
            raise PackError(
                f"{where}: no finding of kind {kind.name!r} knows {', '.join(sorted(unknown))}; "
                f"it knows {', '.join(sorted(known))}"
            )
