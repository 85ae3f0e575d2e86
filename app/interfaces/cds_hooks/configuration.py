"""Configuration (调用配置): what a client asked for with this call; options that are not known here are ignored."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.interfaces.cds_hooks.topics import COVERAGE, NAMES
from app.interfaces.errors import Problem

VERSIONS = ("2.0", "2.1", "2.2")  # of CRD
_OFF_BY_DEFAULT = {"encounter-discharge": frozenset({COVERAGE})}  # its orders were signed long ago


class Configuration(NamedTuple):
    """`off` are the topics that the client does not want; `is_strict`: CRD 2.1 and later, which forbid to say again
    what an order carries already, and know of answers that could not be given.
    """

    off: frozenset[str]
    most_cards: int | None
    is_strict: bool

    def wants(self, topic: str) -> bool:
        return topic not in self.off


def read_configuration(extension: dict[str, Any], hook: str) -> Configuration:
    """Raises Problem (422) for a version of CRD that is not spoken here."""
    options = extension.get("davinci-crd.configuration")
    chosen = options if isinstance(options, dict) else {}
    off = set(_OFF_BY_DEFAULT.get(hook, ()))
    for topic in NAMES:
        if chosen.get(topic) is False:
            off.add(topic)
        elif chosen.get(topic) is True:
            off.discard(topic)
    return Configuration(frozenset(off), _most(chosen.get("max-cards")), _is_strict(extension))


def _most(asked: Any) -> int | None:
    """None where the client leaves it to the service."""
    return None if isinstance(asked, bool) or not isinstance(asked, int) or asked < 0 else asked


def _is_strict(extension: dict[str, Any]) -> bool:
    asked = extension.get("davinci-crd.requestedVersion")
    if not isinstance(asked, str) or not asked.strip():
        return False
    version = ".".join(asked.strip().split(".")[:2])
    if version not in VERSIONS:
        told = f"CRD {asked[:20]} is not spoken here; send one of {', '.join(VERSIONS)}, or leave the extension out"
        raise Problem(422, "unsupported-version", "The requested version is not supported", told)
    return version != "2.0"


def options_for(topics: Sequence[str], hook: str, most_cards: int) -> list[dict[str, Any]]:
    """The options as discovery tells them, with what holds where a client says nothing."""
    off = _OFF_BY_DEFAULT.get(hook, frozenset())
    found: list[dict[str, Any]] = [
        {
            "code": topic,
            "type": "boolean",
            "name": NAMES[topic][0],
            "description": NAMES[topic][1],
            "default": topic not in off,
        }
        for topic in (COVERAGE, *topics)
    ]
    described = "一次最多返回几张卡片，最要紧的在前"
    most = {"code": "max-cards", "type": "integer", "name": "卡片数上限", "description": described}
    return [*found, {**most, "default": most_cards}]
