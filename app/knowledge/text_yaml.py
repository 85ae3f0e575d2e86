"""YAML in which every plain scalar is text: `001102000010000` is a code, not an octal number. No key stands twice."""

from typing import Any

import yaml
from yaml.constructor import ConstructorError

_PLAIN_TAGS = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}


class _Loader(yaml.CSafeLoader):
    """Only parses: `_value` makes the rest, in a third of the time that a constructor takes."""

    def resolve(self, kind: type[yaml.Node], _value: str | None, _implicit: Any) -> str:
        """The tag of what has none: a plain scalar is text, whatever it looks like."""
        return _PLAIN_TAGS[kind]


def read_yaml(text: bytes) -> Any:
    """Parse; raises yaml.YAMLError with line and column."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    finally:
        loader.dispose()
    return None if node is None else _value(node, {})


def _value(node: yaml.Node, made: dict[yaml.Node, Any]) -> Any:
    """What a node says. `made` holds the lists and mappings read so far, for aliases; None where one is still open."""
    if node.tag != _PLAIN_TAGS[type(node)]:
        raise ConstructorError(None, None, f"the tag {node.tag!r} is not known; take it out", node.start_mark)
    if type(node) is yaml.ScalarNode:
        return node.value
    if node not in made:
        made[node] = None
        is_list = type(node) is yaml.SequenceNode
        made[node] = [_value(item, made) for item in node.value] if is_list else _mapping(node, made)
    elif made[node] is None:
        raise ConstructorError(None, None, "an alias stands inside what it names", node.start_mark)
    return made[node]


def _mapping(node: yaml.Node, made: dict[yaml.Node, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = _value(key, made)
        if type(name) is not str:
            raise ConstructorError(None, None, "a key must be plain text", key.start_mark)
        if name in found:
            raise ConstructorError(None, None, f"the key {name!r} stands here twice; keep one of them", key.start_mark)
        found[name] = _value(value, made)
    return found
