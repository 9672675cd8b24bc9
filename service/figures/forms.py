"""Indicators, sources, series and loads as JSON."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NotRequired

import orjson
from typing_extensions import TypedDict

from geo.areas.carrying import Carried
from geo.areas.history import Basis, History
from geo.figures.families import Family
from geo.figures.indicators import (
    DENOMINATOR_SOURCES,
    TOPICS,
    Aggregation,
    Indicator,
    Kind,
    OverTime,
    PrefectureFigure,
)
from geo.periods import PeriodKind, period_label
from geo.text import Text, name_of
from service.figures.carrying import Dated, dates_of
from service.figures.families import as_looked_for, ingredients
from service.figures.lines import Member, Origin, Point, origins_of
from service.figures.series import lines_in_words
from service.http.forms import As
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage

#: Period → as people read it.
Labels = dict[str, Text]


class Topic(Text):
    """A topic of statistics."""

    id: str


class TopicTotal(Topic):
    """A topic, with the number of its layers."""

    total: int


class Brief(TypedDict):
    """What is needed to show a figure of an indicator."""

    id: str
    name: Text
    unit: Text
    direction: str
    decimals: int


class Category(TypedDict):
    """One value of a categorical indicator; `colour` is `#rrggbb`."""

    code: int
    label: Text
    colour: str


class Default(TypedDict):
    """How a layer is drawn where nothing else is asked for."""

    scheme: str
    k: int
    palette: str


class SeriesBreak(TypedDict):
    """From `period` on, figures are not to be compared with those before."""

    period: str
    reason: Text
    source: str


class ElsewhereCounted(TypedDict):
    """Periods of an area (up to `last`; until now where it is null) in which its people lived elsewhere."""

    area: str
    first: str
    last: str | None
    reason: Text
    source: str


class Denominator(TypedDict):
    """What a rate is divided by: of the same period, of the newest not after it, or of the next year."""

    source: str
    text: Text
    period: Literal["same", "next", "latest"]


class FamilyOf(TypedDict):
    """Indicators that are listed as one."""

    id: str
    name: Text
    kana: str


class FamilyTotal(FamilyOf):
    """A family, with the number of its layers; `only` is the id of the layer where there is one alone."""

    topic: str
    total: int
    only: str | None


class FamilyMember(TypedDict):
    """A layer of a family; an `ingredient` is there to compute others with."""

    id: str
    name: Text
    unit: Text
    kind: Kind
    levels: list[str]
    ingredient: bool


class FamilyInDetail(FamilyOf):
    """A family with its layers that have figures; the first stands for it."""

    topic: Topic
    layers: list[FamilyMember]


class Layer(TypedDict):
    """What a map can show: an indicator, deployments of a measure, progress of a KPI.

    `kana` is the reading of its Japanese name, `family` what an indicator is listed under; what shows the
    policy has neither.
    """

    id: str
    name: Text
    kana: str
    family: FamilyOf | None
    description: Text
    keywords: list[str]
    topic: Topic
    unit: Text
    kind: Kind
    code: str
    numerator: str | None
    denominator: str | None
    denominator_source: Denominator | None
    scale: float
    direction: Literal["higher", "lower", "neutral"]
    aggregation: Aggregation
    over_time: OverTime
    prefecture_figure: PrefectureFigure
    decimals: int
    period_kind: PeriodKind
    periods: list[str]
    periods_by_level: dict[str, list[str]]
    levels: list[str]
    default: Default
    categories: list[Category]
    breaks: list[SeriesBreak]


class Reservations(TypedDict):
    """What to know before figures are compared: where people live elsewhere, why prefectures are no sums."""

    prefecture_differs: Text | None
    base_differs: list[ElsewhereCounted]


class LayerWithLabels(Layer, Reservations):
    """A layer, and its periods as people read them."""

    period_labels: dict[str, Labels]


class Page(TypedDict):
    """A page of layers, and what matches beyond it."""

    total: int
    next: str | None
    topics: list[TopicTotal]
    families: list[FamilyTotal]
    unknown: NotRequired[list[str]]
    period_labels: dict[str, Labels]


#: A layer that is written already: a page of them is made one by one.
WrittenLayer = Annotated[orjson.Fragment, As(Layer)]


class Layers(Page):
    """A page of layers."""

    layers: list[WrittenLayer]


class Indicators(Page):
    """A page of indicators."""

    indicators: list[WrittenLayer]


class Source(TypedDict):
    """Who published figures, under which terms."""

    id: str
    title: Text
    publisher: str
    edition: str
    url: str
    licence: str
    credit: Text
    retrieved_on: str


class Sources(TypedDict):
    """All sources."""

    sources: list[Source]


class SourcesOfPeriod(TypedDict):
    """Which sources the figures of an observed indicator and a period are from."""

    indicator: str
    period: str
    sources: list[str]


class IndicatorWithSources(Layer, Reservations):
    """An indicator, and where its figures are from."""

    figures: list[SourcesOfPeriod]
    sources: list[Source]


class BoundariesOfFigures(TypedDict):
    """The dates of the boundaries that figures were published on, before they were carried to those shown."""

    boundary_dates: list[str]


class CarriedFigure(BoundariesOfFigures):
    """A figure; `carried` tells how it came to stand on the boundaries shown, null where it is missing."""

    carried: Carried | None


class WeighedBy(TypedDict):
    """What an estimate rests on, and of which day."""

    by: Basis
    as_of: str


class SharePart(TypedDict):
    """How much of another area, as of the boundaries of a figure, an area has."""

    code: str
    name: Text
    share: float
    basis: list[WeighedBy]


class SeriesPoint(CarriedFigure):
    """A figure of a line; a missing value is null, and its status says why.

    `parts` are there where it is `estimated`: which share of which area it has, and what by.
    """

    period: str
    value: float | None
    status: str
    parts: NotRequired[list[SharePart]]


class Line(TypedDict):
    """The figures of an area or region set, on the boundaries that its level is of."""

    area: str
    name: Text
    level: str
    vintage: str
    points: list[SeriesPoint]


class SeriesNow(TypedDict):
    """Areas and region sets × periods of an indicator."""

    indicator: str
    name: Text
    unit: Text
    period_kind: PeriodKind
    period_labels: Labels
    vintage: str
    revision: str
    summary: Text
    breaks: list[SeriesBreak]
    series: list[Line]
    sources: list[Source]


class Series(SeriesNow):
    """The same as it was known at a moment; `as_of` is null for now."""

    as_of: str | None


class Held(TypedDict):
    """Figures that are held until a moment; `refused` says why they could not be published at it."""

    id: str
    release_at: str
    held_at: str
    by: str
    subject: str
    indicators: list[str]
    periods: list[str]
    areas: int
    rows: int
    refused: str | None


class Embargoes(TypedDict):
    """What is held, in the order in which it will be published."""

    embargoes: list[Held]


class Loaded(TypedDict):
    """How many figures of a load were added and changed; of an `embargo`, how many would be now."""

    rows: int
    added: int
    changed: int
    indicators: list[str]
    dry_run: bool
    embargo: NotRequired[Held]


class TableLoaded(Loaded):
    """What a table of figures came to."""

    duplicates: int


def brief(indicator: Indicator) -> Brief:
    """Return what is needed to show a figure of an indicator, as JSON."""
    return {
        "id": indicator.id,
        "name": name_of(indicator),
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "direction": indicator.direction,
        "decimals": indicator.decimals,
    }


def described(atlas: Atlas, indicator: Indicator) -> Layer:
    """Return an indicator as JSON: meaning, unit, formula, periods and levels."""
    levels = atlas.levels(indicator)
    return {
        "id": indicator.id,
        "name": name_of(indicator),
        "kana": indicator.kana,
        "family": family_described(indicator),
        "description": {"ja": indicator.description_ja, "en": indicator.description_en},
        "keywords": [word for word in indicator.keywords.split(";") if word],
        "topic": topic_described(indicator.topic),
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "kind": indicator.kind,
        "code": indicator.code,
        "numerator": indicator.numerator or None,
        "denominator": indicator.denominator or None,
        "denominator_source": _denominator(indicator),
        "scale": indicator.scale,
        "direction": indicator.direction,
        "aggregation": indicator.aggregation,
        "over_time": indicator.over_time,
        "prefecture_figure": indicator.prefecture_figure,
        "decimals": indicator.decimals,
        "period_kind": indicator.period_kind,
        "periods": sorted({p for level in levels for p in atlas.periods(indicator, level)}),
        "periods_by_level": {level: atlas.periods(indicator, level) for level in levels},
        "levels": levels,
        "default": {
            "scheme": indicator.default_scheme,
            "k": indicator.default_k,
            "palette": indicator.default_palette,
        },
        "categories": [
            {"code": c.code, "label": {"ja": c.label_ja, "en": c.label_en}, "colour": c.colour}
            for c in indicator.categories
        ],
        "breaks": breaks_described(indicator),
    }


def family_described(indicator: Indicator) -> FamilyOf | None:
    """Return what an indicator is listed under as JSON."""
    one = indicator.family
    return {"id": one.id, "name": name_of(one), "kana": one.kana} if one else None


def reservations_described(atlas: Atlas, indicator: Indicator) -> Reservations:
    """Return what to know before figures of an indicator are compared, as JSON."""
    return {
        "prefecture_differs": differs_of(atlas, indicator),
        "base_differs": [
            {
                "area": one.area_code,
                "first": one.first,
                "last": one.last or None,
                "reason": {"ja": one.reason_ja, "en": one.reason_en},
                "source": one.source,
            }
            for one in indicator.evacuations
        ],
    }


def breaks_described(indicator: Indicator) -> list[SeriesBreak]:
    """Return where the series of an indicator break, and why, as JSON."""
    return [
        {
            "period": one.period,
            "reason": {"ja": one.reason_ja, "en": one.reason_en},
            "source": one.source,
        }
        for one in indicator.breaks
    ]


def _denominator(indicator: Indicator) -> Denominator | None:
    if not indicator.denominator_source:
        return None
    return {
        "source": indicator.denominator_source,
        "text": DENOMINATOR_SOURCES[indicator.denominator_source],
        "period": indicator.denominator_period,
    }


def differs_of(atlas: Atlas, indicator: Indicator) -> Text | None:
    """Return why a prefecture's figure is not that of its municipalities together; None where it is.

    A derived indicator differs where one of its components does, but for moves, of which it tells the net.
    """
    if not indicator.numerator:
        return {"ja": indicator.differs_ja, "en": indicator.differs_en} if indicator.differs_ja else None
    parts = [atlas.indicator(name) for name in indicator.components]
    differing = [one for one in parts if one.differs_ja and _is_shown_as_published(one)]
    if not differing:
        return None
    return {
        "ja": "".join(f"{one.name_ja}：{one.differs_ja}" for one in differing),
        "en": " ".join(f"{one.name_en}: {one.differs_en}" for one in differing),
    }


def _is_shown_as_published(part: Indicator) -> bool:
    return part.prefecture_figure == "published" and part.aggregation == "sum"


def layer_described(atlas: Atlas, layer: Indicator) -> LayerWithLabels:
    """Return a layer as JSON, with its periods as people read them."""
    return {
        **described(atlas, layer),
        **reservations_described(atlas, layer),
        "period_labels": _period_labels(atlas, [layer]),
    }


def indicator_described(atlas: Atlas, indicator: Indicator) -> IndicatorWithSources:
    """Return an indicator as JSON, with the sources of its figures, period by period."""
    used = atlas.catalogue.sources_of(indicator)
    names = tuple(sorted({name for sources in used.values() for name in sources}))
    return {
        **described(atlas, indicator),
        **reservations_described(atlas, indicator),
        "figures": [{"indicator": i, "period": p, "sources": list(s)} for (i, p), s in used.items()],
        "sources": sources_described(atlas, names),
    }


def page_described(
    atlas: Atlas, following: str | None, found: Sequence[Indicator], shown: Sequence[Indicator]
) -> Page:
    """Return what a page of the layers ``found`` says besides those that are ``shown``."""
    return {
        "total": len(found),
        "next": following,
        "topics": _topics(found),
        "families": _families(found),
        "period_labels": _period_labels(atlas, shown),
    }


def _families(found: Sequence[Indicator]) -> list[FamilyTotal]:
    """Return the families of layers with how many they have, topic by topic, what people look for first."""
    order = {name: place for place, name in enumerate(TOPICS)}
    members: dict[tuple[int, Family], list[Indicator]] = {}
    for one in found:
        if one.family:
            members.setdefault((order[one.topic], one.family), []).append(one)
    in_order = sorted(members.items(), key=lambda item: (item[0][0], as_looked_for(item[0][1])))
    return [
        {**told, "topic": ones[0].topic, "total": len(ones), "only": ones[0].id if len(ones) == 1 else None}
        for _, ones in in_order
        if (told := family_described(ones[0]))
    ]


def family_in_detail(atlas: Atlas, family: Family, layers: Sequence[Indicator]) -> FamilyInDetail:
    """Return a family with its layers as JSON."""
    computed_with = ingredients(layers)
    return {
        "id": family.id,
        "name": name_of(family),
        "kana": family.kana,
        "topic": topic_described(layers[0].topic),
        "layers": [
            {
                "id": one.id,
                "name": name_of(one),
                "unit": {"ja": one.unit_ja, "en": one.unit_en},
                "kind": one.kind,
                "levels": atlas.levels(one),
                "ingredient": one.id in computed_with,
            }
            for one in layers
        ],
    }


def sources_described(atlas: Atlas, ids: tuple[str, ...]) -> list[Source]:
    """Return sources as JSON, in the order given."""
    rows = [atlas.catalogue.sources[name] for name in ids]
    return [
        {
            "id": r.id,
            "title": {"ja": r.title_ja, "en": r.title_en},
            "publisher": r.publisher,
            "edition": r.edition,
            "url": r.url,
            "licence": r.licence,
            "credit": {"ja": r.credit_ja, "en": r.credit_en},
            "retrieved_on": str(r.retrieved_on),
        }
        for r in rows
    ]


def credits_of(atlas: Atlas, ids: Iterable[str], vintage: Vintage) -> list[Text]:
    """Return the credits that the publishers of sources, and of the boundaries, ask for."""
    rows = [atlas.catalogue.sources[name] for name in ids]
    credits: list[Text] = [{"ja": r.credit_ja, "en": r.credit_en} for r in rows]
    return [*credits, vintage.credit]


def series_described(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, read: Sequence[tuple[Member, list[Point]]]
) -> SeriesNow:
    """Return the lines of an indicator as JSON, and the same in words."""
    lines: list[Line] = []
    used: dict[str, None] = {}
    labels: Labels = {}
    for line, told in read:
        labels |= {p.period: period_label(p.period, indicator.period_kind) for p in told}
        used |= dict.fromkeys(source for point in told for source in point.sources)
        lines.append(
            {
                "area": line.id,
                "name": name_of(line),
                "level": line.level,
                "vintage": str(atlas.at(vintage, line.level).date),
                "points": _points_described(atlas, indicator, vintage, line, told),
            }
        )
    return {
        "indicator": indicator.id,
        "name": name_of(indicator),
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "period_kind": indicator.period_kind,
        "period_labels": labels,
        "vintage": str(vintage.date),
        "revision": atlas.revision(indicator, vintage.date),
        "summary": lines_in_words(indicator, read),
        "breaks": breaks_described(indicator),
        "series": lines,
        "sources": sources_described(atlas, tuple(used)),
    }


def _points_described(
    atlas: Atlas, indicator: Indicator, vintage: Vintage, line: Member, told: Sequence[Point]
) -> list[SeriesPoint]:
    found: list[SeriesPoint] = []
    for point, origin in zip(told, origins_of(atlas, indicator, vintage, line, told), strict=True):
        how = origin_described(origin)
        one: SeriesPoint = {
            "period": point.period,
            "value": point.value,
            "status": point.status,
            "carried": how["carried"],
            "boundary_dates": how["boundary_dates"],
        }
        if origin.carried == "estimated" and len(line.positions) == 1:
            one["parts"] = _parts(atlas, atlas.at(vintage, line.level), line, origin.dates)
        found.append(one)
    return found


def _parts(atlas: Atlas, vintage: Vintage, line: Member, dates: Iterable[dt.date]) -> list[SharePart]:
    """Return of which areas, as of the boundaries of its figures, an area has a share."""
    history = atlas.catalogue.history
    events = (history if line.level == "ward" else history.municipal).around([line.id])
    found: list[SharePart] = []
    for date in dates:
        origins = events.walk(date, vintage.date, estimate=True).origins.get(line.id, {})
        found += [
            {
                "code": code,
                "name": _name_on(history, code, date),
                "share": float(link.weight),
                "basis": [{"by": by, "as_of": str(as_of)} for by, as_of in sorted(link.bases)],
            }
            for code, link in sorted(origins.items())
            if link.bases and link.weight is not None
        ]
    return found


def _name_on(history: History, code: str, date: dt.date) -> Text:
    spell = history.name(code, history.last_day(code, date))
    return {"ja": code, "en": code} if spell is None else {"ja": spell.ja, "en": spell.en}


def boundaries_described(*figures: Dated) -> BoundariesOfFigures:
    """Return as JSON which boundaries figures were published on."""
    return {"boundary_dates": list(map(str, dates_of(figures)))}


def origin_described(origin: Origin) -> CarriedFigure:
    """Return as JSON how a figure was carried, and which boundaries it was published on."""
    return {"carried": origin.carried, **boundaries_described(origin)}


def _topics(layers: Iterable[Indicator]) -> list[TopicTotal]:
    """Return the topics of layers with how many there are of each."""
    totals = Counter(layer.topic for layer in layers)
    return [{**topic_described(id), "total": totals[id]} for id in TOPICS if totals[id]]


def topic_described(id: str) -> Topic:
    """Return a topic as JSON."""
    ja, en = TOPICS[id]
    return {"id": id, "ja": ja, "en": en}


def _period_labels(atlas: Atlas, layers: Iterable[Indicator]) -> dict[str, Labels]:
    """Return how people read the periods of layers, by kind of period and period."""
    labels: dict[str, Labels] = {}
    for one in layers:
        periods = {period for level in atlas.levels(one) for period in atlas.periods(one, level)}
        labels.setdefault(one.period_kind, {}).update(
            {period: period_label(period, one.period_kind) for period in sorted(periods)}
        )
    return labels
