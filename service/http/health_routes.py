"""Is the service alive, is it ready, what has it done."""

from __future__ import annotations

from typing import Literal, NotRequired

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from typing_extensions import TypedDict

from service.http.dependencies import news_of
from service.http.forms import answers
from service.http.responses import JSON, to_json
from service.operations.metrics import Metrics

router = APIRouter(tags=["operation"])


class Health(TypedDict):
    """That the process answers."""

    status: Literal["ok"]


class Readiness(TypedDict):
    """Whether the service can serve; while it is starting nothing else is told."""

    status: Literal["ready", "stale", "degraded", "starting"]
    database: NotRequired[Literal["up", "away"]]
    compared_s_ago: NotRequired[float]


@router.get("/healthz", summary="Is the process alive?", responses=answers(JSON, form=Health))
async def healthz() -> Response:
    """Return ok while the process answers; asks nobody else."""
    told: Health = {"status": "ok"}
    return Response(orjson.dumps(told), media_type=JSON)


@router.get(
    "/readyz",
    summary="Can it serve, and is the database there?",
    responses=answers(JSON, form=Readiness)
    | {503: {"description": "Starting", "content": answers(JSON, form=Readiness)[200]["content"]}},
)
async def readyz(request: Request) -> Response:
    """Return ready, stale, degraded (the database is away; what is in memory is served) or starting (503).

    It asks nobody: whether the database answers is known already. Stale: for long nobody could look whether
    the data have changed, `compared_s_ago` says for how long.
    """
    news = news_of(request)
    age = round(news.age_s, 1)
    told: Readiness = {"status": "starting"}
    if not news.atlas.catalogue.vintages:
        return Response(to_json(told), status_code=503, media_type=JSON)
    if news.store.pulse.is_lost:
        told = {"status": "degraded", "database": "away", "compared_s_ago": age}
        return Response(to_json(told), media_type=JSON)
    told = {"status": "stale" if news.is_stale else "ready", "database": "up", "compared_s_ago": age}
    return Response(to_json(told), media_type=JSON)


@router.get("/metrics", summary="Prometheus metrics", responses=answers(CONTENT_TYPE_LATEST))
async def metrics(request: Request) -> Response:
    """Return the numbers of all serving processes of this machine in the Prometheus text format.

    docs/operations.md has a table of them. They hold no address, query or key.
    """
    told: Metrics = request.app.state.metrics
    return Response(await told.text(), media_type=CONTENT_TYPE_LATEST)
