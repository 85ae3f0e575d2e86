"""Known items (规则涉及的项目): items that the rules in force name, to be found by code, name or pinyin initials."""

from collections.abc import Callable
from typing import NamedTuple

from app.engine.ruleset import Ruleset
from app.store.pinyin import initials_of

_LONGEST = 60


class KnownItem(NamedTuple):
    """`code` may be the beginning of several codes, where a rule names them together."""

    code: str
    name: str
    initials: str


class KnownItems:
    """Read once for each revision of the rules, when somebody asks first."""

    def __init__(self, ruleset: Callable[[], Ruleset]) -> None:
        self._ruleset = ruleset
        self._revision, self._items = "", list[KnownItem]()

    def find(self, text: str, most: int = 20) -> list[KnownItem]:
        """Those whose code begins with the text first, then those whose name or initials hold it."""
        words = text.strip().lower()
        if not words:
            return []
        items = self._known()
        begins = [one for one in items if one.code.lower().startswith(words)]
        holds = [one for one in items if words in one.name.lower() or one.initials.startswith(words)]
        return list(dict.fromkeys([*begins, *holds]))[:most]

    def _known(self) -> list[KnownItem]:
        ruleset = self._ruleset()
        if ruleset.revision != self._revision:
            names: dict[str, str] = {}
            for head in ruleset.rules.values():
                for point in ruleset.each_point(head):
                    codes: tuple[str, ...] = getattr(point, "item_code", None) or ()
                    if point.item_name and len(codes) == 1 and len(point.item_name) <= _LONGEST:
                        names.setdefault(codes[0].rstrip("*"), point.item_name)
            found = [KnownItem(code, name, initials_of(name)) for code, name in sorted(names.items()) if code]
            self._revision, self._items = ruleset.revision, found
        return self._items
