"""The transport gap, its cells and the stops as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Row
from typing_extensions import TypedDict

from geo.text import Text, name_of
from geo.transit.access import Definition
from geo.transit.basis import MissingOperator
from geo.transit.gaps import Cluster, band_of, bands
from service.http.forms import Credited, Feature, FeatureCollection
from service.transit.basis_forms import AbsentOperator, operator_described
from service.transit.transport import Cells, Counted

#: Why a cell has no figure → how many cells.
WithoutFigure = dict[str, int]


class Methods(TypedDict):
    """How people in the gap are counted."""

    area_weight: Text
    cell_centroid: Text


class GapLayers(TypedDict):
    """The layers of a definition."""

    area_weight: str
    cell_centroid: str
    aged_65: str
    aged_75: str
    land: str


class SourceOfDefinition(Credited):
    """Where a definition is from."""

    title_en: str


class GapDefinition(TypedDict):
    """What counts as being within reach; `hours` is from and to before."""

    id: str
    name: Text
    distances_m: dict[str, float]
    classes: list[str]
    least_departures: int
    day: str
    hours: tuple[int, int]
    source: SourceOfDefinition
    note: str
    note_en: str
    layers: GapLayers


class Grid(TypedDict):
    """A grid of people; `report` is what was found when it was loaded.

    `prefectures` are those whose residents alone it tells; empty where cells tell everybody in them.
    """

    id: str
    digits: int
    year: str
    columns: list[str]
    title: str
    title_en: str
    credit: str
    credit_en: str
    licence: str
    prefectures: list[str]
    report: dict[str, object]


class StopSource(TypedDict):
    """Where stops are from, and the dates that were taken from the timetable by kind of day."""

    id: str
    kind: str
    title: str
    title_en: str
    valid_from: str | None
    valid_to: str | None
    dates: dict[str, str | None]
    credit: str
    credit_en: str
    licence: str


class CountedGrid(TypedDict):
    """That a definition was counted on a grid: in how many cells and municipalities."""

    definition: str
    grid: str
    cells: int
    areas: int


class Gaps(TypedDict):
    """The definitions of the transport gap, and what it was counted from."""

    definitions: list[GapDefinition]
    grids: list[Grid]
    stop_sources: list[StopSource]
    counted: list[CountedGrid]
    missing_operators: list[AbsentOperator]
    methods: Methods


class GapCell(TypedDict):
    """A cell; people that are not told are null, and `status` says why."""

    code: str
    area: str
    population: float | None
    status: str
    population_65_plus: float | None
    distance_m: float | None
    covered: bool
    gap_share: float
    gap_population: float | None


class GapCellFeature(Feature):
    """A cell on its square."""

    id: int
    properties: GapCell


class GapCells(FeatureCollection):
    """The inhabited cells of an area."""

    definition: str
    area: str
    grid: str
    methods: Methods
    features: list[GapCellFeature]


class StopDepartures(TypedDict):
    """Departures of a day, by kind of day."""

    weekday: int
    saturday: int
    sunday: int


class Stop(TypedDict):
    """A stop; departures are null where no timetable is known."""

    id: str
    name: str
    mode: str
    classes: str
    group: str
    departures: StopDepartures | None


class StopFeature(Feature):
    """A stop where it is."""

    properties: Stop


class StopFeatures(FeatureCollection):
    """Stops."""

    features: list[StopFeature]


class GapLand(TypedDict):
    """Whose land is out of reach, and by which definition."""

    code: str
    name: str
    definition: str


class GapLandFeature(Feature):
    """The land of a municipality out of reach."""

    id: int
    properties: GapLand


class GapLandFeatures(FeatureCollection):
    """The land of a municipality out of reach, as the one feature."""

    features: list[GapLandFeature]


class DistanceBand(TypedDict):
    """How many people live so far from the nearest stop; the last band has no end."""

    from_m: float
    to_m: float | None
    population: float | None
    cells_without_figure: WithoutFigure


class DistanceBands(TypedDict):
    """How many people of an area live how far from the nearest stop that counts."""

    definition: str
    area: str
    grid: str
    population: float | None
    cells_without_figure: WithoutFigure
    bands: list[DistanceBand]


class UncoveredCluster(TypedDict):
    """Uncovered cells that touch; `centre` is the middle of their people."""

    rank: int
    population: float | None
    cells_without_figure: WithoutFigure
    centre: tuple[float, float]
    cells: list[str]
    farthest_m: float | None


class UncoveredClusters(TypedDict):
    """Where most people are uncovered together."""

    definition: str
    area: str
    grid: str
    total: int
    clusters: list[UncoveredCluster]


METHODS: Methods = {
    "area_weight": {
        "ja": "メッシュ人口 ×（徒歩圏外の面積 ÷ メッシュの陸地面積）。円弧のまま正確に面積を求める。",
        "en": "People of a cell × (land out of reach ÷ land of the cell), with exact circular arcs.",
    },
    "cell_centroid": {
        "ja": "メッシュの中心点から最寄りの停留所・駅までの楕円体上の直線距離で判定する。",
        "en": "By the straight line on the ellipsoid from a cell's centre to the nearest stop.",
    },
}


def described(one: Definition) -> GapDefinition:
    """Return a definition as JSON."""
    return {
        "id": one.id,
        "name": name_of(one),
        "distances_m": dict(one.distances),
        "classes": list(one.classes),
        "least_departures": one.least_departures,
        "day": one.day,
        "hours": (one.first, one.last),
        "source": {"title": one.source_title, "title_en": one.source_title_en, "url": one.source_url},
        "note": one.note,
        "note_en": one.note_en,
        "layers": {
            "area_weight": f"transport-gap:{one.id}",
            "cell_centroid": f"transport-gap-centroid:{one.id}",
            "aged_65": f"transport-gap-65:{one.id}",
            "aged_75": f"transport-gap-75:{one.id}",
            "land": f"transport-gap-land:{one.id}",
        },
    }


def gaps_described(
    definitions: Sequence[Definition], found: Counted, missing: Sequence[MissingOperator]
) -> Gaps:
    """Return the definitions of the transport gap, and what it was counted from, as JSON."""
    return {
        "definitions": [described(one) for one in definitions],
        "grids": [_grid(row) for row in found.grids.values()],
        "stop_sources": [source_described(row) for row in found.sources],
        "counted": [
            {"definition": row.definition, "grid": row.grid, "cells": row.cells, "areas": row.areas}
            for row in found.cells.values()
        ],
        "missing_operators": [operator_described(one) for one in missing],
        "methods": METHODS,
    }


def _grid(row: Row[Any]) -> Grid:
    return {
        "id": row.id,
        "digits": row.digits,
        "year": row.year,
        "columns": row.columns,
        "title": row.title_ja,
        "title_en": row.title_en,
        "credit": row.credit_ja,
        "credit_en": row.credit_en,
        "licence": row.licence,
        "prefectures": row.prefectures,
        "report": row.report,
    }


def source_described(row: Row[Any]) -> StopSource:
    """Return a source of stops as JSON."""
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title_ja,
        "title_en": row.title_en,
        "valid_from": row.valid_from and str(row.valid_from),
        "valid_to": row.valid_to and str(row.valid_to),
        "dates": row.dates,
        "credit": row.credit_ja,
        "credit_en": row.credit_en,
        "licence": row.licence,
    }


def cell_described(cells: Cells, place: int) -> GapCell:
    """Return one of the cells as JSON."""
    people = float(cells.population[place])
    gap_share = 1 - float(cells.covered_share[place])
    return {
        "code": cells.codes[place],
        "area": cells.areas[place],
        "population": people,
        "status": str(cells.statuses[place]),
        "population_65_plus": float(cells.population_65_plus[place]),
        "distance_m": float(cells.distance_m[place]),
        "covered": bool(cells.covered[place]),
        "gap_share": gap_share,
        "gap_population": people * gap_share,
    }


def bands_described(definition: str, area: str, cells: Cells, limits: list[float]) -> DistanceBands:
    """Return how many people live how far from the nearest stop, as JSON."""
    counts, band = bands(cells.distance_m, cells.population, limits), band_of(cells.distance_m, limits)
    known = cells.population[np.isfinite(cells.population)]
    return {
        "definition": definition,
        "area": area,
        "grid": cells.grid,
        "population": float(known.sum()) if len(known) else None,
        "cells_without_figure": cells.without_figure(np.ones(len(band), bool)),
        "bands": [
            {
                "from_m": low,
                "to_m": high,
                "population": count,
                "cells_without_figure": cells.without_figure(band == place),
            }
            for place, (low, high, count) in enumerate(zip(limits, [*limits[1:], None], counts, strict=True))
        ],
    }


def clusters_described(
    definition: str, area: str, cells: Cells, found: Sequence[Cluster], limit: int
) -> UncoveredClusters:
    """Return groups of uncovered cells as JSON, at most so many."""
    return {
        "definition": definition,
        "area": area,
        "grid": cells.grid,
        "total": len(found),
        "clusters": [
            {
                "rank": rank,
                "population": one.people,
                "cells_without_figure": cells.without_figure(np.array(one.cells)),
                "centre": (round(one.lon, 6), round(one.lat, 6)),
                "cells": [cells.codes[place] for place in one.cells],
                "farthest_m": float(cells.distance_m[list(one.cells)].max()),
            }
            for rank, one in enumerate(found[:limit], 1)
        ],
    }
