"""The layers of analysts among the kinds of layers: clusters, changes, residuals."""

from __future__ import annotations

import numpy as np

from geo.analysis.change import CHANGES
from geo.analysis.correlation import correlation
from geo.errors import NotEnoughData
from geo.figures.indicators import Indicator
from geo.periods import years_between
from service.analysis import layers
from service.analysis.clusters import clusters
from service.areas.gazetteer import Gazetteer
from service.figures.carrying import Carrying
from service.figures.values import NOT_APPLICABLE, TOLD, Vector, derived, elsewhere, without
from service.memory.atlas import Atlas
from service.memory.catalogue import Kind, Kinds


def _clusters(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    of = atlas.layer(layers.clustered(layer.id))
    at = (period, gazetteer.level, gazetteer.vintage)
    vector = atlas.vector(of, *at)
    try:
        found = clusters(atlas, of, *at)
    except NotEnoughData:  # one period of several: spatial.json says why
        return _nothing(vector)
    statuses = _nothing(vector).statuses
    statuses[found.known] = vector.statuses[found.known]
    return Vector(found.column(found.local.clusters), statuses, vector.sources)


def _nothing(of: Vector) -> Vector:
    """Return no values: where there is one to begin with, nothing can be said of it."""
    statuses = np.where(np.isin(of.statuses, TOLD), NOT_APPLICABLE, of.statuses).astype(np.uint8)
    return Vector(np.full(len(statuses), np.nan), statuses, of.sources)


def _change(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    change = layers.change_of(layer.id)
    earlier = layers.before(atlas.catalogue, change, gazetteer.level, period)
    of = atlas.indicator(change.layer)
    was, now = atlas.vectors(of, [earlier, period], gazetteer.level, gazetteer.vintage)
    values = CHANGES[change.measure](was.values, now.values, years_between(earlier, period))
    return without(derived(values, [now, was]), elsewhere(of, gazetteer, earlier, period))


def _residual(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    y, x = (
        atlas.vector(atlas.indicator(one), period, gazetteer.level, gazetteer.vintage)
        for one in layers.residual_of(layer.id)
    )
    try:
        left = correlation(x.values, y.values).residuals(x.values, y.values)
    except NotEnoughData:  # as above
        return _nothing(y)
    return derived(left, [y, x])


def _carried(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Carrying:
    """Return how the values of a layer were carried: as those were that it is worked out of."""
    name, at = layer.id, (gazetteer.level, gazetteer.vintage)
    periods = [period]
    if name.startswith(f"{layers.CHANGE}:"):
        periods.append(layers.before(atlas.catalogue, layers.change_of(name), gazetteer.level, period))
    if layers.shows_clusters(name):
        of = [atlas.layer(layers.clustered(name))]
    else:
        of = layers.bases(atlas.catalogue, name)
    parts = [one for base in of for one in atlas.carryings(base, periods, *at)]
    return Carrying.together(parts, np.isfinite(atlas.vector(layer, period, *at).values))


KINDS: Kinds[Atlas] = {
    name: Kind(layers.inputs, make, _carried, define=layers.found, is_light=True)
    for name, make in (
        (layers.CLUSTERS, _clusters),
        (layers.CHANGE, _change),
        (layers.RESIDUAL, _residual),
    )
}
