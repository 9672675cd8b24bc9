from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from service.operations.logs import (
    MOST_TOLD,
    MOST_TRACED,
    Access,
    Format,
    Written,
    WrittenAsJson,
    access,
    client_of,
    log_access,
    log_configuration,
)
from service.operations.traces import REQUEST_ID

KEY = "chiiki_0123456789ab_" + "0f" * 36
ID = "4bf92f3577b34da6a3ce929d0e0e4736"
ASKED = Access("PUT", f"/v1/{KEY}/x", 200, 3.1, 1234, "192.0.2.1:5000")


@pytest.fixture
def request_id() -> Iterator[str]:
    token = REQUEST_ID.set(ID)
    yield ID
    REQUEST_ID.reset(token)


def formatter(written: Format, name: str = "default") -> logging.Formatter:
    configuration: Any = log_configuration("info", written)["formatters"]
    options = dict(configuration[name])
    kind: type[logging.Formatter] = options.pop("()")
    return kind(**{**options, "use_colors": False} if written == "text" else options)


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord(
        "chiiki", logging.ERROR, "", 0, message, arguments, sys.exc_info() if error else None
    )


@pytest.mark.parametrize("written", ["text", "json"])
def test_a_line_of_the_access_log_tells_who_asked_for_what_and_what_came(
    written: Format, caplog: pytest.LogCaptureFixture, request_id: str
) -> None:
    with caplog.at_level(logging.INFO, "chiiki.access"):
        access.addHandler(caplog.handler)
        log_access(ASKED)
        access.removeHandler(caplog.handler)
    line = formatter(written, "access").format(caplog.records[0])
    path = "/v1/chiiki_0123456789ab_***/x"
    if written == "text":
        assert line == f'INFO:     192.0.2.1:5000 - "PUT {path}" 200 3.1 ms 1234 bytes [{ID}]'
    else:
        told = json.loads(line)
        assert told.pop("time").endswith("Z")
        assert told.pop("message") == f'192.0.2.1:5000 - "PUT {path}" 200 3.1 ms 1234 bytes'
        assert told == {
            **{"level": "info", "logger": "chiiki.access", "request_id": ID, "method": "PUT", "path": path},
            **{"status": 200, "ms": 3.1, "bytes": 1234, "client": "192.0.2.1:5000"},
        }


@pytest.mark.parametrize("written", ["text", "json"])
def test_an_entry_holds_no_key_however_it_came_there(written: Format) -> None:
    try:
        raise ValueError(f"no area {KEY}")
    except ValueError:
        line = formatter(written).format(record("at %s", KEY, error=True))
    assert "0f0f" not in line
    assert line.count("chiiki_0123456789ab_***") == 2


def test_no_text_in_a_log_entry_passes_for_another() -> None:
    path = "/a\nINFO: forged\r\x1b[31m\u2028100%"
    try:
        raise ValueError("no area\nERROR: forged")
    except ValueError:
        told = Written("%(message)s").format(record("at %s", path, error=True))
    assert told.startswith("at /a\n    INFO: forged\n    \\x1b[31m\n    100%\nTraceback")
    assert told.endswith("ValueError: no area\n    ERROR: forged")


@pytest.mark.parametrize("text", ['"}\n{"level": "info"', "\r\x1b[31m\u2028\x00", "\ud800 a half", "💮 全国"])
def test_an_entry_as_json_is_one_line_of_ascii_whatever_is_in_it(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError:
        line = WrittenAsJson().format(record("at %s", text, error=True))
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert told["message"] == f"at {text}"
    assert told["exception"].endswith(f"ValueError: {text}")
    assert set(told) == {"time", "level", "logger", "message", "exception"}


@pytest.mark.parametrize("written", ["text", "json"])
def test_an_entry_has_a_length_at_most(written: Format) -> None:
    try:
        raise ValueError("x" * 1_000_000)
    except ValueError:
        line = formatter(written).format(record("at %s", "y" * 1_000_000, error=True))
    assert len(line) < MOST_TOLD + MOST_TRACED + 200
    assert len(client_of(("z" * 1000, 1))) < 80


@pytest.mark.parametrize("written", ["text", "json"])
def test_an_entry_of_no_request_has_no_id(written: Format) -> None:
    line = formatter(written).format(record("it began"))
    assert line == "ERROR:    it began" if written == "text" else "request_id" not in json.loads(line)


def test_what_libraries_say_is_written_in_the_same_way() -> None:
    configuration: Any = log_configuration("info", "json")
    assert configuration["root"]["handlers"] == ["default"]
    assert {one["()"] for one in configuration["formatters"].values()} == {WrittenAsJson}
