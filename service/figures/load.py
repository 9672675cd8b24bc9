"""Rows of figures into the database: all of them or none, the same rows twice change nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, insert, select, text
from sqlalchemy import Row as SqlRow

from geo.areas.lineage import absent
from geo.areas.reach import Author
from geo.codes import BLOCS, NATION
from geo.errors import Finding, InvalidFile, InvalidParameter, InvalidRows, NotFound
from geo.figures.accounts import read_accounts
from geo.figures.estat import Answer, Selection, read_estat
from geo.figures.indicators import Indicator, from_json, items, prefectural
from geo.figures.layouts import Find, Line, read_by_layout
from geo.figures.observations import Row, checked_rows, read_long_csv, read_long_json, read_long_xlsx
from geo.figures.ssdse import is_ssdse, read_ssdse, read_ssdse_workbook
from geo.files.archives import text_of
from geo.files.saving import SAVE_AS_WORKBOOK, refuse_old_workbook
from geo.files.workbooks import first_row
from geo.periods import EXPECTED, PeriodKind, is_of
from service.db.database import Transactions
from service.db.tables import area, area_change, audit, figure_change, indicator, source
from service.figures.forms import Loaded, TableLoaded
from service.figures.vectors import changes_of, take_turn, write_vectors
from service.memory import revisions


@dataclass(frozen=True)
class Figures:
    """Rows that share a source and the date of the boundaries their area codes belong to."""

    rows: Sequence[Row]
    source: str
    boundary_date: dt.date


_STAGE = text(
    """
    create temp table staged (
        indicator text, period text, area_code text, value float8, status text, raw text,
        boundary_date date, source text
    ) on commit drop
    """
)
_COUNTS = text(
    """
    select s.indicator, s.period, count(*) as rows,
           count(*) filter (where o.indicator is null) as added,
           count(*) filter (where o.indicator is not null
               and (o.value, o.status) is distinct from (s.value, s.status)) as changed,
           count(*) filter (where o.value is not null and s.value is null) as withdrawn,
           not exists (
               select from observation e where e.indicator = s.indicator and e.period = s.period
           ) as is_first,
           array_agg(distinct s.source) as sources,
           bool_or((o.value, o.status, o.source, o.boundary_date)
               is distinct from (s.value, s.status, s.source, s.boundary_date)) as touched
    from staged s left join observation o using (indicator, period, area_code)
    group by 1, 2 order by 1, 2
    """
)
_UPSERT = text(
    """
    insert into observation (indicator, period, area_code, value, status, raw, boundary_date, source)
    select indicator, period, area_code, value, status, nullif(raw, ''), boundary_date, source from staged
    on conflict (indicator, period, area_code) do update
    set value = excluded.value, status = excluded.status, raw = excluded.raw,
        boundary_date = excluded.boundary_date, source = excluded.source
    where (observation.value, observation.status, observation.source, observation.boundary_date)
          is distinct from (excluded.value, excluded.status, excluded.source, excluded.boundary_date)
    """
)

#: What is about to be replaced; that there was no figure, where there were others of its period already.
_SUPERSEDE = text(
    """
    insert into superseded (indicator, period, area_code, until, value, status, raw, boundary_date, source)
    select s.indicator, s.period, s.area_code, :at, o.value, coalesce(o.status, 'not_loaded'), o.raw,
           o.boundary_date, o.source
    from staged s left join observation o using (indicator, period, area_code)
    where (o.value, o.status) is distinct from (s.value, s.status)
      and (s.indicator, s.period) in (
          select * from unnest(cast(:indicators as text[]), cast(:periods as text[]))
      )
    """
)

#: Now, or just after the last change where the clock went back since: what came later has a later time.
_AFTER_ALL = text(
    """
    select greatest(
        clock_timestamp(), (select max(at) + interval '1 microsecond' from figure_change)
    )
    """
)


def load_observations(
    conn: Connection, figures: Iterable[Figures], *, actor: str, subject: str, dry_run: bool = False
) -> Loaded:
    """Load figures in the caller's transaction; return how many were added and changed.

    A figure that stands in the database and not in the rows stays. What follows from the figures is written
    with them, and the serving processes are told when the transaction commits.
    """
    conn.execute(_STAGE)
    with conn.connection.cursor().copy("copy staged from stdin") as copy:
        for part in figures:
            for r in part.rows:
                copy.write_row(
                    (
                        r.indicator,
                        r.period,
                        r.area_code,
                        r.value,
                        r.status,
                        r.raw,
                        part.boundary_date,
                        part.source,
                    )
                )
    return _load_staged(conn, actor, subject, dry_run=dry_run)


class Load(Protocol):
    """What becomes of figures that were read: ``load_observations``, or what holds them until a moment."""

    def __call__(
        self,
        conn: Connection,
        figures: Iterable[Figures],
        /,
        *,
        actor: str,
        subject: str,
        dry_run: bool = False,
    ) -> Loaded:
        """Do it in the caller's transaction."""
        ...


