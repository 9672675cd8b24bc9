"""What a new stop, a demand-bus zone or another threshold would change of a transport gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Annotated, Any, Literal

import numpy as np
import shapely
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from geo.codes import area_code, prefecture_of
from geo.errors import Finding, Findings, InvalidParameter, NotEnoughData, NotFound
from geo.transit.access import Definition
from geo.transit.calendars import DAYS
from geo.transit.gaps import Change, Partition, gap_after, gap_of
from geo.transit.gtfs import HOURS
from geo.transit.stops import Stops, joined, without_timetable
from geo.transit.zones import read_zones
from service.areas.forms import NamedArea, named
from service.areas.gazetteer import Gazetteer
from service.http.bodies import bounded_body, read_as
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers, asks
from service.http.problems import TooManyFeatures
from service.http.responses import JSON, to_json
from service.memory.atlas import Atlas
from service.memory.cache import off_loop, slowly
from service.transit import transport
from service.transit.forms import described
from service.transit.queries import MARGIN, Extract, cells_in, extract_of, partition_from, stops_near
from service.transit.scenario_forms import Before, ScenarioGap, Told, scenario_described
from service.transit.transport import MADE_OF, municipalities_of

router = api_router(prefix="/v1", tags=["transport"])

MAX_CHANGES = 500
MAX_ZONES = 20
#: Zones of the most vertices, in nine decimals, take a third less.
MOST_BYTES = 2 << 20
#: Gaps of a region that are held, each of another definition.
MOST_GAPS = 8


StopId = Annotated[str, StringConstraints(max_length=300)]
Metres = Annotated[float, Field(gt=0, le=5000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewStop(_Body):
    """A stop that is not there yet."""

    lon: float = Field(ge=122, le=154)
    lat: float = Field(ge=20, le=46)
    mode: Literal["rail", "bus", "demand"] = "bus"
    departures: int = Field(default=99, ge=0, le=2000, description="Departures a day")


class Departures(_Body):
    """Another number of departures of a stop."""

    id: StopId
    departures: int = Field(ge=0, le=2000)


class Distances(_Body):
    """How far people walk, by what stops there."""

    rail: Metres | None = None
    bus: Metres | None = None
    demand: Metres | None = None


class Scenario(_Body):
    """What would be changed."""

    definition: str = Field(max_length=120)
    area: str = Field(max_length=120, description="Municipality or prefecture whose figures are answered")
    add: list[NewStop] = Field(default_factory=list, max_length=MAX_CHANGES)
    remove: list[StopId] = Field(default_factory=list, max_length=MAX_CHANGES, description="Ids of /v1/stops")
    departures: list[Departures] = Field(default_factory=list, max_length=MAX_CHANGES)
    zones: list[dict[str, object]] = Field(
        default_factory=list, max_length=MAX_ZONES, description="Polygons (GeoJSON) that a demand bus serves"
    )
    distances_m: Distances | None = None
    least_departures: int | None = Field(default=None, ge=0, le=2000)


@router.post(
    "/transport-gap/scenario",
    summary="What would change: a new stop, a zone, another threshold",
    responses=answers(JSON, form=ScenarioGap),
    openapi_extra=asks(Scenario),
)
async def scenario(request: Request, atlas: AtlasDep) -> Response:
    """Return the gap of an area before, after and the difference, and the cells that change.

    Nothing is stored, and no key is needed. At most 500 changes of stops and 20 zones, in one prefecture
    with a margin; of a prefecture too large to be counted within a request, one of its municipalities at a
    time, in a body of at most 2 MiB. Departures that are changed apply to the pole that is named. Cells whose
    people are not told are in no number: `cells_without_figure` counts them.
    """
    asked = await off_loop(read_as, Scenario, await bounded_body(request, MOST_BYTES))
    definition = atlas.definition(asked.definition)
    code, prefecture = _area_of(atlas, asked.area)
    region = await region_of(atlas, code, prefecture, _grid_of(atlas, definition, prefecture))
    own = [one for one in region.own if code in (one["code"], prefecture)]
    if not own:
        raise NotFound(f"No municipality has the code {code}")
    body = await slowly(_counted, region, definition, asked, code, own)
    return Response(body, media_type=JSON)


def _area_of(atlas: Atlas, text: str) -> tuple[str, str]:
    """Return the code of an area and that of its prefecture, which may be the same."""
    municipalities = atlas.gazetteer(atlas.catalogue.whole, "municipality")
    place = municipalities.position.get(text)
    if place is None:
        code = area_code(text)
        return code, prefecture_of(code)
    area = municipalities.areas[place]
    return area.code, area.prefecture


def _grid_of(atlas: Atlas, definition: Definition, prefecture: str) -> str:
    """Return the newest grid on which a definition was counted in a prefecture; NotEnoughData for none."""
    bases = [one for one in atlas.catalogue.gap_bases.get(definition.id, ()) if one.prefecture == prefecture]
    if not bases:
        raise NotEnoughData(
            f"{definition.id} has not been counted in {prefecture}: chiiki analyze transport-gap"
        )
    newest = max(one.body["year"] for one in bases)
    return str(min(one.grid for one in bases if one.body["year"] == newest))


def _counted(
    region: Region, definition: Definition, asked: Scenario, code: str, own: Sequence[NamedArea]
) -> bytes:
    distances = asked.distances_m
    wanted = replace(
        definition,
        distances={**definition.distances, **(distances.model_dump(exclude_none=True) if distances else {})},
        least_departures=definition.least_departures
        if asked.least_departures is None
        else asked.least_departures,
    )
    now, beside = region.before(definition), region.before(wanted)
    after = gap_after(region.partition, beside.gap, wanted, _change(region, asked))
    changed = beside.definition if wanted != definition else None
    return to_json(scenario_described(Told(code, region.grid, region.partition, own, now, changed, after)))


def _change(region: Region, asked: Scenario) -> Change:
    ids, stops = region.ids, region.partition.stops
    named_ids = [*asked.remove, *(one.id for one in asked.departures)]
    expected = "the id of a stop of this prefecture, see /v1/stops.geojson"
    unknown = Findings(
        Finding("body", "remove, departures", name, expected) for name in named_ids if name not in ids
    )
    if unknown:
        raise InvalidParameter(f"{unknown.total} stops are not known here", unknown)
    removed = np.zeros(len(stops), bool)
    removed[[ids[name] for name in named_ids]] = True
    added = [_new_stops(asked.add)] if asked.add else []
    for one in asked.departures:
        place = np.array([ids[one.id]])
        other = stops.take(place)
        other.departures[:] = 0
        added.append(replace(other, departures=_spread(np.array([one.departures]))))
    none = stops.take(np.zeros(len(stops), bool))
    zones = read_zones(asked.zones) if asked.zones else np.empty(0, object)
    return Change(removed, joined([none, *added]), zones)


def _new_stops(asked: Sequence[NewStop]) -> Stops:
    n = len(asked)
    made = without_timetable(
        [f"new-{place}" for place in range(n)],
        ["new"] * n,
        [one.mode for one in asked],
        [""] * n,
        [f"new-{place}" for place in range(n)],
        np.array([one.lon for one in asked]),
        np.array([one.lat for one in asked]),
    )
    return replace(made, departures=_spread(np.array([one.departures for one in asked])))


def _spread(totals: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return departures of a day spread evenly from 6 to 21 o'clock, on every kind of day."""
    counts = np.zeros((len(totals), len(DAYS), HOURS), np.int32)
    hours = np.arange(6, 22)
    for place, total in enumerate(totals.tolist()):
        each = np.diff(np.linspace(0, total, len(hours) + 1).round()).astype(np.int32)
        counts[place][:, hours] = each
    return counts


