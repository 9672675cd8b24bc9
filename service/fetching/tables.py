"""Tables of e-Stat: read whole by a mapping, compared with what is there, loaded whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, select, text

from geo.areas.lineage import absent
from geo.errors import ChiikiError, Finding, Findings, InvalidFile, InvalidParameter, InvalidRows
from geo.figures.estat import Page, Table, read_metadata, read_page
from geo.figures.mappings import Mapped, fitted, narrowed, of_kinds, read_mapping
from geo.figures.observations import Row, distinct
from service.db.tables import source
from service.fetching import state
from service.fetching.client import Client
from service.figures.load import Figures, known_codes, load_observations, observed_indicators
from service.figures.vectors import changes_of
from service.settings import Settings
from service.terminal import Progress

#: The API gives at most so many values in one answer.
PAGE = 100_000
MOST_VALUES = 2_000_000
MOST_PAGES = 1_000
MOST_BYTES = 64 << 20

Key = tuple[str, str, str]

_STANDING = text(
    """
    select indicator, period, area_code, value from observation
    where indicator = any(:names) and period = any(:periods)
    """
)


@dataclass(frozen=True)
class Answer:
    """A whole table: what it tells of itself, its figures as it is mapped, how many values were asked for."""

    table: Table
    mapping: Sequence[Mapped]
    rows: Sequence[Row]
    total: int


@dataclass(frozen=True)
class Difference:
    """What loading an answer would do, and the figures that the table no longer has."""

    new: int
    changed: list[str]
    withdrawn: list[Key]
    values: Mapping[Key, float | None]


def mappings(folder: Path) -> dict[str, Path]:
    """Return the tables that the mappings in a folder (``estat*.csv``) name, each with its file."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("estat*.csv")):
        for one in read_mapping(path):
            if found.setdefault(one.table, path) != path:
                finding = Finding(
                    f"line {one.line}", "table", one.table, f"not in {found[one.table].name} too"
                )
                raise InvalidRows(f"{path.name} maps a table of another file", [finding])
    return found


def mapping_of(table: str, path: Path | None, folder: Path) -> list[Mapped]:
    """Return the mapping of a table: in a file, else in the one of a folder that names it."""
    chosen = path or mappings(folder).get(table)
    lines = [] if chosen is None else [one for one in read_mapping(chosen) if one.table == table]
    if not lines:
        where = chosen or folder
        finding = Finding("parameter", "STATS_DATA_ID", table, f"a table that {where} maps")
        raise InvalidParameter(f"Nothing says what the table {table[:80]!r} means: --mapping", [finding])
    return lines


def checked(conn: Connection, mapping: Sequence[Mapped]) -> list[Mapped]:
    """Return a mapping with the kinds of period of its indicators; refuse what the catalogue has not."""
    kinds = {name: one.period_kind for name, one in observed_indicators(conn).items()}
    return of_kinds(mapping, kinds, list(conn.scalars(select(source.c.id))))


def read_table(
    settings: Settings, app_id: str | None, mapping: Sequence[Mapped], progress: Progress
) -> Answer:
    """Return a table of e-Stat, whole.

    Raises
    ------
    InvalidParameter : there is no application id
    NotFetched, InvalidFile, InvalidRows : there is no whole answer that fits the mapping
    """
    key = SecretStr(app_id) if app_id else settings.estat_app_id
    if key is None or not key.get_secret_value():
        finding = Finding("parameter", "--app-id", "", "an application id, or CHIIKI_ESTAT_APP_ID")
        raise InvalidParameter("The API of e-Stat needs an application id", [finding])
    asked = {"appId": key.get_secret_value(), "lang": "J", "statsDataId": mapping[0].table}
    try:
        with Client(settings, redirects=False) as client:
            return _read(client, settings.estat_url.rstrip("/"), asked, mapping, progress)
    except ChiikiError as error:
        raise _without(error, key.get_secret_value()) from None


