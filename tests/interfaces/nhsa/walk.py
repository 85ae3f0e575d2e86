"""Finds its way through a message: its objects, patients, visits and orders; and the same in camelCase."""

from collections.abc import Iterator
from typing import Any


def camel(node: Any) -> Any:
    """Keys in camelCase, all the way down."""
    if isinstance(node, list):
        return [camel(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {}
    for name, value in node.items():
        first, *rest = name.split("_")
        found[first + "".join(word.capitalize() for word in rest)] = camel(value)
    return found


def dicts(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from dicts(one)
    elif isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from dicts(value)


def persons(message: Any) -> list[dict[str, Any]]:
    return [one for one in dicts(message) if "patn_id" in one and "gend" in one]


def visits(message: Any) -> list[dict[str, Any]]:
    return [one for one in dicts(message) if "fsi_order_dtos" in one and "adm_date" in one]


def orders(message: Any) -> list[dict[str, Any]]:
    return [one for one in dicts(message) if "rx_id" in one]
