"""From a picture to its legend: the same bounds, colours and classes as its tiles."""

from __future__ import annotations

import numpy as np

from geo.layers.circles import Circles
from geo.layers.drawing import MAIN, Box
from geo.layers.legend import (
    NO_DATA_LABEL,
    NONE_KNOWN_LABEL,
    CircleEntry,
    Entry,
    Legend,
    numeric_entries,
)
from geo.layers.words import REASONS
from geo.text import Text
from service.figures.values import STATUSES
from service.layers.views import MISSING, Picture

#: Where fewer than this share of the areas have values, all of them within this share of the nation's width
#: and height, a map shows the part of the nation that they lie in, with so much of it around them.
FEW_KNOWN, SMALL_PART, AROUND = 0.25, 0.3, 0.35
PLACES = 4


def legend_of(picture: Picture, circles: Circles | None = None) -> Legend:
    """Return the legend of a picture; with other ``circles`` than its own where it shows a part of it."""
    indicator = picture.view.indicator
    counts = np.bincount(picture.classes, minlength=MISSING + 1).tolist()
    if indicator.kind == "category":
        entries = tuple(
            Entry(None, None, colour, category.label_ja, category.label_en, count)
            for category, colour, count in zip(
                indicator.categories, picture.hex_colours, counts, strict=False
            )
        )
    else:
        entries = numeric_entries(
            picture.lowest,
            picture.bounds.tolist(),
            picture.hex_colours,
            counts,
            indicator.decimals,
            whole=indicator.kind == "count" and indicator.decimals == 0,
            # bounds of all periods are told alike in each of them
            values=None if picture.view.breaks_over == "all" else picture.vector.values,
        )
    return Legend(
        title_ja=indicator.name_ja,
        title_en=indicator.name_en,
        unit_ja=indicator.unit_ja,
        unit_en=indicator.unit_en,
        period=picture.view.period,
        entries=entries,
        circles=_circles(picture, circles or picture.circles),
        no_data=counts[MISSING],
        no_data_label=_no_data_label(picture),
    )


def _no_data_label(picture: Picture) -> Text:
    """Return what areas without a value are called: by their reason where all have one that says more."""
    if picture.view.indicator.topic == "measures":
        return NONE_KNOWN_LABEL
    missing = picture.vector.statuses[np.isnan(picture.vector.values)]
    reasons = {STATUSES[status] for status in np.unique(missing).tolist()}
    if len(reasons) != 1 or reasons == {"not_available"}:
        return NO_DATA_LABEL
    (reason,) = reasons
    return {"ja": REASONS[reason]["ja"], "en": REASONS[reason]["en"].capitalize()}


def _circles(picture: Picture, circles: Circles | None) -> tuple[CircleEntry, ...]:
    """Return the circles that tell a map of counts, none larger than there are; those of losses too."""
    if circles is None:
        return ()
    values, decimals = picture.vector.values, picture.view.indicator.decimals
    gains = circles.examples(decimals, float(np.nanmax(values, initial=0)))
    losses = circles.examples(decimals, -float(np.nanmin(values, initial=0)))
    found = [CircleEntry(one.value, one.size, circles.above, _both(one.label)) for one in gains]
    # one tells the colour; where there are no gains the sizes too
    return tuple(found) + tuple(
        CircleEntry(-one.value, one.size, circles.below, _both(f"−{one.label}"))
        for one in (losses[:1] if gains else losses)
    )


def _both(label: str) -> Text:
    return {"ja": label, "en": label}


def part_of(picture: Picture) -> Box | None:
    """Return the part of the nation that all values lie in where it is a small one, else None.

    Where measures run, and where none is known to, is told of the whole nation.
    """
    known = np.flatnonzero(picture.classes != MISSING)
    if picture.view.indicator.kind == "category" or not 0 < len(known) < FEW_KNOWN * len(picture.classes):
        return None
    boxes = np.array([picture.gazetteer.areas[position].bbox for position in known.tolist()])
    (west, south), (east, north) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    left, low, right, high = MAIN
    if east - west > SMALL_PART * (right - left) or north - south > SMALL_PART * (high - low):
        return None
    margin = AROUND * max(east - west, north - south)
    west, south, east, north = (
        round(edge, PLACES) for edge in (west - margin, south - margin, east + margin, north + margin)
    )
    return west, south, east, north
