"""A layer as a picture: for slides, reports and link previews."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from geo.errors import Finding, InvalidParameter
from service.areas.geometry import Bbox, bbox_of
from service.http.dependencies import AtlasDep, PictureDep, api_router
from service.http.responses import PNG, SVG, Told, encoded, kept
from service.layers.readings import words_of
from service.layers.static_maps import Sheet, fonts_of, rasterised, svg_of
from service.layers.views import Lang, Picture, Revision, is_current
from service.memory.cache import beside, digest

router = api_router(prefix="/v1/layers/{layer}", tags=["layers"])

Width = Annotated[int, Query(ge=200, le=2400, description="Width of the picture in pixels")]
Height = Annotated[int, Query(ge=200, le=2400, description="Height of the picture in pixels")]
Cut = Annotated[
    str | None,
    Query(max_length=20, description="Cut the map to this area, by code, and outline it; not with `bbox`"),
]
Title = Annotated[
    str | None,
    Query(max_length=120, description="Heading instead of the layer's name; empty for no heading"),
]
WithLegend = Annotated[bool, Query(alias="legend", description="Whether the legend stands beside the map")]
#: Of a PNG: 23 million took 417 MB and many seconds of the process that draws it.
MOST_PIXELS = 4_000_000
Scale = Annotated[
    int,
    Query(
        ge=1,
        le=2,
        description=f"2 for dense screens: twice the pixels each way, at most {MOST_PIXELS:,} in all",
    ),
]


async def sheet(
    width: Width = 800,
    height: Height = 600,
    bbox: Bbox = None,
    area: Cut = None,
    title: Title = None,
    legend: WithLegend = True,
    lang: Lang = "ja",
) -> Sheet:
    """Return what the picture is to be like."""
    if bbox is not None and area is not None:
        findings = [Finding("query", "bbox", bbox, "bbox or area, not both")]
        raise InvalidParameter("bbox and area both cut the map; give one of them", findings)
    box = None if bbox is None else bbox_of(bbox)
    if box is not None and (box[0] == box[2] or box[1] == box[3]):
        findings = [Finding("query", "bbox", bbox or "", "west < east and south < north")]
        raise InvalidParameter("bbox must have a width and a height", findings)
    return Sheet(width, height, lang, title, legend, area, box)


SheetDep = Annotated[Sheet, Depends(sheet)]


def _named(picture: Picture, suffix: str) -> str:
    view = picture.view
    return f"{view.indicator.id}-{view.period}-{view.level}.{suffix}"


def _for_all(response: Response) -> Response:
    """Let pages of other origins show the picture, those with a strict embedder policy too."""
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.get("/map.svg", summary="The map as a picture (SVG)")
async def map_svg(
    request: Request, atlas: AtlasDep, picture: PictureDep, sheet: SheetDep, rev: Revision = None
) -> Response:
    """Return heading, map, legend and source as SVG; the map in words stands in its `desc`.

    The nation has the south-western islands and Ogasawara in frames, as Japanese maps do.
    """
    told = Told(SVG, is_current(rev, picture), picture.revision, _named(picture, "svg"))

    def make() -> bytes:
        return svg_of(atlas, picture, sheet, words_of(atlas, picture)[sheet.lang]).encode()

    state = digest(picture.etag, "map.svg", sheet.__dict__)
    return _for_all(await kept(request, atlas, state, encoded(make), told))


@router.get("/map.png", summary="The map as a picture (PNG)")
async def map_png(
    request: Request,
    atlas: AtlasDep,
    picture: PictureDep,
    sheet: SheetDep,
    scale: Scale = 1,
    rev: Revision = None,
) -> Response:
    """Return the picture of `map.svg` as PNG, for slides and for programs that show no SVG."""
    pixels = sheet.width * sheet.height * scale**2
    if pixels > MOST_PIXELS:
        expected = f"width × height × scale² of {MOST_PIXELS:,} at most"
        findings = [Finding("query", "scale", str(scale), expected)]
        raise InvalidParameter(f"The picture has {pixels:,} pixels", findings)
    told = Told(PNG, is_current(rev, picture), picture.revision, _named(picture, "png"), compressible=False)
    fonts = fonts_of(atlas)

    def make(_gzipped: bool) -> bytes:
        svg = svg_of(atlas, picture, sheet, words_of(atlas, picture)[sheet.lang])
        return rasterised(svg, scale, fonts)

    state = digest(picture.etag, "map.png", sheet.__dict__, scale)
    return _for_all(await kept(request, atlas, state, make, told, beside))
