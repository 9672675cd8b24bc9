"""Weights from the outlines of two dates, where no list of events tells how areas went over into others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import shapely
from pyproj import Transformer

from geo.areas.history import Basis, Link, Share

#: Equal areas in metres (EASE-Grid 2.0): shares of areas need no more.
EQUAL_AREA = Transformer.from_crs(4326, 6933, always_xy=True)
#: Parts of an area smaller than this are differences in drawing, not in where the border runs.
SLIVER = 0.01

Outlines = Mapping[str, shapely.Geometry]


@dataclass(frozen=True)
class Overlap:
    """What an outline of one date and one of another have in common, in square metres."""

    from_code: str
    to_code: str
    m2: float


def flat(outlines: Outlines) -> dict[str, shapely.Geometry]:
    """Return outlines in degrees made valid and flat, in metres of equal area."""
    shapes = shapely.make_valid(np.array(list(outlines.values()), object))
    even = shapely.transform(shapes, lambda points: np.column_stack(EQUAL_AREA.transform(*points.T)))
    return dict(zip(outlines, shapely.make_valid(even), strict=True))


def overlaps(old: Outlines, new: Outlines) -> list[Overlap]:
    """Return every pair of a flat outline of one date and one of another that overlap, in order."""
    olds, news = list(old), list(new)
    shapes = np.array([new[code] for code in news], object)
    tree = shapely.STRtree(shapes)
    before = np.array([old[code] for code in olds], object)
    left, right = tree.query(before, predicate="intersects")
    common = shapely.area(shapely.intersection(before[left], shapes[right]))
    found = [
        Overlap(olds[i], news[j], float(m2)) for i, j, m2 in zip(left, right, common, strict=True) if m2 > 0
    ]
    return sorted(found, key=lambda overlap: (overlap.from_code, overlap.to_code))


def links(found: Sequence[Overlap], as_of: dt.date, sliver: float = SLIVER) -> dict[str, dict[str, Link]]:
    """Return how much of each old area is in which new one, by area.

    Parts below ``sliver`` of the old area are left out, and the others sum to 1. What is wholly in one area
    is an estimate too: nobody says that no people lived in the rest.

    Parameters
    ----------
    as_of : date of the old outlines
    """
    basis: frozenset[tuple[Basis, dt.date]] = frozenset({("area", as_of)})
    parts: dict[str, dict[str, int]] = {}
    for overlap in found:
        parts.setdefault(overlap.from_code, {})[overlap.to_code] = round(overlap.m2)
    told: dict[str, dict[str, Link]] = {}
    for code, amounts in parts.items():
        kept = {new: m2 for new, m2 in amounts.items() if m2 > sliver * sum(amounts.values())}
        whole = sum(kept.values())
        told[code] = {new: Link(Fraction(m2, whole), basis) for new, m2 in kept.items()}
    return told


def shares(found: Sequence[Overlap], divided: Mapping[str, Collection[str]], date: dt.date) -> list[Share]:
    """Return the square metres of areas that went different ways in an event of a date.

    Parameters
    ----------
    divided : old code → the codes that the event says hold its land
    """
    return [
        Share(date, overlap.from_code, overlap.to_code, "area", round(overlap.m2), date)
        for overlap in found
        if overlap.to_code in divided.get(overlap.from_code, ())
    ]


def agreement(parts: Sequence[shapely.Geometry], whole: shapely.Geometry) -> float:
    """Return how well flat outlines cover another together: what is common, of what either has.

    >>> agreement([shapely.box(0, 0, 1, 2), shapely.box(1, 0, 2, 1)], shapely.box(0, 0, 2, 2))
    0.75
    """
    together = shapely.union_all(np.array(parts, object))
    common = shapely.area(shapely.intersection(together, whole))
    return float(common / shapely.area(shapely.union(together, whole)))
