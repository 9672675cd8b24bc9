"""The page of an area, on the screen, on paper and as PDF."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from geo.codes import area_code
from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.text import Language
from service.http.addresses import base_url
from service.http.dependencies import AtlasDep, OneMoment, api_router
from service.http.forms import answers
from service.http.html import VARY, Frame, frame_of, page
from service.http.responses import HTML, PDF, Told, encoded, kept, state_of
from service.layers.static_maps import fonts_of
from service.layers.views import Lang, Period
from service.memory.atlas import Atlas
from service.pages.area_pages import former_sheet, sheet
from service.pages.previews import DEFAULT_LAYER
from service.pages.printer import in_turn, printed, styles
from service.planning.portraits import portrait_of
from service.planning.profiles import Asked

pages = APIRouter(route_class=OneMoment, tags=["pages"])
api = api_router(prefix="/v1", tags=["planning"])

Layer = Annotated[
    str,
    Query(max_length=120, description="Id of the indicator that is told at length, see /v1/layers"),
]
PageLang = Annotated[
    Language | None,
    Query(description="Language of the page: `ja` or `en`; when left out, as the browser asks"),
]


def _asked(atlas: Atlas, code: str) -> Asked:
    vintage = atlas.vintage(None)
    level, area = atlas.area(vintage, code)
    return Asked(atlas.at(vintage, level), level, area)


def _layer(atlas: Atlas, name: str) -> Indicator:
    """Return a layer that is listed: others would be worked out for the page alone."""
    found = atlas.layer(name)
    if found.id not in atlas.catalogue.layers:
        finding = Finding("query", "layer", name, "the id of a layer of /v1/layers")
        raise InvalidParameter(f"{found.id} is shown by the map alone", [finding])
    return found


def _body(atlas: Atlas, asked: Asked, layer: Indicator, period: str | None, frame: Frame) -> bytes:
    told = sheet(atlas, portrait_of(atlas, asked, layer, period), frame)
    return page("area.html", frame, str(told.pop("title")), description=told["words"], **told)


@pages.get("/areas/{code}", summary="The page of an area", responses=answers(HTML))
async def area_page(
    request: Request,
    atlas: AtlasDep,
    code: str,
    layer: Layer = DEFAULT_LAYER,
    period: Period = None,
    lang: PageLang = None,
) -> Response:
    """Return an area on one page, which prints on one sheet of A4.

    Its people first, then an indicator with its ranks, spread and course; figures of the policy goals, what
    runs there and who says so, transport gaps, similar areas and why, neighbours, history. A code that is no
    longer in use is answered with what became of it.
    """
    del lang  # read by the frame, with what the browser asks
    plain = area_code(code)
    if plain != code:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/areas/{plain}{query}", 308)
    frame, vintage = frame_of(request), atlas.vintage(None)
    state = state_of(request, atlas.state(), frame.lang, base_url(request))
    told = Told(HTML, vary=VARY)
    is_former = not any(plain in one.position for one in vintage.gazetteers.values())
    if is_former and atlas.catalogue.history.names.get(plain):
        return await kept(request, atlas, state, encoded(lambda: former_sheet(atlas, plain, frame)), told)
    asked, shown = _asked(atlas, plain), _layer(atlas, layer)
    return await kept(request, atlas, state, encoded(lambda: _body(atlas, asked, shown, period, frame)), told)


@api.get("/areas/{code}/profile.pdf", summary="The page of an area as PDF", responses=answers(PDF))
async def profile_pdf(
    request: Request,
    atlas: AtlasDep,
    code: str,
    layer: Layer = DEFAULT_LAYER,
    period: Period = None,
    lang: Lang = "ja",
) -> Response:
    """Return the page `/areas/{code}` as a tagged PDF of one A4 sheet.

    Pages are written one after another; where too many wait, the answer is 503 with `Retry-After`.
    """
    plain = area_code(code)
    asked, shown = _asked(atlas, plain), _layer(atlas, layer)
    fonts_of(atlas)  # refuses where they are not there
    query = tuple((name, value) for name, value in request.query_params.items() if name != "lang")
    frame = Frame(lang, f"{base_url(request)}/areas/{plain}", query)
    state = state_of(request, atlas.state(), base_url(request), styles())
    told = Told(PDF, download=f"{plain}-{lang}.pdf", compressible=False)

    def make(_gzipped: bool) -> bytes:
        html = _body(atlas, asked, shown, period, frame)
        return printed(html, frame.address, atlas.settings.fonts)

    return await kept(request, atlas, state, make, told, in_turn)


router = APIRouter()
router.include_router(pages)
router.include_router(api)
