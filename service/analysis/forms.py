"""Clusters, correlations and changes as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from geo.analysis import moran
from geo.analysis.change import CHANGES, MEASURES
from geo.analysis.correlation import Correlation, both_known, correlation
from geo.analysis.words import correlation_in_words, whole_in_words
from geo.areas.carrying import Carried
from geo.errors import ChiikiError
from geo.figures.indicators import Indicator
from geo.layers.words import Named
from geo.periods import period_label, years_between
from geo.text import Text, name_of
from service.analysis.clusters import Clusters
from service.analysis.layers import CLUSTERS, RESIDUAL, change_id
from service.figures.carrying import Carrying
from service.figures.forms import (
    BoundariesOfFigures,
    Brief,
    LayerWithLabels,
    Source,
    boundaries_described,
    brief,
    layer_described,
    sources_described,
)
from service.figures.values import STATUSES, Vector, derived, elsewhere, without
from service.http.forms import Numbers
from service.layers.forms import About, about
from service.layers.views import Picture, carrying_of
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

Floats = NDArray[np.float64]
Cluster = Literal["HH", "LL", "HL", "LH", "not significant"]
#: By what stands in the layer's values, from 1.
NAMES: tuple[Cluster, ...] = ("HH", "LL", "HL", "LH", "not significant")


class Moran(TypedDict):
    """Moran's I of all areas; `p` is two-sided, by permutation."""

    i: float
    expected: float
    standard_deviation: float
    z: float
    p: float
    permutations: int


class BridgeTold(TypedDict):
    """An area that touches no other, and the nearest one, which it is taken to be next to."""

    area: str
    nearest: str
    km: float


class Contiguity(TypedDict):
    """Which areas are next to each other: `queen`, those that share a border or a corner."""

    rule: Literal["queen"]
    pairs: int
    parts: int
    bridges: list[BridgeTold]


class Spatial(About):
    """Whether areas next to each other are alike, and where; columns in the order of `codes`.

    `p` is two-sided, by conditional permutation; `adjusted` the same for all areas at once (Benjamini and
    Hochberg). An area without a value, or without a neighbour that has one (`alone`), has nulls. `carried`
    tells how the values that are compared came to stand on the boundaries shown.
    """

    text: Text
    n: int
    missing: int
    alone: list[str]
    moran: Moran
    neighbours: Contiguity
    permutations: int
    seed: int
    false_discovery_rate: float
    clusters_layer: str
    counts: dict[str, int]
    codes: list[str]
    i: Numbers
    p: Numbers
    adjusted: Numbers
    clusters: list[Cluster | None]
    carried: list[Carried | None]


class Fit(TypedDict):
    """How y goes with x; the line is `y = intercept + slope · x`, of least squares."""

    n: int
    pearson: float
    spearman: float
    slope: float
    intercept: float
    r_squared: float


class Correlated(Brief, BoundariesOfFigures):
    """A figure that is correlated, of which period, and the boundaries it was published on."""

    period: str
    period_label: Text


class CorrelationTold(TypedDict):
    """How two figures of the same areas go together; columns in the order of `codes`.

    `weighted` counts each area as often as it has residents; `residuals` are those of `plain`.
    """

    x: Correlated
    y: Correlated
    level: str
    vintage: str
    revisions: list[str]
    text: Text
    n: int
    missing: int
    plain: Fit
    weights: Correlated
    weighted: Fit
    residual_layer: str | None
    codes: list[str]
    x_values: Numbers
    x_carried: list[Carried | None]
    y_values: Numbers
    y_carried: list[Carried | None]
    residuals: Numbers
    sources: list[Source]


#: ``from`` is a word of Python.
ChangeTold = TypedDict(
    "ChangeTold",
    {
        "layer": str,
        "title": Text,
        "unit": Text,
        "from": str,
        "to": str,
        "from_label": Text,
        "to_label": Text,
        "years": float,
        "level": str,
        "vintage": str,
        "revision": str,
        "layers": dict[str, str],
        "n": int,
        "missing": int,
        "codes": list[str],
        "before": Numbers,
        "after": Numbers,
        "difference": Numbers,
        "per_cent": Numbers,
        "per_year": Numbers,
        "statuses": list[str],
        "carried": list[Carried | None],
        "boundary_dates": list[str],
        "sources": list[Source],
    },
)


