"""What areas were and became, and weights between two dates, as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from typing_extensions import TypedDict

from geo.areas import chronicle
from geo.areas.chronicle import Entry
from geo.areas.events import kind_described
from geo.areas.history import BEGIN, History, Link, Quality, Spell, Walk
from geo.areas.lineage import Change
from geo.codes import NORTHERN_TERRITORIES, WARD_CITY, kind_of, prefecture_of
from geo.text import Text
from service.areas.forms import AreaName, ChildArea, name_described, since_of, until_of
from service.figures.forms import WeighedBy
from service.memory.atlas import Atlas

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


class OriginArea(ChildArea):
    """An area before an event; `whole` is false where only a part of it went to those after."""

    whole: bool


#: ``from`` is a word of Python.
ChronicleEntry = TypedDict(
    "ChronicleEntry",
    {"date": str, "kind": Text, "from": list[OriginArea], "to": list[ChildArea], "text": Text},
)


class AreaHistory(TypedDict):
    """What an area was and became.

    `on` is the day that the area is looked at: ancestors are what held its land before, descendants after.
    `from` of a name is null where the lists begin with it. `became` holds its land on `vintage`. `events` are
    those that its own code stands in, `chronicle` all that its land took part in, each as a sentence.
    """

    code: str
    on: str
    name: AreaName
    names: list[NameOfAWhile]
    events: list[MunicipalEvent]
    chronicle: list[ChronicleEntry]
    ancestors: list[Ancestor]
    descendants: list[Descendant]
    became: list[ChildArea]
    vintage: str


class MunicipalityCount(TypedDict):
    """How many municipalities there were on 31 December of a year; the rest are special wards of Tokyo."""

    year: int
    municipalities: int
    cities: int
    towns: int
    villages: int


class Mergers(TypedDict):
    """The municipalities of a prefecture over time: how many each year, and what happened to them."""

    prefecture: ChildArea
    since: str
    newest_event: str | None
    years: list[MunicipalityCount]
    entries: list[ChronicleEntry]


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


def spells_of(atlas: Atlas, code: str) -> Sequence[Spell]:
    """Return what a code was called; prefectures have had one name."""
    known = atlas.catalogue.history.names.get(code, [])
    if known or prefecture_of(code) != code:
        return known
    _, area = atlas.area(atlas.vintage(None), code)
    return [Spell(code, BEGIN, None, area.name_ja, area.name_kana, area.name_en)]


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
        "chronicle": [
            entry_described(history, entry) for entry in chronicle.touching(of.chronicle, own.code, on)
        ],
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


def entry_described(history: History, entry: Entry) -> ChronicleEntry:
    """Return what happened on a day as JSON, with its areas as they were called then."""
    before = entry.date - dt.timedelta(1)
    return {
        "date": str(entry.date),
        "kind": kind_described(entry.kind),
        "from": [
            {**area_on(history, code, before), "whole": code not in entry.parts} for code in entry.origins
        ],
        "to": [area_on(history, code, entry.date) for code in entry.targets],
        "text": chronicle.words(entry, lambda code, day: area_on(history, code, day)["name"]),
    }


def mergers_described(history: History, prefecture: ChildArea, until: int) -> Mergers:
    """Return the municipalities of a prefecture over time as JSON, up to a year or the newest event."""
    told = history.municipal.chronicle
    own = [entry for entry in told if _lies_in(prefecture["code"], entry)]
    newest = max((step.date for step in history.steps), default=None)
    codes = [
        code
        for code in history.names
        if prefecture_of(code) == prefecture["code"]
        and code not in WARD_CITY
        and code not in NORTHERN_TERRITORIES
    ]
    years = range(BEGIN.year, max(until, newest.year if newest else 0) + 1)
    return {
        "prefecture": prefecture,
        "since": str(BEGIN),
        "newest_event": None if newest is None else str(newest),
        "years": [_counted(history, codes, year) for year in years],
        "entries": [entry_described(history, entry) for entry in own],
    }


def _lies_in(prefecture: str, entry: Entry) -> bool:
    return any(prefecture_of(code) == prefecture for code in (*entry.origins, *entry.targets))


def _counted(history: History, codes: Iterable[str], year: int) -> MunicipalityCount:
    spells = [history.name(code, dt.date(year, 12, 31)) for code in codes]
    kinds = [kind_of(spell.code, spell.ja) for spell in spells if spell is not None]
    return {
        "year": year,
        "municipalities": len(kinds),
        "cities": kinds.count("city") + kinds.count("designated_city"),
        "towns": kinds.count("town"),
        "villages": kinds.count("village"),
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
