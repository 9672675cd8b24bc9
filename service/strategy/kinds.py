"""The layers of the strategy among the kinds of layers: deployments of measures, and progress of KPIs."""

from __future__ import annotations

from geo.figures.indicators import Indicator
from service.areas.gazetteer import Gazetteer
from service.figures.values import Vector
from service.memory import revisions
from service.memory.atlas import Atlas
from service.memory.catalogue import Catalogue, Kind, Kinds, figures_of
from service.strategy import policy, progress


def _deployed(_catalogue: Catalogue, _layer: Indicator) -> list[str]:
    source = revisions.source(policy.SOURCE)
    return [revisions.DEPLOYMENTS, revisions.STRATEGY, revisions.AREA_CHANGES, source]


def _progress(catalogue: Catalogue, layer: Indicator) -> list[str]:
    kpi = catalogue.policy.kpi(layer.id.partition(":")[2])
    shown = [catalogue.indicators[s.indicator] for s in kpi.series if s.indicator in catalogue.indicators]
    figures = (subject for one in shown for subject in figures_of(catalogue, one))
    own = (revisions.kpi(kpi.id), revisions.source(progress.SOURCE))
    return [*own, revisions.STRATEGY, revisions.REGION_SETS, *figures]


def _deployment_vector(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    catalogue = atlas.catalogue
    return policy.deployment_vector(catalogue.policy, catalogue.places, layer, period, gazetteer)


KINDS: Kinds[Atlas] = {
    policy.DEPLOYMENTS: Kind(_deployed, _deployment_vector),
    policy.COUNT: Kind(_deployed, _deployment_vector),
    policy.PROGRESS: Kind(_progress, progress.progress_vector, progress.progress_carrying),
}