def _without(error: ChiikiError, key: str) -> ChiikiError:
    """Return a refusal without a key that a server repeated."""

    def masked(written: str) -> str:
        return written.replace(key, "***")

    findings = [
        Finding(masked(one.where), masked(one.field), masked(one.value), masked(one.expected))
        for one in error.findings
    ]
    return type(error)(masked(error.message), findings)


def _read(
    client: Client, url: str, asked: Mapping[str, str], mapping: Sequence[Mapped], progress: Progress
) -> Answer:
    told = client.get(f"{url}/getMetaInfo", most=MOST_BYTES, parameters=asked)
    table = read_metadata(told.body)
    mapping = fitted(mapping, table)
    rows: list[Row] = []
    chosen = {**asked, **narrowed(mapping), "metaGetFlg": "N", "cntGetFlg": "N", "replaceSpChars": "0"}
    total, pages = 0, 0
    following: int | None = 1
    while following is not None:
        place = {"startPosition": str(following), "limit": str(PAGE)}
        answer = client.get(f"{url}/getStatsData", most=MOST_BYTES, parameters={**chosen, **place})
        page, pages = _page(answer.body, mapping, following), pages + 1
        if (pages > 1 and page.total != total) or page.total > MOST_VALUES or pages > MOST_PAGES:
            expected = f"as many as before ({total:,}), at most {MOST_VALUES:,} in {MOST_PAGES:,} answers"
            finding = Finding(f"values from {following}", "TOTAL_NUMBER", str(page.total), expected)
            raise InvalidFile("The table has too many values, or changed while it was read", [finding])
        rows += page.rows
        total, following = page.total, page.following
        progress(page.last, total, f"table {table.id}")
    findings = Findings()
    rows = distinct(rows, findings)
    if findings:
        raise InvalidRows(f"{findings.total} figures of the table have two values", findings)
    return Answer(table, mapping, rows, total)


def _page(body: bytes, mapping: Sequence[Mapped], start: int) -> Page:
    try:
        return read_page(body, [one.selection for one in mapping], start)
    except InvalidFile as error:
        message = f"The answer from value {start} on: {error.message}; nothing was loaded"
        raise InvalidFile(message, error.found) from error


def load_table(
    conn: Connection, answer: Answer, *, actor: str, withdraw: bool = False, dry_run: bool = False
) -> dict[str, object]:
    """Load a table in the caller's transaction; return what changed.

    A figure that the table had the last time and has no more, or now has a symbol in place of, is withdrawn
    only where ``withdraw`` says so: then it has no value, and the one before is kept as a revision.

    Raises
    ------
    InvalidFile : the table has no figure that the mapping selects
    InvalidRows : areas that did not exist, or figures withdrawn unasked; nothing was loaded
    """
    rows = answer.rows
    if not rows:
        finding = Finding("table", "VALUE", "", "a figure that the mapping selects")
        raise InvalidFile(f"The table {answer.table.id} has no figures; nothing was loaded", [finding])
    origins = {one.selection.indicator: one for one in answer.mapping}
    _check_areas(conn, rows, origins)
    name = f"estat:{answer.table.id}"
    before = state.last(conn, name)
    difference = _difference(conn, rows, _covered(before))
    if difference.withdrawn and not withdraw and not dry_run:
        raise _withdrawn(difference)
    told = {_key(row) for row in rows}
    gone = [
        Row(indicator, code, period, None, "not_available", "", 0)
        for indicator, period, code in difference.withdrawn
        if (indicator, period, code) not in told and indicator in origins
    ]
    by_indicator: dict[str, list[Row]] = {}
    for row in [*rows, *gone]:
        by_indicator.setdefault(row.indicator, []).append(row)
    figures = [
        Figures(mine, origins[indicator].source, origins[indicator].boundary_date)
        for indicator, mine in by_indicator.items()
    ]
    loaded = load_observations(conn, figures, actor=actor, subject=name, dry_run=dry_run)
    if not dry_run:
        covered = _packed(_key(row) for row in rows)
        about = {"title": answer.table.title, "updated": answer.table.updated, "values": answer.total}
        state.keep(conn, name, {**about, "covered": covered})
    return {
        "table": f"{answer.table.id} {answer.table.title}",
        "updated": answer.table.updated,
        "values": answer.total,
        **({"values_before": before["values"]} if before else {}),
        "figures": loaded["rows"],
        "new": difference.new,
        "changed": difference.changed,
        "withdrawn": [_shown(key, difference.values.get(key)) for key in difference.withdrawn],
        "dry_run": dry_run,
    }


