"""What is written down while the service runs: no secret, and no text that passes for another entry.

Each entry that belongs to a request carries its id, which the answer tells as ``X-Request-Id`` and every
problem as ``request_id``. What strangers send reaches an entry escaped, and cut to a length.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import DefaultFormatter

from service.http.key_places import masked
from service.operations.traces import REQUEST_ID

Format = Literal["text", "json"]

#: Characters of an entry, and of what led to an error, whose end tells more than its beginning.
MOST_TOLD, MOST_TRACED = 4000, 20_000
#: Characters of what a stranger chooses: a path, an address that a proxy tells.
MOST_PATH, MOST_CLIENT = 500, 64

access = logging.getLogger("chiiki.access")


@dataclass(frozen=True)
class Access:
    """A request and its answer, as the access log has them.

    Attributes
    ----------
    method, path : empty where a connection was refused before they had come; the path has no query
    status : None where the client left before an answer had begun
    ms : milliseconds until all of the answer was handed over
    bytes : of its body
    """

    method: str
    path: str
    status: int | None
    ms: float
    bytes: int
    client: str


def log_access(told: Access) -> None:
    """Write a line of the access log."""
    status = "-" if told.status is None else told.status
    access.info(
        '%s - "%s %s" %s %.1f ms %d bytes',
        *(told.client, told.method, told.path, status, told.ms, told.bytes),
        extra={"access": asdict(told)},
    )


def client_of(client: tuple[str, int] | None) -> str:
    """Return who called, as the access log has them."""
    return "" if client is None else f"{client[0][:MOST_CLIENT]}:{client[1]}"


class Written(DefaultFormatter):
    """Entries of a log, without the secret part of API keys, wherever it came from.

    No text in one can pass for another: its further lines are indented, and what is no printable sign is told
    by its number.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry of a record."""
        told = copy.copy(record)
        request_id = REQUEST_ID.get()
        told.msg, told.args = _printed(_message(record)) + (f" [{request_id}]" if request_id else ""), None
        told.__dict__.pop("color_message", None)  # it has the arguments in it
        return masked(super().format(told))

    def formatException(self, ei: Any) -> str:  # as logging names and types it
        """Return what led to an error."""
        return _printed(super().formatException(ei)[-MOST_TRACED:])


class WrittenAsJson(logging.Formatter):
    """Entries as JSON objects, one a line, in ASCII, without the secret part of API keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry of a record."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if request_id := REQUEST_ID.get():
            told["request_id"] = request_id
        told |= getattr(record, "access", {})
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = self.formatException(record.exc_info)[-MOST_TRACED:]
        return masked(json.dumps(told))


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    return text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}…"


def _printed(text: str) -> str:
    return "\n    ".join("".join(map(_sign, line)) for line in text.splitlines())


def _sign(sign: str) -> str:
    return sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1]


def log_configuration(level: str, written: Format = "text") -> dict[str, object]:
    """Return the logging configuration: uvicorn's, chiiki's own logs beside it, nothing secret in either."""
    configuration = copy.deepcopy(LOGGING_CONFIG)
    for name in ("default", "access"):
        configuration["formatters"][name] = (
            {"()": WrittenAsJson}
            if written == "json"
            else {"()": Written, "fmt": "%(levelprefix)s %(message)s", "use_colors": None}
        )
    for logger, handler in (("chiiki", "default"), ("chiiki.access", "access")):
        configuration["loggers"][logger] = {
            "handlers": [handler],
            "level": "INFO" if handler == "access" else level.upper(),
            "propagate": False,
        }
    configuration["root"] = {"handlers": ["default"], "level": "WARNING"}  # what libraries have to say
    return configuration
