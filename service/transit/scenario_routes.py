"""What a new stop, a demand-bus zone or another threshold would change of a transport gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from geo.codes import area_code, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from geo.transit.access import Definition
from geo.transit.calendars import DAYS
from geo.transit.gaps import Change, gap_after
from geo.transit.gtfs import HOURS
from geo.transit.stops import Stops, joined, without_timetable
from geo.transit.zones import read_zones
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, to_json
from service.memory.atlas import Atlas
from service.memory.cache import slowly
from service.transit import transport
from service.transit.scenario_forms import ScenarioGap, Told, scenario_described
from service.transit.transport import Region, definition_of

router = api_router(prefix="/v1", tags=["transport"])

MAX_CHANGES = 500
MAX_ZONES = 20


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

    id: str
    departures: int = Field(ge=0, le=2000)


class Scenario(_Body):
    """What would be changed."""

    definition: str
    area: str = Field(description="Municipality or prefecture whose figures are answered")
    add: list[NewStop] = Field(default_factory=list, max_length=MAX_CHANGES)
    remove: list[str] = Field(default_factory=list, max_length=MAX_CHANGES, description="Ids of /v1/stops")
    departures: list[Departures] = Field(default_factory=list, max_length=MAX_CHANGES)
    zones: list[dict[str, object]] = Field(
        default_factory=list, max_length=MAX_ZONES, description="Polygons (GeoJSON) that a demand bus serves"
    )
    distances_m: dict[Literal["rail", "bus", "demand"], float] | None = None
    least_departures: int | None = Field(default=None, ge=0, le=2000)


@router.post(
    "/transport-gap/scenario",
    summary="What would change: a new stop, a zone, another threshold",
    responses=answers(JSON, form=ScenarioGap),
)
async def scenario(atlas: AtlasDep, asked: Scenario) -> Response:
    """Return the gap of an area before, after and the difference, and the cells that change.

    Nothing is stored, and no key is needed. At most 500 changes of stops and 20 zones, in one prefecture
    with a margin; of a prefecture too large to be counted within a request, one of its municipalities at a
    time. Departures that are changed apply to the pole that is named. Cells whose people are not told are in
    no number: `cells_without_figure` counts them.
    """
    definition, code = definition_of(atlas, asked.definition), area_code(asked.area)
    async with atlas.reading(*transport.MADE_OF) as conn:
        grid = await transport.grid_of(conn, definition.id, prefecture_of(code))
    region = await transport.region(atlas, code, grid)
    if code != prefecture_of(code) and code not in region.partition.areas:
        raise NotFound(f"No municipality has the code {code}")
    body = await slowly(_counted, atlas, region, definition, asked, code, grid)
    return Response(body, media_type="application/json")


def _counted(
    atlas: Atlas, region: Region, definition: Definition, asked: Scenario, code: str, grid: str
) -> bytes:
    wanted = replace(
        definition,
        distances={**definition.distances, **_distances(asked)},
        least_departures=definition.least_departures
        if asked.least_departures is None
        else asked.least_departures,
    )
    before = region.before(definition)
    change = _change(region, wanted, asked)
    partition = region.partition
    after = gap_after(partition, region.before(wanted), wanted, change)
    gazetteer = atlas.gazetteer(max(atlas.catalogue.vintages), "municipality")
    told = Told(code, grid, definition, wanted, before, after)
    return to_json(scenario_described(gazetteer, region, told))


def _distances(asked: Scenario) -> dict[str, float]:
    found: dict[str, float] = {str(mode): metres for mode, metres in (asked.distances_m or {}).items()}
    wrong = {mode: metres for mode, metres in found.items() if not 0 < metres <= 5000}
    if wrong:
        finding = Finding("body", "distances_m", str(wrong), "metres above 0 and up to 5000")
        raise InvalidParameter("A distance is out of bounds", [finding])
    return found


def _change(region: Region, definition: Definition, asked: Scenario) -> Change:
    ids, stops = region.ids, region.partition.stops
    named_ids = [*asked.remove, *(one.id for one in asked.departures)]
    unknown = [name for name in named_ids if name not in ids]
    if unknown:
        findings = [
            Finding(
                "body",
                "remove, departures",
                name,
                "the id of a stop of this prefecture, see /v1/stops.geojson",
            )
            for name in unknown[:50]
        ]
        raise InvalidParameter(f"{len(unknown)} stops are not known here", findings)
    removed = np.zeros(len(stops), bool)
    removed[[ids[name] for name in named_ids]] = True
    added = [_new_stops(asked.add)] if asked.add else []
    for one in asked.departures:
        place = np.array([ids[one.id]])
        other = stops.take(place)
        other.departures[:] = 0
        added.append(replace(other, departures=_spread(np.array([one.departures]))))
    none = stops.take(np.zeros(len(stops), bool))
    return Change(removed, joined([none, *added]), read_zones(asked.zones))


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
