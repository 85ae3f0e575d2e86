"""Tables for terminals (表格): columns that stay aligned although Chinese characters are two columns wide."""

from collections.abc import Collection, Iterator, Sequence
from unicodedata import combining, east_asian_width

_GAP = "  "


def display_width(text: str) -> int:
    """How many terminal columns the text takes."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> Iterator[str]:
    """The lines of a table. Columns named in `right` are aligned to the right; the last is never padded."""
    cells = [tuple(header), *(tuple(" ".join(cell.split()) for cell in row) for row in rows)]
    widths = [max(display_width(row[number]) for row in cells) for number in range(len(header))]
    for row in cells:
        padded = [
            _pad(cell, width, to_right=name in right) for cell, width, name in zip(row, widths, header, strict=True)
        ]
        yield _GAP.join(padded).rstrip()


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - display_width(text))
    return space + text if to_right else text + space
