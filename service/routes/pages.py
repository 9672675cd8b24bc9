"""The pages that other sites show in a frame, and the built front-end behind every other path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service.responses import IMMUTABLE, REVALIDATE

STATIC = Path(__file__).parent.parent / "static"

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
    """The build of ``web/``: files named after their content are kept for ever, the others asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, as the build compressed it where the client takes that."""
        is_taken = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        _, found = self.lookup_path(f"{path}.gz") if is_taken else ("", None)
        if found is None:
            return await super().get_response(path, scope)
        response = await super().get_response(f"{path}.gz", scope)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:  # as starlette types it
        """Return a file with its caching."""
        response = super().file_response(full_path, *args, **kwargs)
        is_hashed = Path(full_path).parent.name == "assets"
        response.headers["Cache-Control"] = IMMUTABLE if is_hashed else REVALIDATE
        return response
