"""Answers of the e-Stat API 3.0, ``getStatsData`` as JSON.

In this form one element is an object and several are a list; attributes begin with ``@`` and text is ``$``.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

from geo.codes import area_code
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidRows
from geo.figures.observations import EXPECTED_NUMBER, Row, distinct, number

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: An answer holds at most 100,000 values, some 12 MB.
MAX_BYTES = 256 << 20

_TIME = re.compile(r"(18|19|20|21)[0-9]{2}([0-9]{6})?")


def _listed(value: Json) -> list[dict[str, Json]]:
    """Return one element or several as a list."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _inside(value: Json, *path: str) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def read_estat(
    data: bytes, chosen: Mapping[str, Mapping[str, str]], *, skip_areas: Sequence[str] = ()
) -> list[Row]:
    """Return the figures of a ``getStatsData`` answer.

    Parameters
    ----------
    data : JSON, also gzipped
    chosen : indicator id → the classification codes that select it, ``{"cat01": "0"}``
    skip_areas : area codes of the table that are no areas (metropolitan areas)

    Raises
    ------
    InvalidFile : no answer of the API, or one that reports an error
    InvalidRows : every value that is no number and no known symbol
    """
    try:
        document: Json = orjson.loads(_unpacked(data))
    except json.JSONDecodeError as error:
        raise InvalidFile(f"No JSON: {error}") from error
    result = _inside(document, "GET_STATS_DATA", "RESULT")
    status = _inside(result, "STATUS")
    if status is None:
        raise InvalidFile("No answer of getStatsData: GET_STATS_DATA.RESULT.STATUS is missing")
    if str(status) not in ("0", "1"):
        raise InvalidFile(f"e-Stat answered status {status}: {_inside(result, 'ERROR_MSG')}")
    values = _listed(_inside(document, "GET_STATS_DATA", "STATISTICAL_DATA", "DATA_INF", "VALUE"))
    rows: list[Row] = []
    findings: list[Finding] = []
    for place, entry in enumerate(values, 1):
        for indicator, selection in chosen.items():
            if all(str(entry.get(f"@{key}")) == code for key, code in selection.items()):
                row = _row(indicator, entry, place, skip_areas, findings)
                rows += [row] if row else []
    rows = distinct(rows, findings)
    if findings:
        raise InvalidRows(f"{len(findings)} faults in an e-Stat answer", findings)
    return rows


def _unpacked(data: bytes) -> bytes:
    """Return the text of an answer, gzipped or not, up to ``MAX_BYTES``."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.open(io.BytesIO(data)) as opened:
            text = opened.read(MAX_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise InvalidFile(f"The gzip file is broken: {error}") from error
    if len(text) > MAX_BYTES:
        raise InvalidFile(f"The answer unpacks to more than {MAX_BYTES >> 20} MiB")
    return text


def _row(
    indicator: str, entry: Mapping[str, Json], place: int, skip_areas: Sequence[str], findings: list[Finding]
) -> Row | None:
    written = str(entry.get("@area", ""))
    if written in skip_areas:
        return None
    cell = str(entry.get("$", ""))
    time = str(entry.get("@time", ""))
    if not _TIME.fullmatch(time):
        findings.append(Finding(f"value {place}", "@time", time, "a time such as 2020000000"))
        return None
    try:
        code = area_code(written)
        value, status = number(cell)
    except InvalidAreaCode as error:
        findings.append(Finding(f"value {place}", "@area", written, error.findings[0].expected))
        return None
    except ValueError:
        findings.append(Finding(f"value {place}", "$", cell, EXPECTED_NUMBER))
        return None
    return Row(
        indicator,
        code,
        time[:4],
        value,
        status,
        "" if value is not None else cell,
        place,
    )