def load_csv(
    conn: Connection, columns: Sequence[str], rows: Iterable[bytes], *, actor: str, subject: str
) -> Loaded:
    """Load figures as ``load_observations`` does, from CSV in parts, with the columns of a staged figure."""
    conn.execute(_STAGE)
    with conn.connection.cursor().copy(f"copy staged ({', '.join(columns)}) from stdin (format csv)") as copy:
        for part in rows:
            copy.write(part)
    return _load_staged(conn, actor, subject, dry_run=False)


def _load_staged(conn: Connection, actor: str, subject: str, *, dry_run: bool) -> Loaded:
    conn.execute(text("analyze staged"))
    if not dry_run:
        take_turn(conn)  # what another load writes meanwhile is what this one supersedes
    counts = conn.execute(_COUNTS).all()
    _refuse_other_kinds(conn, {(row.indicator, row.period) for row in counts})
    touched: dict[str, list[str]] = {}
    for row in counts:
        if row.touched:
            touched.setdefault(row.indicator, []).append(row.period)
    report: Loaded = {
        "rows": sum(row.rows for row in counts),
        "added": sum(row.added for row in counts),
        "changed": sum(row.changed for row in counts),
        "indicators": list(touched),
        "dry_run": dry_run,
    }
    if not dry_run and touched:
        _keep_revisions(conn, counts)
        conn.execute(_UPSERT)
        write_vectors(conn, touched)
        revisions.changed(conn, *map(revisions.indicator, touched))
        conn.execute(insert(audit).values(actor=actor, action="load figures", subject=subject, detail=report))
    conn.execute(text("drop table staged"))
    return report


def _refuse_other_kinds(conn: Connection, figures: Collection[tuple[str, str]]) -> None:
    """Refuse figures whose period is not of the kind of their indicator, whichever reader they are from."""
    kinds = kinds_of_periods(conn)
    findings = [
        Finding(name, "period", period, EXPECTED[kinds[name]])
        for name, period in sorted(figures)
        if name in kinds and not is_of(period, kinds[name])
    ]
    if findings:
        raise InvalidRows("Figures have periods of another kind than their indicator", findings)


def _keep_revisions(conn: Connection, counts: Sequence[SqlRow[Any]]) -> None:
    """Keep what the staged figures are about to replace, and that they do."""
    at = conn.scalar(_AFTER_ALL)
    again = [(row.indicator, row.period) for row in counts if not row.is_first]
    indicators, periods = [name for name, _ in again], [period for _, period in again]
    conn.execute(_SUPERSEDE, {"at": at, "indicators": indicators, "periods": periods})
    by_indicator: dict[str, list[SqlRow[Any]]] = {}
    for row in counts:
        if row.added or row.changed:
            by_indicator.setdefault(row.indicator, []).append(row)
    changes = [
        {
            "at": at,
            "indicator": name,
            "periods": [row.period for row in rows],
            "first_periods": [row.period for row in rows if row.is_first],
            "added": sum(row.added for row in rows),
            "changed": sum(row.changed for row in rows),
            "withdrawn": sum(row.withdrawn for row in rows),
            "sources": sorted({source for row in rows for source in row.sources}),
        }
        for name, rows in by_indicator.items()
    ]
    if changes:
        conn.execute(insert(figure_change), changes)


def kinds_of_periods(conn: Connection) -> dict[str, PeriodKind]:
    """Return of which kind the periods of each indicator are."""
    asked = select(indicator.c.id, indicator.c.definition["period_kind"].astext)
    return {row.id: row[1] for row in conn.execute(asked)}


def observed_indicators(conn: Connection) -> dict[str, Indicator]:
    """Return the indicators that figures may be loaded for: the observed ones."""
    rows = conn.execute(select(indicator.c.id, indicator.c.definition)).all()
    found = {row.id: from_json(row.definition) for row in rows}
    return {name: one for name, one in found.items() if not one.numerator}


