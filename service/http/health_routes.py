"""Is the service alive, is it ready, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from service.http.dependencies import news_of
from service.http.forms import answers
from service.http.responses import JSON, to_json

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
    """Return ready, stale, degraded (the database is away; what is in memory is served) or starting (503).

    Stale: for long nobody could look whether the data have changed, `compared_s_ago` says for how long.
    """
    news = news_of(request)
    age = {"compared_s_ago": round(news.age_s, 1)}
    if not news.atlas.catalogue.vintages:
        return Response(to_json({"status": "starting"}), status_code=503, media_type=JSON)
    try:
        async with news.store.engine.connect() as conn:
            await conn.execute(text("select 1"))
    except (SQLAlchemyError, OSError):
        return Response(to_json({"status": "degraded", "database": "away", **age}), media_type=JSON)
    status = "stale" if news.is_stale else "ready"
    return Response(to_json({"status": status, "database": "up", **age}), media_type=JSON)


@router.get("/metrics", summary="Prometheus metrics", responses=answers(CONTENT_TYPE_LATEST))
async def metrics() -> Response:
    """Return counters of this process in the Prometheus text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
