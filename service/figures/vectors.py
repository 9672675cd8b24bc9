"""Values in area order, and class breaks, written when figures or boundaries come in.

The values of one (layer, level, vintage, period) are one row; a request reads it by its key. Whoever changes
figures, boundaries, municipal changes or definitions writes the rows that follow from it in the same
transaction, so a reader sees the old figures with their old vectors or the new ones with the new.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Connection, bindparam, delete, select, text

from geo.areas.carrying import NOTHING
from geo.areas.events import Event
from geo.areas.events import changes_of as events_between
from geo.areas.history import History, Share, Spell
from geo.areas.lineage import Change
from geo.codes import WARD_CITY
from geo.errors import UnclassifiableValues
from geo.figures import indicators
from geo.figures.indicators import Indicator, from_json
from geo.layers import classify, palettes
from service.areas.gazetteer import LEVELS, Gazetteer
from service.db.tables import (
    area,
    area_change,
    area_history,
    area_share,
    class_breaks,
    indicator,
    observed,
    vector,
    vintage,
)
from service.figures.carrying import Carrying, dates_of
from service.figures.known import NOW, Known
from service.figures.values import (
    ABSENT,
    STATUSES,
    Base,
    Boundaries,
    CarriedVector,
    Columns,
    Published,
    Vector,
    columns_by_level,
    derived,
    moves_added,
    without,
)
from service.memory import revisions
from service.memory.cache import ROOT, digest_of
from service.operations.crew import Crew, Job, answers

#: The code that stored vectors and class breaks are made by.
DERIVING = (
    "geo/layers/classify.py",
    "geo/figures/indicators.py",
    "geo/areas/carrying.py",
    "geo/areas/history.py",
    "geo/areas/lineage.py",
    "geo/periods.py",
    "geo/layers/palettes.py",
    "service/figures/carrying.py",
    "service/figures/values.py",
    "service/figures/vectors.py",
)

#: Two writers must not both work out what follows from their figures without those of the other.
LOCK = 0x76656374

#: The columns of a vector that are written, and their types.
COLUMNS = {
    **{"layer": "text", "level": "text", "vintage": "date", "period": "text", '"values"': "bytea"},
    **{"statuses": "bytea", "sources": "text[]", "lowest": "float8", "bounds": "float8[]"},
    **{"carried": "bytea", "boundaries": "date[]"},
}

Floats = NDArray[np.float64]
#: A vector as the table has it, in the order of ``COLUMNS``; the place of its period in it.
_VectorRow = tuple[Any, ...]
_PERIOD = list(COLUMNS).index("period")
#: The least value and the upper bounds of classes; None where there are none.
_Breaks = tuple[float | None, list[float] | None]
#: What is written of a layer at a level.
_OfLevel = tuple[str, list[_VectorRow], _Breaks]
#: indicator → the periods whose figures changed; None for all of them, or where its definition did
Touched = Mapping[str, Collection[str] | None]

_PUBLISHED = text(
    """
    select period, boundary_date, source,
           string_agg(convert_to(area_code, 'UTF8'), ''::bytea order by area_code) as codes,
           string_agg(float8send(coalesce(value, 'NaN')), ''::bytea order by area_code) as values,
           string_agg(set_byte('\\000'::bytea, 0, array_position(:statuses, status) - 1),
                      ''::bytea order by area_code) as statuses
    from observation where indicator = :indicator and period = any(:periods)
    group by period, boundary_date, source order by boundary_date, source, period
    """
).bindparams(bindparam("statuses", value=list(STATUSES)))
_TOLD = """
           bool_or(right(area_code, 3) = '000') as prefectures,
           bool_or(right(area_code, 3) <> '000') as municipalities,
           bool_or(area_code = any(:wards)) as wards,
           array_agg(distinct source order by source) as sources
    from observation
