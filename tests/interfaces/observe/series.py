"""Reading metrics in tests (读取指标): as Prometheus would."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

Key = tuple[str, tuple[tuple[str, str], ...]]


def samples_of(text: str) -> Iterator[Sample]:
    for family in text_string_to_metric_families(text):
        yield from family.samples


def series_of(text: str) -> dict[Key, float]:
    """Every series, and what it stands at."""
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples_of(text)}


def total(text: str, name: str, **labels: str) -> float:
    """The sum over all series of the name that bear the labels."""
    return sum(one.value for one in samples_of(text) if one.name == name and labels.items() <= one.labels.items())


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return total(generate_latest(registry).decode(), name, **labels)
