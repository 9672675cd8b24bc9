"""An indicator as it was known at a moment: what its figures were then, carried as they are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from geo.figures.indicators import Indicator
from service.areas.gazetteer import LEVELS
from service.db.database import reading
from service.figures.carrying import Carrying
from service.figures.known import REVISED_SINCE, Known
from service.figures.values import (
    NOT_AT_LEVEL,
    NOT_LOADED,
    Boundaries,
    CarriedVector,
    Columns,
    StoredVector,
    Vector,
)
from service.figures.vectors import Writer, periods_observed
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

    def _told_at(self, layer: Indicator, level: str) -> tuple[Columns | None, tuple[str, ...]]:
        columns = self._columns[layer.id].get(level)
        return columns, () if columns is None else columns.periods


@dataclass
class _Then(Writer):
    """What vectors of one vintage were; it writes nothing."""

    made: dict[str, dict[str, Columns]] = field(default_factory=dict)

    def stored(self, layer: str, level: str, periods: Sequence[str]) -> dict[str, CarriedVector]:
        """Return the vectors of an observed indicator by period."""
        if layer not in self.made:
            self.made[layer] = dict(self.columns(self.catalogue[layer]))
        columns = self.made[layer][level]
        return {one: CarriedVector(columns.vector(one), columns.carrying(one)) for one in periods}


def known_at(atlas: Atlas, indicator: Indicator, vintage: Vintage, at: dt.datetime | None) -> Atlas:
    """Return an atlas with the figures of an indicator that were known at a moment; for work in a thread.

    It is the same where nothing was revised since.

    Raises
    ------
    Moved : the figures have changed since the atlas was read
    """
    if at is None:
        return atlas
    names = sorted(indicator.components) or [indicator.id]
    with reading(atlas.settings) as conn:
        _check(conn, atlas, [*stored_from(indicator), revisions.vintage(vintage.date)])
        if not conn.scalar(REVISED_SINCE, {"names": names, "at": at}):
            return atlas
        return _past(conn, atlas, indicator, vintage, Known(at))


def _check(conn: Connection, atlas: Atlas, subjects: Sequence[str]) -> None:
    found = {row.subject: row.n for row in conn.execute(_NUMBERS, {"subjects": list(subjects)})}
    known = atlas.catalogue.numbers
    if found != {subject: known[subject] for subject in subjects if subject in known}:
        raise Moved("The figures have changed")


def _past(conn: Connection, atlas: Atlas, indicator: Indicator, vintage: Vintage, known: Known) -> Past:
    definitions = atlas.catalogue.indicators
    names = sorted(indicator.components) or [indicator.id]
    available: dict[str, dict[str, list[str]]] = {level: {} for level in LEVELS}
    then: dict[str, Observed] = {}
    blocs: dict[str, Mapping[str, Mapping[str, CarriedVector]]] = {}
    for name in names:
        sources: dict[str, tuple[str, ...]] = {}
        for level, period, used in periods_observed(conn, definitions[name], known):
            available[level].setdefault(name, []).append(period)
            sources[period] = tuple(used)
        periods = {level: sorted(told[name]) for level, told in available.items() if name in told}
        then[name] = Observed(periods, sources)
        blocs[name] = bloc_figures(conn.execute(*known.asked(_OF_BLOCS, indicator=name))).get(name, {})
    catalogue = replace(
        atlas.catalogue,
        observed_indicators={**atlas.catalogue.observed_indicators, **then},
        bloc_figures={**atlas.catalogue.bloc_figures, **blocs},
    )
    touched: dict[str, None] = dict.fromkeys([*names, indicator.id])
    columns: dict[str, dict[str, Columns]] = {name: {} for name in touched}
    for date in {one.vintage for one in vintage.gazetteers.values()}:
        whole = atlas.catalogue.vintages[date]
        own = {level: whole.gazetteers[level] for level in whole.own}
        boundaries = Boundaries(date, own, atlas.catalogue.changes)
        figures = _Then(conn, definitions, touched, available, boundaries, known)
        for name in touched:
            told = figures.columns(definitions[name])
            columns[name] |= {at: one for at, one in told if vintage.gazetteers[at].vintage == date}
    return Past(atlas, catalogue, columns)
