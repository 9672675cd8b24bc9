"""Figures that are held until a moment: nobody reads them before it, everybody after, without anybody's hand.

What is held stands in one table that the role of readers may not see, as the rows that a load stages; no
other table, number or answer knows of it. At its moment, by the clock of the database, the ordinary loader
loads it in one transaction, as if it had come then.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update
from sqlalchemy.exc import DataError, IntegrityError
from typing_extensions import TypedDict

from geo.areas.lineage import absent
from geo.areas.reach import EVERYWHERE, Author, Reach
from geo.errors import ChiikiError, Finding, InvalidFile, InvalidParameter, InvalidRows, NotFound
from service.db.database import Transactions
from service.db.tables import audit, embargo, source
from service.figures.forms import Held, Loaded
from service.figures.load import Figures, known_codes, load_csv, load_observations, observed_indicators
from service.figures.vectors import changes_of

#: Held at a time, and the size of one as it is kept.
MOST_HELD = 1_000
MOST_BYTES = 64 << 20
LONGEST = dt.timedelta(days=3 * 366)
#: What is due is published by one process at a time, so in its order.
LOCK = 0x656D6261

#: The columns of a staged figure.
COLUMNS = ("indicator", "period", "area_code", "value", "status", "raw", "boundary_date", "source")
_PART_BYTES = 1 << 20
#: A plus in an address that was not encoded arrives as a space.
_PLUS_LOST = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")
_FINDINGS_KEPT = 20

_DUE = text(
    """
    select id, actor, subject, document from embargo
    where release_at <= clock_timestamp() and id <> all(:tried) and (refused is null or :again)
    order by release_at, held_at, id limit 1 for update
    """
)
#: Seconds until something is to be published; null where nothing is, or where nothing can be written.
UNTIL_NEXT = """
    select extract(epoch from min(release_at) - clock_timestamp())::float8 from embargo
    where refused is null and not pg_is_in_recovery()
