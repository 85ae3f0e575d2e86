"""YAML in which every plain scalar is text: `001102000010000` is a code, not an octal number. Doubled keys are errors."""

from typing import Any

import yaml


class _TextLoader(yaml.CSafeLoader):
    pass


_TextLoader.yaml_implicit_resolvers = {}


def _mapping(loader: _TextLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key.value!r} stands here twice; keep one of them", key.start_mark
            )
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


_TextLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(text: bytes) -> Any:
    """Parse; raises yaml.YAMLError with line and column."""
    return yaml.load(text, _TextLoader)  # noqa: S506 - a safe loader that knows no type but text
