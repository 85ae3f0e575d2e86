"""A file of the spool (暂存文件), which belongs to the process that holds its lock."""

import fcntl
import os
import secrets
import time
from hashlib import blake2b
from pathlib import Path

from app.store.spool_frames import MARKER_SIZE


class SpoolFile:
    """A file that this process holds the lock of. `size` is what is known to be on the disk; `marker` that of its
    frames, which follows from its name.
    """

    def __init__(self, path: Path, descriptor: int, size: int = 0) -> None:
        self.path, self.descriptor, self.size = path, descriptor, size
        self.marker = blake2b(path.stem.encode(), digest_size=MARKER_SIZE).digest()

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self.descriptor, length, offset)

    def write(self, content: bytes) -> None:
        """Add it durably and whole. Raises OSError, after which the file is not to be written any more."""
        try:
            view, at = memoryview(content), self.size
            while view:
                written = os.pwrite(self.descriptor, view, at)
                view, at = view[written:], at + written
            os.fdatasync(self.descriptor)
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(content)

    def remove(self) -> None:
        """Remove first, then let go of the lock, so that nobody adopts what is done."""
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        os.close(self.descriptor)


def make_file(folder: Path) -> SpoolFile:
    """A new file. It gets its name only when it is locked, so that nobody adopts it at once."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{time.time_ns():020d}-{secrets.token_hex(8)}.spool"
    born = path.with_suffix(".new")
    descriptor = os.open(born, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    born.rename(path)
    _sync_listing(folder)
    return SpoolFile(path, descriptor)


def take_file(path: Path) -> SpoolFile | None:
    """The file, where no process holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(descriptor)
        if status.st_nlink:
            return SpoolFile(path, descriptor, status.st_size)
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def write_apart(path: Path, content: bytes) -> None:
    """A file of its own, durably; what is in a spool is for nobody else's eyes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    _sync_listing(path.parent)


def _sync_listing(folder: Path) -> None:
    listing = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
