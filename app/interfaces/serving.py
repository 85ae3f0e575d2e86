"""Serve the application (提供服务): where it listens, whom it believes, and what it says at its start."""

import os

import uvicorn

from app.interfaces.asgi import Application
from app.interfaces.bounded_http import BoundedHttp
from app.interfaces.draining_server import DrainingServer, ServerConfig
from app.interfaces.observe.logs import log_to_stderr as log_to_stderr
from app.interfaces.workers import Workers
from app.settings import Settings


def server_config(app: Application | str, settings: Settings, workers: int = 1) -> uvicorn.Config:
    """How the application is served. Who calls is told by the connection, or by a proxy that the settings trust.

    For several workers `app` is the name of what makes the application in each.
    """
    config = ServerConfig(
        app,
        http=BoundedHttp,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        log_config=None,  # what uvicorn says goes where all logs go
        access_log=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=75,  # longer than clients keep idle connections: who closes first must not be the service
        server_header=False,
        proxy_headers=False,  # app/interfaces/authentication/proxy.py reads them, and still sees the peer
        factory=isinstance(app, str),
        workers=workers,
    )
    config.drain_seconds = settings.drain_seconds
    return config


def _goes_to_a_journal() -> bool:
    """Whether what is printed does, as systemd tells whom it starts (systemd.exec(5), JOURNAL_STREAM)."""
    found = os.fstat(1)
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def run(config: uvicorn.Config, title: str, key: str, where: str) -> None:
    """Serve until told to stop; raises SystemExit where no worker could start.

    `where` the key is kept, for a journal: it would keep what is printed.
    """
    listener = config.bind_socket()
    base = f"http://{config.host}:{listener.getsockname()[1]}"
    print(f"{title}  {base}", flush=True)  # noqa: T201
    print(f"API documentation  {base}/docs", flush=True)  # noqa: T201
    told = where if _goes_to_a_journal() else f"Authorization: Bearer {key}"
    print(f"Key                {told}", flush=True)  # noqa: T201
    if config.workers == 1:
        DrainingServer(config).run([listener])
        return
    workers = Workers(config, listener)
    workers.run()
    if workers.has_failed:
        raise SystemExit(1)