# What a scenario begins with


@dataclass(frozen=True)
class Region:
    """A prefecture with what a scenario needs: its partition, and its gaps before any change.

    Attributes
    ----------
    own : its municipalities
    ids : id of a stop, as /v1/stops tells it → its place
    """

    grid: str
    partition: Partition
    own: Sequence[NamedArea]
    ids: Mapping[str, int]
    gaps: dict[str, Before] = field(default_factory=dict)
    counting: Lock = field(default_factory=Lock)

    @cached_property
    def nbytes(self) -> int:
        """Size in memory, roughly."""
        vertices = shapely.get_num_coordinates(self.partition.outlines).sum()
        return int(vertices * 16 + len(self.partition.cells) * 400 + len(self.partition.stops) * 700)

    def before(self, definition: Definition) -> Before:
        """Return the gap under a definition, counted once, whoever asks at the same time."""
        key = repr(definition)
        with self.counting:
            if key not in self.gaps:
                while len(self.gaps) >= MOST_GAPS:
                    del self.gaps[next(iter(self.gaps))]
                gap = gap_of(self.partition, definition, with_land=False)
                self.gaps[key] = Before(described(definition), gap)
            return self.gaps[key]


async def region_of(atlas: Atlas, code: str, prefecture: str, grid: str) -> Region:
    """Return the prefecture of an area on the newest boundaries; the area alone where that is too much.

    Raises
    ------
    NotFound : there is no such area
    TooManyFeatures : neither can be counted within a request
    """
    try:
        return await _region(atlas, prefecture, grid, "ask for one of its municipalities")
    except TooManyFeatures:
        if code == prefecture:
            raise
    return await _region(atlas, code, grid, "count it on a coarser grid")


async def _region(atlas: Atlas, code: str, grid: str, instead: str) -> Region:
    date = atlas.catalogue.whole

    async def ask() -> Region:
        _, own = municipalities_of(atlas, code)
        cells, stops = cells_in(grid, date, own), stops_near(date, own, MARGIN)
        async with atlas.reading(*MADE_OF) as conn:
            await transport.expect_at_most(
                conn, cells, transport.MAX_REGION_CELLS, f"cells around {code}", instead
            )
            await transport.expect_at_most(
                conn, stops, transport.MAX_REGION_STOPS, f"stops around {code}", instead
            )
            extract = await conn.run_sync(extract_of, grid, date, own)
        return await slowly(_region_from, atlas.gazetteer(date, "municipality"), grid, extract)

    state = atlas.state(*MADE_OF)
    found: Region = await atlas.store.regions.fetch((code, grid, date, state), ask)
    return found


def _region_from(municipalities: Gazetteer, grid: str, extract: Extract) -> Region:
    listed = zip(extract.stop_lists["source"], extract.stop_lists["id"], strict=True)
    ids = {f"{source}/{name}": place for place, (source, name) in enumerate(listed)}
    own = [named(municipalities.area(code)) for code in sorted(extract.own)]
    return Region(grid, partition_from(extract, sea=municipalities.is_whole), own, ids)
