"""Shared metrics (多进程指标): several workers keep theirs in files of one folder; whichever is asked adds them up."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it when it is first imported in a process


def share_metrics(data_dir: Path) -> None:
    """Before the workers are started: an empty folder for them, and none left of services that are gone."""
    above = data_dir / "metrics"
    own = above / str(os.getpid())
    for folder in above.glob("*"):
        if folder == own or not (folder.name.isdecimal() and _is_alive(int(folder.name))):
            shutil.rmtree(folder, ignore_errors=True)
    own.mkdir(parents=True)
    os.environ[_VARIABLE] = str(own)


def exposition(registry: CollectorRegistry) -> bytes:
    """The metrics of this process, or of all workers where they share theirs, as Prometheus reads them."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        return generate_latest(registry)
    _forget_the_dead(Path(folder))
    together = CollectorRegistry()
    MultiProcessCollector(together, path=folder)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def _forget_the_dead(folder: Path) -> None:
    """How things stand with a worker that is gone; what it counted stays."""
    for file in folder.glob("gauge_live*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            with suppress(FileNotFoundError):  # another worker was asked at the same moment
                mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, but there
        return True
    return True