def known_codes(conn: Connection) -> frozenset[str]:
    """Return every area code of a vintage or of a municipal change, the metropolitan blocs and the nation."""
    codes = set(conn.execute(select(area.c.code).distinct()).scalars())
    for column in (area_change.c.from_code, area_change.c.to_code):
        codes |= set(conn.execute(select(column).distinct()).scalars())
    return frozenset(codes | {NATION, *BLOCS})


def _source_of(conn: Connection, wanted: str) -> str:
    existing = list(conn.execute(select(source.c.id).order_by(source.c.id)).scalars())
    if wanted not in existing:
        listed = ", ".join(existing)
        finding = Finding("parameter", "source", wanted, f"one of {listed}")
        raise NotFound(f"No source is called {wanted[:80]!r}; there are: {listed}", [finding])
    return wanted


def _date_of(written: str) -> dt.date:
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        finding = Finding("parameter", "boundary_date", written, "a date such as 2020-10-01")
        raise InvalidParameter("boundary_date is no date", [finding]) from None


def _checked(
    conn: Connection,
    table: list[tuple[int, dict[str, str]]],
    allowed: Mapping[str, Indicator],
    source: str,
    boundary_date: str,
) -> Figures:
    """Return the rows of a table in the long form; wrong ones refuse it."""
    date = _date_of(boundary_date)
    existing = known_codes(conn) - absent(date, changes_of(conn))
    rows = checked_rows(
        table,
        {name: one.period_kind for name, one in allowed.items()},
        existing.__contains__,
        f"{date} に存在した地域のコード / the code of an area that existed on {date}",
    )
    return Figures(rows, _source_of(conn, source), date)


def put_observations(
    transactions: Transactions,
    body: bytes,
    media_type: str,
    one: Indicator,
    *,
    source: str,
    boundary_date: str,
    by: Author,
    load: Load = load_observations,
) -> TableLoaded:
    """Load the body of a PUT for one indicator, in a transaction of its own.

    Raises
    ------
    OutOfReach : the indicator, or an area of the body, is not the author's to change
    """
    by.reach.refuse_indicator(one.id)
    if one.numerator:
        raise InvalidParameter(f"{one.id} is computed from {one.numerator}; load figures of those")
    table = read_long_json(body) if media_type == "application/json" else read_long_csv(body)
    with transactions.begin() as conn:
        part = _checked(conn, table, {one.id: one}, source, boundary_date)
        by.reach.refuse_beyond(("area_code", code) for code in sorted({row.area_code for row in part.rows}))
        report = load(conn, [part], actor=by.name, subject=one.id)
    return {**report, "duplicates": len(table) - len(part.rows)}


