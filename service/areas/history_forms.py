"""What areas were and became, and weights between two dates, as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from typing_extensions import TypedDict

from geo.areas.events import kind_described
from geo.areas.history import Basis, History, Link, Quality, Spell, Walk
from geo.areas.lineage import Change
from geo.text import Text
from service.areas.forms import AreaName, ChildArea, name_described, since_of, until_of

#: ``from`` is a word of Python.
NameOfAWhile = TypedDict(
    "NameOfAWhile", {"name": AreaName, "district": str, "from": str | None, "until": str | None}
)
MunicipalEvent = TypedDict("MunicipalEvent", {"date": str, "kind": Text, "from": ChildArea, "to": ChildArea})


class Ancestor(ChildArea):
    """An area that held land of another until a day."""

    until: str


class Descendant(ChildArea):
    """An area that has held land of another since a day."""

    since: str


class AreaHistory(TypedDict):
    """What an area was and became.

    `on` is the day that the area is looked at: ancestors are what held its land before, descendants after.
    `from` of a name is null where the lists begin with it. `became` holds its land on `vintage`.
    """

    code: str
    on: str
    name: AreaName
    names: list[NameOfAWhile]
    events: list[MunicipalEvent]
    ancestors: list[Ancestor]
    descendants: list[Descendant]
    became: list[ChildArea]
    vintage: str


class WeighedBy(TypedDict):
    """What an estimate rests on, and of which day."""

    by: Basis
    as_of: str


CrosswalkRow = TypedDict(
    "CrosswalkRow",
    {
        "from": ChildArea,
        "to": ChildArea,
        "weight": float | None,
        "quality": Quality,
        "basis": list[WeighedBy],
        "reason": Text | None,
    },
)


class CrosswalkCounts(TypedDict):
    """How many weights are known, known by an estimate, or not."""

    exact: int
    estimated: int
    refused: int


#: ``from`` is a word of Python.
Crosswalk = TypedDict(
    "Crosswalk",
    {
        "from": str,
        "to": str,
        "level": str,
        "estimate": str | None,
        "newest_event": str | None,
        "counts": CrosswalkCounts,
        "rows": list[CrosswalkRow],
    },
)


def area_on(history: History, code: str, date: dt.date) -> ChildArea:
    """Return a code with what it was called on a date, or on the nearest on which it was in force."""
    spell = history.name(code, history.last_day(code, date))
    return {"code": code, "name": {"ja": spell.ja, "en": spell.en} if spell else {"ja": code, "en": code}}


def history_described(
    history: History, spells: Sequence[Spell], on: dt.date, vintage: dt.date
) -> AreaHistory:
    """Return what an area was and became as JSON; ``spells`` are its names, one of them on ``on``."""
    own = next(spell for spell in spells if spell.holds(on))
    of = history.of(own.code)
    before, day = of.kin(own.code, on, forward=False), dt.timedelta(1)
    return {
        "code": own.code,
        "on": str(on),
        "name": name_described(own),
        "names": [
            {
                "name": name_described(spell),
                "district": spell.district,
                "from": since_of(spell),
                "until": until_of(spell),
            }
            for spell in spells
        ],
        "events": [_event(history, change) for change in history.changes_by_code.get(own.code, ())],
        "ancestors": [
            {**area_on(history, kin.code, kin.date - day), "until": str(kin.date)} for kin in before
        ],
        "descendants": [
            {**area_on(history, kin.code, kin.date), "since": str(kin.date)}
            for kin in of.kin(own.code, on, forward=True)
        ],
        "became": [area_on(history, code, vintage) for code in of.heirs(own.code, on, vintage)],
        "vintage": str(vintage),
    }


def _event(history: History, change: Change) -> MunicipalEvent:
    return {
        "date": str(change.date),
        "kind": kind_described(change.kind),
        "from": area_on(history, change.from_code, change.date - dt.timedelta(1)),
        "to": area_on(history, change.to_code, change.date),
    }


CrosswalkTable = list[tuple[str, str, Link]]


def crosswalk_described(
    history: History, walk: Walk, rows: CrosswalkTable, level: str, estimate: str | None
) -> Crosswalk:
    """Return the weights between two dates as JSON."""
    told = [_row(history, walk, row, estimate) for row in rows]
    newest = max((step.date for step in history.steps), default=None)
    return {
        "from": str(walk.start),
        "to": str(walk.end),
        "level": level,
        "estimate": estimate,
        "newest_event": None if newest is None else str(newest),
        "counts": {
            "exact": sum(row["quality"] == "exact" for row in told),
            "estimated": sum(row["quality"] == "estimated" for row in told),
            "refused": sum(row["quality"] == "refused" for row in told),
        },
        "rows": told,
    }


def _row(history: History, walk: Walk, row: tuple[str, str, Link], estimate: str | None) -> CrosswalkRow:
    old, new, link = row
    return {
        "from": area_on(history, old, walk.start),
        "to": area_on(history, new, walk.end),
        "weight": weight_of(link),
        "quality": link.quality,
        "basis": [{"by": by, "as_of": str(as_of)} for by, as_of in sorted(link.bases)],
        "reason": _reason(link, walk, estimate),
    }


def weight_of(link: Link) -> float | None:
    """Return a weight as a number that is written in full."""
    return None if link.weight is None else float(link.weight)


def _reason(link: Link, walk: Walk, estimate: str | None) -> Text | None:
    if link.broken_on is None:
        return None
    forward = walk.start <= walk.end
    what = ("分かれた", "divided") if forward else ("合わさった", "merged")
    if estimate is None:
        hint: Text = {"ja": "推計は estimate=population", "en": "estimate=population asks for an estimate"}
    else:
        hint = {"ja": "共通の時点の人口も面積もない", "en": "no people or area of one day are known of them"}
    return {
        "ja": f"{link.broken_on} に{what[0]}地域の各部分の大きさは確定しない（{hint['ja']}）",
        "en": f"How large the parts are of what {what[1]} on {link.broken_on} is not settled ({hint['en']})",
    }