"""
_WARDS: BindParameter[list[str]] = bindparam("wards", value=list(WARD_CITY))
_OBSERVED = text(
    f"""
    select period, {_TOLD} where indicator = :indicator and area_code <> '00000' and area_code < '48'
    group by period order by period
    """
).bindparams(_WARDS)
_OBSERVED_OF_ALL = text(
    f"""
    select indicator, period, {_TOLD}
    where indicator = any(:names) and area_code <> '00000' and area_code < '48'
    group by indicator, period order by indicator, period
    """
).bindparams(_WARDS)
_STORED = text(
    """
    select period, "values", statuses, sources, carried, boundaries from vector
    where layer = :layer and level = :level and vintage = :vintage and period = any(:periods)
    """
)


def changes_of(conn: Connection) -> list[Change]:
    """Return the municipal changes, oldest first."""
    columns = (area_change.c.date, area_change.c.kind, area_change.c.from_code, area_change.c.to_code)
    return [Change(*row) for row in conn.execute(select(*columns).order_by(*columns)).all()]


def history_of(conn: Connection) -> History:
    """Return the events between municipalities, what codes were called, and what is known of the parts."""
    events = (Event(**row._asdict()) for row in conn.execute(select(area_change)).all())
    rows = conn.execute(select(area_history)).all()
    spells = [
        Spell(row.code, row.since, row.until, row.name_ja, row.name_kana, row.name_en, row.district)
        for row in rows
    ]
    shares = [Share(**row._asdict()) for row in conn.execute(select(area_share)).all()]
    return History(events_between(events), spells, shares)


def take_turn(conn: Connection) -> None:
    """Wait until no other transaction writes figures; then none does until this one ends."""
    conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def write_vectors(
    conn: Connection,
    touched: Touched,
    vintages: Iterable[dt.date] | None = None,
    crew: Crew | None = None,
) -> dict[str, int]:
    """Write what follows from the figures of observed indicators; return how many vectors and layers.

    Derived indicators follow from theirs. ``vintages`` are those to write for; all of them without. A crew
    works them out where all periods were touched, and they are written here, in the order that they have
    without one.
    """
    take_turn(conn)
    catalogue = {row.id: from_json(row.definition) for row in conn.execute(select(indicator)).all()}
    _write_observed(conn, [catalogue[name] for name in touched if not catalogue[name].numerator])
    available = _available(conn)
    layers = [catalogue[name] for name in dict.fromkeys([*touched, *_following(touched, catalogue)])]
    if not any(available.values()):  # boundaries come before figures
        return {"vectors": 0, "layers": len(layers)}
    changes, history = changes_of(conn), history_of(conn)
    dates = list(conn.scalars(select(vintage.c.vintage))) if vintages is None else list(vintages)
    written = 0
    for date in dates:
        boundaries = Boundaries(date, _gazetteers(conn, date), changes, history)
        writer = Writer(catalogue, touched, available, boundaries, conn=conn)
        # derived ones are made of the observed ones that are written before them
        ordered = sorted(layers, key=lambda one: bool(one.numerator))
        if crew is None or any(periods is not None for periods in touched.values()):
            written += sum(writer.write(one) for one in ordered)
        else:
            written += writer.write_with(crew, ordered)
    return {"vectors": written, "layers": len(layers)}


def write_all(
    conn: Connection, vintages: Iterable[dt.date] | None = None, crew: Crew | None = None
) -> dict[str, int]:
    """Write the vectors of every indicator: for new boundaries, for other municipal changes."""
    rows = conn.execute(select(indicator)).all()
    observed = {row.id: None for row in rows if not from_json(row.definition).numerator}
    return write_vectors(conn, observed, vintages, crew)


def renew(conn: Connection, crew: Crew | None = None) -> bool:
    """Write all vectors anew where other code wrote them; return whether it did.

    Serving processes of the version before must not take them for theirs, so every indicator counts as
    changed.
    """
    if is_current(conn):
        return False
    write_all(conn, crew=crew)
    names = conn.scalars(select(indicator.c.id)).all()
    revisions.changed(conn, *map(revisions.indicator, names))
    stamp = text(
        "insert into revision (subject, n) values (:subject, :n) on conflict (subject) do update set n = :n"
    )
    conn.execute(stamp, {"subject": revisions.DERIVATION, "n": derivation()})
    return True


def derivation() -> int:
    """Return the version of the code that makes vectors, as the table holds it."""
    found = digest_of((ROOT / name for name in DERIVING), np.__version__)
    return int.from_bytes(found.digest()[:7], "big")


def is_current(conn: Connection) -> bool:
    """Return whether the stored vectors were written by the code that runs."""
    found = conn.scalar(text("select n from revision where subject = :s"), {"s": revisions.DERIVATION})
    return bool(found == derivation())


def _following(touched: Touched, catalogue: Mapping[str, Indicator]) -> list[str]:
    """Return the derived indicators that are made of others."""
    return [name for name, one in catalogue.items() if not set(one.components).isdisjoint(touched)]


def _write_observed(conn: Connection, ones: Sequence[Indicator]) -> None:
    names = [one.id for one in ones]
    conn.execute(delete(observed).where(observed.c.indicator.in_(names)))
    found: dict[str, list[Any]] = {}
    for row in conn.execute(_OBSERVED_OF_ALL, {"names": names}).all():
        found.setdefault(row.indicator, []).append(row)
    with conn.connection.cursor().copy(
        "copy observed (indicator, level, period, sources) from stdin"
    ) as copy:
        for one in ones:
            for level, period, sources in _by_level(one, found.get(one.id, ())):
                copy.write_row((one.id, level, period, sources))


def periods_observed(
    conn: Connection, one: Indicator, known: Known = NOW
) -> list[tuple[str, str, Sequence[str]]]:
    """Return the levels and periods for which an observed indicator has figures, and whose they are."""
    return _by_level(one, conn.execute(*known.asked(_OBSERVED, indicator=one.id)).all())


def _by_level(one: Indicator, found: Sequence[Any]) -> list[tuple[str, str, Sequence[str]]]:
    additive = one.aggregation == "sum"
    rows: list[tuple[str, str, Sequence[str]]] = []
    for row in found:
        has = {
            "prefecture": row.prefectures or (additive and row.municipalities),
            "municipality": row.municipalities,
            "ward": row.wards,
        }
        rows += [(level, row.period, row.sources) for level in LEVELS if has[level]]
    return rows


def _available(conn: Connection) -> dict[str, dict[str, list[str]]]:
    """Return level → observed indicator → its periods, ascending."""
    asked = text(
        "select level, indicator, array_agg(period order by period) as periods from observed group by 1, 2"
    )
    found: dict[str, dict[str, list[str]]] = {level: {} for level in LEVELS}
    for row in conn.execute(asked).all():
        found[row.level][row.indicator] = row.periods
    return found


def _gazetteers(conn: Connection, date: dt.date) -> dict[str, Gazetteer]:
    columns = [column for column in area.c if column.name != "geom"]
    asked = select(*columns).where(area.c.vintage == date).order_by(area.c.level, area.c.position)
    rows: dict[str, list[Any]] = {}
    for row in conn.execute(asked).all():
        rows.setdefault(row.level, []).append(row)
    return {level: Gazetteer.from_rows(date, level, rows[level]) for level in LEVELS if level in rows}


def published(conn: Connection, name: str, periods: Collection[str], known: Known = NOW) -> list[Published]:
    """Return the figures of an observed indicator in some periods by boundary date and source, in that order.

    The three columns of a period travel as three byte strings, which numpy reads in place: 20,000 figures
    take a few milliseconds instead of a row object each.
    """
    rows = conn.execute(*known.asked(_PUBLISHED, indicator=name, periods=list(periods))).all()
    parts: dict[tuple[dt.date, str], list[Any]] = {}
    for row in rows:
        parts.setdefault((row.boundary_date, row.source), []).append(row)
    return [_part(date, source, part) for (date, source), part in parts.items()]


def _part(boundary_date: dt.date, source: str, rows: Sequence[Any]) -> Published:
    codes_by_period = [np.frombuffer(row.codes, "S5") for row in rows]
    codes = np.unique(np.concatenate(codes_by_period))
    values = np.full((len(codes), len(rows)), np.nan)
    statuses = np.full(values.shape, ABSENT, np.uint8)
    for at, (row, own) in enumerate(zip(rows, codes_by_period, strict=True)):
        places = np.searchsorted(codes, own)
        values[places, at] = np.frombuffer(row.values, ">f8")
        statuses[places, at] = np.frombuffer(row.statuses, np.uint8)
    periods = tuple(row.period for row in rows)
    return Published(boundary_date, source, codes.astype("U5"), periods, values, statuses)


@dataclass
class Maker(ABC):
    """What vectors of one vintage are made with."""

    catalogue: Mapping[str, Indicator]
    touched: Touched
    available: Mapping[str, Mapping[str, Sequence[str]]]
    boundaries: Boundaries
    _added: dict[str, dict[str, Columns]] = field(default_factory=dict)

    @abstractmethod
    def published(self, name: str, periods: Collection[str]) -> Sequence[Published]:
        """Return the figures of an observed indicator, of these periods at least."""

    @abstractmethod
    def stored(self, layer: str, level: str, periods: Sequence[str]) -> dict[str, CarriedVector]:
        """Return the vectors of a layer that are made already, by period."""

    def columns(self, one: Indicator) -> Iterator[tuple[str, Columns]]:
        """Yield the vectors of a layer that follow from what was touched, by level."""
        return self._derived(one) if one.numerator else self._observed(one)

    def _is_touched(self, name: str, period: str) -> bool:
        if name not in self.touched:
            return False
        periods = self.touched[name]
        return periods is None or period in periods

    def _observed(self, one: Indicator) -> Iterator[tuple[str, Columns]]:
        told = {level: self.available[level].get(one.id, ()) for level in self.boundaries.gazetteers}
        periods = sorted({period for listed in told.values() for period in listed})
        wanted = [period for period in periods if self._is_touched(one.id, period)]
        parts = self.published(one.id, wanted)
        for level, columns in columns_by_level(one, parts, wanted, self.boundaries).items():
            yield level, columns.among(told[level])

    def _derived(self, one: Indicator) -> Iterator[tuple[str, Columns]]:
        for level in self.boundaries.gazetteers:
            available = self.available[level]
            wanted = [
                period
                for period in indicators.periods(one, available)
                if self._is_touched(one.id, period)
                or any(self._is_touched(*base) for base in indicators.base_periods(one, period, available))
            ]
            yield level, self._evaluated(one, level, wanted, available)

    def _evaluated(
        self, one: Indicator, level: str, periods: Sequence[str], available: Mapping[str, Sequence[str]]
    ) -> Columns:
        needed: dict[str, set[str]] = {}
        for period in periods:
            for name, at in indicators.base_periods(one, period, available):
                needed.setdefault(name, set()).add(at)
        bases = {name: self.stored(name, level, sorted(wanted)) for name, wanted in needed.items()}
        moves = [name for name in needed if self.catalogue[name].aggregation == "net_of_moves"]
        gross = {name: self._gross(name, level) for name in moves if one.aggregation in indicators.ADDED}
        position = self.boundaries.gazetteers[level].position
        made: list[Vector] = []
        carried: list[Carrying] = []
        for period in periods:
            used = indicators.base_periods(one, period, available)
            own = {base: bases[base[0]][base[1]] for base in used}
            added = {
                (name, at): CarriedVector(gross[name].vector(at), gross[name].carrying(at))
                for name, at in used
                if name in gross
            }
            vectors = {base: stored.vector for base, stored in own.items()}
            vectors |= moves_added(vectors, {base: stored.vector for base, stored in added.items()})
            others = [position[code] for code in one.base_differs(period) if code in position]
            made.append(without(_evaluated(one, period, available, vectors), others))
            parts = _carried(own, added)
            carried.append(Carrying.together(parts, np.isfinite(made[-1].values)))
        return Columns.beside(periods, made, carried, len(position))

    def _gross(self, name: str, level: str) -> Columns:
        """Return the figures of moves added up, for formulas in which those inside cancel."""
        if name not in self._added:
            periods = sorted({period for told in self.available.values() for period in told.get(name, ())})
            parts = self.published(name, periods)
            summed = replace(self.catalogue[name], aggregation="sum")
            self._added[name] = columns_by_level(summed, parts, periods, self.boundaries)
        return self._added[name][level]


@dataclass
class Writer(Maker):
    """What vectors of one vintage are written with."""

    conn: Connection = field(kw_only=True)

    def write(self, one: Indicator) -> int:
        """Write the vectors of a layer that follow from what was touched; return their number."""
        count = 0
        for level, columns in self.columns(one):
            if columns.periods:
                self._put(one, level, columns)
            count += len(columns.periods)
        return count

    def published(self, name: str, periods: Collection[str]) -> Sequence[Published]:
        """Return the figures of an observed indicator, of these periods at least."""
        return published(self.conn, name, periods)

    def stored(self, layer: str, level: str, periods: Sequence[str]) -> dict[str, CarriedVector]:
        """Return the vectors of a layer that are stored already, by period."""
        asked = {"layer": layer, "level": level, "vintage": self.boundaries.date, "periods": list(periods)}
        return {
            row.period: CarriedVector(
                Vector.of(row.values, row.statuses, row.sources), Carrying.of(row.carried, row.boundaries)
            )
            for row in self.conn.execute(_STORED, asked).all()
        }

    def write_with(self, crew: Crew, ones: Sequence[Indicator]) -> int:
        """Write all vectors of layers that a crew works out, observed ones first; return their number."""
        told = {one.id: self._periods(one) for one in ones}
        maker = crew.submit(_Worker, self.catalogue, self.touched, self.available, self.boundaries)
        made = {
            one.id: crew.submit(_columns_of, maker, one.id, self.published(one.id, told[one.id]))
            for one in ones
            if told[one.id] and not one.numerator
        }
        having = [one for one in ones if told[one.id]]

        def jobs() -> Iterator[Job]:
            for one in having:
                if not one.numerator:
                    yield _rows_of, maker, one.id, made[one.id]
                    continue
                bases = [name for name in one.components if name in made]
                moves = [name for name in bases if self.catalogue[name].aggregation == "net_of_moves"]
                figures = {name: self.published(name, told[name]) for name in moves}
                yield _derived_rows, maker, one.id, {name: made[name] for name in bases}, figures

        count = 0
        for one, of_levels in zip(having, answers(crew, jobs()), strict=True):
            for level, rows, breaks in of_levels:
                self._write_rows(one, level, rows)
                self._write_breaks(one, level, breaks)
                count += len(rows)
        return count

    def _periods(self, one: Indicator) -> list[str]:
        """Return the periods that a layer has at any level."""
        return sorted({p for level in self.available.values() for p in indicators.periods(one, level)})

    def _put(self, one: Indicator, level: str, columns: Columns) -> None:
        self._write_rows(one, level, _vector_rows(one, level, self.boundaries.date, columns))
        self._put_breaks(one, level, columns)

    def _write_rows(self, one: Indicator, level: str, rows: Iterable[_VectorRow]) -> None:
        date, written = self.boundaries.date, list(rows)
        of_level = (vector.c.layer == one.id) & (vector.c.level == level) & (vector.c.vintage == date)
        periods = [row[_PERIOD] for row in written]
        self.conn.execute(delete(vector).where(of_level, vector.c.period.in_(periods)))
        copied = f"copy vector ({', '.join(COLUMNS)}) from stdin (format binary)"
        with self.conn.connection.cursor().copy(copied) as copy:
            copy.set_types(list(COLUMNS.values()))
            for row in written:
                copy.write_row(row)

    def _put_breaks(self, one: Indicator, level: str, columns: Columns) -> None:
        """Write the class breaks over all periods of a layer: those written now, and the others."""
        others = [p for p in indicators.periods(one, self.available[level]) if p not in columns.periods]
        kept = [stored.vector.values for stored in self.stored(one.id, level, others).values()]
        self._write_breaks(one, level, default_breaks(one, np.concatenate([columns.values.ravel(), *kept])))

    def _write_breaks(self, one: Indicator, level: str, breaks: _Breaks) -> None:
        date, (lowest, bounds) = self.boundaries.date, breaks
        of_level = (class_breaks.c.layer == one.id) & (class_breaks.c.level == level)
        self.conn.execute(delete(class_breaks).where(of_level, class_breaks.c.vintage == date))
        row = {"layer": one.id, "level": level, "vintage": date, "lowest": lowest, "bounds": bounds}
        self.conn.execute(class_breaks.insert().values(row))


def _vector_rows(one: Indicator, level: str, date: dt.date, columns: Columns) -> Iterator[_VectorRow]:
    """Give the vectors of a layer at a level as the table has them, with the class breaks of each period."""
    for period in columns.periods:
        made, carrying = columns.vector(period), columns.carrying(period)
        lowest, bounds = default_breaks(one, made.values)
        yield (
            *(one.id, level, date, period, made.values.astype("<f8").tobytes()),
            *(made.statuses.tobytes(), list(made.sources), lowest, bounds),
            *(carrying.packed, list(carrying.dates)),
        )


# What a crew does: the same, with nothing but what it is handed


@dataclass
class _Worker(Maker):
    """What vectors of one vintage are made with by somebody who asks the database nothing."""

    figures: Mapping[str, Sequence[Published]] = field(default_factory=dict)
    made: Mapping[str, Mapping[str, Columns]] = field(default_factory=dict)

    def published(self, name: str, periods: Collection[str]) -> Sequence[Published]:
        """Return the figures of an observed indicator."""
        del periods  # all of them are there
        return self.figures[name]

    def stored(self, layer: str, level: str, periods: Sequence[str]) -> dict[str, CarriedVector]:
        """Return the vectors of an observed indicator by period."""
        columns = self.made[layer][level]
        return {one: CarriedVector(columns.vector(one), columns.carrying(one)) for one in periods}


def _columns_of(maker: _Worker, name: str, figures: Sequence[Published]) -> dict[str, Columns]:
    own = replace(maker, figures={name: figures})
    return dict(own.columns(maker.catalogue[name]))


def _derived_rows(
    maker: _Worker,
    name: str,
    made: Mapping[str, Mapping[str, Columns]],
    figures: Mapping[str, Sequence[Published]],
) -> list[_OfLevel]:
    own = replace(maker, made=made, figures=figures)
    return _rows_of(maker, name, dict(own.columns(maker.catalogue[name])))


def _rows_of(maker: _Worker, name: str, columns: Mapping[str, Columns]) -> list[_OfLevel]:
    """Return what is written of a layer: by level its rows, and its class breaks over all periods."""
    one, date = maker.catalogue[name], maker.boundaries.date
    return [
        (level, list(_vector_rows(one, level, date, told)), default_breaks(one, told.values.ravel()))
        for level, told in columns.items()
        if told.periods
    ]


def default_breaks(one: Indicator, values: Floats) -> tuple[float | None, list[float] | None]:
    """Return the least value and the upper bounds of a layer's own classes; None where none has a value."""
    if one.kind == "category":
        return None, None
    try:
        diverging = palettes.is_diverging(one.default_palette)
        bounds = classify.class_breaks(values, one.default_scheme, one.default_k, diverging=diverging)
    except UnclassifiableValues:
        return None, None
    return float(np.nanmin(values)), bounds.tolist()


def _evaluated(
    one: Indicator, period: str, available: Mapping[str, Sequence[str]], bases: Mapping[Base, Vector]
) -> Vector:
    values = indicators.evaluate(one, period, available, lambda name, at: bases[name, at].values)
    return derived(values, [bases[base] for base in indicators.base_periods(one, period, available)])


def _carried(own: Mapping[Base, CarriedVector], added: Mapping[Base, CarriedVector]) -> list[Carrying]:
    """Return how the figures were carried that a value is made of; of moves as ``moves_added`` takes them."""
    is_own = np.any([own[base].carrying.marks != NOTHING for base in added], axis=0)
    found = {base: stored.carrying for base, stored in own.items()}
    for base, stored in added.items():
        both = (found[base], stored.carrying)
        marks = np.where(is_own, *(carrying.marks for carrying in both))
        found[base] = Carrying(marks, dates_of(both))
    return list(found.values())
