"""The page of an indicator: what it means, where it is from, how it lies, and every way to its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict
from zoneinfo import ZoneInfo

import numpy as np

from geo.figures.indicators import Aggregation, Indicator, terms
from geo.files.formats import FORMATS
from geo.layers.legend import formatted
from geo.layers.words import LEVELS, break_in_words, credits_in_words
from geo.periods import period_label
from geo.text import Language, Text, name_of
from service.figures.changes import in_words, newest
from service.figures.forms import credits_of, indicator_described, sources_described
from service.http.html import Frame, page
from service.layers.ranking import Place, category_counts, places
from service.layers.readings import words_and_citation
from service.layers.views import Picture
from service.memory.atlas import Atlas
from service.pages.about_page import terms_of
from service.pages.previews import map_picture

#: Areas at either end of the ranking.
SHOWN = 10
CHANGES = 5
SIBLINGS = 30
#: So few periods are told one by one.
FEW = 8
JST = ZoneInfo("Asia/Tokyo")

TOGETHER: Mapping[Aggregation, Text] = {
    "sum": {
        "ja": "地域の値を足し合わせると、まとめた地域の値になります。",
        "en": "The figures of areas add up to that of all of them.",
    },
    "net_of_moves": {
        "ja": "足し合わせると地域間の移動が含まれるため、まとめた地域の値は公表されたものだけを示します。",
        "en": "A sum would count the moves between the areas, so only what is published is told.",
    },
    "ratio_of_sums": {
        "ja": "地域ごとの値の平均ではなく、分子と分母をそれぞれ足し合わせてから計算します。",
        "en": "Worked out of the sums of numerator and denominator, never as an average of the areas.",
    },
    "none": {
        "ja": "地域の値を足したり平均したりして、まとめた地域の値を求めることはできません。",
        "en": "The figures of areas tell neither a sum nor an average for all of them.",
    },
}
WHEN: Mapping[str, Text] = {
    "same": {"ja": "分子と同じ期間の値で割ります。", "en": "Divided by the figure of the same period."},
    "latest": {
        "ja": "その期間以前で最も新しい値で割ります。",
        "en": "Divided by the newest figure that is not after the period.",
    },
    "next": {"ja": "翌年の値で割ります。", "en": "Divided by the figure of the year after."},
}


class Ranked(TypedDict):
    """A row of the ranking; ``start`` and ``width`` of its bar are per cent."""

    rank: int
    code: str
    name: str
    prefecture: str
    value: str
    start: str
    width: str


class Formula(TypedDict):
    """A formula as signs, ids and names of what is added and divided by."""

    over: list[tuple[str, str, str]]
    under: list[tuple[str, str, str]]
    scale: str
    lag: int


def indicator_page(atlas: Atlas, frame: Frame, base: str, one: Indicator, shown: Picture | None) -> bytes:
    """Return the page of an indicator.

    Parameters
    ----------
    shown : its map; None where no figures are loaded
    """
    lang, described, siblings = frame.lang, indicator_described(atlas, one), _siblings(atlas, one)
    denominator = described["denominator_source"]
    return page(
        "indicator.html",
        frame,
        name_of(one)[lang],
        base=base,
        one=described,
        family=described["family"],
        levels=[
            {"id": each, "name": _capital(LEVELS[each][lang]), "span": _span(atlas, one, each, lang)}
            for each in atlas.levels(one)
        ],
        formula=_formula(atlas, one, lang),
        when=WHEN[denominator["period"]][lang] if denominator else "",
        together=TOGETHER[one.aggregation][lang],
        breaks=[{"words": break_in_words(each, one), "source": each.source} for each in one.breaks],
        sources=_sources(atlas, one),
        changes=_changes(atlas, one, lang),
        feeds=[(name, name_of(atlas.indicator(name))[lang]) for name in one.components or (one.id,)],
        siblings=[(each.id, name_of(each)[lang]) for each in siblings[:SIBLINGS]],
        more_siblings=len(siblings) if len(siblings) > SIBLINGS else 0,
        measures=_measures(atlas, one, lang),
        **(_of_map(atlas, shown, base, lang) if shown else {"picture": None}),
    )


def _of_map(atlas: Atlas, shown: Picture, base: str, lang: Language) -> dict[str, object]:
    """Return what the page tells of the figures: map, ranking, citation, files, addresses for programs."""
    view = shown.view
    one = view.indicator
    words, cited = words_and_citation(atlas, shown)
    period, level = period_label(view.period, one.period_kind)[lang], LEVELS[view.level][lang]
    own = f"level={view.level}&period={view.period}"
    return {
        "description": words[lang],
        "picture": map_picture(shown, lang),
        "explorer": f"/?layer={one.id}&{own}",
        "level": view.level,
        "chosen": view.period,
        "caption": ("、" if lang == "ja" else ", ").join((name_of(one)[lang], period, level)),
        "caption_period": period,
        "words": words[lang],
        "periods": [
            (each, period_label(each, one.period_kind)[lang])
            for each in reversed(atlas.periods(one, view.level))
        ],
        "citation": cited[lang],
        "formats": [(suffix, each.name) for suffix, each in FORMATS.items()],
        "apis": _addresses(base, one, own, lang),
        "credits": credits_in_words(credits_of(atlas, shown.vector.sources, view.vintage))[lang],
        **_order(atlas, shown, lang),
    }


def _order(atlas: Atlas, shown: Picture, lang: Language) -> dict[str, object]:
    """Return both ends of the ranking; how many areas each category has where there is no order."""
    everywhere = np.arange(len(shown.gazetteer))
    if shown.view.indicator.kind == "category":
        counts, _ = category_counts(shown, everywhere)
        return {"categories": [(getattr(name, lang), f"{count:,}") for name, count in counts if count]}
    ordered = places(atlas, shown, everywhere)
    ends = [*ordered[:SHOWN], *ordered[-SHOWN:]]
    low = min([0.0, *(one.value for one in ends)])
    scale = max([0.0, *(one.value for one in ends)]) - low or 1.0
    decimals = shown.view.indicator.decimals

    def row(one: Place) -> Ranked:
        name = name_of(one.area)[lang]
        around = name_of(one.prefecture)[lang] if one.prefecture else ""
        return {
            "rank": one.rank,
            "code": one.area.code,
            "name": name,
            "prefecture": around,
            "value": formatted(one.value, decimals),
            "start": f"{(min(one.value, 0) - low) / scale * 100:.1f}",
            "width": f"{abs(one.value) / scale * 100:.1f}",
        }

    return {
        "categories": [],
        "highest": [row(one) for one in ordered[:SHOWN]],
        "lowest": [row(one) for one in reversed(ordered[-SHOWN:])],
        "n": f"{len(ordered):,}",
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _span(atlas: Atlas, one: Indicator, level: str, lang: Language) -> str:
    """Return the periods of a level: each of a few, else the first, the last and how many."""
    labels = [period_label(each, one.period_kind)[lang] for each in atlas.periods(one, level)]
    if len(labels) <= FEW:
        return ("、" if lang == "ja" else ", ").join(labels)
    if lang == "ja":
        return f"{labels[0]}から{labels[-1]}まで（{len(labels)}期間）"
    return f"{labels[0]} to {labels[-1]} ({len(labels)} periods)"


def _formula(atlas: Atlas, one: Indicator, lang: Language) -> Formula | None:
    if not one.numerator:
        return None

    def told(formula: str) -> list[tuple[str, str, str]]:
        listed = terms(formula) if formula else []
        return [
            (_sign(sign, is_first=place == 0), name, name_of(atlas.indicator(name))[lang])
            for place, (sign, name) in enumerate(listed)
        ]

    scale = formatted(one.scale, 0) if one.scale not in (1, 0) and one.scale == int(one.scale) else ""
    return {"over": told(one.numerator), "under": told(one.denominator), "scale": scale, "lag": one.lag}


def _sign(sign: int, *, is_first: bool) -> str:
    if is_first:
        return "−" if sign < 0 else ""
    return " − " if sign < 0 else " + "


def _sources(atlas: Atlas, one: Indicator) -> list[dict[str, object]]:
    """Return the sources of an indicator with the periods that each tells."""
    told: dict[str, set[str]] = {}
    for (_, period), names in atlas.catalogue.sources_of(one).items():
        for name in names:
            told.setdefault(name, set()).add(period)
    rows = sources_described(atlas, tuple(sorted(told)))
    spans = {name: (min(periods), max(periods)) for name, periods in told.items()}
    return [
        {**row, "terms": terms_of(row["licence"]), "periods": "–".join(dict.fromkeys(spans[row["id"]]))}
        for row in rows
    ]


def _changes(atlas: Atlas, one: Indicator, lang: Language) -> list[dict[str, str]]:
    names = one.components or (one.id,)
    rows = atlas.read(lambda conn: newest(conn, names, CHANGES), "indicator")
    return [
        {
            "at": row.at.astimezone(JST).isoformat(timespec="seconds"),
            "day": row.at.astimezone(JST).date().isoformat(),
            "words": in_words(atlas, row)[lang],
        }
        for row in rows
    ]


def _siblings(atlas: Atlas, one: Indicator) -> Sequence[Indicator]:
    if one.family is None:
        return []
    return [
        each
        for each in atlas.catalogue.indicators.values()
        if each.family == one.family and each.id != one.id and atlas.levels(each)
    ]


def _measures(atlas: Atlas, one: Indicator, lang: Language) -> list[tuple[str, str]]:
    strategy = atlas.catalogue.policy.version
    if strategy is None:
        return []
    return [
        (each.id, name_of(each)[lang])
        for each in strategy.measures
        if one.id in strategy.indicators_of(each.id)
    ]


def _addresses(base: str, one: Indicator, own: str, lang: Language) -> list[tuple[str, str]]:
    """Return name and address of what programs read."""
    layer = f"{base}/v1/layers/{one.id}"
    listed: tuple[tuple[Text, str], ...] = (
        ({"ja": "値（JSON）", "en": "Values (JSON)"}, f"{layer}/values.json?{own}"),
        (
            {"ja": "値と境界（GeoJSON）", "en": "Values and outlines (GeoJSON)"},
            f"{layer}/areas.geojson?{own}",
        ),
        (
            {"ja": "時系列（全国）", "en": "Series (Japan)"},
            f"{base}/v1/series?indicator={one.id}&areas=00000",
        ),
        (
            {"ja": "地図のスタイル（MapLibre）", "en": "Map style (MapLibre)"},
            f"{layer}/style.json?{own}&lang={lang}",
        ),
        ({"ja": "地図の画像（PNG）", "en": "Map as a picture (PNG)"}, f"{layer}/map.png?{own}&lang={lang}"),
        ({"ja": "指標の説明（JSON）", "en": "About the indicator (JSON)"}, f"{base}/v1/indicators/{one.id}"),
    )
    return [(name[lang], address) for name, address in listed]
