"""What changed, for those who keep copies of figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from service.figures.changes import Asked, ChangeFeed, atom, feed, read_changes
from service.figures.known import moment
from service.http.addresses import base_url, query_of
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import ATOM, JSON_FEED, Told, encoded, kept, state_of, to_json
from service.memory.atlas import Atlas

router = api_router(prefix="/v1", tags=["series"])

MOST = 500


async def _asked(
    atlas: AtlasDep,
    indicator: Annotated[str | None, Query(max_length=120, description="Of this indicator alone")] = None,
    since: Annotated[
        str | None,
        Query(max_length=40, description="Not before this moment: `2025-06-30T12:00:00Z`, or after a day"),
    ] = None,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="Numbered below; `next_url` has it")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="Changes of a page")] = 100,
) -> Asked:
    name = None if indicator is None else atlas.indicator(indicator).id
    return Asked(name, None if since is None else moment("since", since), before, limit)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.get(
    "/changes", summary="What changed when, as JSON feed", responses=answers(JSON_FEED, form=ChangeFeed)
)
async def changes(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return what loads added, revised and withdrew of figures, the newest first (JSON Feed 1.1).

    An item is what one load changed of one indicator; `_chiiki` tells it for programs, with the first values
    that were revised, before and after. `/v1/series?as_of=` gives series as they were before it.
    """
    state = state_of(request, atlas.state("indicator"), base_url(request))

    def make() -> bytes:
        return to_json(_feed(request, atlas, asked))

    return await kept(request, atlas, state, encoded(make), Told(JSON_FEED))


@router.get("/changes.atom", summary="What changed when, as Atom", responses=answers(ATOM))
async def changes_atom(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return what loads added, revised and withdrew of figures, the newest first, as Atom (RFC 4287)."""
    state = state_of(request, atlas.state("indicator"), base_url(request))

    def make() -> bytes:
        return atom(_feed(request, atlas, asked))

    return await kept(request, atlas, state, encoded(make), Told(ATOM))


def _feed(request: Request, atlas: Atlas, asked: Asked) -> ChangeFeed:
    found = atlas.read(lambda conn: read_changes(conn, asked), "indicator")
    base = base_url(request)
    address = f"{base}{request.url.path}"
    here = query_of(request)
    following = query_of(request, before=found.rows[-1].id) if found.has_more else None
    return feed(
        atlas,
        found,
        base,
        f"{address}?{here}" if here else address,
        following and f"{address}?{following}",
    )
