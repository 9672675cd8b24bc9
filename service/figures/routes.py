"""Indicators: what they mean, where their figures come from, and how new figures come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from geo.eras import period_label
from geo.errors import InvalidFile
from geo.figures.indicators import TOPICS, Indicator
from geo.layers import palettes
from service.areas.gazetteer import searchable
from service.figures.load import put_observations
from service.http.addresses import next_page
from service.http.auth import Identity, require_scope
from service.http.dependencies import AtlasDep, api_router, news_of
from service.http.responses import json_answer, kept_json, to_json, written
from service.memory.atlas import Atlas

router = api_router(prefix="/v1", tags=["indicators"])

#: Layers of a page.
MOST = 1000
Words = Annotated[
    str, Query(max_length=100, description="Words that the name, a keyword or the id must hold")
]
Topic = Annotated[str | None, Query(max_length=80, description="Only of this topic")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Layers of a page")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Layers before the page")]


def brief(indicator: Indicator) -> dict[str, object]:
    """Return what is needed to show a figure of an indicator, as JSON."""
    return {
        "id": indicator.id,
        "name": {"ja": indicator.name_ja, "en": indicator.name_en},
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "direction": indicator.direction,
        "decimals": indicator.decimals,
    }


def described(atlas: Atlas, indicator: Indicator) -> dict[str, object]:
    """Return an indicator as JSON: meaning, unit, formula, periods and levels."""
    levels = atlas.levels(indicator)
    return {
        "id": indicator.id,
        "name": {"ja": indicator.name_ja, "en": indicator.name_en},
        "description": {"ja": indicator.description_ja, "en": indicator.description_en},
        "keywords": [word for word in indicator.keywords.split(";") if word],
        "topic": {"id": indicator.topic, "ja": TOPICS[indicator.topic][0], "en": TOPICS[indicator.topic][1]},
        "unit": {"ja": indicator.unit_ja, "en": indicator.unit_en},
        "kind": indicator.kind,
        "code": indicator.code,
        "numerator": indicator.numerator or None,
        "denominator": indicator.denominator or None,
        "scale": indicator.scale,
        "direction": indicator.direction,
        "aggregation": indicator.aggregation,
        "decimals": indicator.decimals,
        "period_kind": indicator.period_kind,
        "periods": sorted({p for level in levels for p in atlas.periods(indicator, level)}),
        "periods_by_level": {level: atlas.periods(indicator, level) for level in levels},
        "levels": levels,
        "default": {
            "scheme": indicator.default_scheme,
            "k": indicator.default_k,
            "palette": indicator.default_palette,
        },
        "categories": [
            {"code": c.code, "label": {"ja": c.label_ja, "en": c.label_en}, "colour": c.colour}
            for c in indicator.categories
        ],
    }


def sources_described(atlas: Atlas, ids: tuple[str, ...]) -> list[dict[str, object]]:
    """Return sources as JSON, in the order given."""
    rows = [atlas.catalogue.sources[name] for name in ids]
    return [
        {
            "id": r.id,
            "title": {"ja": r.title_ja, "en": r.title_en},
            "publisher": r.publisher,
            "edition": r.edition,
            "url": r.url,
            "licence": r.licence,
            "credit": {"ja": r.credit_ja, "en": r.credit_en},
            "retrieved_on": str(r.retrieved_on),
        }
        for r in rows
    ]


@router.get("/indicators", summary="All indicators")
async def indicators(
    request: Request,
    atlas: AtlasDep,
    q: Words = "",
    topic: Topic = None,
    limit: Limit = MOST,
    offset: Offset = 0,
) -> Response:
    """Return indicators with unit, kind, formula, periods and levels, a page at a time."""
    return await _page(
        request, atlas, atlas.catalogue.indicators, "indicators", Wanted(q, topic, limit, offset)
    )


@router.get("/layers", summary="All map layers")
async def layers(
    request: Request,
    atlas: AtlasDep,
    q: Words = "",
    topic: Topic = None,
    limit: Limit = MOST,
    offset: Offset = 0,
) -> Response:
    """Return layers, a page at a time: indicators, deployments of measures, progress of KPIs.

    `period_labels` has the periods of each kind as people read them: 2024年度（令和6年度）, FY2024.
    """
    return await _page(request, atlas, atlas.catalogue.layers, "layers", Wanted(q, topic, limit, offset))


@dataclass(frozen=True)
class Wanted:
    """Which layers of a list are wanted."""

    q: str
    topic: str | None
    limit: int
    offset: int

    def among(self, layers: Iterable[Indicator]) -> list[Indicator]:
        """Return those that match: every word of ``q`` in the id, a name, a keyword or the topic."""
        words = [searchable(word) for word in self.q.split()]
        return [
            one
            for one in layers
            if self.topic in (None, one.topic) and all(word in _searchable(one) for word in words)
        ]


@lru_cache(4096)
def _searchable(one: Indicator) -> str:
    return searchable("\n".join((one.id, one.name_ja, one.name_en, one.keywords, *TOPICS[one.topic])))


async def _page(
    request: Request, atlas: Atlas, layers: Mapping[str, Indicator], name: str, wanted: Wanted
) -> Response:
    """Return a page of layers; made off the event loop, once for each state of the data."""

    def make() -> dict[str, object]:
        found = wanted.among(layers.values())
        page = found[wanted.offset : wanted.offset + wanted.limit]
        return {
            "total": len(found),
            "next": next_page(request, wanted.offset, wanted.limit, len(found)),
            "period_labels": _period_labels(atlas, page),
            name: [written(described(atlas, one)) for one in page],
        }

    return await kept_json(request, atlas, make, atlas.state())


def _period_labels(atlas: Atlas, layers: Iterable[Indicator]) -> dict[str, dict[str, dict[str, str]]]:
    """Return how people read the periods of layers, by kind of period and period."""
    labels: dict[str, dict[str, dict[str, str]]] = {}
    for one in layers:
        periods = {period for level in atlas.levels(one) for period in atlas.periods(one, level)}
        labels.setdefault(one.period_kind, {}).update(
            {period: period_label(period, one.period_kind) for period in sorted(periods)}
        )
    return labels


@router.get("/layers/{layer}", summary="One layer")
async def layer(request: Request, atlas: AtlasDep, layer: str) -> Response:
    """Return one layer as `/v1/layers` lists it, with its `period_labels`."""
    found = atlas.layer(layer)
    return json_answer(request, {**described(atlas, found), "period_labels": _period_labels(atlas, [found])})


@router.get("/indicators/{indicator}", summary="One indicator")
async def indicator(request: Request, atlas: AtlasDep, indicator: str) -> Response:
    """Return one indicator with the sources of its figures, period by period."""
    found = atlas.indicator(indicator)
    used = atlas.catalogue.sources_of(found)
    names = tuple(sorted({name for sources in used.values() for name in sources}))
    by_period = [{"indicator": i, "period": p, "sources": list(s)} for (i, p), s in used.items()]
    answer = {**described(atlas, found), "figures": by_period, "sources": sources_described(atlas, names)}
    return json_answer(request, answer)


@router.get("/sources", summary="Sources of the figures")
async def sources(request: Request, atlas: AtlasDep) -> Response:
    """Return every source: publisher, edition, licence and the credit that its use asks for."""
    return json_answer(request, {"sources": sources_described(atlas, tuple(atlas.catalogue.sources))})


@router.get("/palettes", summary="Colour palettes")
async def list_palettes(request: Request) -> Response:
    """Return the palettes, which of them are safe for colour-blind readers, and five colours of each."""
    return json_answer(request, {"palettes": palettes.described()})


ROWS = "indicator,area_code,period,value,status\nlibraries,01100,2025,12,\n"


@router.put(
    "/indicators/{indicator}/observations",
    summary="Load figures (API key with scope write)",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": ROWS},
                "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
            },
        }
    },
)
async def put(
    request: Request,
    atlas: AtlasDep,
    indicator: str,
    identity: Annotated[Identity, Depends(require_scope("write"))],
    source: Annotated[
        str, Query(max_length=80, description="Id of the source of these figures, see /v1/sources")
    ],
    boundary_date: Annotated[str, Query(description="Date of the area codes, YYYY-MM-DD")],
    content_type: Annotated[str, Header()] = "text/csv",
    dry_run: Annotated[bool, Query(description="Check the rows and answer the report, load nothing")] = False,
) -> Response:
    """Load figures of one indicator: all rows or none.

    CSV with the header `indicator,area_code,period,value,status`, or JSON, a list of objects with the
    same keys. A wrong row refuses the whole body; the problem lists every wrong line, field and value
    with what was expected. Sending the same figures again changes nothing.
    """
    found = atlas.indicator(indicator)
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("text/csv", "application/json"):
        raise InvalidFile(f"Content-Type is {kind[:80]!r}, expected text/csv or application/json")
    engine = request.app.state.writer
    report = await run_in_threadpool(
        put_observations,
        engine,
        await request.body(),
        kind,
        found,
        source=source,
        boundary_date=boundary_date,
        actor=identity.actor,
        dry_run=dry_run,
    )
    if not dry_run:
        await news_of(request).refresh()  # whoever wrote reads what they wrote
    return Response(to_json(report), media_type="application/json", headers={"Cache-Control": "no-store"})
