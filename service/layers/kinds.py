"""Kinds of layers: what each is made of, and how. A row each, which revisions and values both follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geo.figures.indicators import Indicator, components
from service.areas.gazetteer import Gazetteer
from service.figures.values import Vector
from service.memory import revisions
from service.memory.catalogue import Catalogue
from service.strategy import policy, progress

if TYPE_CHECKING:  # the atlas makes layers, which ask it for figures
    from service.memory.atlas import Atlas

#: The subjects that a layer is made of, its boundaries excepted.
Inputs = Callable[[Catalogue, Indicator], Iterable[str]]
Make = Callable[["Atlas", Indicator, str, Gazetteer], Vector]


@dataclass(frozen=True)
class Kind:
    """A kind of layer.

    Attributes
    ----------
    make : works a vector out; None where it was written at load
    """

    inputs: Inputs
    make: Make | None = None


def stored_from(layer: Indicator) -> list[str]:
    """Return the subjects that the stored vectors of an indicator follow from, its boundaries excepted."""
    names = dict.fromkeys([layer.id, *components(layer)])
    return [revisions.AREA_CHANGES, *map(revisions.indicator, names)]


def _figures(catalogue: Catalogue, layer: Indicator) -> list[str]:
    sources = {name for used in catalogue.sources_of(layer).values() for name in used}
    return [*stored_from(layer), *map(revisions.source, sorted(sources))]


def _deployed(_catalogue: Catalogue, _layer: Indicator) -> list[str]:
    source = revisions.source(policy.SOURCE)
    return [revisions.DEPLOYMENTS, revisions.STRATEGY, revisions.AREA_CHANGES, source]


def _progress(catalogue: Catalogue, layer: Indicator) -> list[str]:
    kpi = catalogue.policy.kpi(layer.id.partition(":")[2])
    shown = [catalogue.indicators[s.indicator] for s in kpi.series if s.indicator in catalogue.indicators]
    figures = (subject for one in shown for subject in _figures(catalogue, one))
    own = (revisions.kpi(kpi.id), revisions.source(progress.SOURCE))
    return [*own, revisions.STRATEGY, revisions.REGION_SETS, *figures]


def _deployment_vector(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    catalogue = atlas.catalogue
    return policy.deployment_vector(catalogue.policy, catalogue.places, layer, period, gazetteer)


#: What the id of a layer begins with, before a colon → its kind; all others are indicators.
KINDS = {
    policy.DEPLOYMENTS: Kind(_deployed, _deployment_vector),
    policy.COUNT: Kind(_deployed, _deployment_vector),
    policy.PROGRESS: Kind(_progress, progress.progress_vector),
}
INDICATOR = Kind(_figures)


def kind_of(layer: Indicator) -> Kind:
    """Return the kind of a layer."""
    return KINDS.get(layer.id.partition(":")[0], INDICATOR)