def ingest_file(
    conn: Connection,
    path: Path,
    *,
    source: str,
    boundary_date: str,
    actor: str,
    dry_run: bool = False,
    load: Load = load_observations,
) -> Mapping[str, object]:
    """Load a file in the caller's transaction.

    It is in the long form (.csv, .json, .xlsx), an SSDSE file as published (.csv, .xlsx), or an answer of the
    e-Stat API about the System of Social and Demographic Statistics (.json); what it holds tells which.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".json", ".xlsx"):
        refuse_old_workbook(path.read_bytes(), path.name)
        finding = Finding("file", "name", path.name, f".csv, .json, .xlsx: {SAVE_AS_WORKBOOK}")
        raise InvalidFile(f"{path.name} is no table of figures by its name", [finding])
    allowed = observed_indicators(conn)
    data = b"" if suffix == ".xlsx" else path.read_bytes()
    if answer := _published(path, suffix, data, allowed):
        date = _date_of(boundary_date)
        part = Figures(_existing(conn, answer.rows, date), _source_of(conn, source), date)
        report = load(conn, [part], actor=actor, subject=path.name, dry_run=dry_run)
        return {**report, "part": answer.part} if answer.part else report
    if suffix == ".xlsx":
        table = read_long_xlsx(path)
    else:
        table = read_long_json(data) if suffix == ".json" else read_long_csv(data)
    part = _checked(conn, table, allowed, source, boundary_date)
    report = load(conn, [part], actor=actor, subject=path.name, dry_run=dry_run)
    return {**report, "duplicates": len(table) - len(part.rows)}


def ingest_accounts(
    conn: Connection,
    path: Path,
    indicator_id: str,
    *,
    source: str,
    boundary_date: str,
    actor: str,
    dry_run: bool = False,
    load: Load = load_observations,
) -> Mapping[str, object]:
    """Load a workbook of the prefectural accounts (総括表) as figures of one indicator.

    The file does not say which base year it has: the indicator does. Its 47 figures must add up to the
    published sum where the indicator can be summed.
    """
    allowed = observed_indicators(conn)
    if indicator_id not in allowed:
        raise NotFound(f"No observed indicator is called {indicator_id[:80]!r}; see /v1/indicators")
    one = allowed[indicator_id]
    found = read_accounts(path, indicator_id, additive=one.aggregation == "sum")
    named = [one.name_ja.partition("（")[0], *(word for word in ("名目", "実質") if word in one.name_ja)]
    if not all(word in found.title for word in named):
        finding = Finding("sheet", "title", found.title, f"a table of {' '.join(named)}")
        raise InvalidFile(f"{path.name} holds another table than {indicator_id}", [finding])
    part = Figures(found.rows, _source_of(conn, source), _date_of(boundary_date))
    report = load(conn, [part], actor=actor, subject=path.name, dry_run=dry_run)
    return {"title": found.title, "unit": found.unit, **report}


def ingest_table(
    conn: Connection,
    path: Path,
    layout: Sequence[tuple[int, Line]],
    find: Find,
    *,
    actor: str,
    dry_run: bool = False,
    load: Load = load_observations,
) -> Mapping[str, object]:
    """Load the figures of a published table whose columns a layout tells, in the caller's transaction.

    Parameters
    ----------
    layout : its lines; those of other files are left out
    find : tells the code of an area by prefecture, name and day
    """
    lines = [(at, line) for at, line in layout if line.file == path.name]
    if not lines:
        listed = ", ".join(sorted({line.file for _, line in layout}))
        raise InvalidFile(
            f"No line of the layout is about {path.name}", [Finding("layout", "file", path.name, listed)]
        )
    allowed, sources = observed_indicators(conn), set(conn.execute(select(source.c.id)).scalars())
    findings = [
        Finding(f"line {at}", field, told, expected)
        for at, line in lines
        for field, told, among, expected in (
            ("indicator", line.indicator, allowed, "the id of an observed indicator, see /v1/indicators"),
            ("source", line.source, sources, "the id of a source, see /v1/sources"),
        )
        if told not in among
    ]
    if findings:
        raise InvalidRows(f"The layout has {len(findings)} faults", findings)
    parts = read_by_layout(*text_of(path), lines, find)
    figures = [
        Figures(_existing(conn, part.rows, part.boundary_date), part.source, part.boundary_date)
        for part in parts
    ]
    return load(conn, figures, actor=actor, subject=path.name, dry_run=dry_run)


def _published(path: Path, suffix: str, data: bytes, allowed: Mapping[str, Indicator]) -> Answer | None:
    """Return the figures of a file in a publisher's own form that the catalogue has an item code for."""
    if suffix == ".csv" and b"SSDSE" in data.partition(b"\n")[0]:
        answer = Answer(read_ssdse(data, items(allowed), prefectural(allowed)))
    elif suffix == ".xlsx" and is_ssdse(first_row(path)):
        answer = Answer(read_ssdse_workbook(path, items(allowed), prefectural(allowed)))
    elif suffix == ".json" and b'"GET_STATS_DATA"' in data[:1_000]:
        with_code = [one for one in allowed.values() if one.code]
        selections = [Selection(one.id, {"cat01": one.code}, kind=one.period_kind) for one in with_code]
        answer = read_estat(data, selections)
    else:
        return None
    if not answer.rows:
        finding = Finding("file", "cat01", "", "the item code of an indicator in the catalogue")
        raise InvalidFile("The file has no figure of an indicator in the catalogue", [finding])
    return answer


def _existing(conn: Connection, rows: list[Row], date: dt.date) -> list[Row]:
    """Return the rows; refuse them all when an area did not exist on the date."""
    known = known_codes(conn) - absent(date, changes_of(conn))
    expected = f"{date} に存在した地域のコード / the code of an area that existed on {date}"
    lines = {row.area_code: row.line for row in rows if row.area_code not in known}
    if lines:
        findings = [Finding(f"line {line}", "area_code", code, expected) for code, line in lines.items()]
        raise InvalidRows(f"{len(findings)} areas are unknown; nothing was loaded", findings)
    return rows
