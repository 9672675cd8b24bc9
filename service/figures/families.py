"""A family of layers: which one stands for it, and which are there to compute others with."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from geo.errors import NotFound
from geo.figures.families import Family
from geo.figures.indicators import Indicator, terms
from service.memory.atlas import Atlas

#: What tells one of several alike: in brackets, or after a colon.
_VARIANT = re.compile(r"（[^）]*）|：")
_DIGITS = re.compile(r"(\d+)")
#: What most people look for in a family whose plainest layer is another.
LEADS = {"ageing-rate", "hospitals-per-100k", "net-migration-rate", "transport-gap:mlit-handbook-rural"}
#: Families that people look for before the others of their topic, by how often they do.
FIRST = (
    "population",
    "population-change",
    "population-by-age",
    "births",
    "deaths",
    "register-population",
    "register-change",
    "register-structure",
    "foreign-residents",
    "moves",
    "households",
    "one-person-households",
    "gross-product",
    "labour-productivity",
    "prefectural-income",
    "taxable-income",
    "employed",
    "unemployment",
    "establishments",
    "job-openings",
    "monthly-pay",
    "municipal-finance-indices",
    "municipal-revenue",
    "municipal-expenditure",
    "hospitals-clinics",
    "doctors",
    "nurseries",
    "elementary-schools",
    "junior-high-schools",
    "housing",
    "shops",
    "household-income",
    "household-spending",
    "land-prices",
    "traffic-accidents",
    "crime",
    "fires",
    "area",
    "projection-2023",
    "transport-gaps",
)
#: Rates make maps that can be compared; counts follow how large a place is.
_KINDS = ("ratio", "index", "category", "change", "count")


def members(atlas: Atlas, family: str) -> tuple[Family, list[Indicator]]:
    """Return a family and its layers with figures: the one that stands for it, then as people count.

    Raises
    ------
    NotFound : no layer with figures has this family
    """
    listed = [
        (layer.family, layer)
        for layer in atlas.catalogue.layers.values()
        if layer.family is not None and layer.family.id == family and atlas.levels(layer)
    ]
    if not listed:
        raise NotFound(f"No family with figures is called {family[:80]!r}; /v1/layers?limit=0 lists them")
    own, found = listed[0][0], [layer for _, layer in listed]
    first = lead(found, [layer.id for layer in found if "municipality" in atlas.levels(layer)])
    return own, [first, *sorted((one for one in found if one is not first), key=_as_counted)]


def lead(layers: Sequence[Indicator], municipal: Collection[str]) -> Indicator:
    """Return the layer that stands for a family: one of :data:`LEADS`, else the plainest.

    Parameters
    ----------
    municipal : ids of those with figures of municipalities
    """
    return min(
        layers,
        key=lambda one: (
            one.id not in LEADS,
            one.id not in municipal,
            one.family is None or one.name_ja != one.family.name_ja,
            len(_VARIANT.findall(one.name_ja)),
            _KINDS.index(one.kind),
            len(one.name_ja),
            one.id,
        ),
    )


def as_looked_for(family: Family) -> tuple[int, str, str]:
    """Return what orders families: those of :data:`FIRST`, then by their kana."""
    return FIRST.index(family.id) if family.id in FIRST else len(FIRST), family.kana, family.id


def ingredients(layers: Sequence[Indicator]) -> set[str]:
    """Return the ids of those that others among them are divided by: there to compute with.

    The first stands for all of them, and it is there to be looked at, with what is told like it (of men, of
    women).
    """
    plain = _VARIANT.sub("", layers[0].name_ja)
    under = {name for one in layers if one.denominator for _, name in terms(one.denominator)}
    return {
        one.id
        for one in layers
        if one.id in under and one.kind == "count" and _VARIANT.sub("", one.name_ja) != plain
    }


def _as_counted(layer: Indicator) -> list[tuple[int, str]]:
    """Return what orders names as people count: 5 to 9 before 10 to 14."""
    parts = _DIGITS.split(layer.name_ja)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts if part]
