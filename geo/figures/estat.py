"""Answers of the e-Stat API 3.0, ``getStatsData`` and ``getMetaInfo`` as JSON.

In this form one element is an object and several are a list; attributes begin with ``@`` and text is ``$``.
An answer holds at most 100,000 values; ``NEXT_KEY`` is where the next one begins. What a table writes where
it has no number stands in its ``NOTE``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import orjson

from geo.codes import area_code
from geo.errors import Finding, Findings, InvalidAreaCode, InvalidFile, InvalidRows
from geo.figures.observations import EXPECTED_NUMBER, Row, ascii_number, distinct, missing_status, number
from geo.files.archives import gunzipped
from geo.periods import EXPECTED, PARTS, Period, PeriodKind, is_of, is_period, period_of_code

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: An answer holds at most 100,000 values, some 12 MB.
MAX_BYTES = 256 << 20

DATA, META = "GET_STATS_DATA", "GET_META_INFO"
#: Where an answer tells which of a table's values it holds.
_RESULT = (DATA, "STATISTICAL_DATA", "RESULT_INF")
_COUNT = re.compile(r"[0-9]{1,12}")


def _listed(value: Json) -> list[dict[str, Json]]:
    """Return one element or several as a list."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _inside(value: Json, *path: str) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


#: What a NOTE says of its sign, and the status it stands for; the first that is found.
_MEANINGS = (
    (re.compile("秘匿|秘とく|伏せ|公表(を|し)?(差し控|ない)"), "secret"),
    (re.compile("単位未満|単位に満たない|未満"), "below_unit"),
    (re.compile("不詳|不明"), "unknown"),
    (re.compile("得られない|未調査|調査(を|対象)?(して|行って|行わ)|欠測|資料(が|の)?な"), "not_available"),
    (re.compile("皆無|該当|あり得ない|ありえない|算出できない|計算できない"), "not_applicable"),
)


@dataclass(frozen=True)
class Answer:
    """The figures of an answer; ``part`` tells which of the table's values it holds where it is not all."""

    rows: list[Row]
    part: str = ""


@dataclass(frozen=True)
class Selection:
    """Which values of a table are figures of an indicator.

    Attributes
    ----------
    codes : dimension → the code that selects, ``{"cat01": "0"}``
    area, period : the dimensions that tell area and period; ``period`` may be one itself, where none does
    skip_areas : area codes of the table that are no areas (metropolitan areas)
    kind : the kind of period of the indicator; figures of other kinds that stand beside them are left out
    is_exact : whether a calendar year is not taken for a fiscal one, nor the other way round, because the
        table tells both
    """

    indicator: str
    codes: Mapping[str, str]
    area: str = "area"
    period: str = "time"
    skip_areas: Sequence[str] = ()
    kind: PeriodKind = "calendar_year"
    is_exact: bool = False

    def among(self, times: Iterable[str]) -> Selection:
        """Return the selection as it is of a table with these time codes."""
        own = _OWN.get(self.kind, self.kind)
        return replace(self, is_exact=any(period.kind == own for period in map(_time, times) if period))

    def has_period(self, times: Iterable[str]) -> bool:
        """Return whether a period of the kind is among a table's time codes."""
        return any(is_of(period.text, self.kind) for period in map(_time, times) if period)

    def period_at(self, time: str) -> str | None:
        """Return the period that a time code tells; None for one of another kind.

        Raises
        ------
        ValueError : no time code
        """
        if is_period(self.period):
            return self.period if is_of(self.period, self.kind) else None
        period = period_of_code(time)
        if period is None or not is_of(period.text, self.kind):
            return None
        if self.kind in PARTS or not self.is_exact or period.kind == _OWN.get(self.kind, self.kind):
            return period.text
        return None


#: What a census is by its time code.
_OWN: Mapping[str, str] = {"census": "calendar_year"}
_EXPECTED_TIME = "a time code such as 2020000000, 2020100000, 2025000103 or 2025000404"


def _time(code: str) -> Period | None:
    try:
        return period_of_code(code)
    except ValueError:
        return None


@dataclass(frozen=True)
class Table:
    """What ``getMetaInfo`` tells of a table: dimension → its codes with their names."""

    id: str
    title: str
    updated: str
    dimensions: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Page:
    """One answer of several: its figures, and which of the ``total`` values it holds.

    ``following`` is where the next answer begins, None for the last.
    """

    rows: list[Row]
    first: int
    last: int
    total: int
    following: int | None


