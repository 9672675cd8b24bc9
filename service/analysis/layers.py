"""Layers that are worked out of others: found by their ids, never listed.

There is one of each kind for almost every layer, and changes and residuals for each pair of periods or of
layers: a list of them would bury what it lists. `/v1/layers/{layer}` names those of a layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import cast

from geo.analysis import moran
from geo.analysis.change import Measure
from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures.breaks import break_between
from geo.figures.indicators import Category, Indicator
from geo.periods import period_label
from geo.text import Text
from service.figures.estimates import KINDS as ESTIMATES
from service.memory.catalogue import Catalogue, Defined, Periods, figures_of

CLUSTERS, CHANGE, RESIDUAL = "clusters", "change", "residual"

CATEGORIES = (
    Category(moran.HIGH_HIGH, "高い地域の集まり（HH）", "High among high (HH)", "#d7191c"),
    Category(moran.LOW_LOW, "低い地域の集まり（LL）", "Low among low (LL)", "#2c7bb6"),
    Category(moran.HIGH_LOW, "周囲より高い（HL）", "High among low (HL)", "#fdae61"),
    Category(moran.LOW_HIGH, "周囲より低い（LH）", "Low among high (LH)", "#abd9e9"),
    Category(moran.NOT_SIGNIFICANT, "有意でない", "Not significant", "#f5f1e6"),
)
#: Losses red, gains blue; and the other way round for what is painted the warmer the more there is of it.
PALETTE, REVERSED = "rdylbu", "rdylbu_r"
WARM = frozenset(("orrd", "oranges", "rdpu", "reds", "ylorbr", "ylorrd"))


@dataclass(frozen=True)
class Change:
    """What the id of a layer of changes says: of what, since when (the period before without), and how."""

    layer: str
    since: str | None
    measure: Measure


_CHANGE = re.compile(rf"{CHANGE}:(.+?)(?::([0-9]{{4}}(?:-(?:Q[1-4]|[0-9]{{2}}))?))?(?::(per-cent|per-year))?")
_RESIDUAL = re.compile(rf"{RESIDUAL}:([^~]+)~([^~]+)")


def change_id(layer: str, since: str | None, measure: Measure) -> str:
    """Return the id of a layer of changes.

    >>> change_id("population", "2015", "per-cent"), change_id("population", None, "difference")
    ('change:population:2015:per-cent', 'change:population')
    """
    further = (since, None if measure == "difference" else measure)
    return ":".join([CHANGE, layer, *(part for part in further if part)])


def change_of(name: str) -> Change:
    """Return what the id of a layer of changes says.

    Raises
    ------
    NotFound : it is none
    """
    found = _CHANGE.fullmatch(name)
    if found is None:
        raise NotFound(f"No layer is called {name[:80]!r}; there are {CHANGE}:<layer>[:<period>][:per-cent]")
    return Change(found[1], found[2], cast("Measure", found[3] or "difference"))


def residual_of(name: str) -> tuple[str, str]:
    """Return the ids of y and x, of which a layer of residuals tells what x leaves of y.

    >>> residual_of("residual:ageing-rate~births")
    ('ageing-rate', 'births')

    Raises
    ------
    NotFound : it is no such layer
    """
    found = _RESIDUAL.fullmatch(name)
    if found is None:
        raise NotFound(f"No layer is called {name[:80]!r}; there are {RESIDUAL}:<y>~<x>")
    return found[1], found[2]


def shows_clusters(name: str) -> bool:
    """Return whether a layer shows the clusters of another."""
    return name.startswith(f"{CLUSTERS}:")


def clustered(name: str) -> str:
    """Return the id of the layer whose clusters a layer shows."""
    return name.partition(":")[2]


# What they are


def found(catalogue: Catalogue, name: str) -> Defined:
    """Return a layer, listed or not, with its periods.

    Raises
    ------
    NotFound : there is none
    InvalidParameter : it cannot be worked out of the layers that it names
    """
    kind = name.partition(":")[0]
    define = ESTIMATES[kind].define if kind in ESTIMATES else _DEFINED.get(kind)
    if define is not None:
        return define(catalogue, name)
    layer = catalogue.layers.get(name)
    if layer is None:
        raise NotFound(f"No layer is called {name[:80]!r}; they are listed at /v1/layers")
    return Defined(layer, catalogue.periods(layer))


def numeric(catalogue: Catalogue, name: str) -> Indicator:
    """Return an indicator whose values are numbers; InvalidParameter where they are not."""
    indicator = catalogue.indicators.get(name)
    if indicator is None and name not in catalogue.layers:
        raise NotFound(f"No layer is called {name[:80]!r}; they are listed at /v1/layers")
    if indicator is None or indicator.kind == "category":
        finding = Finding("path", "layer", name, "an indicator whose values are numbers; see /v1/indicators")
        raise InvalidParameter(
            f"{name} is no indicator of numbers: it can neither change nor correlate", [finding]
        )
    return indicator


def refuse_unclusterable(catalogue: Catalogue, layer: Indicator) -> None:
    """Refuse what neighbours cannot be alike in.

    Raises
    ------
    InvalidParameter : categories, or counts, of which a large area has much
    """
    if layer.kind == "category":
        finding = Finding("path", "layer", layer.id, "a layer of numbers")
        raise InvalidParameter(f"{layer.id} has categories: they are neither high nor low", [finding])
    if _is_of_size(catalogue, layer.id):
        finding = Finding("path", "layer", layer.id, "a rate, a density, an index, or a change in per cent")
        raise InvalidParameter(
            f"{layer.id} counts, and a large area has much of everything: clusters of counts would show where"
            " large areas are. Take a rate instead",
            [finding],
        )


def _is_of_size(catalogue: Catalogue, name: str) -> bool:
    """Return whether the values of a layer grow with the size of its areas."""
    kind = name.partition(":")[0]
    if kind == CHANGE:
        change = change_of(name)
        return change.measure != "per-cent" and _is_of_size(catalogue, change.layer)
    if kind == RESIDUAL:
        return _is_of_size(catalogue, residual_of(name)[0])
    return found(catalogue, name).layer.kind == "count"


def _clusters(catalogue: Catalogue, name: str) -> Defined:
    if shows_clusters(clustered(name)):  # however many of them stand one after another
        finding = Finding("path", "layer", name, f"{CLUSTERS}: once")
        raise InvalidParameter("Clusters are categories, of which there are no clusters", [finding])
    of = found(catalogue, clustered(name))
    layer = of.layer
    refuse_unclusterable(catalogue, layer)
    return Defined(
        replace(
            _plain(layer),
            id=name,
            name_ja=f"{layer.name_ja}：高い地域・低い地域の集まり",
            name_en=f"{layer.name_en}: clusters",
            description_ja="隣り合う地域どうしの値の似かた（ローカル・モラン統計量、クイーン隣接、並べ替え検定、"
            f"偽発見率{moran.FALSE_DISCOVERIES:.0%}）。{layer.description_ja}",
            description_en="Where areas next to each other are alike (local Moran’s I, queen contiguity, "
            f"permutation test, false discovery rate {moran.FALSE_DISCOVERIES:.0%}). {layer.description_en}",
            kind="category",
            unit_ja="",
            unit_en="",
            direction="neutral",
            decimals=0,
            categories=CATEGORIES,
        ),
        of.periods,
    )


def _change(catalogue: Catalogue, name: str) -> Defined:
    change = change_of(name)
    layer = numeric(catalogue, change.layer)
    periods = {
        level: [
            period
            for before, period in _spans(told, change.since)
            if break_between(layer.breaks, before, period) is None
        ]
        for level, told in catalogue.periods(layer).items()
    }
    periods = {level: told for level, told in periods.items() if told}
    if not periods:
        since = f"since {change.since}" if change.since else "between two periods"
        listed = ", ".join(sorted({p for told in catalogue.periods(layer).values() for p in told}))
        raise NotFound(f"No change of {layer.id} {since} can be told; its periods are {listed or 'none'}")
    named, unit = _NAMES[change.measure], _unit(layer, change.measure)
    since_ja, since_en = "前の期から", "since the period before"
    if change.since is not None:
        label = period_label(change.since, layer.period_kind)
        since_ja, since_en = f"{label['ja']}から", f"since {label['en']}"
    return Defined(
        replace(
            _plain(layer),
            id=name,
            name_ja=f"{layer.name_ja}：{since_ja}の{named['ja']}",
            name_en=f"{layer.name_en}: {named['en']} {since_en}",
            description_ja=f"{since_ja}の{named['ja']}。どちらの期も同じ境界に換算した値による。{layer.description_ja}",
            description_en=f"{named['en'].capitalize()} {since_en}, of figures on the same boundaries. "
            f"{layer.description_en}",
            kind="count" if _is_of_size(catalogue, name) else "change",
            evacuations=layer.absences or layer.evacuations,
            unit_ja=unit["ja"],
            unit_en=unit["en"],
            decimals={"difference": layer.decimals, "per-cent": 1, "per-year": min(layer.decimals + 1, 6)}[
                change.measure
            ],
        ),
        periods,
    )


def _spans(periods: list[str], since: str | None) -> list[tuple[str, str]]:
    """Return the pairs of periods between which a layer of changes tells the change."""
    if since is None:
        return list(pairwise(periods))
    return [(since, period) for period in periods if period > since] if since in periods else []


def before(catalogue: Catalogue, change: Change, level: str, period: str) -> str:
    """Return the period since which a layer of changes tells the change up to a period."""
    if change.since is not None:
        return change.since
    told = catalogue.periods(catalogue.indicators[change.layer])[level]
    return told[told.index(period) - 1]


def _unit(layer: Indicator, measure: Measure) -> Text:
    if measure == "per-cent":
        return {"ja": "%", "en": "%"}
    unit = _unit_of_difference(layer)
    return (
        unit if measure == "difference" else {"ja": f"{unit['ja']}/年", "en": f"{unit['en']} a year".strip()}
    )


def _unit_of_difference(layer: Indicator) -> Text:
    """Return the unit of a difference between two values of a layer."""
    if layer.unit_ja == "%":
        return {"ja": "ポイント", "en": "points"}
    return {"ja": layer.unit_ja, "en": layer.unit_en}


def _residual(catalogue: Catalogue, name: str) -> Defined:
    y, x = (numeric(catalogue, one) for one in residual_of(name))
    of_x, of_y = catalogue.periods(x), catalogue.periods(y)
    common = {level: [p for p in told if p in of_x.get(level, ())] for level, told in of_y.items()}
    periods: Periods = {level: told for level, told in common.items() if told}
    unit = _unit_of_difference(y)
    if not periods or x.id == y.id:
        finding = Finding("path", "layer", name, "two layers that have a period in common")
        raise InvalidParameter(f"{y.id} and {x.id} have no period in common", [finding])
    return Defined(
        replace(
            _plain(y),
            id=name,
            name_ja=f"{y.name_ja}：{x.name_ja}から見込まれる値との差",
            name_en=f"{y.name_en}: difference from what {x.name_en} suggests",
            description_ja=f"{x.name_ja}による単回帰（最小二乗、重みなし）の残差。{y.description_ja}",
            description_en=f"Residuals of a regression on {x.name_en} (least squares, not weighted). "
            f"{y.description_en}",
            kind="count" if _is_of_size(catalogue, name) else "change",
            unit_ja=unit["ja"],
            unit_en=unit["en"],
            direction="neutral",
        ),
        periods,
    )


_NAMES: Mapping[Measure, Text] = {
    "difference": {"ja": "増減", "en": "change"},
    "per-cent": {"ja": "増減率", "en": "change in per cent"},
    "per-year": {"ja": "年平均の増減", "en": "change a year"},
}
_DEFINED: Mapping[str, Callable[[Catalogue, str], Defined]] = {
    CLUSTERS: _clusters,
    CHANGE: _change,
    RESIDUAL: _residual,
}


def _plain(layer: Indicator) -> Indicator:
    """Return a layer without what does not hold of those that are worked out of it."""
    return replace(
        layer,
        code="",
        kana="",
        family=None,
        keywords="",
        numerator="",
        denominator="",
        scale=1.0,
        lag=0,
        aggregation="none",
        default_scheme="quantiles",
        default_palette=REVERSED if layer.default_palette in WARM else PALETTE,
    )


def inputs(catalogue: Catalogue, layer: Indicator) -> list[str]:
    """Return the subjects that a layer is made of: those of the figures that it is worked out of."""
    return [subject for one in bases(catalogue, layer.id) for subject in figures_of(catalogue, one)]


def bases(catalogue: Catalogue, name: str) -> list[Indicator]:
    """Return the indicators that a layer is worked out of in the end; itself if it is one."""
    kind = name.partition(":")[0]
    if kind == CLUSTERS:
        return bases(catalogue, clustered(name))
    if kind == CHANGE:
        return [catalogue.indicators[change_of(name).layer]]
    if kind == RESIDUAL:
        return [catalogue.indicators[one] for one in residual_of(name)]
    return [catalogue.indicators[clustered(name) if kind in ESTIMATES else name]]
