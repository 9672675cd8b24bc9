"""Rows of a list of deployments, checked: what each cell says, and every fault with what was expected."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import shapely

from geo.areas.names import AreaNames, Place, listed
from geo.eras import fiscal_year
from geo.errors import Finding, Findings, InvalidAreaCode, InvalidFile, InvalidRows, UnmatchedName
from geo.strategy.deployment_codes import Code, codes_of, written_codes
from geo.strategy.deployments import (
    COLUMNS,
    CONFIDENCES,
    EXTENT,
    HEADER_ALIASES,
    MAX_TEXT,
    MAX_VERTICES,
    NO_BODY,
    ROLES,
    STATUSES,
    DatedStatus,
    DeployedArea,
    Deployment,
    OwnTarget,
)
from geo.text import has_control


@dataclass(frozen=True)
class Entry:
    """One row of a list: where it stood, its cells by column name, and its own geometry if it has one."""

    where: str
    cells: Mapping[str, str]
    geometry: shapely.Geometry | None = None


@dataclass(frozen=True)
class Context:
    """What the rows of a list are checked against.

    Attributes
    ----------
    measure : id, name or alias of a measure → its id, None where there is none
    measure_ids : every id, for what a fault tells
    names : a date → the areas of that date
    reference_date : of rows that name none
    today : the day of the import
    fate : a code or name, and a date → what became of it by then, in words; empty where it is none of before
    """

    measure: Callable[[str], str | None]
    measure_ids: tuple[str, ...]
    names: Callable[[dt.date], AreaNames]
    reference_date: dt.date
    today: dt.date
    fate: Callable[[str, dt.date], str] = lambda _written, _date: ""


_BY_LABEL = {column.name_ja: name for name, column in COLUMNS.items()} | HEADER_ALIASES


def column_named(header: str) -> str:
    """Return the column that a header cell names, in Japanese or by its id; itself where it names none."""
    return _BY_LABEL.get(header.strip(), header.strip())


def canonical_header(names: Iterable[str], where: str = "line 1") -> list[str]:
    """Return the columns that header cells name; ``where`` is what a refusal calls their place.

    Raises
    ------
    InvalidFile : a column that does not exist, one twice, or a required one missing
    """
    found = [column_named(name) for name in names]
    unknown = [name for name in found if name not in COLUMNS]
    missing = lacking_columns(found)
    twice = sorted(name for name, times in Counter(found).items() if times > 1)
    if unknown or missing or twice:
        expected = f"見出しは / the columns are: {', '.join(COLUMNS)}"
        faults = [("unknown", unknown), ("missing", missing), ("twice", twice)]
        findings = [
            Finding(where, name or "(blank)", what, expected) for what, names in faults for name in names
        ]
        raise InvalidFile("見出しの列が違います / the header has other columns", findings[:40])
    return found


def lacking_columns(found: Collection[str]) -> list[str]:
    """Return the columns that every deployment has and these lack."""
    missing = [name for name in ("measure_id", "status", "source_title", "source_url") if name not in found]
    return missing if {"areas", "area_codes"} & set(found) else [*missing, "areas"]


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_DATE = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?:[ T]00:00:00)?")
_URL = re.compile(r"https?://[^\s/]+\S*")


def _number(text: str) -> float:
    """Return a finite number; thousands may be parted by commas."""
    value = float(text.replace(",", ""))
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number")
    return value


class _Row:
    """One row while it is checked: what is read from it, and what is wrong with it."""

    def __init__(
        self, entry: Entry, context: Context, findings: Findings, codes: Sequence[Code] = ()
    ) -> None:
        self.entry = entry
        self.context = context
        self.findings = findings
        self.codes = codes

    def cell(self, name: str) -> str:
        return self.entry.cells.get(name, "").strip()

    def refuse(self, name: str, expected: str, value: str | None = None) -> None:
        told = self.cell(name) if value is None else value
        self.findings.append(Finding(self.entry.where, name, told, expected))

    def text(self, name: str) -> str:
        text = self.cell(name)
        if len(text) > MAX_TEXT or "\r" in text:
            self.refuse(name, f"{MAX_TEXT} 文字までの文字列 / a text of at most {MAX_TEXT} characters")
        return text

    def required(self, name: str) -> str:
        text = self.text(name)
        if not text:
            self.refuse(name, f"空にできません（{COLUMNS[name].meaning_ja}） / not empty")
        return text

    def choice(self, name: str, labels: Mapping[str, str], default: str = "") -> str:
        """Return an id that stands there by itself or by its Japanese label."""
        text = self.cell(name) or default
        by_label = {label: key for key, label in labels.items()}
        found = by_label.get(text, text.lower())
        if found not in labels:
            told = ", ".join(f"{key}（{label}）" for key, label in labels.items())
            self.refuse(name, f"次のどれか / one of: {told}")
        return found

    def year(self, name: str) -> int | None:
        if not self.cell(name):
            return None
        try:
            return fiscal_year(self.cell(name))
        except ValueError:
            self.refuse(name, "年度（2024、令和6年度） / a fiscal year such as 2024 or 令和6年度")
            return None

    def yen(self, name: str) -> int | None:
        text = self.cell(name).replace(",", "").replace("円", "")
        if not text:
            return None
        if not re.fullmatch(r"\d{1,15}", text):
            self.refuse(name, "円単位の整数（39000000） / whole yen such as 39000000")
            return None
        return int(text)

    def partial_date(self, name: str, text: str) -> str:
        """Return YYYY, YYYY-MM or YYYY-MM-DD."""
        found = _DATE.fullmatch(text)
        try:
            if found is None:
                raise ValueError(text)
            year, month, day = (int(part) if part else None for part in found.groups())
            dt.date(year or 0, month or 1, day or 1)
        except ValueError:
            self.refuse(name, "YYYY、YYYY-MM、YYYY-MM-DD / a date such as 2024-06-21", text)
            return ""
        return "-".join(part.zfill(2) for part in found.groups() if part)

    def date(self, name: str, default: dt.date) -> dt.date:
        text = self.cell(name)
        if not text:
            return default
        found = self.partial_date(name, text)
        if found and len(found) != 10:
            self.refuse(name, "YYYY-MM-DD / a date such as 2024-06-21")
            return default
        return dt.date.fromisoformat(found) if found else default

    def measures(self) -> tuple[str, ...]:
        items = [item.strip() for item in re.split(r"[;；\n]", self.required("measure_id")) if item.strip()]
        found = [(item, self.context.measure(item)) for item in items]
        for item, name in found:
            if name is None:
                told = ", ".join(self.context.measure_ids)
                self.refuse(
                    "measure_id", f"施策のID・名称・別名 / id, name or alias of a measure: {told}", item
                )
        return tuple(dict.fromkeys(name for _, name in found if name is not None))

    def statuses(self) -> tuple[DatedStatus, ...]:
        found = []
        for item in filter(None, map(str.strip, re.split(r"[;；\n]", self.cell("statuses")))):
            status, _, since = item.partition(" ")
            date = self.partial_date("statuses", since.strip())
            if status not in STATUSES:
                self.refuse("statuses", f"次のどれか / one of: {', '.join(STATUSES)}", status)
            elif date:
                found.append(DatedStatus(status, date))
        if [one.since for one in found] != sorted(one.since for one in found):
            self.refuse("statuses", "古い順 / the oldest first")
        return tuple(found)

    def targets(self) -> tuple[OwnTarget, ...]:
        found = []
        for item in filter(None, map(str.strip, re.split(r"[;；\n]", self.cell("kpis")))):
            parts = [part.strip() for part in item.split("|")]
            try:
                name, unit, baseline, target, year = parts
                found.append(
                    OwnTarget(
                        name,
                        unit,
                        _number(baseline) if baseline else None,
                        _number(target) if target else None,
                        fiscal_year(year) if year else None,
                    )
                )
            except ValueError:
                expected = "名称|単位|基準値|目標値|目標年度 / name|unit|baseline|target|fiscal year"
                self.refuse("kpis", expected, item)
        return tuple(found)

    def areas(self, date: dt.date) -> tuple[DeployedArea, ...]:
        names = self.context.names(date)
        written = listed(self.cell("areas"))
        codes = written_codes(self.entry.cells)
        if not written and not codes:
            self.refuse("areas", "市区町村か都道府県の名称またはコード / names or codes of areas")
            return ()
        if codes and written and len(codes) != len(written):
            self.refuse(
                "area_codes",
                f"地域と同じ {len(written)} 個 / {len(written)} codes, one for each area",
                f"{len(codes)}",
            )
            return ()
        places = self._by_code(codes, written, names, date) if codes else self._by_name(names, date)
        return tuple(
            DeployedArea(place.code if place.code != NO_BODY else None, role, place.written, place.part)
            for place, role in zip(places, self._roles(places), strict=False)
        )

    def _expected(self, told: str, written: str, date: dt.date) -> str:
        """Return what was expected, with what became of a code or name of the past."""
        fate = self.context.fate(written, date)
        return f"{told}; {fate}" if fate else told

    def _by_name(self, names: AreaNames, date: dt.date) -> list[Place]:
        found: list[Place] = []
        for item, place in names.places(self.cell("areas")):
            if isinstance(place, UnmatchedName):
                self.refuse("areas", self._expected(place.findings[0].expected, item, date), item)
            else:
                found.append(place)
        return found

    def _by_code(self, codes: list[str], written: list[str], names: AreaNames, date: dt.date) -> list[Place]:
        found: list[Place] = []
        for position, (text, code) in enumerate(zip(codes, self.codes, strict=True)):
            name = written[position] if written else ""
            part = name.partition("(")[2].rstrip(")")
            if text == NO_BODY and name:
                found.append(Place(NO_BODY, name, part))
            elif isinstance(code, InvalidAreaCode):
                self.refuse("area_codes", self._expected(code.findings[0].expected, text, date), text)
            elif code not in names.names:
                told = f"{date} に存在するコード / a code of an area that existed on {date}"
                self.refuse("area_codes", self._expected(told, code, date), text)
            else:
                found.append(Place(code, name or names.names[code][0], part))
        return found

    def _roles(self, places: list[Place]) -> list[str]:
        given = [part.strip() for part in re.split(r"[;；、,]", self.cell("roles")) if part.strip()]
        if not given:
            lead = "lead" if len(places) == 1 else "member"
            return ["part" if place.part else lead for place in places]
        if len(given) != len(places):
            expected = f"地域と同じ {len(places)} 個 / {len(places)} roles, one for each area"
            self.refuse("roles", expected)
        for role in given:
            if role not in ROLES:
                self.refuse("roles", f"次のどれか / one of: {', '.join(ROLES)}", role)
        return given

    def geometry(self) -> str:
        """Return the row's own geometry as GeoJSON text, or nothing."""
        if self.entry.geometry is None or shapely.is_empty(self.entry.geometry):
            return ""
        shape = shapely.force_2d(self.entry.geometry)
        expected = ""
        west, south, east, north = shapely.bounds(shape).tolist()
        if shapely.get_num_coordinates(shape) > MAX_VERTICES:
            expected = f"{MAX_VERTICES} 点まで / at most {MAX_VERTICES} vertices"
        elif not (EXTENT[0] <= west <= east <= EXTENT[2] and EXTENT[1] <= south <= north <= EXTENT[3]):
            expected = "日本の範囲の経度・緯度 / longitude and latitude in Japan"
        elif not shapely.is_valid(shape):
            expected = f"正しい図形 / a valid geometry: {shapely.is_valid_reason(shape)}"
        if expected:
            self.refuse("geometry", expected, shapely.to_wkt(shape)[:80])
            return ""
        return str(shapely.to_geojson(shapely.set_precision(shape, 1e-7, mode="pointwise")))


