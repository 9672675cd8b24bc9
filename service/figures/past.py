"""An indicator as it was known at a moment: what its figures were then, carried as they are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from geo.figures.indicators import Indicator
from service.areas.gazetteer import LEVELS
from service.db.database import reading
from service.figures.carrying import Carrying
from service.figures.known import NOW, REVISED_SINCE, Known
from service.figures.values import (
    NOT_AT_LEVEL,
    NOT_LOADED,
    Boundaries,
    CarriedVector,
    Columns,
    Published,
    StoredVector,
    Vector,
)
from service.figures.vectors import Maker, periods_observed, published
from service.memory import revisions
from service.memory.atlas import Atlas
from service.memory.cache import Moved
from service.memory.catalogue import Catalogue, Observed, bloc_figures, stored_from

if TYPE_CHECKING:
    from service.memory.catalogue import Vintage

_NUMBERS = text("select subject, n from revision where subject = any(:subjects)")
_OF_BLOCS = text(
    """
    select indicator, area_code, period, value, status, source, boundary_date from observation
    where indicator = :indicator and area_code >= '48' order by area_code, period
    """
)


class Past(Atlas):
    """An atlas in which an indicator, and what it is made of, has the figures of a moment before."""

    def __init__(
        self, now: Atlas, catalogue: Catalogue, columns: Mapping[str, Mapping[str, Columns]]
    ) -> None:
        super().__init__(now.store, catalogue)
        self._columns = columns

    def vectors(self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date) -> list[Vector]:
        """Return the values of the indicator in several periods."""
        columns, told = self._told_at(layer, level)
        reason = NOT_LOADED if self.periods(layer, level) else NOT_AT_LEVEL
        missing = StoredVector.missing(len(self.gazetteer(vintage, level)), reason).vector
        return [columns.vector(period) if columns and period in told else missing for period in periods]

    def carryings(
        self, layer: Indicator, periods: Sequence[str], level: str, vintage: dt.date
    ) -> list[Carrying]:
        """Return how these values came to stand on the boundaries."""
        columns, told = self._told_at(layer, level)
        missing = Carrying.none(len(self.gazetteer(vintage, level)))
        return [columns.carrying(period) if columns and period in told else missing for period in periods]

    def columns(self, layer: Indicator) -> dict[str, Columns]:
        """Return all values of the indicator by level."""
        return dict(self._columns[layer.id])

    def _told_at(self, layer: Indicator, level: str) -> tuple[Columns | None, tuple[str, ...]]:
        columns = self._columns[layer.id].get(level)
        return columns, () if columns is None else columns.periods


@dataclass
class _Then(Maker):
    """What vectors of one vintage were; it asks the database nothing and writes nothing."""

    figures: Mapping[str, Sequence[Published]] = field(default_factory=dict)
    made: dict[str, dict[str, Columns]] = field(default_factory=dict)

    def published(self, name: str, periods: Collection[str]) -> Sequence[Published]:
        """Return the figures of an observed indicator."""
        del periods  # all of them are held
        return self.figures[name]

    def stored(self, layer: str, level: str, periods: Sequence[str]) -> dict[str, CarriedVector]:
        """Return the vectors of an observed indicator by period."""
        if layer not in self.made:
            self.made[layer] = dict(self.columns(self.catalogue[layer]))
        columns = self.made[layer][level]
        return {one: CarriedVector(columns.vector(one), columns.carrying(one)) for one in periods}


def known_at(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, at: dt.datetime | None, *, estimate: bool = False
) -> Atlas:
    """Return an atlas with the figures of an indicator that were known at a moment; for work in a thread.

    It is the same where nothing was revised since.

    Parameters
    ----------
    at : the moment; None for now
    estimate : whether what has merged since the vintage is parted again

    Raises
    ------
    Moved : the figures have changed since the atlas was read
    """
    if at is None and not estimate:
        return atlas
    names = sorted(indicator.components) or [indicator.id]
    with reading(atlas.settings, atlas.store.pulse) as conn:
        _check(conn, atlas, [*stored_from(indicator), revisions.vintage(vintage.date)])
        is_revised = at is not None and conn.scalar(REVISED_SINCE, {"names": names, "at": at})
        if not is_revised and not estimate:
            return atlas
        read = _read(conn, atlas, names, Known(at) if is_revised else NOW)
    return _past(read, atlas, indicator, vintage, estimate=estimate)


def _check(conn: Connection, atlas: Atlas, subjects: Sequence[str]) -> None:
    found = {row.subject: row.n for row in conn.execute(_NUMBERS, {"subjects": list(subjects)})}
    known = atlas.catalogue.numbers
    if found != {subject: known[subject] for subject in subjects if subject in known}:
        raise Moved("The figures have changed")


@dataclass(frozen=True)
class _Read:
    """What the database has of some indicators: read at once, so that no transaction waits for what follows.

    Attributes
    ----------
    available : level → indicator → its periods
    observed, blocs, figures : by indicator
    """

    available: dict[str, dict[str, list[str]]]
    observed: dict[str, Observed]
    blocs: dict[str, Mapping[str, Mapping[str, CarriedVector]]]
    figures: dict[str, Sequence[Published]]


def _read(conn: Connection, atlas: Atlas, names: Sequence[str], known: Known) -> _Read:
    found = _Read({level: {} for level in LEVELS}, {}, {}, {})
    for name in names:
        sources: dict[str, tuple[str, ...]] = {}
        for level, period, used in periods_observed(conn, atlas.catalogue.indicators[name], known):
            found.available[level].setdefault(name, []).append(period)
            sources[period] = tuple(used)
        periods = {level: sorted(told[name]) for level, told in found.available.items() if name in told}
        found.observed[name] = Observed(periods, sources)
        found.blocs[name] = bloc_figures(conn.execute(*known.asked(_OF_BLOCS, indicator=name))).get(name, {})
        found.figures[name] = published(conn, name, sorted(sources), known)
    return found


def _past(read: _Read, atlas: Atlas, indicator: Indicator, vintage: Vintage, *, estimate: bool) -> Past:
    definitions = atlas.catalogue.indicators
    catalogue = replace(
        atlas.catalogue,
        observed_indicators={**atlas.catalogue.observed_indicators, **read.observed},
        bloc_figures={**atlas.catalogue.bloc_figures, **read.blocs},
    )
    touched: dict[str, None] = dict.fromkeys([*read.figures, indicator.id])
    columns: dict[str, dict[str, Columns]] = {name: {} for name in touched}
    for date in {one.vintage for one in vintage.gazetteers.values()}:
        own = dict(atlas.catalogue.vintages[date].own)
        changes, history = atlas.catalogue.changes, atlas.catalogue.history
        boundaries = Boundaries(date, own, changes, history, estimate=estimate)
        figures = _Then(definitions, touched, read.available, boundaries, figures=read.figures)
        for name in touched:
            told = figures.columns(definitions[name])
            columns[name] |= {at: one for at, one in told if vintage.gazetteers[at].vintage == date}
    return Past(atlas, catalogue, columns)
