"""How figures came to stand on the boundaries of a map or chart, in words, in Japanese and English."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from geo.figures.indicators import Indicator
from geo.layers.words import Named
from geo.periods import period_label
from geo.text import Text

#: How a value was carried, in the words of tables.
CARRIED_WORDS: dict[str, Text] = {
    "as_published": {"ja": "その地域の公表値", "en": "as published for the area"},
    "renumbered": {"ja": "別の市区町村コードによる公表値", "en": "published under another code of the area"},
    "summed": {"ja": "構成する地域の合計", "en": "the sum of what the area is made of"},
    "apportioned": {
        "ja": "分割された地域の値を、公表元が配分したもの",
        "en": "apportioned by its publisher after an area was split",
    },
    "estimated": {
        "ja": "分割・合併した地域の値を按分した推計",
        "en": "estimated as a share of an area that was split or has merged",
    },
}
#: The statuses of values that are told of, because they are not what was counted.
REMARKABLE = ("apportioned", "estimated")
#: More areas than this are told in part.
NAMED = 3


def _listed(names: Sequence[Named]) -> Text:
    shown, others = names[:NAMED], len(names) - NAMED
    ja, en = "、".join(one.ja for one in shown), [one.en for one in shown]
    if others > 0:
        return {"ja": f"{ja}など{len(names):,}地域", "en": f"{', '.join(en)} and {others:,} more"}
    return {"ja": ja, "en": " and ".join(filter(None, [", ".join(en[:-1]), en[-1]]))}


def _sentence(what: Text, status: str) -> Text:
    how = CARRIED_WORDS[status]
    return {"ja": f"{what['ja']}の値は、{how['ja']}です。", "en": f"{what['en']}: {how['en']}."}


def _joined(told: Sequence[Text]) -> Text:
    return {"ja": "".join(one["ja"] for one in told), "en": " ".join(one["en"] for one in told)}


def map_carrying_in_words(areas: Sequence[tuple[Named, str]]) -> Text:
    """Return which areas of a map have values that are not what was counted; nothing where none has.

    Parameters
    ----------
    areas : name and status of those whose status is in ``REMARKABLE``
    """
    told = []
    for status in REMARKABLE:
        names = [name for name, of_area in areas if of_area == status]
        if names:
            told.append(_sentence(_listed(names), status))
    return _joined(told)


def series_carrying_in_words(
    indicator: Indicator, lines: Sequence[tuple[Named, Sequence[tuple[str, str]]]]
) -> Text:
    """Return in which periods the figures of a chart are not what was counted; nothing where all are.

    Parameters
    ----------
    lines : name, and the period and status of each of its figures, oldest first
    """
    told = []
    for name, points in lines:
        for status, group in groupby(points, key=lambda point: point[1]):
            if status in REMARKABLE:
                told.append(_sentence(_span(name, [period for period, _ in group], indicator), status))
    return _joined(told)


def _span(name: Named, periods: Sequence[str], indicator: Indicator) -> Text:
    first, last = (period_label(period, indicator.period_kind) for period in (periods[0], periods[-1]))
    if first == last:
        return {"ja": f"{name.ja}の{first['ja']}", "en": f"{name.en}, {first['en']}"}
    return {
        "ja": f"{name.ja}の{first['ja']}から{last['ja']}まで",
        "en": f"{name.en}, {first['en']} to {last['en']}",
    }


def appended(told: Text, further: Text) -> Text:
    """Return a text with what is to be said further, if anything."""
    return {"ja": told["ja"] + further["ja"], "en": f"{told['en']} {further['en']}".strip()}
