"""How uvicorn runs the service."""

from __future__ import annotations

import gc
import resource

import uvicorn

from service.operations.logs import log_configuration
from service.settings import Settings

BACKLOG = 2048
#: So long a worker may be silent before it is taken for dead; on a busy machine it takes long to start.
SILENCE_S = 60


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal says stop; running requests may finish."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each connection takes one
    gc.disable()  # until the application has started: what a start makes stays
    uvicorn.run(
        "service.app:app",
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="service.http.connections:Connection",
        ws="none",
        lifespan="on",
        backlog=BACKLOG,
        timeout_worker_healthcheck=SILENCE_S,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.graceful_s,
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_level=settings.log_level,
        log_config=log_configuration(settings.log_level, settings.log_format),
        access_log=False,  # the front door knows more of an answer (service.http.front_door)
    )
