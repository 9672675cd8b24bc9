"""Is the service alive, is it ready, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.access import atlas_of
from service.responses import JSON, answers, to_json

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Is the process alive?", response_class=JSONResponse)
async def healthz() -> dict[str, str]:
    """Return ok while the process answers; asks nobody else."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="Can it serve, and is the database there?",
    responses={503: {"description": "Starting", "content": {JSON: {"schema": {}}}}},
)
async def readyz(request: Request) -> Response:
    """Return ready, degraded (the database is away; what is in memory is served) or starting (503)."""
    atlas = atlas_of(request)
    if not atlas.catalogue.vintages:
        return Response(to_json({"status": "starting"}), status_code=503, media_type=JSON)
    try:
        async with atlas.engine.connect() as conn:
            await conn.execute(text("select 1"))
    except (SQLAlchemyError, OSError):
        return Response(to_json({"status": "degraded", "database": "away"}), media_type=JSON)
    return Response(to_json({"status": "ready", "database": "up"}), media_type=JSON)


@router.get("/metrics", summary="Prometheus metrics", responses=answers(CONTENT_TYPE_LATEST))
async def metrics() -> Response:
    """Return counters of this process in the Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