def read_estat(data: bytes, selections: Sequence[Selection]) -> Answer:
    """Return the figures of a ``getStatsData`` answer.

    Parameters
    ----------
    data : JSON, also gzipped

    Raises
    ------
    InvalidFile : no answer of the API, or one that reports an error
    InvalidRows : every value that is no number and no known symbol
    """
    document = _answered(data, DATA)
    findings = Findings()
    others: dict[str, Finding] = {}
    values = _listed(_inside(document, DATA, "STATISTICAL_DATA", "DATA_INF", "VALUE"))
    times = {
        name: {str(entry.get(f"@{name}", "")) for entry in values}
        for name in {one.period for one in selections}
    }
    selections = [one.among(times[one.period]) for one in selections]
    rows = distinct(_selected(document, selections, findings, others), findings)
    told = {row.indicator for row in rows}
    findings += [finding for name, finding in others.items() if name not in told]
    if findings:
        raise InvalidRows(f"{findings.total} faults in an e-Stat answer", findings)
    return Answer(rows, _part(document))


def read_page(data: bytes, selections: Sequence[Selection], start: int) -> Page:
    """Return one answer to a question that began at the value ``start``, whole or not at all.

    Raises
    ------
    InvalidFile : no answer of the API, one that reports an error, or one that lacks values it says it has
    InvalidRows : every value that is no number and no known symbol
    """
    document = _answered(data, DATA)
    if str(_inside(document, DATA, "RESULT", "STATUS")) == "1":
        return Page([], start, start - 1, 0, None)
    first, last, total = (_count(document, name) for name in ("FROM_NUMBER", "TO_NUMBER", "TOTAL_NUMBER"))
    following = _count(document, "NEXT_KEY") if _inside(document, *_RESULT, "NEXT_KEY") else None
    values = len(_listed(_inside(document, DATA, "STATISTICAL_DATA", "DATA_INF", "VALUE")))
    rest = None if last == total else last + 1
    if first != start or values != last - first + 1 or last > total or following != rest:
        told = f"{values} values, {first} to {last} of {total}, next {following}"
        finding = Finding(
            f"values from {start}", "RESULT_INF", told, f"all values from {start} on, as it says"
        )
        raise InvalidFile("An answer of e-Stat is broken: it lacks values", [finding])
    findings = Findings()
    rows = _selected(document, selections, findings, {}, start)
    if findings:
        raise InvalidRows(f"{findings.total} faults in an e-Stat answer", findings)
    return Page(rows, first, last, total, following)


def read_metadata(data: bytes) -> Table:
    """Return what an answer of ``getMetaInfo`` tells of a table.

    Raises
    ------
    InvalidFile : no answer of the API, or one that reports an error
    """
    inside = _inside(_answered(data, META), META, "METADATA_INF")
    about = _inside(inside, "TABLE_INF")
    title = _inside(about, "TITLE")
    dimensions = {
        str(one.get("@id", "")): {
            str(code.get("@code", "")): str(code.get("@name", "")) for code in _listed(one.get("CLASS"))
        }
        for one in _listed(_inside(inside, "CLASS_INF", "CLASS_OBJ"))
    }
    if not dimensions:
        finding = Finding("file", "CLASS_INF.CLASS_OBJ", "", "the dimensions of the table")
        raise InvalidFile("The table tells no dimensions", [finding])
    words = _inside(title, "$") if isinstance(title, dict) else title
    return Table(
        str(_inside(about, "@id") or ""),
        str(words or ""),
        str(_inside(about, "UPDATED_DATE") or ""),
        dimensions,
    )


def _answered(data: bytes, root: str) -> Json:
    """Return an answer without an error."""
    try:
        document: Json = orjson.loads(_unpacked(data))
    except json.JSONDecodeError as error:
        finding = Finding(f"line {error.lineno}", "text", str(error), f"a whole answer ({root}) as JSON")
        raise InvalidFile(f"No JSON: {error}", [finding]) from error
    result = _inside(document, root, "RESULT")
    status = _inside(result, "STATUS")
    if status is None:
        finding = Finding("file", f"{root}.RESULT.STATUS", "", "an answer of the e-Stat API")
        raise InvalidFile(f"No answer of e-Stat: {root}.RESULT.STATUS is missing", [finding])
    if str(status) not in ("0", "1"):
        finding = Finding("file", "STATUS", str(status), "0 or 1: an answer without an error")
        raise InvalidFile(f"e-Stat answered status {status}: {_inside(result, 'ERROR_MSG')}", [finding])
    return document


