"""Kinds of layers: what each follows from, and how its values come to be.

A row for each kind, which revisions and values both follow. Indicators are stored at load, so their row is
here; the rows of layers that are worked out when asked for stand with what they are made of, and a store is
given them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from geo.figures.indicators import Indicator, components
from service.areas.gazetteer import Gazetteer
from service.figures.values import Vector
from service.memory import revisions
from service.memory.catalogue import Catalogue

#: The atlas, which makes layers that ask it for figures.
A = TypeVar("A")
#: The subjects that a layer is made of, its boundaries excepted.
Inputs = Callable[[Catalogue, Indicator], Iterable[str]]


@dataclass(frozen=True)
class Kind(Generic[A]):
    """A kind of layer.

    Attributes
    ----------
    make : works a vector out; None where it was written at load
    """

    inputs: Inputs
    make: Callable[[A, Indicator, str, Gazetteer], Vector] | None = None


#: What the id of a layer begins with, before a colon → its kind; all others are indicators.
Kinds = Mapping[str, Kind[A]]


def stored_from(layer: Indicator) -> list[str]:
    """Return the subjects that the stored vectors of an indicator follow from, its boundaries excepted."""
    names = dict.fromkeys([layer.id, *components(layer)])
    return [revisions.AREA_CHANGES, *map(revisions.indicator, names)]


def figures_of(catalogue: Catalogue, layer: Indicator) -> list[str]:
    """Return the subjects that an indicator follows from: its figures, and whom to credit for them."""
    sources = {name for used in catalogue.sources_of(layer).values() for name in used}
    return [*stored_from(layer), *map(revisions.source, sorted(sources))]


INDICATOR: Kind[Any] = Kind(figures_of)