class Analysis(TypedDict):
    """A layer that is worked out of another."""

    id: str
    name: Text


class LayerWithAnalyses(LayerWithLabels):
    """A layer, its periods as people read them, and the layers that are worked out of it."""

    analyses: list[Analysis]


def layer_with_analyses(atlas: Atlas, layer: Indicator) -> LayerWithAnalyses:
    """Return a layer as JSON, with those that are worked out of it: they are listed nowhere else."""
    ids = [f"{CLUSTERS}:{layer.id}", *(change_id(layer.id, None, measure) for measure in MEASURES)]
    made: list[Analysis] = []
    for name in ids:
        try:
            made.append({"id": name, "name": name_of(atlas.layer(name))})
        except ChiikiError:  # not of categories, counts, a single period
            continue
    return {**layer_described(atlas, layer), "analyses": made}


def least_p(permutations: int) -> float:
    """Return the least two-sided p-value that so many permutations can tell.

    >>> least_p(999)
    0.002
    """
    return 2 / (permutations + 1)


def clusters_in_words(found: Clusters) -> Text:
    """Return what a map of clusters says as a whole."""
    bridged = len(found.graph.bridges)
    return whole_in_words(found.whole, len(found.known), bridged, least_p(moran.PERMUTATIONS_OF_WHOLE))


def spatial_described(atlas: Atlas, picture: Picture, found: Clusters) -> Spatial:
    """Return the clusters of a map as JSON."""
    codes, local, whole = picture.gazetteer.codes, found.local, found.whole
    own = codes[found.known]
    clusters: list[Cluster | None] = [None] * len(codes)
    for place, cluster in zip(found.known.tolist(), local.clusters.tolist(), strict=True):
        clusters[place] = NAMES[cluster - 1]
    return {
        **about(atlas, picture),
        "text": clusters_in_words(found),
        "n": len(own),
        "missing": len(codes) - len(own),
        "alone": codes[found.alone].tolist(),
        "moran": {
            "i": whole.i,
            "expected": whole.expected,
            "standard_deviation": whole.deviation,
            "z": whole.z,
            "p": whole.p,
            "permutations": moran.PERMUTATIONS_OF_WHOLE,
        },
        "neighbours": {
            "rule": "queen",
            "pairs": len(found.graph.pairs),
            "parts": found.graph.parts,
            "bridges": [
                {"area": str(own[one.island]), "nearest": str(own[one.nearest]), "km": round(one.km, 1)}
                for one in found.graph.bridges
            ],
        },
        "permutations": moran.PERMUTATIONS,
        "seed": moran.SEED,
        "false_discovery_rate": moran.FALSE_DISCOVERIES,
        "clusters_layer": f"{CLUSTERS}:{picture.view.indicator.id}",
        "counts": {name: clusters.count(name) for name in NAMES},
        "codes": codes.tolist(),
        "i": found.column(local.i),
        "p": found.column(local.p),
        "adjusted": found.column(local.adjusted),
        "clusters": clusters,
        "carried": carrying_of(atlas, picture.view).all_told,
    }


@dataclass(frozen=True)
class Figure:
    """The values of an indicator of one period, and how they came to stand on the boundaries shown."""

    indicator: Indicator
    period: str
    vector: Vector
    carrying: Carrying

    @classmethod
    def of(
        cls, atlas: Atlas, indicator: Indicator, periods: Sequence[str], level: str, vintage: dt.date
    ) -> list[Figure]:
        """Return the figures of some periods at a level, on the boundaries of a vintage."""
        asked = (indicator, periods, level, vintage)
        told = zip(periods, atlas.vectors(*asked), atlas.carryings(*asked), strict=True)
        return [cls(indicator, *one) for one in told]

    @property
    def described(self) -> Correlated:
        """What it is, as JSON."""
        label = period_label(self.period, self.indicator.period_kind)
        return {
            **brief(self.indicator),
            "period": self.period,
            "period_label": label,
            **boundaries_described(self.carrying),
        }


