"""Two boundary sets compared: how many areas each has, which came and which went, and what became of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import NotRequired

from typing_extensions import TypedDict

from geo.areas.history import History
from geo.areas.names import folded
from service.areas.forms import BoundarySet, ChildArea
from service.areas.gazetteer import Gazetteer
from service.areas.history_forms import area_on


class Gone(ChildArea):
    """An area that the later set no longer has; `became` holds its land there."""

    became: list[ChildArea]


class Come(ChildArea):
    """An area that the earlier set has not yet; `was` held its land there."""

    was: list[ChildArea]


class Renamed(TypedDict):
    """An area that kept its code under another name."""

    code: str
    before: str
    after: str


#: ``from`` is a word of Python.
Comparison = TypedDict(
    "Comparison",
    {
        "from": str,
        "to": str,
        "level": str,
        "prefectures": int,
        "counts": dict[str, int],
        "kept": int,
        "gone": list[Gone],
        "come": list[Come],
        "renamed": list[Renamed],
    },
)


class Vintages(TypedDict):
    """All boundary sets, and two of them compared where that is asked."""

    vintages: list[BoundarySet]
    compared: NotRequired[Comparison]


def compared(history: History, before: Gazetteer, after: Gazetteer) -> Comparison:
    """Return what two sets have and have not in common, in the prefectures that both have.

    Parameters
    ----------
    before, after : areas of one level; what is called gone is in the former alone, whichever is the older
    """
    both = {area.prefecture for area in before.areas} & {area.prefecture for area in after.areas}
    old, new = (
        {area.code: area.name_ja for area in one.areas if area.prefecture in both} for one in (before, after)
    )
    start, end = before.vintage, after.vintage
    then, now = _named(history, before), _named(history, after)
    return {
        "from": str(start),
        "to": str(end),
        "level": before.level,
        "prefectures": len(both),
        "counts": {str(start): len(old), str(end): len(new)},
        "kept": len(old.keys() & new.keys()),
        "gone": [
            {**then(code), "became": list(map(now, history.of(code).heirs(code, start, end)))}
            for code in sorted(old.keys() - new.keys())
        ],
        "come": [
            {**now(code), "was": list(map(then, history.of(code).heirs(code, end, start)))}
            for code in sorted(new.keys() - old.keys())
        ],
        "renamed": [
            {"code": code, "before": old[code], "after": new[code]}
            for code in sorted(old.keys() & new.keys())
            if folded(old[code]) != folded(new[code])  # publishers write ヶ and ケ, 梼 and 檮 as they like
        ],
    }


def _named(history: History, gazetteer: Gazetteer) -> Callable[[str], ChildArea]:
    """Return what tells the name of a code in a set, by the set itself where it has the area."""
    date: dt.date = gazetteer.vintage

    def name(code: str) -> ChildArea:
        place = gazetteer.position.get(code)
        if place is None:
            return area_on(history, code, date)
        area = gazetteer.areas[place]
        return {"code": code, "name": {"ja": area.name_ja, "en": area.name_en}}

    return name
