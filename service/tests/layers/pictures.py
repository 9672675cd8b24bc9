"""Pictures whose values are written by hand, over the prefectures that ship."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from service.figures.values import STATUSES, Vector
from service.layers.views import MISSING, Picture, ViewQuery, picture, resolve
from service.memory.atlas import Atlas

NAN = math.nan


def drawn(atlas: Atlas, layer: str, **asked: object) -> Picture:
    """Return the picture of a layer as it is asked for."""
    return picture(atlas, resolve(atlas, layer, ViewQuery(**asked)))  # type: ignore[arg-type]  # fields of the query


def with_values(shown: Picture, values: Mapping[int, float], reasons: Mapping[int, str]) -> Picture:
    """Return a picture in which areas have these values in class 0, and no other area has any.

    ``reasons`` say why, by position; for all others it is ``not_available``.
    """
    n = len(shown.gazetteer)
    column, classes = np.full(n, NAN), np.full(n, MISSING, np.uint8)
    statuses = np.full(n, STATUSES.index("not_available"), np.uint8)
    for place, value in values.items():
        column[place], classes[place], statuses[place] = value, 0, STATUSES.index("ok")
    for place, reason in reasons.items():
        statuses[place] = STATUSES.index(reason)
    return replace(shown, vector=Vector(column, statuses, shown.vector.sources), classes=classes)
