"""Routes (路由模板): which operation a request asks for, in words that hold nothing that the caller chose."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_DOCUMENTS = ("/docs", "/redoc", "/openapi.json", "/static-offline-docs")
_HEALTH = ("/healthz", "/readyz", "/metrics")


class Route(NamedTuple):
    """`template` is the path as the table of operations writes it; `interface` is what the metrics call it."""

    method: str
    template: str
    interface: str


class Routes:
    def __init__(self, operations: Iterable[str], bases: Iterable[str], interfaces: Mapping[str, str]) -> None:
        """`operations`: "METHOD /path/{id}". `bases` serve whatever lies below them. `interfaces`: their names by the
        beginning of the path, the first that fits.
        """
        self._interfaces = tuple(interfaces.items())
        self._known: dict[tuple[str, str], Route] = {}
        self._templates: list[tuple[list[str], str]] = []
        for told in operations:
            method, _, path = told.partition(" ")
            if "{" not in path:
                self._known[method, path] = Route(method, path, self._interface(path))
            elif (parts := path.split("/"), path) not in self._templates:
                self._templates.append((parts, path))
        self._paths = {path for _, path in self._known}
        self._bases = tuple(bases)

    def of(self, method: str, path: str) -> Route:
        """By the path that is served; what is not served at all has the template `unknown`."""
        known = self._known.get((method, path))
        if known is not None:
            return known
        named = method if method in _METHODS else "OTHER"
        template = self._template(path)
        return Route(named, template, "other" if template == "unknown" else self._interface(template))

    def _template(self, path: str) -> str:
        if path in self._paths:
            return path
        for base in self._bases:
            if path == base or path.startswith(base + "/"):
                return base if path == base else base + "/…"
        parts = path.split("/")
        for wanted, template in self._templates:
            if len(wanted) == len(parts) and all(
                [have == want if want[:1] != "{" else bool(have) for have, want in zip(parts, wanted, strict=True)]
            ):
                return template
        return "unknown"

    def _interface(self, path: str) -> str:
        for start, name in self._interfaces:
            if path == start or path.startswith(start + "/"):
                return name
        if path in _HEALTH:
            return "health"
        if path.startswith(_DOCUMENTS):
            return "docs"
        return "bulk" if path.endswith("/bulk") else "rest"
