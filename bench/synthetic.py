"""A catalogue of made-up indicators, written by COPY: as many figures as a test of growth wants.

Each indicator has the words of one that ships, a figure for every ward and every municipality without wards
in each of ten periods, some of them missing, and all that a load writes with them. Municipalities and
prefectures are sums, so the stored vectors are those that ``service.figures.vectors`` would have written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from geo.figures.indicators import Indicator, from_json, to_json
from service.areas.gazetteer import LEVELS
from service.figures.carrying import Carrying
from service.figures.values import NOT_AVAILABLE, OK
from service.figures.vectors import COLUMNS, default_breaks, write_vectors
from service.memory import revisions

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

PERIODS = tuple(str(year) for year in range(2011, 2021))
#: Tables lack figures of the same areas: six in ten of the municipal vectors that ship lack the same ones,
#: and all 626 have 17 patterns between them.
PATTERNS, COMMONEST, MISSING_SHARE = 17, 0.6, 0.01
#: Days are counted from here in PostgreSQL's binary format.
EPOCH = dt.date(2000, 1, 1)
#: Head and end of COPY's binary format: signature, flags, length of the extension; a count of -1.
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

_AREAS = text(
    """
    select code, prefecture, case kind when 'ward' then parent else code end as municipality from area
    where vintage = :date and level = :level order by position
    """
)
_FOREIGN_KEYS = text(
    """
    select conname, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = 'observation'::regclass and contype = 'f'
    """
)


@dataclass(frozen=True)
class Areas:
    """The areas of the newest boundaries of each level.

    Attributes
    ----------
    dates : level → date of its boundaries
    codes : of wards and of municipalities without wards, by position
    sizes : level → number of areas
    places : level → for each of ``codes`` the position of the area it lies in
    """

    dates: dict[str, dt.date]
    codes: tuple[str, ...]
    sizes: dict[str, int]
    places: dict[str, Ints]

    @property
    def date(self) -> dt.date:
        """Date on whose boundaries ``codes`` hold."""
        return self.dates["ward"]


@dataclass(frozen=True)
class Synthetic:
    """What was written: the indicators, the first of which takes real loads, and where its figures lie."""

    indicators: tuple[str, ...]
    areas: Areas
    source: str
    figures: int


def write_synthetic(
    conn: Connection, wanted: int, seed: int, progress: Callable[[int, int], None]
) -> Synthetic:
    """Write indicators, in the caller's transaction, until there are ``wanted`` figures; at least one.

    Parameters
    ----------
    progress : is called with the indicators that are written, and the number of all of them
    """
    areas = _areas(conn)
    before = conn.execute(text("select count(*) from observation")).scalar_one()
    count = max(1, round((wanted - before) / (len(areas.codes) * len(PERIODS))))
    source: str = conn.execute(text("select min(id) from source")).scalar_one()
    made = _indicators(conn, count)
    _copy(conn, "indicator", "id, definition", ((one.id, _json(one)) for one in made))
    drawn = np.random.default_rng(seed)
    patterns = drawn.random((PATTERNS, len(areas.codes), 1)) < MISSING_SHARE
    with _without_foreign_keys(conn):
        for done, one in enumerate(made):
            missing = patterns[min(drawn.geometric(COMMONEST), PATTERNS) - 1]
            _write(conn, one, _figures(drawn, missing), areas, source)
            progress(done + 1, count)
    names = tuple(one.id for one in made)
    revisions.changed(conn, *map(revisions.indicator, names))
    write_vectors(conn, {names[0]: None})
    return Synthetic(names, areas, source, before + count * len(areas.codes) * len(PERIODS))


def _areas(conn: Connection) -> Areas:
    newest = text("select level, max(vintage) as date from area group by level")
    dates: dict[str, dt.date] = {row.level: row.date for row in conn.execute(newest)}
    rows = {level: conn.execute(_AREAS, {"date": dates[level], "level": level}).all() for level in LEVELS}
    positions = {level: {row.code: at for at, row in enumerate(rows[level])} for level in LEVELS}
    within = {
        "prefecture": [positions["prefecture"][row.prefecture] for row in rows["ward"]],
        "municipality": [positions["municipality"][row.municipality] for row in rows["ward"]],
        "ward": list(range(len(rows["ward"]))),
    }
    return Areas(
        dates,
        tuple(row.code for row in rows["ward"]),
        {level: len(rows[level]) for level in LEVELS},
        {level: np.array(places, np.intp) for level, places in within.items()},
    )


def _indicators(conn: Connection, count: int) -> list[Indicator]:
    """Return indicators that can be summed, with the words of those that ship."""
    rows = conn.execute(text("select definition from indicator order by id")).scalars()
    shipped = [one for one in map(from_json, rows) if one.aggregation == "sum" and not one.numerator]
    return [
        replace(
            shipped[at % len(shipped)],
            id=f"growth-{at:05}",
            name_ja=f"{shipped[at % len(shipped)].name_ja} {at}",
            name_en=f"{shipped[at % len(shipped)].name_en} {at}",
            code="",
        )
        for at in range(count)
    ]


def _json(one: Indicator) -> str:
    return orjson.dumps(to_json(one)).decode()


def _figures(drawn: np.random.Generator, missing: Bools) -> Floats:
    """Return figures of areas and periods, (n, p): sizes as of towns, that drift; NaN where ``missing``."""
    first = drawn.lognormal(10, 1.5, missing.shape)
    drift = np.cumsum(drawn.normal(0, 0.02, (len(missing), len(PERIODS))), axis=1)
    return np.where(missing, np.nan, np.round(first * np.exp(drift)))


def _write(conn: Connection, one: Indicator, figures: Floats, areas: Areas, source: str) -> None:
    with conn.connection.cursor().copy(
        "copy observation (indicator, period, area_code, value, status, raw, boundary_date, source)"
        " from stdin (format binary)"
    ) as copy:
        copy.write(COPY_HEAD)
        for at, period in enumerate(PERIODS):
            for rows in _observations(one.id, period, figures[:, at], areas, source):
                copy.write(rows)
        copy.write(COPY_END)
    by_level = {level: _sums(figures, areas.places[level], areas.sizes[level]) for level in LEVELS}
    observed = [(one.id, level, period, [source]) for level in LEVELS for period in PERIODS]
    _copy(conn, "observed", "indicator, level, period, sources", observed)
    vectors = (
        row for level, values in by_level.items() for row in _vectors(one, level, values, areas, source)
    )
    _copy(conn, "vector", ", ".join(COLUMNS), vectors)
    breaks = (
        (one.id, level, areas.dates[level], *default_breaks(one, values.ravel()))
        for level, values in by_level.items()
    )
    _copy(conn, "class_breaks", "layer, level, vintage, lowest, bounds", breaks)


def _observations(name: str, period: str, values: Floats, areas: Areas, source: str) -> Iterator[bytes]:
    """Yield the rows of the figures of one period, then those of the missing ones."""
    codes, date = np.array(areas.codes, "S5"), np.array((areas.date - EPOCH).days, ">i4")
    texts = [np.array(one.encode()) for one in (name, period, "ok", "not_available", source)]
    indicator, at, ok, missing, by = texts
    known = np.isfinite(values)
    yield binary_rows((indicator, at, codes[known], values[known].astype(">f8"), ok, None, date, by))
    yield binary_rows((indicator, at, codes[~known], None, missing, None, date, by))


def binary_rows(columns: Sequence[NDArray[Any] | None]) -> bytes:
    """Return rows in the binary format of PostgreSQL's COPY.

    Parameters
    ----------
    columns : (n,) each, or one value for all rows, big-endian; texts of equal length. None is null.

    Examples
    --------
    >>> binary_rows((np.array([b"a", b"b"]), None)).hex(" ", 2)
    '0002 0000 0001 61ff ffff ff00 0200 0000 0162 ffff ffff'
    """
    kinds: list[tuple[str, Any]] = [("fields", ">i2")]
    for at, column in enumerate(columns):
        kinds.append((f"length{at}", ">i4"))
        if column is not None:
            kinds.append((f"field{at}", column.dtype))
    shapes = [column.shape for column in columns if column is not None]
    rows = np.empty(np.broadcast_shapes(*shapes), kinds)
    rows["fields"] = len(columns)
    for at, column in enumerate(columns):
        rows[f"length{at}"] = -1 if column is None else column.dtype.itemsize
        if column is not None:
            rows[f"field{at}"] = column
    return rows.tobytes()


def _sums(figures: Floats, places: Ints, n: int) -> Floats:
    """Return the sums of figures by the area they lie in, (n, p); NaN where a member is missing."""
    made = [np.bincount(places, figures[:, at], n) for at in range(figures.shape[1])]
    return np.stack(made, axis=1)


def _vectors(
    one: Indicator, level: str, values: Floats, areas: Areas, source: str
) -> Iterator[tuple[object, ...]]:
    for at, period in enumerate(PERIODS):
        column = values[:, at]
        statuses = np.where(np.isfinite(column), OK, NOT_AVAILABLE).astype(np.uint8).tobytes()
        stored = column.astype("<f8").tobytes()
        carrying = Carrying.on(areas.date, np.isfinite(column))
        yield (
            *(one.id, level, areas.dates[level], period, stored, statuses, [source]),
            *default_breaks(one, column),
            *(carrying.packed, list(carrying.dates)),
        )


def _copy(conn: Connection, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    with conn.connection.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def _without_foreign_keys(conn: Connection) -> Iterator[None]:
    """Drop the foreign keys of the figures meanwhile: checked once at the end instead of row by row."""
    dropped = conn.execute(_FOREIGN_KEYS).all()
    for row in dropped:
        conn.execute(text(f'alter table observation drop constraint "{row.conname}"'))
    yield
    for row in dropped:
        conn.execute(text(f'alter table observation add constraint "{row.conname}" {row.definition}'))
