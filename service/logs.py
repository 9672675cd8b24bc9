"""What is written down while the service runs: no secret, and no text that passes for another entry."""

from __future__ import annotations

import copy
import logging
from typing import Any

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import AccessFormatter, DefaultFormatter

from service.http.key_places import masked


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
