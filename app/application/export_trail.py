"""Export the trail (导出存证) as plain files, and derive its hashes anew (核对推导哈希)."""

from collections.abc import Sequence
from pathlib import Path

from app.store.trail import TrailStore
from app.trail import verifier
from app.trail.note import read_checkpoint, read_note
from app.trail.tiles import TileWriter
from app.trail.tree import TILE_HEIGHT, TILE_WIDTH, Peaks, fold, leaf_hash

_PAGE = 4_096


async def export_trail(store: TrailStore, folder: Path, keys: Sequence[str]) -> int:
    """The entries under the latest checkpoint as C2SP tiles, with the checkpoint, the public key and the verifier.

    How many entries there are; 0, and nothing but key and verifier, where nothing was signed yet.
    """
    tiles = TileWriter(folder)
    checkpoint = await store.checkpoint()
    size = 0 if checkpoint is None else checkpoint.size
    while tiles.size < size:
        page = await store.entries(tiles.size, min(_PAGE, size - tiles.size))
        if not page:
            raise ValueError(f"entry {tiles.size} is missing, over which a checkpoint was signed")
        tiles.add(one.body for one in page)
    tiles.finish()
    if checkpoint is not None:
        (folder / "checkpoint").write_text(checkpoint.note, "utf-8")
    (folder / "key.pub").write_text(f"{keys[0]}\n" if keys else "", "ascii")
    (folder / "verifier.py").write_bytes(Path(verifier.__file__).read_bytes())
    return size


async def derived_faults(store: TrailStore) -> list[str]:
    """What of the stored hashes, nodes and roots does not follow from the entries' bytes."""
    faults: list[str] = []
    peaks, rows = Peaks(), [list[bytes]()]
    upcoming = await store.checkpoint(at_least=1)
    while page := await store.entries(peaks.size, _PAGE):
        for one in page:
            leaf = leaf_hash(one.body)
            if one.seq != peaks.size or leaf != one.leaf:
                faults.append(f"entry {one.seq}: its hash or its number does not fit")
                if one.seq != peaks.size:
                    return faults
            peaks.append(leaf)
            await _push(store, rows, 0, leaf, peaks.size, faults)
            if upcoming is not None and upcoming.size == peaks.size:
                told = read_checkpoint(read_note(upcoming.note).text)
                if peaks.root() != upcoming.root or told.root != upcoming.root:
                    faults.append(f"the checkpoint of size {upcoming.size} has another root")
                upcoming = await store.checkpoint(at_least=peaks.size + 1)
    if upcoming is not None:
        faults.append(f"a checkpoint was signed over {upcoming.size} entries, and there are {peaks.size}")
    return faults


async def _push(
    store: TrailStore, rows: list[list[bytes]], level: int, hash_: bytes, size: int, faults: list[str]
) -> None:
    rows[level].append(hash_)
    if len(rows[level]) < TILE_WIDTH:
        return
    root, rows[level] = fold(rows[level]), []
    height, number = (level + 1) * TILE_HEIGHT, (size >> ((level + 1) * TILE_HEIGHT)) - 1
    stored = await store.hashes(height, number, 1)
    if stored and stored[0] != root:
        faults.append(f"the hash {number} of height {height} does not follow from the entries")
    if level + 1 == len(rows):
        rows.append([])
    await _push(store, rows, level + 1, root, size, faults)
