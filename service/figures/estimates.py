"""Indicators on older boundaries with estimates: what has merged since is parted again, and marked so.

Such a layer is found by its id and never listed. Its values are worked out when they are first asked for,
all periods of it at once, and held in the memory of the process: nobody else waits for them, and no load
writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures.indicators import Indicator
from geo.text import Text
from service.areas.gazetteer import Gazetteer
from service.figures.carrying import Carrying
from service.figures.past import Past, known_at
from service.figures.values import NOT_LOADED, Columns, StoredVector, Vector
from service.memory.atlas import Atlas
from service.memory.catalogue import Catalogue, Defined, Kind, Kinds, figures_of

#: What the ids of these layers begin with, and how they are asked for: ``estimate=population``.
ESTIMATED, POPULATION = "estimated", "population"

_WHAT: Text = {
    "ja": "合併前の境界では、合併後の地域の値を、直前の人口（なければ面積）の割合で按分した推計値を示す。",
    "en": "On older boundaries, the figure of areas that have merged since is spread by the people that they "
    "had just before, else by their area, and marked as estimated.",
}


def refuse_other(estimate: str | None) -> None:
    """Refuse an estimate by anything but population."""
    if estimate not in (None, POPULATION):
        finding = Finding("query", "estimate", estimate[:80], POPULATION)
        raise InvalidParameter(f"estimate is {POPULATION}, or left out", [finding])


def estimated(atlas: Atlas, layer: Indicator) -> Indicator:
    """Return a layer with estimates on older boundaries; what is no indicator of numbers has none."""
    if layer.id not in atlas.catalogue.indicators or layer.kind == "category":
        return layer
    return atlas.layer(f"{ESTIMATED}:{layer.id}")


def is_estimated(layer: Indicator) -> bool:
    """Return whether a layer is one with estimates."""
    return layer.id.startswith(f"{ESTIMATED}:")


def _base(catalogue: Catalogue, name: str) -> Indicator:
    found = catalogue.indicators.get(name.partition(":")[2])
    if found is None or found.kind == "category":
        raise NotFound(f"No layer is called {name[:80]!r}; there are {ESTIMATED}:<indicator of numbers>")
    return found


def _defined(catalogue: Catalogue, name: str) -> Defined:
    base = _base(catalogue, name)
    layer = replace(
        base,
        id=name,
        name_ja=f"{base.name_ja}（推計を含む）",
        name_en=f"{base.name_en}, with estimates",
        description_ja=base.description_ja + _WHAT["ja"],
        description_en=f"{base.description_en} {_WHAT['en']}",
        numerator="",
        denominator="",
    )
    return Defined(layer, catalogue.periods(base))


def _inputs(catalogue: Catalogue, layer: Indicator) -> Iterable[str]:
    return figures_of(catalogue, _base(catalogue, layer.id))


def _columns(atlas: Atlas, layer: Indicator, gazetteer: Gazetteer) -> Columns | None:
    """Return the values of all periods; None where the indicator has none at the level."""
    date, revision = gazetteer.vintage, atlas.revision(layer, gazetteer.vintage)
    held = atlas.store.estimates.get((layer.id, date, revision))
    if held is None:
        base = _base(atlas.catalogue, layer.id)
        then = known_at(atlas, base, atlas.catalogue.vintages[date], None, estimate=True)
        assert isinstance(then, Past)  # noqa: S101 (with estimates it always is)
        held = atlas.store.estimates.put((layer.id, date, revision), then.columns(base))
    found: Columns | None = held.get(gazetteer.level)
    return found


def _vector(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Vector:
    columns = _columns(atlas, layer, gazetteer)
    if columns is None or period not in columns.periods:
        return StoredVector.missing(len(gazetteer), NOT_LOADED).vector
    return columns.vector(period)


def _carried(atlas: Atlas, layer: Indicator, period: str, gazetteer: Gazetteer) -> Carrying:
    columns = _columns(atlas, layer, gazetteer)
    if columns is None or period not in columns.periods:
        return Carrying.none(len(gazetteer))
    return columns.carrying(period)


KINDS: Kinds[Atlas] = {ESTIMATED: Kind(_inputs, _vector, _carried, define=_defined, is_slow=True)}
