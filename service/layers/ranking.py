"""A picture read out: its areas in order of value, and what their values come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.areas.carrying import Carried
from geo.figures.statistics import ranks
from geo.layers.words import Extreme, Named, Spread
from service.areas.forms import full_name
from service.areas.gazetteer import Area
from service.figures.values import STATUSES
from service.layers.views import MISSING, Picture, carrying_of
from service.memory.atlas import Atlas

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Place:
    """One area's place among those with a value."""

    rank: int
    area: Area
    prefecture: Area | None
    value: float
    category: int
    carried: Carried | None


def prefecture_of_area(atlas: Atlas, picture: Picture, area: Area) -> Area | None:
    """Return the prefecture that an area lies in; None of a prefecture."""
    if picture.view.level == "prefecture":
        return None
    return atlas.gazetteer(picture.view.vintage.date, "prefecture").area(area.prefecture)


def places(
    atlas: Atlas, picture: Picture, positions: Positions, *, lowest_first: bool = False
) -> list[Place]:
    """Return the areas that have a value in order of it; equal values share the better rank."""
    values = picture.vector.values[positions]
    found = ranks(values, lowest_first=lowest_first)
    carrying = carrying_of(atlas, picture.view)
    ordered = sorted((rank, at) for at, rank in enumerate(found) if rank is not None)
    made = []
    for rank, at in ordered:
        area = picture.gazetteer.areas[positions[at]]
        made.append(
            Place(
                rank,
                area,
                prefecture_of_area(atlas, picture, area),
                float(values[at]),
                int(picture.classes[positions[at]]),
                carrying.at(int(positions[at])),
            )
        )
    return made


def spread(atlas: Atlas, picture: Picture, positions: Positions) -> Spread:
    """Return what the values of a picture come to."""
    values = picture.vector.values[positions]
    finite = np.isfinite(values)
    statuses = Counter(STATUSES[s] for s in picture.vector.statuses[positions][~finite])

    def extreme(value: float) -> Extreme:
        holders = np.flatnonzero(values == value)
        area = picture.gazetteer.areas[positions[holders[0]]]
        return Extreme(
            full_name(area, prefecture_of_area(atlas, picture, area)), len(holders) - 1, float(value)
        )

    if not finite.any():
        return Spread(0, dict(statuses.most_common()), None, None, None)
    return Spread(
        n=int(finite.sum()),
        missing=dict(statuses.most_common()),
        highest=extreme(np.nanmax(values)),
        lowest=extreme(np.nanmin(values)),
        median=float(np.median(values[finite])),
    )


def category_counts(picture: Picture, positions: Positions) -> tuple[list[tuple[Named, int]], int]:
    """Return how many areas each category has, and how many have none."""
    counts = np.bincount(picture.classes[positions], minlength=MISSING + 1)
    categories = picture.view.indicator.categories
    told = [
        (Named(one.label_ja, one.label_en), int(count))
        for one, count in zip(categories, counts, strict=False)
    ]
    return told, int(counts[MISSING])
