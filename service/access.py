"""What a route needs of the running service."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, params
from fastapi.dependencies.utils import get_flat_params

from geo.errors import Finding, InvalidParameter
from service.atlas import Atlas
from service.views import Gallery, Picture, View, Wish, resolve, wish


def atlas_of(request: Request) -> Atlas:
    """Return the atlas of the running service."""
    atlas: Atlas = request.app.state.atlas
    return atlas


def gallery_of(request: Request) -> Gallery:
    """Return the gallery of the running service."""
    gallery: Gallery = request.app.state.gallery
    return gallery


def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have: a typo must not pass for a default."""
    fields = get_flat_params(request.scope["route"].dependant)
    known = [field.alias for field in fields if isinstance(field.field_info, params.Query)]
    if request.method not in ("GET", "HEAD"):
        known.append("api_key")
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        findings = [
            Finding("query", name[:80], request.query_params[name][:80], f"one of {listed}")
            for name in unknown
        ]
        raise InvalidParameter(
            f"Unknown query parameter {', '.join(unknown)[:200]}; there are: {listed}", findings
        )


def view_of(request: Request, layer: str, asked: Annotated[Wish, Depends(wish)]) -> View:
    """Return the view of a layer that the request asks for."""
    return resolve(atlas_of(request), layer, asked)


async def picture_of(request: Request, view: Annotated[View, Depends(view_of)]) -> Picture:
    """Return the picture of the view that the request asks for."""
    return await gallery_of(request).picture(view)


AtlasDep = Annotated[Atlas, Depends(atlas_of)]
ViewDep = Annotated[View, Depends(view_of)]
PictureDep = Annotated[Picture, Depends(picture_of)]


def base_url(request: Request) -> str:
    """Return the address links begin with: the operator's setting, else what the client called."""
    configured: str = request.app.state.settings.public_url
    return (configured or str(request.base_url)).rstrip("/")


def next_page(request: Request, offset: int, limit: int, total: int) -> str | None:
    """Return the path of the page after this one, or None on the last."""
    if offset + limit >= total:
        return None
    link = str(request.url.include_query_params(offset=offset + limit))
    return link[len(str(request.base_url).rstrip("/")) :]
