"""Figures that are held until their moment, for those who may load them."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import Engine

from geo.areas.reach import Reach
from service.figures.embargo import cancel_held, held
from service.figures.forms import Embargoes
from service.http.auth import Identity, require_scope
from service.http.dependencies import api_router
from service.http.forms import answers
from service.http.responses import JSON, to_json
from service.http.writes import Write, write_with

router = api_router(prefix="/v1", tags=["indicators"])


@router.get(
    "/embargoes",
    summary="Figures that are held (API key with scope write)",
    responses=answers(JSON, form=Embargoes),
)
async def list_held(
    request: Request, identity: Annotated[Identity, Depends(require_scope("write"))]
) -> Response:
    """Return the loads that are held until their moment (`embargo`), the next one first.

    A limited key is told of those alone that it could have loaded. `refused` says why figures could not be
    published at their moment: they stay held.
    """
    told = await to_thread.run_sync(_held, request.app.state.writer, identity.reach)
    return Response(to_json(told), headers={"Cache-Control": "no-store"}, media_type=JSON)


def _held(engine: Engine, reach: Reach) -> Embargoes:
    with engine.begin() as conn:
        return {"embargoes": held(conn, reach)}


@router.delete(
    "/embargoes/{embargo}", summary="Cancel held figures (API key with scope write)", status_code=204
)
async def delete(embargo: str, write: Annotated[Write, Depends(write_with("write"))]) -> Response:
    """Take held figures away: they are never published. What is published is withdrawn, not cancelled."""
    return await write.answer(partial(cancel_held, name=embargo, by=write.by))
