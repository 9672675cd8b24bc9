"""What areas were and became, and how figures of one date make up the areas of another."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from geo.areas.history import BEGIN, History, Link, Walk
from geo.codes import NORTHERN_TERRITORIES, WARD_CITY, area_code, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from geo.text import name_of
from service.areas.geometry import parent_of
from service.areas.history_forms import (
    AreaHistory,
    Crosswalk,
    CrosswalkTable,
    Mergers,
    area_on,
    crosswalk_described,
    history_described,
    mergers_described,
    spells_of,
    weight_of,
)
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, Bom, kept_csv, kept_json
from service.memory.atlas import Atlas

router = api_router(prefix="/v1", tags=["areas"])


def _day(written: object) -> dt.date:
    """Return a day as an address has it; lists of changes begin on ``BEGIN``."""
    try:
        date = dt.date.fromisoformat(str(written))
    except ValueError:
        date = dt.date.min
    if date < BEGIN:
        raise PydanticCustomError("day", f"a day, YYYY-MM-DD, from {BEGIN} on")
    return date


Day = Annotated[
    dt.date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]
On = Annotated[
    Day | None,
    Query(description="Day on which the code is meant, YYYY-MM-DD; else the newest it was in force on"),
]
First = Annotated[
    Day,
    Query(alias="from", description="Day whose areas the figures are of, YYYY-MM-DD, 1970-04-01 or later"),
]
Last = Annotated[
    Day, Query(alias="to", description="Day whose areas are wanted, YYYY-MM-DD, later or earlier than `from`")
]
OfLevel = Annotated[
    Literal["municipality", "ward"],
    Query(description="`municipality` (designated cities whole) or `ward` (changes as they are listed)"),
]
Estimate = Annotated[
    Literal["population"] | None,
    Query(
        description="`population` weighs what was divided, or what is to be parted again, by its people, "
        "else by its area; without, such weights are refused"
    ),
]
Which = Annotated[
    Literal["changed", "all"],
    Query(alias="areas", description="`changed`, or `all` areas, those that stayed what they are with 1"),
]
Prefecture = Annotated[
    str | None, Query(max_length=10, description="Only areas of this prefecture, on either day")
]


OfPrefecture = Annotated[
    str, Query(alias="prefecture", max_length=10, description="Code of a prefecture, such as 15000")
]


@router.get(
    "/areas/{code}/history", summary="What an area was and became", responses=answers(JSON, form=AreaHistory)
)
async def history(request: Request, atlas: AtlasDep, code: str, on: On = None) -> Response:
    """Return the names of an area code over time, the events it took part in, its ancestors and descendants.

    Codes that are no longer in use are answered too. The lists begin on 1970-04-01. A designated city is told
    with the towns that joined it, a ward with what its own code took part in.
    """
    plain, past = area_code(code), atlas.catalogue.history
    spells = spells_of(atlas, plain)
    if not spells:
        raise NotFound(f"No area has had the code {plain} since {BEGIN}")
    newest = atlas.vintage(None).date
    day = past.last_day(plain, on or newest) if past.names.get(plain) else newest
    if on is not None and day != on:
        told = "; ".join(f"{spell.since} – {spell.until or ''}" for spell in spells)
        raise NotFound(f"No area had the code {plain} on {on}; it was in force {told}")

    def make() -> AreaHistory:
        return history_described(past, spells, day, newest)

    return await kept_json(request, atlas, make, *_states(atlas))


@router.get(
    "/mergers", summary="Mergers and other changes in a prefecture", responses=answers(JSON, form=Mergers)
)
async def mergers(request: Request, atlas: AtlasDep, asked: OfPrefecture) -> Response:
    """Return how many municipalities a prefecture had each year since 1970, and what happened to them.

    An entry is what happened on one day to areas that hang together: a merger with all its parts, a new name,
    city status; `text` says it in a sentence. Designated cities are whole, and changes of their wards are
    left out. Towns that came from another prefecture, or went to one, are in the entries of both.
    """
    code = area_code(asked)
    _, area = atlas.area(atlas.vintage(None), code)
    if prefecture_of(code) != code:
        finding = Finding("query", "prefecture", asked, "a prefecture, such as 15000")
        raise InvalidParameter(f"{code} is no prefecture", [finding])
    newest = atlas.vintage(None).date

    def make() -> Mergers:
        return mergers_described(atlas.catalogue.history, {"code": code, "name": name_of(area)}, newest.year)

    return await kept_json(request, atlas, make, *_states(atlas))


def _states(atlas: Atlas) -> tuple[str, str]:
    return atlas.state("area-changes", "area-history"), atlas.state("vintage")


@dataclass(frozen=True)
class Asked:
    """A crosswalk that is asked for: from which day to which, of what, and whether estimates count."""

    first: dt.date
    last: dt.date
    level: str
    estimate: str | None
    which: str
    prefecture: str | None

    def history(self, atlas: Atlas) -> History:
        """Return the events at the level that is asked for."""
        history = atlas.catalogue.history
        return history if self.level == "ward" else history.municipal


async def asked_crosswalk(
    first: First,
    last: Last,
    level: OfLevel = "municipality",
    estimate: Estimate = None,
    which: Which = "changed",
    prefecture: Prefecture = None,
) -> Asked:
    """Return the crosswalk that the parameters ask for."""
    return Asked(first, last, level, estimate, which, parent_of(prefecture))


CrosswalkDep = Annotated[Asked, Depends(asked_crosswalk)]


@router.get(
    "/crosswalk", summary="Weights between the areas of two days", responses=answers(JSON, form=Crosswalk)
)
async def crosswalk(request: Request, atlas: AtlasDep, asked: CrosswalkDep) -> Response:
    """Return how counts of the areas of one day make up those of another, forwards or back.

    A count is multiplied with the weight and summed over `to`. Mergers and new codes are `exact`. A
    division, and going back a merger, is `estimated` where that is asked and the parts are known (`basis`
    tells by what, and of when), else `refused`: its weight is null. The weights of an area sum to 1.
    Rates are worked out anew from carried counts; medians and indices cannot be carried.
    """

    def make() -> Crosswalk:
        history = asked.history(atlas)
        walk = history.walk(asked.first, asked.last, estimate=asked.estimate is not None)
        return crosswalk_described(history, walk, _rows(history, walk, asked), asked.level, asked.estimate)

    return await kept_json(request, atlas, make, *_states(atlas))


@router.get("/crosswalk.csv", summary="Weights between the areas of two days as CSV")
async def crosswalk_csv(request: Request, atlas: AtlasDep, asked: CrosswalkDep, bom: Bom = False) -> Response:
    """Return one row per pair of areas: codes, names, weight, quality, and what an estimate rests on."""

    def make() -> tuple[list[str], list[list[object]]]:
        history = asked.history(atlas)
        walk = history.walk(asked.first, asked.last, estimate=asked.estimate is not None)
        rows: list[list[object]] = []
        for old, new, link in _rows(history, walk, asked):
            names = area_on(history, old, walk.start)["name"], area_on(history, new, walk.end)["name"]
            basis = ";".join(f"{by} {as_of}" for by, as_of in sorted(link.bases))
            rows.append([old, names[0]["ja"], new, names[1]["ja"], weight_of(link), link.quality, basis])
        return ["from_code", "from_name", "to_code", "to_name", "weight", "quality", "basis"], rows

    name = f"crosswalk-{asked.first}-{asked.last}.csv"
    return await kept_csv(request, atlas, make, name, *_states(atlas), bom=bom)


def _rows(history: History, walk: Walk, asked: Asked) -> CrosswalkTable:
    """Return (from, to, weight) of the areas that are asked for, in the order of their codes."""
    codes = [
        code
        for code in history.in_force(walk.start)
        if code not in NORTHERN_TERRITORIES and not (asked.level == "municipality" and code in WARD_CITY)
    ]
    told = [(old, new, link) for old in codes for new, link in walk.of(old).items()]
    if asked.which == "changed":
        told = [row for row in told if row[0] != row[1] or row[2] != Link() or _has_more(walk, row[1])]
    if asked.prefecture is None:
        return told
    return [row for row in told if asked.prefecture in (prefecture_of(row[0]), prefecture_of(row[1]))]


def _has_more(walk: Walk, code: str) -> bool:
    """Return whether an area is made of more than one; who takes another up keeps its code."""
    return len(walk.origins.get(code, ())) > 1
