"""The reference of all layers as Markdown: what each is, how it adds up, for when and where it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from geo.areas.carrying import CARRIED, NOTHING
from geo.figures.indicators import (
    DENOMINATOR_SOURCES,
    TOPICS,
    Aggregation,
    DenominatorPeriod,
    Indicator,
    OverTime,
    PrefectureFigure,
    terms,
)
from geo.layers.carrying import CARRIED_WORDS
from geo.layers.words import REASONS
from geo.text import Text
from service.areas.gazetteer import LEVELS
from service.db.database import reader_engine
from service.figures.carrying import dates_of
from service.figures.forms import differs_of
from service.figures.values import STATUSES
from service.memory.atlas import Atlas
from service.memory.cache import Store, off_loop
from service.memory.news import News
from service.settings import Settings
from service.strategy.kinds import KINDS

AGGREGATIONS: Mapping[Aggregation, Text] = {
    "sum": {"ja": "合計できる", "en": "areas are added up"},
    "net_of_moves": {
        "ja": "合計は地域間の移動を数えてしまう。域内の移動を除く公表値だけを示す（他は `not_additive`）",
        "en": "a sum would count the moves between its parts: only what was published without them is told "
        "(else `not_additive`)",
    },
    "ratio_of_sums": {
        "ja": "構成要素の合計から計算する。率の平均ではない",
        "en": "computed from the sums of its components, never a mean of ratios",
    },
    "none": {"ja": "合計できない（`not_additive`）", "en": "not told by its parts (`not_additive`)"},
}
OVER_TIME: Mapping[OverTime, Text] = {
    "flow": {"ja": "期間の量。年の値を足せる", "en": "of a span of time; years may be added up"},
    "stock": {"ja": "時点の状態。年の値は足せない", "en": "as it stood at one time; years are not added up"},
    "none": {"ja": "足せない", "en": "not added up"},
}
PREFECTURES: Mapping[PrefectureFigure, Text] = {
    "published": {"ja": "都道府県の公表値", "en": "the figure published for it"},
    "sum": {"ja": "市区町村の合計", "en": "the sum of its municipalities"},
    "none": {"ja": "値なし", "en": "none"},
    "": {"ja": "この単位で計算", "en": "computed at this level"},
}
#: How a denominator is chosen for a period.
DENOMINATORS: Mapping[DenominatorPeriod, Text] = {
    "same": {"ja": "同じ年", "en": "of the same period"},
    "next": {"ja": "翌年（年度内の1月1日）", "en": "of the next year (1 January within the fiscal year)"},
    "latest": {"ja": "その年以前で最新", "en": "the newest not after it"},
}
COLUMNS = (
    *("layer", "definition", "unit", "formula, denominator and its source", "over areas", "over time"),
    *("prefectures", "levels and periods", "breaks", "missing values", "boundaries"),
)
INTRODUCTION = """# 指標と主題図 / Indicators and layers

Made by `chiiki indicators` from the catalogue and the figures that ship; a test fails where it is not that.
To change a row, change `data/catalog/` and make it again.

`chiiki indicators` が目録と同梱の数値から作る。直すときは `data/catalog/` を直して作り直す。

