"""What a scenario would change of a transport gap, as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from typing_extensions import TypedDict

from geo.transit.gaps import Counts, Gap, Partition
from service.areas.forms import NamedArea
from service.transit.forms import METHODS, GapDefinition, Methods


class GapChange(TypedDict):
    """People (or square metres) in the gap before and after."""

    all: float | None
    gap_before: float | None
    gap_after: float | None
    difference: float | None
    share_before: float | None
    share_after: float | None
    cells_without_figure: int


class ComparedGap(TypedDict):
    """The change by each method, by column of the grid."""

    area_weight: dict[str, GapChange]
    cell_centroid: dict[str, GapChange]


class ScenarioArea(NamedArea, ComparedGap):
    """A municipality, and what would change in it."""


class ChangedCell(TypedDict):
    """A cell that would change."""

    code: str
    area: str
    population: float | None
    status: str
    gap_share_before: float
    gap_share_after: float
    covered_before: bool
    covered_after: bool


class ScenarioGap(TypedDict):
    """The gap of an area before, after and the difference, and the cells that change."""

    definition: GapDefinition
    changed_definition: GapDefinition | None
    area: str
    municipalities: list[ScenarioArea]
    total: GapChange
    cells: list[ChangedCell]
    methods: Methods
    grid: str


class Before(NamedTuple):
    """A definition, and the gap of a region under it before any change."""

    definition: GapDefinition
    gap: Gap


@dataclass(frozen=True)
class Told:
    """What a scenario came to in an area: the gap before, and after by the definition that was ``changed``.

    Attributes
    ----------
    own : the municipalities that are told
    """

    code: str
    grid: str
    partition: Partition
    own: Sequence[NamedArea]
    before: Before
    changed: GapDefinition | None
    after: Gap


def scenario_described(told: Told) -> ScenarioGap:
    """Return what a scenario would change as JSON."""
    before, after = told.before.gap, told.after
    own = [area["code"] for area in told.own]
    return {
        "definition": told.before.definition,
        "changed_definition": told.changed,
        "area": told.code,
        "municipalities": [
            {**area, **_compared(before, after, area["code"])}
            for area in told.own
            if before.by_area[area["code"]]
        ],
        "total": _total(before, after, own),
        "cells": _changed_cells(told.partition, before, after, set(own)),
        "methods": METHODS,
        "grid": told.grid,
    }


def _compared(before: Gap, after: Gap, area: str) -> ComparedGap:
    return {
        "area_weight": {
            column: _difference(counts, after.by_area[area][column])
            for column, counts in before.by_area[area].items()
        },
        "cell_centroid": {
            column: _difference(counts, after.by_centre[area][column])
            for column, counts in before.by_centre[area].items()
        },
    }


def _difference(before: Counts, after: Counts) -> GapChange:
    return {
        "all": before.all,
        "gap_before": before.gap,
        "gap_after": after.gap,
        "difference": after.gap - before.gap,
        "share_before": before.share,
        "share_after": after.share,
        "cells_without_figure": before.missing,
    }


def _total(before: Gap, after: Gap, own: Sequence[str]) -> GapChange:
    def summed(gap: Gap) -> Counts:
        counts = [gap.by_area[area]["population"] for area in own if gap.by_area[area]]
        known = [one for one in counts if math.isfinite(one.all)]
        missing = sum(one.missing for one in counts)
        if counts and not known:
            return Counts(math.nan, math.nan, missing)
        return Counts(sum(one.all for one in known), sum(one.gap for one in known), missing)

    return _difference(summed(before), summed(after))


def _changed_cells(partition: Partition, before: Gap, after: Gap, own: set[str]) -> list[ChangedCell]:
    moved = np.flatnonzero(
        (np.abs(before.covered_share - after.covered_share) > 1e-9) | (before.covered != after.covered)
    )
    return [
        {
            "code": partition.cells[place],
            "area": partition.areas[before.cell_area[place]],
            "population": float(partition.people["population"][place]),
            "status": partition.missing.get(partition.cells[place], "ok"),
            "gap_share_before": 1 - float(before.covered_share[place]),
            "gap_share_after": 1 - float(after.covered_share[place]),
            "covered_before": bool(before.covered[place]),
            "covered_after": bool(after.covered[place]),
        }
        for place in moved.tolist()
        if before.cell_area[place] >= 0 and partition.areas[before.cell_area[place]] in own
    ]
