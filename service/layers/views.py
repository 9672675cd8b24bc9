"""What a request wants to see, resolved: a view has no unknown left, a picture has its values and colours.

Tiles, PNG, GeoJSON, legend, style, statistics and tables are all drawn from one picture, so they agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from fastapi import Query
from numpy.typing import NDArray
from pydantic import JsonValue

from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.layers import circles, classify, palettes
from geo.layers.circles import Circles
from geo.periods import canonical
from geo.text import Language
from service.areas.gazetteer import LEVELS, Gazetteer
from service.figures.carrying import Carrying
from service.figures.estimates import POPULATION, estimated, refuse_other
from service.figures.values import Breaks, Vector
from service.memory.atlas import Atlas, chosen
from service.memory.cache import digest
from service.memory.catalogue import Vintage

Floats = NDArray[np.float64]
MISSING = classify.MISSING

DATE = r"^\d{4}-\d{2}-\d{2}$"


def one_of(*values: str) -> dict[str, JsonValue]:
    """Return what the document says of a parameter whose values are read, and refused, by the service."""
    return {"enum": list(values)}


Period = Annotated[
    str | None,
    Query(
        description="Period of the figures: `2020`, `2025-Q1`, `2025-04`; the newest when left out",
        examples=["2020"],
    ),
]
Level = Annotated[
    str | None,
    Query(
        description="`prefecture`, `municipality` (designated cities whole) or `ward` (cities split)",
        json_schema_extra=one_of(*LEVELS),
    ),
]
VintageDate = Annotated[
    str | None,
    Query(
        alias="vintage",
        description="Date of the boundaries, YYYY-MM-DD",
        json_schema_extra={"pattern": DATE},
    ),
]
Estimate = Annotated[
    str | None,
    Query(
        description="`population` parts again what has merged since an older `vintage`, by the people of "
        "then, else by area, and marks it `estimated`; null without",
        json_schema_extra=one_of(POPULATION),
    ),
]
Scheme = Annotated[
    str | None,
    Query(
        description="Class scheme: " + ", ".join(f"`{s}`" for s in classify.SCHEMES),
        json_schema_extra=one_of(*classify.SCHEMES),
    ),
]
K = Annotated[
    int | None,
    Query(
        description="Number of classes, 2 to 12; schemes that choose it ignore it",
        json_schema_extra={"minimum": 2, "maximum": 12},
    ),
]
UserBreaks = Annotated[
    str | None, Query(alias="breaks", description="Upper class bounds for `scheme=user`: `10,20,30`")
]
BreaksOver = Annotated[
    str | None,
    Query(
        description="Breaks of this `period`, or of `all` periods (colours mean the same on a time slider)",
        json_schema_extra=one_of("period", "all"),
    ),
]
Palette = Annotated[
    str | None, Query(description="Name of a palette; append `_r` to reverse it. See /v1/palettes")
]
Revision = Annotated[
    str | None, Query(alias="rev", description="Revision of the data; makes the answer immutable")
]
Lang = Annotated[Language, Query(description="Language of titles and labels")]


@dataclass(frozen=True)
class ViewQuery:
    """The view as asked for: what was left out is None."""

    period: str | None = None
    level: str | None = None
    vintage: str | None = None
    scheme: str | None = None
    k: int | None = None
    breaks: str | None = None
    breaks_over: str | None = None
    palette: str | None = None
    estimate: str | None = None


async def view_query(
    period: Period = None,
    level: Level = None,
    vintage: VintageDate = None,
    scheme: Scheme = None,
    k: K = None,
    breaks: UserBreaks = None,
    breaks_over: BreaksOver = None,
    palette: Palette = None,
    estimate: Estimate = None,
    lang: Lang = "ja",
    rev: Revision = None,
) -> ViewQuery:
    """Return the view that the query parameters ask for.

    Every layer route takes the same ones: ``lang`` and ``rev`` too, also where an answer has no texts or
    is not kept.
    """
    del lang, rev  # read by the routes that answer differently for them
    return ViewQuery(period, level, vintage, scheme, k, breaks, breaks_over, palette, estimate)


@dataclass(frozen=True)
class View:
    """What to show, with every choice made."""

    indicator: Indicator
    period: str
    level: str
    vintage: Vintage
    scheme: str
    k: int
    breaks: tuple[float, ...] | None
    breaks_over: str
    palette: str

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query parameters that ask for exactly this view."""
        chosen = {
            "period": self.period,
            "level": self.level,
            "vintage": str(self.vintage.date),
            "scheme": self.scheme,
            "k": str(self.k),
            "breaks_over": self.breaks_over,
            "palette": self.palette,
        }
        if self.breaks is not None:
            # every digit: two views that differ must differ here, where they are told apart
            chosen["breaks"] = ",".join(repr(bound).removesuffix(".0") for bound in self.breaks)
        return chosen

    @cached_property
    def key(self) -> tuple[str, ...]:
        """What tells the view from every other one."""
        return (self.indicator.id, *self.parameters.values())