def _checked(entry: Entry, context: Context, findings: Findings, codes: Sequence[Code]) -> Deployment | None:
    before = findings.total
    row = _Row(entry, context, findings, codes)
    for name, cell in entry.cells.items():
        if has_control(cell):
            row.refuse(name, "制御文字のない文字列 / a text without control characters")
    reference = row.date("reference_date", context.reference_date)
    measures, areas = row.measures(), row.areas(reference)
    status = row.choice("status", {name: one.ja for name, one in STATUSES.items()})
    statuses = row.statuses()
    if statuses and status in STATUSES and statuses[-1].status != status:
        row.refuse("status", f"履歴の最後と同じ / the last of statuses: {statuses[-1].status}")
    start, end = row.year("fy_start"), row.year("fy_end")
    if start is not None and end is not None and end < start:
        row.refuse("fy_end", f"開始年度 {start} 以後 / not before fy_start {start}")
    cost, grant = row.yen("project_cost_yen"), row.yen("national_grant_yen")
    if cost is not None and grant is not None and grant > cost:
        row.refuse("national_grant_yen", f"事業費 {cost} 以下 / not above project_cost_yen {cost}")
    url = row.required("source_url")
    if url and not _URL.fullmatch(url):
        row.refuse("source_url", "http:// か https:// の URL / an address with http:// or https://")
    published = row.partial_date("published_on", row.cell("published_on")) if row.cell("published_on") else ""
    texts = {name: row.text(name) for name in ("programme", "title_ja", "title_en", "grant_type", "note")}
    made = Deployment(
        id=row.cell("deployment_id"),
        measures=measures,
        areas=areas,
        reference_date=reference,
        status=status,
        statuses=statuses,
        fy_start=start,
        fy_end=end,
        project_cost_yen=cost,
        national_grant_yen=grant,
        kpis=row.targets(),
        applicant_or_operator=row.text("applicant_or_operator"),
        source_title=row.required("source_title"),
        source_url=url,
        published_on=published,
        retrieved_on=row.date("retrieved_on", context.today),
        confidence=row.choice("confidence", {name: ja for name, (ja, _) in CONFIDENCES.items()}),
        geometry=row.geometry(),
        **texts,
    )
    if made.id and not _ID.fullmatch(made.id):
        row.refuse("deployment_id", "英数字と . _ -、80 文字まで / letters, digits, . _ - (at most 80)")
    return made if findings.total == before else None


