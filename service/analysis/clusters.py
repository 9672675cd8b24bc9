"""Clusters of a layer's values: worked out once for each state of the data, off the event loop, and held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.analysis import moran
from geo.analysis.moran import Local, Whole
from geo.analysis.neighbours import Neighbours, neighbours
from geo.figures.indicators import Indicator
from service.memory import revisions
from service.memory.atlas import Atlas
from service.memory.cache import prepared, slowly

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

#: Fine enough that only islets are left out, and bounded however fine the boundaries are.
DETAIL = "medium"
OUTLINES = text(
    """
    select st_asbinary(geom) as wkb from outline
    where vintage = :vintage and level = :level and detail = :detail order by position
    """
)


@dataclass(frozen=True)
class Clusters:
    """Clusters of the values of one map.

    Attributes
    ----------
    n : areas of the map
    known : (m,) positions of the areas that took part
    alone : (k,) positions of those that have a value, but no neighbour with one
    graph : of the areas that took part, by their place in ``known``
    """

    n: int
    known: Ints
    alone: Ints
    graph: Neighbours
    whole: Whole
    local: Local

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.known.nbytes + self.alone.nbytes + self.graph.nbytes + self.local.nbytes

    def column(self, values: Sequence[float] | NDArray[Any]) -> Floats:
        """Return values of the areas that took part as a column of all areas, NaN for the others."""
        whole = np.full(self.n, np.nan)
        whole[self.known] = values
        return whole


def neighbours_of(atlas: Atlas, vintage: dt.date, level: str) -> Neighbours:
    """Return which areas of a level are next to each other; worked out once for each boundary set."""
    key = ("neighbours", vintage, level, atlas.catalogue.vintage_numbers[vintage])

    async def ask() -> Neighbours:
        async with atlas.reading(subjects=[revisions.vintage(vintage)]) as conn:
            rows = await _outlines(conn, vintage, level)
        return await prepared(_neighbours, rows)

    found: Neighbours = atlas.store.held(atlas.store.analyses, key, ask)
    return found


async def _outlines(conn: AsyncConnection, vintage: dt.date, level: str) -> Sequence[Row[Any]]:
    asked = {"vintage": vintage, "level": level, "detail": DETAIL}
    return (await conn.execute(OUTLINES, asked)).all()


def _neighbours(rows: Sequence[Row[Any]]) -> Neighbours:
    return neighbours(shapely.from_wkb(np.array([bytes(row.wkb) for row in rows], object)))


def clusters(atlas: Atlas, layer: Indicator, period: str, level: str, vintage: dt.date) -> Clusters:
    """Return the clusters of a layer's values of one period; see ``service.memory.cache.settled``.

    Raises
    ------
    NotEnoughData : too few areas have a value, or all have the same
    """
    key = ("clusters", layer.id, period, level, vintage, atlas.revision(layer, vintage))
    held: Clusters | None = atlas.store.analyses.get(key)
    if held is not None:
        return held
    values = atlas.vector(layer, period, level, vintage).values
    graph = neighbours_of(atlas, vintage, level)

    async def ask() -> Clusters:
        return await slowly(clusters_among, values, graph)

    found: Clusters = atlas.store.held(atlas.store.analyses, key, ask)
    return found


def clusters_among(values: Floats, graph: Neighbours) -> Clusters:
    """Return the clusters of the values of areas that are next to others with a value."""
    has_value = np.isfinite(values)
    has_neighbour = np.zeros(len(values), np.bool_)
    has_neighbour[np.flatnonzero(has_value)] = graph.among(has_value).counts > 0
    known, alone = np.flatnonzero(has_neighbour), np.flatnonzero(has_value & ~has_neighbour)
    joined = graph.among(has_neighbour)
    z = moran.standardised(values[known], joined)
    drawn = moran.draws(len(known), int(joined.counts.max()))
    return Clusters(len(values), known, alone, joined, moran.whole(z, joined), moran.local(z, joined, drawn))