@dataclass(frozen=True)
class Picture:
    """A view with its values, classes and colours; ``etag`` names this state of the data."""

    view: View
    gazetteer: Gazetteer
    vector: Vector
    lowest: float
    bounds: Floats
    classes: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    revision: str
    etag: str

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.vector.nbytes + self.classes.nbytes + self.colours.nbytes + 2000

    @cached_property
    def circles(self) -> Circles | None:
        """How its counts are drawn; None where areas are painted."""
        if not circles.are_for(self.view.indicator.kind):
            return None
        return Circles.of(self.lowest, self.bounds, self.view.palette)

    @property
    def hex_colours(self) -> list[str]:
        """The colour of each class."""
        return [palettes.to_hex(colour) for colour in self.colours.tolist()]


def chosen_level(atlas: Atlas, indicator: Indicator | None, vintage: Vintage, asked: str | None) -> str:
    """Return the level asked for, or municipality where there are figures for it, else the first that has."""
    told = LEVELS if indicator is None else atlas.levels(indicator)
    existing = [level for level in told if level in vintage.gazetteers]
    if not existing:
        raise InvalidParameter(f"Layer {indicator.id if indicator else ''!r} has no figures yet")
    default = "municipality" if "municipality" in existing else existing[0]
    return chosen("level", asked, existing, default)


def chosen_period(atlas: Atlas, indicator: Indicator, level: str, asked: str | None) -> str:
    """Return the period asked for, or the newest."""
    existing = atlas.periods(indicator, level)
    if asked is not None and asked not in existing:
        asked = canonical(asked, indicator.period_kind)
    return chosen("period", asked, existing, existing[-1])


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InvalidParameter(
            "breaks must be numbers", [Finding("query", "breaks", text, "numbers like 10,20,30")]
        )
    return number


def _user_breaks(scheme: str, breaks: str | None) -> tuple[float, ...] | None:
    if (scheme == "user") != (breaks is not None):
        finding = Finding("query", "breaks", str(breaks), "scheme=user together with breaks=10,20,30")
        raise InvalidParameter("scheme=user and breaks go together", [finding])
    if breaks is None:
        return None
    bounds = tuple(_number(text) for text in breaks.split(",")[:64])
    if list(bounds) != sorted(set(bounds)) or len(bounds) > 12:
        raise InvalidParameter(
            "breaks must ascend, at most 12 of them",
            [Finding("query", "breaks", breaks, "ascending numbers")],
        )
    return bounds


def resolve(atlas: Atlas, layer: str, asked: ViewQuery) -> View:
    """Return the view that a query means; InvalidParameter lists what exists for each choice."""
    indicator = atlas.layer(layer)
    if asked.estimate is not None:
        refuse_other(asked.estimate)
        indicator = estimated(atlas, indicator)
    vintage = atlas.vintage(asked.vintage)
    level = chosen_level(atlas, indicator, vintage, asked.level)
    vintage = atlas.at(vintage, level)
    period = chosen_period(atlas, indicator, level, asked.period)
    default_scheme = "user" if asked.breaks is not None and asked.scheme is None else indicator.default_scheme
    scheme = chosen("scheme", asked.scheme, list(classify.SCHEMES), default_scheme)
    k = indicator.default_k if asked.k is None else asked.k
    if not 2 <= k <= 12:
        raise InvalidParameter("k must be 2 to 12", [Finding("query", "k", str(k), "a number from 2 to 12")])
    return View(
        indicator=indicator,
        period=period,
        level=level,
        vintage=vintage,
        scheme=scheme,
        k=k,
        breaks=_user_breaks(scheme, asked.breaks),
        breaks_over=chosen("breaks_over", asked.breaks_over, ["period", "all"], "period"),
        palette=chosen("palette", asked.palette, palettes.names(), indicator.default_palette),
    )