def _count(document: Json, name: str) -> int:
    written = str(_inside(document, *_RESULT, name) or "")
    if not _COUNT.fullmatch(written):
        raise InvalidFile(
            "An answer of e-Stat does not say which values it holds",
            [Finding("file", f"RESULT_INF.{name}", written, "a number")],
        )
    return int(written)


def _selected(
    document: Json,
    selections: Sequence[Selection],
    findings: Findings,
    others: dict[str, Finding],
    start: int = 1,
) -> list[Row]:
    """Return the rows; what is wrong goes to the findings, the first of another kind of period to others."""
    inside = _inside(document, DATA, "STATISTICAL_DATA", "DATA_INF")
    signs = _signs(_inside(inside, "NOTE"))
    rows: list[Row] = []
    for place, entry in enumerate(_listed(_inside(inside, "VALUE")), start):
        for one in selections:
            if any(str(entry.get(f"@{key}")) != code for key, code in one.codes.items()):
                continue
            if str(entry.get(f"@{one.area}", "")) in one.skip_areas:
                continue
            where, field, time = f"value {place}", f"@{one.period}", str(entry.get(f"@{one.period}", ""))
            try:
                period = one.period_at(time)
            except ValueError:
                findings.append(Finding(where, field, time, _EXPECTED_TIME))
                continue
            if period is None:
                others.setdefault(one.indicator, Finding(where, field, time, EXPECTED[one.kind]))
                continue
            row = _row(one, entry, period, place, signs, findings)
            rows += [row] if row else []
    return rows


def _part(document: Json) -> str:
    """Return which of the table's values the answer holds, and where the rest begins; empty for all."""
    first, last, total, following = (
        str(_inside(document, *_RESULT, name) or "")
        for name in ("FROM_NUMBER", "TO_NUMBER", "TOTAL_NUMBER", "NEXT_KEY")
    )
    if not following and first in ("", "1") and last == total:
        return ""
    rest = f"get the rest with startPosition={following}" if following else "the rest is in other answers"
    return f"values {first or '?'}–{last or '?'} of {total or '?'}; {rest}"


def _signs(notes: Json) -> dict[str, str]:
    """Return the signs that a table says it writes, and the status each stands for."""
    found = {}
    for note in _listed(notes):
        meaning = str(note.get("$", ""))
        sign = str(note.get("@char", "")).strip()
        statuses = (status for pattern, status in _MEANINGS if pattern.search(meaning))
        found[sign] = next(statuses, missing_status(sign) or "unknown")
    return found


def _unpacked(data: bytes) -> bytes:
    """Return the text of an answer, gzipped or not, up to ``MAX_BYTES``."""
    text = gunzipped(data, MAX_BYTES + 1, "The answer")
    if len(text) > MAX_BYTES:
        finding = Finding("file", "size", "larger", f"at most {MAX_BYTES >> 20} MiB unpacked")
        raise InvalidFile(f"The answer unpacks to more than {MAX_BYTES >> 20} MiB", [finding])
    return text


def _row(
    one: Selection,
    entry: Mapping[str, Json],
    period: str,
    place: int,
    signs: Mapping[str, str],
    findings: Findings,
) -> Row | None:
    where, written, cell = f"value {place}", str(entry.get(f"@{one.area}", "")), str(entry.get("$", ""))
    try:
        code = area_code(written)
        value, status = _figure(cell, signs)
    except InvalidAreaCode as error:
        findings.append(Finding(where, f"@{one.area}", written, error.findings[0].expected))
        return None
    except ValueError:
        findings.append(Finding(where, "$", cell, EXPECTED_NUMBER))
        return None
    return Row(one.indicator, code, period, value, status, "" if value is not None else cell, place)


def _figure(cell: str, signs: Mapping[str, str]) -> tuple[float | None, str]:
    """Return the value and status of a cell; what the table says of a sign goes before what is usual."""
    is_number = ascii_number(cell)[-1:].isdigit()
    if not is_number and (status := signs.get(cell.strip())):
        return None, status
    return number(cell)
