"""Answers of the e-Stat API 3.0, ``getStatsData`` as JSON.

In this form one element is an object and several are a list; attributes begin with ``@`` and text is ``$``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

from geo.codes import area_code
from geo.errors import Finding, InvalidAreaCode, InvalidFile, InvalidRows
from geo.observations import EXPECTED_NUMBER, Row, number

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: Areas of e-Stat tables that are no area here: the nation's parts and metropolitan areas.
NATION = "00000"


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
        document = orjson.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (json.JSONDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InvalidFile(f"No JSON: {error}") from error
    result = _inside(document, "GET_STATS_DATA", "RESULT")
    status = _inside(result, "STATUS")
    if status is None:
        raise InvalidFile("No answer of getStatsData: GET_STATS_DATA.RESULT.STATUS is missing")
    if int(str(status)) > 1:
        raise InvalidFile(f"e-Stat answered status {status}: {_inside(result, 'ERROR_MSG')}")
    values = _listed(_inside(document, "GET_STATS_DATA", "STATISTICAL_DATA", "DATA_INF", "VALUE"))
    rows: list[Row] = []
    findings: list[Finding] = []
    for place, entry in enumerate(values, 1):
        for indicator, selection in chosen.items():
            if all(str(entry.get(f"@{key}")) == code for key, code in selection.items()):
                row = _row(indicator, entry, place, skip_areas, findings)
                rows += [row] if row else []
    if findings:
        raise InvalidRows(f"{len(findings)} faults in an e-Stat answer", findings)
    return rows


def _row(
    indicator: str, entry: Mapping[str, Json], place: int, skip_areas: Sequence[str], findings: list[Finding]
) -> Row | None:
    written = str(entry.get("@area", ""))
    if written in skip_areas:
        return None
    cell = str(entry.get("$", ""))
    try:
        code = area_code(written)
        value, status = number(cell)
    except InvalidAreaCode as error:
        findings.append(Finding(f"value {place}", "@area", written[:80], error.findings[0].expected))
        return None
    except ValueError:
        findings.append(Finding(f"value {place}", "$", cell[:80], EXPECTED_NUMBER))
        return None
    return Row(
        indicator,
        code,
        str(entry.get("@time", ""))[:4],
        value,
        status,
        "" if value is not None else cell,
        place,
    )