"""


class Released(TypedDict):
    """What became of held figures at their moment: loaded, or why not."""

    id: str
    loaded: Loaded | None
    refused: str | None


def release_moment(written: str) -> dt.datetime:
    """Return the moment that somebody writes, which names its zone.

    >>> release_moment("2026-12-25T08:50+09:00").isoformat()
    '2026-12-25T08:50:00+09:00'
    >>> release_moment("2026-12-25T08:50 09:00") == release_moment("2026-12-24T23:50Z")
    True

    Raises
    ------
    InvalidParameter : it is none
    """
    try:
        found = dt.datetime.fromisoformat(_PLUS_LOST.sub("+", written.strip()))
        if found.tzinfo is not None and dt.MINYEAR < found.year < dt.MAXYEAR:
            return found
    except ValueError:
        pass
    finding = Finding("parameter", "embargo", written, "a time with its zone such as 2026-12-25T08:50+09:00")
    raise InvalidParameter("embargo is no time with its zone", [finding])


# Holding


def hold_observations(
    conn: Connection,
    figures: Iterable[Figures],
    /,
    *,
    until: dt.datetime,
    actor: str,
    subject: str,
    dry_run: bool = False,
) -> Loaded:
    """Keep figures until a moment, in the caller's transaction; all that would refuse a load refuses them.

    Returns
    -------
    What a load would have added and changed now, and under ``embargo`` what is held.

    Raises
    ------
    InvalidParameter : the moment is past or too far away, or too much is held
    """
    parts = list(figures)
    _refuse_moment(conn, until)
    report = load_observations(conn, parts, actor=actor, subject=subject, dry_run=True)
    if dry_run:
        return report
    document = _document(parts)
    _refuse_too_much(conn, document)
    rows = [row for part in parts for row in part.rows]
    values = {
        "id": secrets.token_hex(6),  # no number: it would tell how many are held
        "release_at": until,
        "actor": actor,
        "subject": subject,
        "indicators": sorted({row.indicator for row in rows}),
        "periods": sorted({row.period for row in rows}),
        "areas": sorted({row.area_code for row in rows}),
        "rows": len(rows),
        "document": document,
    }
    row = conn.execute(insert(embargo).values(values).returning(*_shown())).one()
    held = _described(row)
    _record(conn, actor, "hold figures", held["id"], {**held})
    return {**report, "dry_run": False, "embargo": held}


def _refuse_moment(conn: Connection, until: dt.datetime) -> None:
    now: dt.datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    if not now < until <= now + LONGEST:
        expected = f"after {now.isoformat(timespec='seconds')}, within {LONGEST.days} days"
        finding = Finding("parameter", "embargo", until.isoformat(), expected)
        raise InvalidParameter("Figures are held until a moment that is to come", [finding])


def _refuse_too_much(conn: Connection, document: bytes) -> None:
    if len(document) > MOST_BYTES:
        found = f"{len(document) >> 20} MiB"
        finding = Finding("file", "size", found, f"at most {MOST_BYTES >> 20} MiB, compressed")
        raise InvalidFile("That is too much to be held at once; hold it in parts", [finding])
    count = conn.execute(select(func.count()).select_from(embargo)).scalar_one()
    if count >= MOST_HELD:
        raise InvalidParameter(f"{MOST_HELD:,} loads are held already; nothing was held")


def _document(parts: Iterable[Figures]) -> bytes:
    """Return rows as CSV with the columns of a staged figure, compressed."""
    made = io.BytesIO()
    with gzip.open(made, "wt", encoding="utf-8", newline="") as written:
        lines = csv.writer(written)
        for part in parts:
            of_part = (part.boundary_date.isoformat(), part.source)
            for row in part.rows:
                told = (row.indicator, row.period, row.area_code, row.value, row.status, row.raw)
                lines.writerow((*told, *of_part))
    return made.getvalue()


# What is held


def held(conn: Connection, reach: Reach = EVERYWHERE) -> list[Held]:
    """Return what is held, in the order in which it will be published; beyond the reach nothing is told."""
    query = select(*_shown()).order_by(embargo.c.release_at, embargo.c.held_at, embargo.c.id)
    return [_described(row) for row in conn.execute(query) if _is_reached(reach, row)]


def held_of(conn: Connection, indicator: str, periods: Sequence[str]) -> list[str]:
    """Return the ids of what is held of an indicator in some periods."""
    is_of_them = embargo.c.indicators.contains([indicator]) & embargo.c.periods.overlap(list(periods))
    return list(conn.scalars(select(embargo.c.id).where(is_of_them).order_by(embargo.c.id)))


def held_table(conn: Connection, name: str) -> str:
    """Return held figures as CSV with a header.

    Raises
    ------
    NotFound : nothing is held under this id
    """
    document = conn.scalar(select(embargo.c.document).where(embargo.c.id == name))
    if document is None:
        raise _unknown(name)
    return ",".join(COLUMNS) + "\r\n" + gzip.decompress(document).decode()


def cancel(conn: Connection, name: str, by: Author) -> None:
    """Take away what is held; it is never published.

    Raises
    ------
    NotFound : nothing is held under this id, or it is not the author's to change
    """
    row = conn.execute(select(*_shown()).where(embargo.c.id == name).with_for_update()).first()
    if row is None or not _is_reached(by.reach, row):
        raise _unknown(name)
    conn.execute(delete(embargo).where(embargo.c.id == name))
    _record(conn, by.name, "cancel embargo", name, {**_described(row)})


def cancel_held(transactions: Transactions, name: str, by: Author) -> None:
    """Cancel in a transaction of its own; see ``cancel``."""
    with transactions.begin() as conn:
        cancel(conn, name, by)


def _unknown(name: str) -> NotFound:
    return NotFound(f"Nothing is held under the id {name[:80]!r}")


def _shown() -> list[Any]:
    return [column for column in embargo.c if column.name != "document"]


def _described(row: Row[Any]) -> Held:
    return {
        "id": row.id,
        "release_at": row.release_at.astimezone(dt.UTC).isoformat(),
        "held_at": row.held_at.astimezone(dt.UTC).isoformat(),
        "by": row.actor,
        "subject": row.subject,
        "indicators": row.indicators,
        "periods": row.periods,
        "areas": len(row.areas),
        "rows": row.rows,
        "refused": row.refused,
    }


def _is_reached(reach: Reach, row: Row[Any]) -> bool:
    """Return whether somebody could have loaded all of it."""
    is_own = reach.indicators is None or reach.indicators.issuperset(row.indicators)
    return is_own and all(map(reach.has_area, row.areas))


# Publishing


def release_due(transactions: Transactions, *, actor: str, again: bool = False) -> list[Released]:
    """Publish all that is due, the earliest first, each in a transaction of its own.

    What can no longer be loaded stays held and says why; nothing of it is loaded. Where another process is at
    it, this one does nothing.

    Parameters
    ----------
    again : also what was refused before
    """
    told: list[Released] = []
    while True:
        with transactions.begin() as conn:
            if not conn.scalar(text("select pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}):
                return told
            given = {"tried": [one["id"] for one in told], "again": again}
            due = conn.execute(_DUE, given).first()
            if due is None:
                return told
            report = _released(conn, due, actor)
        told.append(report)


def _released(conn: Connection, due: Row[Any], actor: str) -> Released:
    try:
        with conn.begin_nested():
            _refuse_what_fits_no_more(conn, due.document)
            parts = _parts(due.document)
            loaded = load_csv(conn, COLUMNS, parts, actor=due.actor, subject=due.subject)
    except (ChiikiError, IntegrityError, DataError) as error:
        why = _reason(error)
        conn.execute(update(embargo).where(embargo.c.id == due.id).values(refused=why))
        _record(conn, actor, "refuse embargo", due.id, {"by": due.actor, "refused": why})
        return {"id": due.id, "loaded": None, "refused": why}
    conn.execute(delete(embargo).where(embargo.c.id == due.id))
    _record(conn, actor, "release embargo", due.id, {"by": due.actor, **loaded})
    return {"id": due.id, "loaded": loaded, "refused": None}


def _refuse_what_fits_no_more(conn: Connection, document: bytes) -> None:
    """Refuse rows that could not be loaded any more: they were checked against what was loaded then.

    Raises
    ------
    InvalidRows : with every indicator, source and area that there is none of any more
    """
    indicators, sources = set(), set()
    codes: dict[str, set[str]] = {}
    for indicator, _period, code, *_told, date, of_source in _lines(document):
        indicators.add(indicator)
        sources.add(of_source)
        codes.setdefault(date, set()).add(code)
    findings = [
        *_missing("indicator", indicators - observed_indicators(conn).keys(), "an observed indicator"),
        *_missing("source", sources - set(conn.scalars(select(source.c.id))), "the id of a source"),
    ]
    existing, changes = known_codes(conn), changes_of(conn)
    for date, of_date in sorted(codes.items()):
        missing = of_date - (existing - absent(dt.date.fromisoformat(date), changes))
        findings += _missing("area_code", missing, f"the code of an area that existed on {date}")
    if findings:
        raise InvalidRows(f"{len(findings)} names of what is held are unknown now", findings)


def _missing(field: str, names: Iterable[str], expected: str) -> list[Finding]:
    return [Finding("embargo", field, name, expected) for name in sorted(names)]


def _lines(document: bytes) -> Iterator[list[str]]:
    with gzip.open(io.BytesIO(document), "rt", encoding="utf-8", newline="") as written:
        yield from csv.reader(written)


def _parts(document: bytes) -> Iterator[bytes]:
    with gzip.open(io.BytesIO(document)) as written:
        while part := written.read(_PART_BYTES):
            yield part


def _reason(error: Exception) -> str:
    if isinstance(error, ChiikiError):
        named = [f"{one.field}={one.value}: {one.expected}" for one in error.findings[:_FINDINGS_KEPT]]
        return "; ".join([error.message, *named])
    return str(getattr(error, "orig", error)).strip()


def _record(conn: Connection, actor: str, action: str, subject: str, detail: dict[str, object]) -> None:
    conn.execute(insert(audit).values(actor=actor, action=action, subject=subject, detail=detail))
