"""The explorer, the pages that other sites show in a frame, and the built front-end on every other path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from geo.errors import ChiikiError
from geo.text import Language
from service.http.addresses import base_url
from service.http.dependencies import OneMoment, atlas_of
from service.http.forms import answers
from service.http.html import VARY, language_of
from service.http.responses import HTML, IMMUTABLE, REVALIDATE, Told, answer, preferred_coding
from service.memory.atlas import Atlas
from service.memory.cache import Moved, off_loop
from service.pages.html_head import first_words, head, template, without_script
from service.pages.previews import Address, Preview, preview, site

STATIC = Path(__file__).parent.parent / "static"
#: What the build compressed files with, and what it named them.
CODINGS = {"br": ".br", "gzip": ".gz"}
#: A script of embeds under its version.
RELEASED = re.compile(r"chiiki-\d+\.\d+\.\d+\.js")

router = APIRouter(route_class=OneMoment, tags=["pages"])


async def _preview(atlas: Atlas, address: Address) -> Preview:
    """Return the preview of an address, or that of the site: the page itself tells what is wrong."""
    try:
        return await off_loop(preview, atlas, address)
    except Moved:
        raise
    except (ChiikiError, DBAPIError, PoolTimeout):
        return site(address)


async def _page(
    request: Request, file: str, reader: Language = "ja", *, has_background: bool = False
) -> Response:
    page = template(STATIC / file)
    atlas, address = atlas_of(request), Address.of(request.url.path, request.url.query, reader)
    told = await _preview(atlas, address)
    top = head(told, base_url(request), has_background=has_background)
    body = page.filled(address.lang, head=top, body=without_script(told), **first_words(told))
    return answer(request, body, Told(HTML, vary=VARY))


@router.get("/", summary="The explorer", responses=answers(HTML))
async def explorer(request: Request) -> Response:
    """Return the explorer; its address holds the whole view, and its head tells that view to link previews.

    Without JavaScript it is the view in words, with its picture, its citation and its table. Where the
    address names no language, it is the one that the reader's browser asks for.
    """
    settings = request.app.state.settings
    return await _page(request, "index.html", language_of(request), has_background=settings.gsi_tiles)


@router.get("/embed/map", summary="A map to embed", responses=answers(HTML))
@router.get("/embed/chart", summary="A chart to embed", responses=answers(HTML))
@router.get("/embed/ranking", summary="A ranking to embed", responses=answers(HTML))
@router.get("/embed/profile", summary="A profile to embed", responses=answers(HTML))
@router.get("/embed/kpi", summary="The KPIs of the strategy to embed", responses=answers(HTML))
@router.get("/embed/logic", summary="The logic model to embed", responses=answers(HTML))
@router.get("/embed/roadmap", summary="The roadmap to embed", responses=answers(HTML))
async def embed(request: Request) -> Response:
    """Return the page that another site shows in an `<iframe>`; the page reads its own parameters.

    They are those of the explorer's address (`layer`, `level`, `period`, `vintage`, `scheme`, `k`, `breaks`,
    `breaks_over`, `palette`, `area`, `areas`, `lang`), and `theme` (`light`, `dark`, `auto`), `height`, the
    extent (`parent`, `bbox`) and the `limit` of a ranking. Views of the strategy read `area`, `lang`, `theme`
    and `height`. See docs/embedding.md.
    """
    return await _page(request, "embed.html")


class BuiltFiles(StaticFiles):
    """The build of ``web/``: files that never change are kept for ever, the others asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, as the build compressed it where the client takes that."""
        wanted = preferred_coding(Headers(scope=scope).get("accept-encoding", ""), tuple(CODINGS))
        suffix = CODINGS.get(wanted or "", "")
        _, found = self.lookup_path(path + suffix) if suffix else ("", None)
        if wanted is None or found is None:
            return await super().get_response(path, scope)
        response = await super().get_response(path + suffix, scope)
        response.headers["Content-Encoding"] = wanted
        response.headers["Vary"] = "Accept-Encoding"
        return response

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:  # as starlette types it
        """Return a file with its caching; a script of embeds is for pages of every origin."""
        response = super().file_response(full_path, *args, **kwargs)
        file = Path(full_path)
        is_constant = file.parent.name == "assets" or RELEASED.fullmatch(file.name)
        response.headers["Cache-Control"] = IMMUTABLE if is_constant else REVALIDATE
        if file.parent.name == "embed":
            # Always, not only where an Origin was sent: a cache may give the answer to a page that sends one,
            # and `integrity` needs it.
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response
