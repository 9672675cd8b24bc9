"""What a route needs of the running service.

Dependencies are coroutines, though they wait for nothing: plain functions would each take a hop through the
pool of threads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from service.http.problems import Unavailable
from service.layers.views import Picture, View, ViewQuery, is_usual, picture, resolve, view_query
from service.memory.atlas import Atlas
from service.memory.cache import Moved, off_loop, settled
from service.memory.news import News

#: So often a request begins anew because the data changed under it.
MOST_BEGINNINGS = 4


def news_of(request: Request) -> News:
    """Return what keeps the atlas of this process current."""
    news: News = request.app.state.news
    return news


def atlas_of(request: Request) -> Atlas:
    """Return the atlas of a request: the one that was current when it began."""
    if not hasattr(request.state, "atlas"):
        request.state.atlas = news_of(request).atlas
    atlas: Atlas = request.state.atlas
    return atlas


class OneMoment(APIRoute):
    """A route whose answers are of one moment: where the data changed meanwhile, the request begins anew."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            for _ in range(MOST_BEGINNINGS):
                try:
                    return await answer(request)
                except Moved:
                    request.state.atlas = await news_of(request).refresh()
            raise Unavailable("The data change faster than they can be read")

        return answered


def api_router(**options: Any) -> APIRouter:
    """Return a router whose routes answer of one moment and refuse parameters that they do not have."""
    return APIRouter(route_class=OneMoment, dependencies=[Depends(only_known_parameters)], **options)


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have: a typo must not pass for a default."""
    known = _known(request.scope["route"])
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        findings = [
            Finding("query", name, request.query_params[name], f"one of {listed}") for name in unknown
        ]
        raise InvalidParameter(
            f"Unknown query parameter {', '.join(unknown)[:200]}; there are: {listed}", findings
        )


def _known(route: Any) -> frozenset[str]:
    """Return the query parameters of a route; they are worked out once."""
    held: dict[str, frozenset[str]] = route.__dict__
    if "known_parameters" not in held:
        fields = get_flat_params(route.dependant)
        names = {field.alias for field in fields if isinstance(field.field_info, params.Query)}
        held["known_parameters"] = frozenset(names)
    return held["known_parameters"]


async def _atlas(request: Request) -> Atlas:
    return atlas_of(request)


AtlasDep = Annotated[Atlas, Depends(_atlas)]


async def view_of(atlas: AtlasDep, layer: str, asked: Annotated[ViewQuery, Depends(view_query)]) -> View:
    """Return the view of a layer that the request asks for."""
    return resolve(atlas, layer, asked)


async def shown(atlas: Atlas, view: View) -> Picture:
    """Return the picture of a view; classes that were not worked out at load take time, and a thread."""
    if is_usual(view):
        return await settled(lambda: picture(atlas, view))
    return await off_loop(picture, atlas, view)


async def worked_out(
    atlas: Atlas, layer: Indicator, periods: Sequence[str], level: str, date: dt.date
) -> None:
    """Return once the values of a layer that is worked out of others are in memory.

    A thread that waited for them would keep its place from work that need not wait.
    """
    if atlas.kind_of(layer).is_light:
        await settled(lambda: atlas.vectors(layer, periods, level, date))


async def picture_of(atlas: AtlasDep, view: Annotated[View, Depends(view_of)]) -> Picture:
    """Return the picture of the view that the request asks for."""
    return await shown(atlas, view)


ViewDep = Annotated[View, Depends(view_of)]
PictureDep = Annotated[Picture, Depends(picture_of)]