"""


def reference(atlas: Atlas) -> str:
    """Return a Markdown document with a row for every layer, by topic.

    A row tells definition, unit, formula with its denominator and whose figures that is made of, how areas
    and years add up, what a prefecture is shown with, levels and periods, breaks of the series, why values
    are missing, and which boundaries figures were published on and how they came to those of the newest set.
    """
    layers = sorted(atlas.catalogue.layers.values(), key=lambda one: (list(TOPICS).index(one.topic), one.id))
    parts = [INTRODUCTION, _glossary()]
    for topic, listed in groupby(layers, key=lambda one: one.topic):
        ja, en = TOPICS[topic]
        parts.append(f"\n## {ja} / {en}\n\n{_row(COLUMNS)}{_row(['---'] * len(COLUMNS))}")
        parts += [_row(cells(atlas, one)) for one in listed]
    return "".join(parts)


async def written(settings: Settings) -> str:
    """Return the reference of what a database holds now."""
    store = Store(reader_engine(settings), settings, KINDS)
    try:
        return await off_loop(reference, await News(store).refresh())
    finally:
        await store.close()


def cells(atlas: Atlas, layer: Indicator) -> list[str]:
    """Return what the reference says of a layer, in the order of ``COLUMNS``."""
    return [
        f"`{layer.id}`<br>{layer.name_ja}<br>{layer.name_en}",
        f"{layer.description_ja}<br>{layer.description_en}",
        _unit(layer),
        _formula(atlas, layer),
        f"`{layer.aggregation}`",
        f"`{layer.over_time}`",
        _prefectures(atlas, layer),
        "<br>".join(_spans(atlas, layer)) or "未取込み / not loaded",
        _breaks(layer),
        _missing(atlas, layer),
        _boundaries(atlas, layer),
    ]


def _row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|").replace("\n", " ") for text in texts) + " |\n"


def _glossary() -> str:
    words = [
        *(("over areas", name, text) for name, text in AGGREGATIONS.items()),
        *(("over time", name, text) for name, text in OVER_TIME.items()),
        *(("missing values", name, text) for name, text in REASONS.items()),
        *(("boundaries", name, text) for name, text in CARRIED_WORDS.items()),
        *(("denominator", name, text) for name, text in DENOMINATOR_SOURCES.items()),
    ]
    rows = [_row([column, f"`{name}`", text["ja"], text["en"]]) for column, name, text in words]
    return "".join([_row(["column", "word", "日本語", "English"]), _row(["---"] * 4), *rows])


def _unit(layer: Indicator) -> str:
    if layer.kind == "category":
        labels = [f"{one.label_ja} / {one.label_en}" for one in layer.categories]
        return "<br>".join(labels)
    return f"{layer.unit_ja} / {layer.unit_en}" if layer.unit_ja else "（単位なし） / (no unit)"


def _formula(atlas: Atlas, layer: Indicator) -> str:
    if not layer.numerator:
        return _sources(atlas, [layer.id]) or _made_of(atlas, layer)
    if layer.kind == "change":
        told = f"`{layer.numerator}`: change over {layer.lag} years × {layer.scale:g}"
        return f"{told}<br>{_sources(atlas, layer.components)}"
    told = f"`{layer.numerator}`"
    if not layer.denominator:
        return f"{told}<br>{_sources(atlas, layer.components)}"
    under = [name for _, name in terms(layer.denominator)]
    at = DENOMINATORS[layer.denominator_period]
    return (
        f"{told} ÷ `{layer.denominator}` × {layer.scale:g}<br>分母 / denominator: "
        f"`{layer.denominator_source}`, {at['ja']} / {at['en']}, {_sources(atlas, under) or '—'}"
    )


def _sources(atlas: Atlas, names: Sequence[str]) -> str:
    """Return the ids of the sources of observed indicators, editions of one publication as a span."""
    used = {
        source
        for name in names
        if name in atlas.catalogue.observed_indicators
        for sources in atlas.catalogue.observed_indicators[name].sources.values()
        for source in sources
    }
    editions: dict[str, list[str]] = {}
    for source in sorted(used):
        name, _, edition = source.rpartition("-")
        is_edition = edition.isdigit() and name.startswith("ssdse")
        editions.setdefault(name if is_edition else source, []).append(edition if is_edition else "")
    return ", ".join(
        f"`{name}` {listed[0]}–{listed[-1]}"
        if len(listed) > 1
        else f"`{'-'.join(filter(None, [name, *listed]))}`"
        for name, listed in editions.items()
    )


def _made_of(atlas: Atlas, layer: Indicator) -> str:
    """Return the ids of the sources of a layer that is made of the policy; of one without figures none."""
    levels = atlas.levels(layer)
    if not levels:
        return "—"
    newest = atlas.periods(layer, levels[0])[-1]
    vector = atlas.vector(layer, newest, levels[0], atlas.catalogue.whole)
    return ", ".join(f"`{source}`" for source in vector.sources) or "—"


def _prefectures(atlas: Atlas, layer: Indicator) -> str:
    told, differs = PREFECTURES[layer.prefecture_figure], differs_of(atlas, layer)
    lines = [f"{told['ja']} / {told['en']}"]
    return "<br>".join([*lines, differs["ja"], differs["en"]] if differs else lines)


def _spans(atlas: Atlas, layer: Indicator) -> list[str]:
    """Return for each level from when to when a layer is told, and for how many periods."""
    spans = []
    for level, periods in atlas.catalogue.periods(layer).items():
        first, last = periods[0], periods[-1]
        span = first if first == last else f"{first}–{last} ({len(periods)})"
        spans.append(f"`{level}` {span}")
    return spans


def _breaks(layer: Indicator) -> str:
    breaks = [f"{one.period}: {one.reason_ja}<br>{one.reason_en}" for one in layer.breaks]
    return "<br>".join(breaks) or "—"


def _missing(atlas: Atlas, layer: Indicator) -> str:
    """Return why values of a layer are missing anywhere."""
    vintage = atlas.catalogue.whole
    found: set[int] = set()
    for level in LEVELS:
        for vector in atlas.vectors(layer, atlas.periods(layer, level), level, vintage):
            found.update(np.unique(vector.statuses[np.isnan(vector.values)]).tolist())
    return ", ".join(f"`{STATUSES[status]}`" for status in sorted(found)) or "—"


def _boundaries(atlas: Atlas, layer: Indicator) -> str:
    """Return by level from when to when the boundaries of figures are, and how values came from them."""
    vintage, lines = atlas.catalogue.whole, []
    for level in LEVELS:
        told = atlas.carryings(layer, atlas.periods(layer, level), level, vintage)
        if dates := dates_of(told):
            marks = {mark for one in told for mark in np.unique(one.marks).tolist()}
            ways = ", ".join(f"`{CARRIED[mark]}`" for mark in sorted(marks - {NOTHING}))
            span = "–".join(dict.fromkeys((str(dates[0]), str(dates[-1]))))
            lines.append(f"`{level}` {span}: {ways}")
    return "<br>".join(lines) or "—"
