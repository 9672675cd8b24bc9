"""From a picture to its legend: the same bounds, colours and classes as its tiles."""

from __future__ import annotations

import numpy as np

from geo.layers.circles import Circles
from geo.layers.legend import (
    NO_DATA_LABEL,
    NONE_KNOWN_LABEL,
    CircleEntry,
    Entry,
    Legend,
    numeric_entries,
)
from geo.text import Text
from service.layers.views import MISSING, Picture


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
        no_data_label=NONE_KNOWN_LABEL if indicator.topic == "measures" else NO_DATA_LABEL,
    )


def _circles(picture: Picture, circles: Circles | None) -> tuple[CircleEntry, ...]:
    """Return the circles that tell a map of counts; those of losses too where there are some."""
    if circles is None:
        return ()
    told = circles.examples(picture.view.indicator.decimals)
    found = [CircleEntry(one.value, one.size, circles.above, _both(one.label)) for one in told]
    if np.nanmin(picture.vector.values, initial=0) < 0:
        found += [
            CircleEntry(-one.value, one.size, circles.below, _both(f"−{one.label}")) for one in told[:1]
        ]
    return tuple(found)


def _both(label: str) -> Text:
    return {"ja": label, "en": label}
