"""Tiles (分块导出, C2SP tlog-tiles): a log as a folder of plain files that anybody can check, copy and keep."""

from collections.abc import Iterable
from pathlib import Path

from app.trail.tree import TILE_WIDTH, fold, leaf_hash

LONGEST_ENTRY = 0xFFFF  # bytes: a bundle tells the length of an entry in two


def tile_name(number: int, width: int = TILE_WIDTH) -> str:
    """1234067 is x001/x234/067; one that is not full says how full it is."""
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [f"x{digits[at : at + 3]}" for at in range(0, len(digits), 3)]
    name = "/".join([*parts[:-1], parts[-1][1:]])
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


class TileWriter:
    """Writes entries and their hashes below a folder as they come. `finish` writes what is not full."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._bundle: list[bytes] = []
        self._rows: list[list[bytes]] = []  # hashes of the present tile of each level
        self._full: list[int] = []  # full tiles of each level
        self.size = 0

    def add(self, entries: Iterable[bytes]) -> None:
        """Raises ValueError for an entry that is too long to be bundled."""
        for entry in entries:
            if len(entry) > LONGEST_ENTRY:
                raise ValueError(f"entry {self.size} has {len(entry)} bytes; a bundle holds at most {LONGEST_ENTRY}")
            self._bundle.append(len(entry).to_bytes(2) + entry)
            self.size += 1
            if len(self._bundle) == TILE_WIDTH:
                self._write("entries", self.size // TILE_WIDTH - 1, self._bundle)
                self._bundle = []
            self._push(0, leaf_hash(entry))

    def finish(self) -> None:
        if self._bundle:
            self._write("entries", self.size // TILE_WIDTH, self._bundle)
        for level, row in enumerate(self._rows):
            if row:
                self._write(str(level), self._full[level], row)

    def _push(self, level: int, hash_: bytes) -> None:
        if level == len(self._rows):
            self._rows.append([])
            self._full.append(0)
        row = self._rows[level]
        row.append(hash_)
        if len(row) == TILE_WIDTH:
            self._write(str(level), self._full[level], row)
            self._full[level] += 1
            self._rows[level] = []
            self._push(level + 1, fold(row))

    def _write(self, kind: str, number: int, parts: list[bytes]) -> None:
        file = self._folder / "tile" / kind / tile_name(number, len(parts))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(parts))
