"""How uvicorn runs the service."""

from __future__ import annotations

import copy
import gc
import logging
import resource
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

from service.http.key_places import masked
from service.settings import Settings

BACKLOG = 2048
#: So long a worker may be silent before it is taken for dead; on a busy machine it takes long to start.
SILENCE_S = 60


class Written(DefaultFormatter):
    """Entries of a log, without the secret part of API keys, wherever it came from.

    No text in one can pass for another: its further lines are indented, and what is no printable sign is told
    by its number.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry of a record."""
        told = copy.copy(record)
        told.msg, told.args = _printed(record.getMessage()), None
        told.__dict__.pop("color_message", None)  # it has the arguments in it
        return masked(super().format(told))

    def formatException(self, ei: Any) -> str:  # as logging names and types it
        """Return what led to an error."""
        return _printed(super().formatException(ei))


class WrittenAccess(AccessFormatter):
    """Lines of the access log: paths without their queries, and without the secret part of API keys."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        told = copy.copy(record)
        client, method, path, *rest = told.args  # type: ignore[misc] # uvicorn's five
        told.args = (client, method, str(path).partition("?")[0], *rest)
        return masked(super().formatMessage(told))


def _printed(text: str) -> str:
    return "\n    ".join("".join(map(_sign, line)) for line in text.splitlines())


def _sign(sign: str) -> str:
    return sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1]


def log_configuration(level: str) -> dict[str, object]:
    """Return the logging configuration: uvicorn's, chiiki's own log beside it, nothing secret in either."""
    configuration = copy.deepcopy(LOGGING_CONFIG)
    for name, formatter in (("default", Written), ("access", WrittenAccess)):
        configuration["formatters"][name]["()"] = formatter
    configuration["loggers"]["chiiki"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    return configuration


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
        log_config=log_configuration(settings.log_level),
        access_log=settings.access_log,
    )
