"""The service as one ASGI application: FastAPI behind a front door that pours tiles."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import Response
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from service.analysis import routes as analysis
from service.areas import history_routes as histories
from service.areas import routes as areas
from service.db.database import asking, reader_engine, tell_pool, writer_engine
from service.db.pulse import Pulse
from service.figures import change_routes as changes
from service.figures import embargo_routes as embargoes
from service.figures import routes as indicators
from service.figures import series_routes as series
from service.figures.releases import keep_releasing
from service.finding import routes as finding
from service.http import docs_routes as docs
from service.http import health_routes as health
from service.http import problems
from service.http.admission import Admission, Lanes
from service.http.front_door import FrontDoor
from service.http.key_places import KeyPlaces
from service.http.openapi import Api
from service.http.patience import WhileWanted
from service.http.responses import AtHand
from service.kinds import KINDS
from service.layers import image_routes as images
from service.layers import reading_routes as readings
from service.layers import routes as layers
from service.layers import tile_routes as tiles
from service.layers.forms import palettes_described
from service.memory.cache import Store, code_version, off_loop, take_short_turns
from service.memory.news import News
from service.ogc import join_routes as joins
from service.ogc import routes as ogc
from service.ogc import tile_routes as ogc_tiles
from service.operations.metrics import Metrics
from service.operations.traces import Traces, are_wanted
from service.pages import area_routes as area_pages
from service.pages import oembed_routes as oembed
from service.pages import page_routes as site
from service.pages import routes as pages
from service.planning import effect_routes as effects
from service.planning import peer_routes as peers
from service.planning import profile_routes as profiles
from service.publish import dcat_routes as catalog
from service.publish import download_routes as downloads
from service.publish.downloads import Downloads
from service.resas import routes as resas
from service.resas.paths import answer_as_before
from service.settings import Settings
from service.strategy import deployment_routes as deployments
from service.strategy import kpi_routes as kpis
from service.strategy import routes as strategy
from service.transit import routes as transport
from service.transit import scenario_routes as scenario
from service.transit import stop_routes as stops
from service.transit import tile_routes as transport_tiles

DESCRIPTION = """\
地域の統計と施策を地図に載せる API。Japan's regional KPIs and policy measures on prefecture and
municipality boundaries: GeoJSON, choropleth tiles, legends, series. Reads are public; writes need a key.
"""

#: What pages of other sites may send and read (CORS) beside what every browser lets them.
ALLOWED_HEADERS = [
    *("X-API-Key", "Authorization", "Content-Type", "X-Requested-With", "Cache-Control"),
    *("If-None-Match", "If-Modified-Since", "Range", "If-Range", "Idempotency-Key"),
]
EXPOSED_HEADERS = [
    *("ETag", "Chiiki-Revision", "Content-Disposition", "Content-Crs", "Link", "Retry-After"),
    *("Accept-Ranges", "Content-Range", "RateLimit", "RateLimit-Policy", "X-Request-Id"),
]
FIRST_READ_S = 15
CLOSING_S = 2
#: Python looks for garbage each time so many more objects were made than dropped; what is held ready is many.
GARBAGE = 20_000


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the database, read the catalogue, hear of changes; close all of it at the end."""
    settings: Settings = app.state.settings
    gc.disable()
    take_short_turns()
    pulse = Pulse(settings.answer_timeout_s)
    metrics = app.state.metrics = Metrics()
    app.state.writer = writer_engine(settings, pulse)
    store = Store(reader_engine(settings, pulse), settings, KINDS, pulse)
    traces: Traces | None = app.state.traces
    if traces is not None:
        for engine in (app.state.writer, store.engine.sync_engine):
            traces.watch(engine)
    tell_pool("writer", app.state.writer)
    news = app.state.news = News(store)
    app.state.downloads = Downloads(settings.downloads, settings.downloads_mb)
    beating = asyncio.create_task(pulse.run(partial(asking, settings)))
    keeping_up = asyncio.create_task(news.run())
    counting = asyncio.create_task(metrics.run())
    releasing = asyncio.create_task(keep_releasing(settings, app.state.writer, pulse.wait))
    with suppress(TimeoutError):  # without a database the service starts all the same, and says so
        await asyncio.wait_for(news.has_read.wait(), app.state.first_read_s)
    await off_loop(partial(_ready, app))  # here, not by the first request that needs it
    # the program and the catalogue stay: to look for garbage in them would cost more the more there is
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    await off_loop(app.state.downloads.writers.prepare)
    try:
        yield
    finally:
        app.state.downloads.writers.close()
        for task in (releasing, keeping_up, beating, counting):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        with suppress(TimeoutError):  # a database that hangs does not hold up the end
            await asyncio.wait_for(store.close(), CLOSING_S)
        app.state.writer.dispose()
        metrics.close()
        if traces is not None:
            await traces.close()


def _ready(app: FastAPI) -> None:
    nowhere = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "app": app}
    for route in app.router.routes:  # FastAPI reads its routes when they are first compared with an address
        route.matches(nowhere)
    palettes_described()
    code_version()


#: All routes; the first that fits an address answers.
ROUTES = (
    areas,
    histories,
    finding,
    indicators,
    series,
    changes,
    embargoes,
    layers,
    readings,
    images,
    analysis,
    downloads,
    tiles,
    strategy,
    kpis,
    deployments,
    profiles,
    peers,
    effects,
    transport,
    stops,
    transport_tiles,
    scenario,
    resas,
    pages,
    site,
    area_pages,
    oembed,
    ogc,
    catalog,
    ogc_tiles,
    joins,
    health,
    docs,
)


def create_api(settings: Settings) -> FastAPI:
    """Return the FastAPI application: every route, every error as a problem."""
    api = Api(
        title="chiiki",
        summary="Regional analytics for Japan",
        description=DESCRIPTION,
        version=version("chiiki"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        default_response_class=Response,  # a route's media type is never taken for granted
        max_body_size=settings.max_body_mb << 20,
        # FastAPI's own would tell queries, and believe strangers: see service.operations.traces
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    api.state.settings = settings
    api.state.traces = None
    api.state.first_read_s = FIRST_READ_S
    problems.register(api)
    api.add_middleware(WhileWanted)
    api.add_middleware(KeyPlaces, refuse=problems.key_in_address)
    lanes = api.state.lanes = Lanes(settings)
    api.add_middleware(Admission, lanes=lanes)
    api.add_middleware(AtHand)
    api.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=86400,
    )
    answer_as_before(api, at_root=settings.resas_at_root)
    for routes in ROUTES:
        api.include_router(routes.router)
    if pages.STATIC.is_dir():
        api.mount("/", GZipMiddleware(pages.BuiltFiles(directory=pages.STATIC, html=True)), name="static")
    return api


def create_app(settings: Settings | None = None) -> FrontDoor:
    """Return the whole service."""
    api = create_api(settings or Settings())
    traces = api.state.traces = Traces() if are_wanted() else None
    return FrontDoor(api, traces)


app = create_app()