def picture(atlas: Atlas, view: View) -> Picture:
    """Return the picture of a view, drawn once per state of the data."""
    key = (*view.key, atlas.revision(view.indicator, view.vintage.date))
    held: Picture | None = atlas.store.pictures.get(key)
    return held or atlas.store.pictures.put(key, _drawn(atlas, view))


def pictures_of_periods(atlas: Atlas, view: View) -> list[Picture]:
    """Return the picture of each period, oldest first."""
    periods = atlas.periods(view.indicator, view.level)
    atlas.vectors(view.indicator, periods, view.level, view.vintage.date)  # read together
    return [picture(atlas, replace(view, period=period)) for period in periods]


def is_usual(view: View) -> bool:
    """Return whether the class breaks of a view were worked out at load."""
    one = view.indicator
    own = (one.default_scheme, one.default_k, palettes.is_diverging(one.default_palette))
    return one.kind == "category" or (view.scheme, view.k, palettes.is_diverging(view.palette)) == own


def breaks(atlas: Atlas, view: View) -> Breaks:
    """Return the class breaks of a view; with ``breaks_over=all`` the same for every period."""
    one, date, over_all = view.indicator, view.vintage.date, view.breaks_over == "all"
    if is_usual(view) and atlas.kind_of(one).make is None:
        if over_all:
            return atlas.all_breaks(one, view.level, date)
        return atlas.period_breaks(one, view.period, view.level, date)
    asked = replace(view, period="") if over_all else view
    key = ("asked", *asked.key, atlas.revision(one, date))
    found = atlas.store.breaks.get(key)
    if found is None:
        periods = atlas.periods(one, view.level) if over_all else [view.period]
        vectors = atlas.vectors(one, periods, view.level, date)
        values = np.concatenate([vector.values for vector in vectors])
        found = atlas.store.breaks.put(key, _classified(values, view))
    return found


def _classified(values: Floats, view: View) -> Breaks:
    if not np.isfinite(values).any():
        return Breaks.of(None, None)  # nothing to classify: every area is drawn as having no data
    diverging = palettes.is_diverging(view.palette)
    bounds = classify.class_breaks(values, view.scheme, view.k, view.breaks, diverging=diverging)
    return Breaks(float(np.nanmin(values)), bounds)


def _drawn(atlas: Atlas, view: View) -> Picture:
    indicator, date = view.indicator, view.vintage.date
    vector = atlas.vector(indicator, view.period, view.level, date)
    if indicator.kind == "category":
        found = Breaks(np.nan, np.array([category.code for category in indicator.categories], np.float64))
        classes = _category_classes(vector.values, found.bounds)
        colours = palettes.rgb([category.colour for category in indicator.categories])
    else:
        found = breaks(atlas, view)
        classes = classify.classes(vector.values, found.bounds)
        colours = _class_colours(view, found)
    revision = atlas.revision(indicator, date)
    etag = digest("picture", *view.key, revision)
    gazetteer = atlas.gazetteer(date, view.level)
    return Picture(view, gazetteer, vector, found.lowest, found.bounds, classes, colours, revision, etag)


def _class_colours(view: View, breaks: Breaks) -> NDArray[np.uint8]:
    """Return the colour of each class; a diverging palette diverges at 0 where the classes part there."""
    k = len(breaks.bounds)
    below = classify.classes_below_zero(breaks.lowest, breaks.bounds, view.scheme)
    if below is None or not palettes.is_diverging(view.palette):
        return palettes.colours(view.palette, max(k, 1))
    return palettes.diverging_colours(view.palette, below, k - below)


def _category_classes(values: Floats, codes: Floats) -> NDArray[np.uint8]:
    """Return the index of each value's category."""
    classes = np.full(len(values), MISSING, np.uint8)
    for index, code in enumerate(codes):
        classes[values == code] = index
    return classes


def carrying_of(atlas: Atlas, view: View) -> Carrying:
    """Return how the values of a view came to stand on its boundaries."""
    return atlas.carryings(view.indicator, [view.period], view.level, view.vintage.date)[0]


def is_current(rev: str | None, picture: Picture) -> bool:
    """Return whether an address names the revision that is served, and so may be kept for ever."""
    return rev is not None and rev == picture.revision