def _fit(found: Correlation) -> Fit:
    return {
        "n": found.n,
        "pearson": found.pearson,
        "spearman": found.spearman,
        "slope": found.slope,
        "intercept": found.intercept,
        "r_squared": found.r_squared,
    }


def correlation_described(
    atlas: Atlas, x: Figure, y: Figure, weights: Figure, level: str, vintage: Vintage
) -> CorrelationTold:
    """Return how two figures go together as JSON.

    Raises
    ------
    NotEnoughData : too few areas have both, or one of the figures is the same everywhere
    """
    plain = correlation(x.vector.values, y.vector.values)
    weighted = correlation(x.vector.values, y.vector.values, weights.vector.values)
    known = both_known(x.vector.values, y.vector.values)
    named = [Named(one.indicator.name_ja, one.indicator.name_en) for one in (x, y)]
    used = [source for one in (x, y, weights) for source in one.vector.sources]
    return {
        "x": x.described,
        "y": y.described,
        "level": level,
        "vintage": str(vintage.date),
        "revisions": [atlas.revision(one.indicator, vintage.date) for one in (x, y, weights)],
        "text": correlation_in_words(named[0], named[1], plain),
        "n": plain.n,
        "missing": len(known) - plain.n,
        "plain": _fit(plain),
        "weights": weights.described,
        "weighted": _fit(weighted),
        "residual_layer": f"{RESIDUAL}:{y.indicator.id}~{x.indicator.id}" if x.period == y.period else None,
        "codes": atlas.gazetteer(vintage.date, level).codes.tolist(),
        "x_values": x.vector.values,
        "x_carried": x.carrying.all_told,
        "y_values": y.vector.values,
        "y_carried": y.carrying.all_told,
        "residuals": plain.residuals(x.vector.values, y.vector.values),
        "sources": sources_described(atlas, tuple(dict.fromkeys(used))),
    }


def change_described(atlas: Atlas, was: Figure, now: Figure, level: str, vintage: Vintage) -> ChangeTold:
    """Return how a figure has changed as JSON."""
    indicator, years = now.indicator, years_between(was.period, now.period)
    columns = {
        measure: change(was.vector.values, now.vector.values, years) for measure, change in CHANGES.items()
    }
    places = elsewhere(indicator, atlas.gazetteer(vintage.date, level), was.period, now.period)
    for column in columns.values():
        column[places] = np.nan
    told = without(derived(columns["difference"], [now.vector, was.vector]), places)
    n = int(np.isfinite(told.values).sum())
    carrying = Carrying.together([now.carrying, was.carrying], np.isfinite(told.values))
    return {
        "layer": indicator.id,
        "title": name_of(indicator),
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "from": was.period,
        "to": now.period,
        "from_label": period_label(was.period, indicator.period_kind),
        "to_label": period_label(now.period, indicator.period_kind),
        "years": years,
        "level": level,
        "vintage": str(vintage.date),
        "revision": atlas.revision(indicator, vintage.date),
        "layers": {
            measure.replace("-", "_"): change_id(indicator.id, was.period, measure) for measure in MEASURES
        },
        "n": n,
        "missing": len(told.values) - n,
        "codes": atlas.gazetteer(vintage.date, level).codes.tolist(),
        "before": was.vector.values,
        "after": now.vector.values,
        "difference": columns["difference"],
        "per_cent": columns["per-cent"],
        "per_year": columns["per-year"],
        "statuses": [STATUSES[status] for status in told.statuses],
        "carried": carrying.all_told,
        **boundaries_described(now.carrying, was.carrying),
        "sources": sources_described(atlas, told.sources),
    }
