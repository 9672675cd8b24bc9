"""Pages that the service writes, for people: without JavaScript, and unknown parameters are let pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.text import Language
from service.http.addresses import base_url
from service.http.dependencies import AtlasDep, OneMoment, shown
from service.http.forms import answers
from service.http.html import VARY, Frame, frame_of
from service.http.responses import HTML, Told, encoded, kept
from service.layers.views import Level, Period, ViewQuery, resolve
from service.memory.atlas import Atlas
from service.memory.cache import digest, off_loop, slowly
from service.pages.about_page import about_page, terms_page
from service.pages.catalog_page import AskedCatalog, catalog_page
from service.pages.indicator_page import indicator_page
from service.pages.measure_page import AskedMeasure, effect_told, measure_page, measures_page

router = APIRouter(route_class=OneMoment, tags=["pages"])

Spoken = Annotated[
    Language | None,
    Query(description="Language of the page: `ja` or `en`; else as Accept-Language says"),
]

Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Entries before the page")]


async def framed(request: Request, lang: Spoken = None) -> Frame:
    """Return the frame of the page that a request asks for."""
    del lang  # which is read with the others
    return frame_of(request)


FrameDep = Annotated[Frame, Depends(framed)]


async def _kept(
    request: Request, atlas: Atlas, frame: Frame, make: Callable[[], bytes], *of: object
) -> Response:
    """Return a page, made off the event loop once for each state of the data, and kept."""
    state = digest("page", frame, *of, atlas.state())
    return await kept(request, atlas, state, encoded(make), Told(HTML, vary=VARY), off_loop)


@router.get("/about", summary="About the site, its operator and how to reach them", responses=answers(HTML))
async def about(request: Request, atlas: AtlasDep, frame: FrameDep) -> Response:
    """Return what the site has, how it treats figures, and who runs it, for people."""
    settings = request.app.state.settings
    return await _kept(request, atlas, frame, lambda: about_page(atlas, frame, settings))


@router.get("/terms", summary="Terms of use", responses=answers(HTML))
async def terms(request: Request, atlas: AtlasDep, frame: FrameDep) -> Response:
    """Return under which terms figures, maps and the API may be used, source by source, for people."""
    settings = request.app.state.settings
    return await _kept(request, atlas, frame, lambda: terms_page(atlas, frame, settings))


@router.get("/catalog", summary="The catalogue for people", responses=answers(HTML))
async def catalog(
    request: Request,
    atlas: AtlasDep,
    frame: FrameDep,
    q: Annotated[str, Query(max_length=100, description="Words that an entry has to have")] = "",
    topic: Annotated[str | None, Query(max_length=80, description="Only of this topic")] = None,
    family: Annotated[str | None, Query(max_length=80, description="Only of this family")] = None,
    offset: Offset = 0,
) -> Response:
    """Return topics and families, or a page of the layers that are looked for, as people read them."""
    asked = AskedCatalog(q, topic or None, family or None, offset)
    frame = replace(frame, place="catalog")
    return await _kept(request, atlas, frame, lambda: catalog_page(atlas, frame, asked))


@router.get("/indicators/{indicator}", summary="The page of an indicator", responses=answers(HTML))
async def indicator(
    request: Request,
    atlas: AtlasDep,
    frame: FrameDep,
    indicator: str,
    level: Level = None,
    period: Period = None,
) -> Response:
    """Return all about an indicator, for people.

    Definition, formula, denominator, sources and terms, breaks, levels and periods, how to cite it and what
    was revised, its map, both ends of its ranking, every download, and addresses for programs.
    """
    one = atlas.indicator(indicator)
    drawn, base = None, base_url(request)
    if atlas.levels(one):
        drawn = await shown(atlas, resolve(atlas, one.id, ViewQuery(period=period, level=level)))
    frame = replace(frame, place="catalog")
    return await _kept(request, atlas, frame, lambda: indicator_page(atlas, frame, base, one, drawn))


@router.get("/measures", summary="The list of measures", responses=answers(HTML))
async def measures(request: Request, atlas: AtlasDep, frame: FrameDep) -> Response:
    """Return all measures by goal, for people, with how many deployments are known of each."""
    frame = replace(frame, place="measures")
    return await _kept(request, atlas, frame, lambda: measures_page(atlas, frame))


@router.get("/measures/{measure}", summary="The page of a measure", responses=answers(HTML))
async def measure(
    request: Request,
    atlas: AtlasDep,
    frame: FrameDep,
    measure: str,
    prefecture: Annotated[
        str | None, Query(max_length=20, description="Only deployments that touch it, by its code")
    ] = None,
    year: Annotated[
        str | None, Query(max_length=20, description="Only those that run in this fiscal year")
    ] = None,
    offset: Offset = 0,
) -> Response:
    """Return all about a measure, for people.

    Its goal and logic chain, its deployments with place, time, cost and source, a map of them, who may need
    it, whether figures moved where it runs, and its milestones.
    """
    one = atlas.catalogue.policy.measure(measure)
    within = area_code(prefecture) if prefecture else None
    asked, base = AskedMeasure(one, within, year or None, offset), base_url(request)
    layer = f"deployments:{one.id}"
    has_map = atlas.catalogue.policy.of_measure(one.id) and atlas.levels(atlas.layer(layer))
    drawn = await shown(atlas, resolve(atlas, layer, ViewQuery())) if has_map else None
    frame = replace(frame, place="measures")

    async def judged() -> bytes:
        return await slowly(effect_told, atlas, one)

    effect = await atlas.store.bodies.fetch(digest("effect", one.id, atlas.state()), judged)
    return await _kept(request, atlas, frame, lambda: measure_page(atlas, frame, base, asked, drawn, effect))
