"""One stop: which is it, on which lines, and how often can one depart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response
from sqlalchemy import Row

from geo.errors import NotFound
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, kept_read
from service.transit import transport
from service.transit.stop_forms import StopInDetail, stop_described

router = api_router(prefix="/v1", tags=["transport"])


@router.get(
    "/stops/departures",
    summary="One stop, with its lines and its departures by day and band",
    responses=answers(JSON, form=StopInDetail),
)
async def departures(
    request: Request,
    atlas: AtlasDep,
    stop: Annotated[
        str, Query(max_length=400, description="Id as tiles and GeoJSON tell it: source, `/`, id there")
    ],
) -> Response:
    """Return a stop with its source, its lines, and the departures of its poles together.

    For each kind of day (weekday, Saturday, Sunday): the date that was taken from the timetable, all its
    departures, and those of bands and of hours from 0 to 29, which count on after midnight. `days` is null
    where no timetable is known, as of railway stations.

    `lines` are told by number and name as published, with their departures on each kind of day: 30 at most,
    those with the most departures first, and `more_lines` is how many there are besides. It is null where the
    source tells of no lines.
    """
    source, _, name = stop.partition("/")
    # what cannot be printed is in no id, and not all of it may be asked of a database
    if not stop.isprintable():
        raise NotFound("No stop has such an id; /v1/stops.geojson tells those of an area")

    def make(found: tuple[Row[Any], Row[Any], Sequence[Row[Any]]] | None) -> StopInDetail:
        if found is None:
            raise NotFound(f"No stop is called {stop[:80]!r}; /v1/stops.geojson tells those of an area")
        return stop_described(*found)

    read = partial(atlas.answered, partial(transport.stop_in_detail, source=source, name=name), "stops")
    return await kept_read(request, atlas, read, make, atlas.state("stops"))
