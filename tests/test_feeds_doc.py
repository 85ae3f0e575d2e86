"""docs/feeds.md names every feed, every column, every measure, and the kinds that read them."""

from pathlib import Path
from typing import get_args

import msgspec

from app.domain.feed import FEEDS, Measure

TEXT = (Path(__file__).parent.parent / "docs" / "feeds.md").read_text("utf-8")


def test_every_feed_has_a_row_with_all_its_columns() -> None:
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
    assert list(rows) == list(FEEDS)
    for name, shape in FEEDS.items():
        assert [one.name for one in msgspec.structs.fields(shape) if f"`{one.name}`" not in rows[name]] == []


def test_every_measure_is_named() -> None:
    assert [name for name in get_args(Measure) if f"`{name}`" not in TEXT] == []
