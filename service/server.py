"""How uvicorn runs the service."""

from __future__ import annotations

import copy
import gc
import logging
import re

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from service.settings import Settings

BACKLOG = 2048
#: So long a worker may be silent before it is taken for dead; on a busy machine it takes long to start.
SILENCE_S = 60
_KEY = re.compile(r"(?<=api_key=)[^&\s\"]+")


class KeyMask(logging.Filter):
    """Hides API keys in the addresses that the access log writes down."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record's arguments; every record passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(_KEY.sub("***", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


def log_configuration(level: str) -> dict[str, object]:
    """Return the logging configuration: uvicorn's, chiiki's own log beside it, API keys masked."""
    configuration = copy.deepcopy(LOGGING_CONFIG)
    configuration["filters"] = {"keys": {"()": KeyMask}}
    configuration["handlers"]["access"]["filters"] = ["keys"]
    configuration["loggers"]["chiiki"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    return configuration


def run(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal says stop; running requests may finish."""
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
        log_config=log_configuration(settings.log_level),
        access_log=settings.access_log,
    )
