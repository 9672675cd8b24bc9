"""The pages that other sites show in a frame, and the built front-end behind every other path."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from service.responses import IMMUTABLE, REVALIDATE

STATIC = Path(__file__).parent.parent / "static"
#: A script of embeds under its version.
RELEASED = re.compile(r"chiiki-\d+\.\d+\.\d+\.js")

router = APIRouter(prefix="/embed", tags=["embeds"])


@router.get("/map", summary="A map to embed")
@router.get("/chart", summary="A chart to embed")
@router.get("/ranking", summary="A ranking to embed")
@router.get("/profile", summary="A profile to embed")
async def embed(request: Request) -> Response:
    """Return the page that another site shows in an `<iframe>`; the page reads its own parameters.

    They are those of the explorer's address (`layer`, `level`, `period`, `vintage`, `scheme`, `k`, `breaks`,
    `breaks_over`, `palette`, `area`, `areas`, `lang`), and `theme` (`light`, `dark`, `auto`), `parent` and
    `limit` of a ranking. See docs/embedding.md.
    """
    return FileResponse(STATIC / "embed.html", headers={"Cache-Control": REVALIDATE})


class BuiltFiles(StaticFiles):
    """The build of ``web/``: files that never change are kept for ever, the others asked for anew."""

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
