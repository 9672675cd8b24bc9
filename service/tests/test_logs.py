from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from service.logs import Written, log_configuration

KEY = "chiiki_0123456789ab_" + "0f" * 36


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/v1/x?source=a&api%5Fkey={KEY}&b=1", "/v1/x"),
        (f"/v1/{KEY}/x?b=1", "/v1/chiiki_0123456789ab_***/x"),
        ("/v1/x", "/v1/x"),
    ],
)
def test_the_access_log_holds_paths_without_queries_and_no_key(path: str, shown: str) -> None:
    arguments = ("127.0.0.1:1", "PUT", path, "1.1", 200)
    told = '%s - "%s %s HTTP/%s" %d'
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, told, arguments, None)
    configuration: Any = log_configuration("info")["formatters"]
    options = dict(configuration["access"])
    line = options.pop("()")(**options, use_colors=False).format(record)
    assert line == f'INFO:     127.0.0.1:1 - "PUT {shown} HTTP/1.1" 200 OK'


def test_a_log_line_holds_no_key_however_it_came_there() -> None:
    formatter = Written("%(message)s")
    try:
        raise ValueError(f"no area {KEY}")
    except ValueError:
        record = logging.LogRecord("chiiki", logging.ERROR, "", 0, "at %s", (KEY,), sys.exc_info())
    line = formatter.format(record)
    assert "0f0f" not in line
    assert line.count("chiiki_0123456789ab_***") == 2


def test_no_text_in_a_log_entry_passes_for_another() -> None:
    path, formatter = "/a\nINFO: forged\r\x1b[31m\u2028100%", Written("%(message)s")
    try:
        raise ValueError("no area\nERROR: forged")
    except ValueError:
        record = logging.LogRecord("chiiki", logging.ERROR, "", 0, "at %s", (path,), sys.exc_info())
    told = formatter.format(record)
    assert told.startswith("at /a\n    INFO: forged\n    \\x1b[31m\n    100%\nTraceback")
    assert told.endswith("ValueError: no area\n    ERROR: forged")
