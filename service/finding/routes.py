"""Search: one line of words leads to places, figures, measures, stations and postcodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from service.areas.forms import former_described
from service.finding.forms import (
    Found,
    FoundArea,
    area_described,
    layer_described,
    postcode_described,
    station_described,
)
from service.finding.words import found
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, kept_json
from service.layers.views import VintageDate

router = api_router(prefix="/v1", tags=["search"])


@router.get("/search", summary="Search everything", responses=answers(JSON, form=Found))
async def search(
    request: Request,
    atlas: AtlasDep,
    q: Annotated[str, Query(max_length=100, description="What people type: at most eight words")] = "",
    vintage: VintageDate = None,
) -> Response:
    """Return what a line of words leads to: places, layers, stations and postcodes, a few of each.

    Words are understood in kanji, kana, Roman letters and English, in either spelling of it; width, case,
    spaces and dots make no difference, and slips are put right where nothing has the words as they are. A
    place and a topic in one line are found `together`. `former` has names of the past.
    Stations are those of 国土数値情報 N02, postcodes those of Japan Post; of a postcode that there is none of
    the municipalities of its district are told. Layers without figures are left out.
    """
    chosen = atlas.vintage(vintage)

    def make() -> Found:
        finds = found(atlas, chosen, q)
        places = chosen.place_names

        def area_of(code: str) -> FoundArea | None:
            place = places.coded(code)
            return area_described(atlas, chosen, *place) if place else None

        return {
            "q": q,
            "order": list(finds.order),
            "together": [
                {"area": area_described(atlas, chosen, *place), "layer": layer_described(atlas, layer)}
                for place, layer in finds.together
            ],
            "places": [area_described(atlas, chosen, *place) for place in finds.places],
            "former": [former_described(one) for one in finds.former],
            "layers": [layer_described(atlas, layer) for layer in finds.layers],
            "stations": [station_described(one, area_of(one.area)) for one in finds.stations],
            "postcodes": [postcode_described(one, area_of(one.area)) for one in finds.postcodes],
        }

    return await kept_json(request, atlas, make, atlas.state())
