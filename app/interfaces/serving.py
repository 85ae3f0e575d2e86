"""Serve the application (提供服务): where it listens, whom it believes, and what it says at its start."""

import logging

import uvicorn

from app.interfaces.asgi import Application
from app.interfaces.workers import Workers
from app.settings import Settings


def server_config(app: Application | str, settings: Settings, workers: int = 1) -> uvicorn.Config:
    """How the application is served. Who calls is told by the connection, or by a proxy that the settings trust.

    For several workers `app` is the name of what makes the application in each.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        factory=isinstance(app, str),
        workers=workers,
    )


def run(config: uvicorn.Config, title: str, key: str) -> None:
    """Serve until told to stop; raises SystemExit where no worker could start."""
    listener = config.bind_socket()
    base = f"http://{config.host}:{listener.getsockname()[1]}"
    print(f"{title}  {base}", flush=True)  # noqa: T201
    print(f"API documentation  {base}/docs", flush=True)  # noqa: T201
    print(f"Key                Authorization: Bearer {key}", flush=True)  # noqa: T201
    if config.workers == 1:
        uvicorn.Server(config).run([listener])
        return
    workers = Workers(config, listener)
    workers.run()
    if workers.has_failed:
        raise SystemExit(1)


def log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