def generated_id(made: Deployment) -> str:
    """Return an id made from what a deployment is, so that the same list again names the same ones."""
    places = [area.code or area.name for area in made.areas]
    parts = [*made.measures, made.programme, made.title_ja, *places, str(made.fy_start), made.source_url]
    return "dep-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def checked_deployments(entries: Iterable[Entry], context: Context) -> list[Deployment]:
    """Return the deployments of a list.

    Raises
    ------
    InvalidRows : the faults with line, column, value and what was expected
    InvalidFile : no rows
    """
    findings = Findings()
    faulty = 0
    first: dict[str, str] = {}
    found = []
    rows = [*entries]
    dates = [
        _Row(entry, context, Findings()).date("reference_date", context.reference_date) for entry in rows
    ]
    cells = [entry.cells for entry in rows]
    codes = codes_of([*zip(cells, dates, strict=True)], context.names)
    for entry, listed_codes in zip(rows, codes, strict=True):
        before = findings.total
        made = _checked(entry, context, findings, listed_codes)
        named = entry.cells.get("deployment_id", "").strip()
        if made is not None and not named:
            named = generated_id(made)
            made = replace(made, id=named)
        if named and first.setdefault(named, entry.where) != entry.where:
            where = first[named]
            expected = f"{where} と同じ事業です。どちらかを削除 / {where} is the same; leave one of them out"
            findings.append(Finding(entry.where, "deployment_id", named, expected))
        if made is not None:
            found.append(made)
        faulty += findings.total > before
    if findings:
        raise InvalidRows(
            f"{len(rows)} 行のうち {faulty} 行に {findings.total} 件の誤り。何も取り込んでいません / "
            f"{findings.total} faults in {faulty} of {len(rows)} rows; nothing was loaded",
            findings,
        )
    if not found:
        finding = Finding("file", "rows", "0", "1 行以上 / at least one row")
        raise InvalidFile("データの行がありません / the list has no rows", [finding])
    return found