def _key(row: Row) -> Key:
    return row.indicator, row.period, row.area_code


def _check_areas(conn: Connection, rows: Sequence[Row], origins: Mapping[str, Mapped]) -> None:
    known, changes = known_codes(conn), changes_of(conn)
    dates = {one.boundary_date for one in origins.values()}
    existing = {date: known - absent(date, changes) for date in dates}
    lines: dict[tuple[str, dt.date], int] = {}
    for row in rows:
        date = origins[row.indicator].boundary_date
        if row.area_code not in existing[date]:
            lines.setdefault((row.area_code, date), row.line)
    findings = [
        Finding(f"value {at}", "@area", code, f"the code of an area that existed on {date}, or in skip_areas")
        for (code, date), at in lines.items()
    ]
    if findings:
        raise InvalidRows(f"{len(findings)} areas are unknown; nothing was loaded", findings)


def _difference(conn: Connection, rows: Sequence[Row], covered: set[Key]) -> Difference:
    now = {_key(row): row for row in rows}
    keys = {*now, *covered}
    asked = {"names": sorted({key[0] for key in keys}), "periods": sorted({key[1] for key in keys})}
    standing: dict[Key, float | None] = {
        (row.indicator, row.period, row.area_code): row.value for row in conn.execute(_STANDING, asked)
    }
    changed, withdrawn = [], []
    for key in sorted(keys):
        before, row = standing.get(key), now.get(key)
        if before is not None and (row is None or row.value is None):
            withdrawn.append(key)
        elif key in standing and row is not None and row.value != before:
            changed.append(f"{_shown(key, before)} → {row.value:.15g}")
    return Difference(len(now.keys() - standing.keys()), changed, withdrawn, standing)


def _shown(key: Key, value: float | None) -> str:
    name, period, code = key
    return f"{name} {period} {code}: {'no value' if value is None else format(value, '.15g')}"


def _withdrawn(difference: Difference) -> InvalidRows:
    findings = [
        Finding(
            f"{name} {period}",
            code,
            format(difference.values[name, period, code] or 0.0, ".15g"),
            "a figure in the table, or --withdraw",
        )
        for name, period, code in difference.withdrawn
    ]
    message = f"The table no longer has {len(findings)} figures that are loaded; nothing was loaded"
    return InvalidRows(message, findings)


# Which figures a table had: areas of many periods are the same, and are kept once


def _packed(keys: Iterable[Key]) -> dict[str, Any]:
    areas: dict[tuple[str, str], list[str]] = {}
    for name, period, code in sorted(keys):
        areas.setdefault((name, period), []).append(code)
    lists: dict[str, int] = {}
    told: dict[str, dict[str, int]] = {}
    for (name, period), codes in areas.items():
        told.setdefault(name, {})[period] = lists.setdefault(" ".join(codes), len(lists))
    return {"areas": list(lists), "periods": told}


def _covered(before: Mapping[str, Any]) -> set[Key]:
    covered = before.get("covered", {"areas": [], "periods": {}})
    return {
        (name, period, code)
        for name, periods in covered["periods"].items()
        for period, at in periods.items()
        for code in covered["areas"][at].split()
    }
