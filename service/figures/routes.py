"""Indicators: what they mean, where their figures come from, and how new figures come in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, get_args

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from geo.errors import ChiikiError, InvalidFile
from geo.figures.indicators import Indicator, Kind
from service.analysis.forms import LayerWithAnalyses, layer_with_analyses
from service.areas.gazetteer import LEVELS
from service.figures.embargo import hold_observations, release_moment
from service.figures.families import members
from service.figures.forms import (
    FamilyInDetail,
    Indicators,
    IndicatorWithSources,
    Layers,
    Page,
    Sources,
    TableLoaded,
    WrittenLayer,
    described,
    family_in_detail,
    indicator_described,
    page_described,
    sources_described,
)
from service.figures.load import load_observations, put_observations
from service.figures.search import Entry, Index
from service.http.addresses import next_page
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, json_answer, kept_json, written
from service.http.writes import Write, write_with
from service.layers.forms import Palettes, palettes_described
from service.memory.atlas import Atlas

router = api_router(prefix="/v1", tags=["indicators"])

#: Layers of a page.
MOST = 2000
#: Ids of a request.
MOST_IDS = 100
LayerId = Annotated[str, StringConstraints(min_length=1, max_length=120)]


@dataclass(frozen=True)
class Wanted:
    """Which layers of a list are wanted, and which of them on a page."""

    ids: tuple[str, ...] = ()
    q: str = ""
    topic: str | None = None
    family: str | None = None
    level: str | None = None
    kinds: tuple[str, ...] = ()
    limit: int = MOST
    offset: int = 0

    def among(self, atlas: Atlas, layers: Mapping[str, Indicator]) -> list[Indicator]:
        """Return those that match: in the order of ``ids``, else of ``layers``; of ``q`` the best first."""
        named = dict.fromkeys(self.ids) if self.ids else layers
        matching = [name for name in named if name in layers and self._has(atlas, layers[name])]
        index = atlas.catalogue.index
        unlisted = {name: Entry.of(layers[name]) for name in matching if name not in index.entries}
        if unlisted:
            index = Index({**index.entries, **unlisted})
        return [layers[name] for name in index.found(matching, self.q)]

    def _has(self, atlas: Atlas, layer: Indicator) -> bool:
        if self.topic not in (None, layer.topic) or (self.kinds and layer.kind not in self.kinds):
            return False
        if self.family is not None and (layer.family is None or layer.family.id != self.family):
            return False
        if self.level is None:
            return True
        return any(atlas.periods(layer, level) for level in (LEVELS if self.level == "any" else [self.level]))


async def wanted(
    id: Annotated[
        list[LayerId] | None,
        Query(max_length=MOST_IDS, description=f"Only these; repeated, at most {MOST_IDS}"),
    ] = None,
    q: Annotated[
        str, Query(max_length=100, description="Words that it has to have: the best match comes first")
    ] = "",
    topic: Annotated[str | None, Query(max_length=80, description="Only of this topic")] = None,
    family: Annotated[str | None, Query(max_length=80, description="Only of this family")] = None,
    level: Annotated[
        Literal["prefecture", "municipality", "ward", "any"] | None,
        Query(description="Only with figures at this level, or at `any`"),
    ] = None,
    kind: Annotated[
        list[Kind] | None, Query(max_length=len(get_args(Kind)), description="Only of this kind; repeated")
    ] = None,
    limit: Annotated[int, Query(ge=0, le=MOST, description="Layers of a page")] = MOST,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="Layers before the page")] = 0,
) -> Wanted:
    """Return which layers a request asks for."""
    return Wanted(tuple(id or ()), q, topic, family, level, tuple(kind or ()), limit, offset)


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get("/indicators", summary="All indicators", responses=answers(JSON, form=Indicators))
async def indicators(request: Request, atlas: AtlasDep, wanted: WantedDep) -> Response:
    """Return indicators with unit, kind, formula, periods and levels, a page at a time.

    What is asked for is told as by `/v1/layers`.
    """

    def make() -> Indicators:
        page, rows = _page(request, atlas, atlas.catalogue.indicators, wanted)
        return {**page, "indicators": rows}

    return await kept_json(request, atlas, make, atlas.state())


@router.get("/layers", summary="All map layers", responses=answers(JSON, form=Layers))
async def layers(request: Request, atlas: AtlasDep, wanted: WantedDep) -> Response:
    """Return layers, a page at a time: indicators, deployments of measures, progress of KPIs.

    `total`, `topics` and `families` count everything that matches, whichever page is asked for; `limit=0`
    tells them alone. A family is what indicators are listed under. `q` looks at names and their kana,
    keywords, description, topic, family, id and code, and for a measure at everything else that it is called;
    width, case, kana, spaces, dots and brackets make no difference. With `id` the layers come in the order
    asked, and `unknown` lists the ids that there are none of. `period_labels` has the periods of each kind as
    people read them: 2024年度（令和6年度）, FY2024.

    Layers that are worked out of others (`clusters:…`, `change:…`, `residual:…`) are not listed; `id` finds
    them, and `/v1/layers/{layer}` names those of a layer.
    """

    def make() -> Layers:
        page, rows = _page(request, atlas, _named(atlas, wanted.ids), wanted)
        return {**page, "layers": rows}

    return await kept_json(request, atlas, make, atlas.state())


def _named(atlas: Atlas, ids: tuple[str, ...]) -> Mapping[str, Indicator]:
    """Return the layers that are listed, and those among ``ids`` that are not."""
    listed, unlisted = atlas.catalogue.layers, {}
    for name in ids:
        if name not in listed:
            with suppress(ChiikiError):  # told as unknown
                unlisted[name] = atlas.layer(name)
    return {**listed, **unlisted} if unlisted else listed


def _page(
    request: Request, atlas: Atlas, layers: Mapping[str, Indicator], wanted: Wanted
) -> tuple[Page, list[WrittenLayer]]:
    """Return what a page of layers says of itself, and the layers on it."""
    found = wanted.among(atlas, layers)
    shown = found[wanted.offset : wanted.offset + wanted.limit]
    following = next_page(request, wanted.offset, wanted.limit, len(found))
    page = page_described(atlas, following, found, shown)
    if wanted.ids:
        page["unknown"] = [id for id in dict.fromkeys(wanted.ids) if id not in layers]
    return page, [written(described(atlas, one)) for one in shown]


@router.get("/families/{family}", summary="One family", responses=answers(JSON, form=FamilyInDetail))
async def family(request: Request, atlas: AtlasDep, family: str) -> Response:
    """Return a family with its layers that have figures, the one that stands for it first.

    An `ingredient` is what others of the family are divided by.
    """

    def make() -> FamilyInDetail:
        return family_in_detail(atlas, *members(atlas, family))

    return await kept_json(request, atlas, make, atlas.state())


@router.get("/layers/{layer}", summary="One layer", responses=answers(JSON, form=LayerWithAnalyses))
async def layer(request: Request, atlas: AtlasDep, layer: str) -> Response:
    """Return one layer as `/v1/layers` lists it, with its `period_labels`.

    `analyses` names the layers that are worked out of it: where it lies in clusters, how it has changed.
    """
    return json_answer(request, layer_with_analyses(atlas, atlas.layer(layer)))


@router.get(
    "/indicators/{indicator}", summary="One indicator", responses=answers(JSON, form=IndicatorWithSources)
)
async def indicator(request: Request, atlas: AtlasDep, indicator: str) -> Response:
    """Return one indicator with the sources of its figures, period by period."""
    return json_answer(request, indicator_described(atlas, atlas.indicator(indicator)))


@router.get("/sources", summary="Sources of the figures", responses=answers(JSON, form=Sources))
async def sources(request: Request, atlas: AtlasDep) -> Response:
    """Return every source: publisher, edition, licence and the credit that its use asks for."""
    told: Sources = {"sources": sources_described(atlas, tuple(atlas.catalogue.sources))}
    return json_answer(request, told)


@router.get("/palettes", summary="Colour palettes", responses=answers(JSON, form=Palettes))
async def list_palettes(request: Request) -> Response:
    """Return the palettes, which of them are safe for colour-blind readers, and five colours of each."""
    told: Palettes = {"palettes": palettes_described()}
    return json_answer(request, told)


ROWS = "indicator,area_code,period,value,status\nlibraries,01100,2025,12,\n"


@router.put(
    "/indicators/{indicator}/observations",
    summary="Load figures (API key with scope write)",
    responses=answers(JSON, form=TableLoaded),
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
    write: Annotated[Write, Depends(write_with("write"))],
    source: Annotated[
        str, Query(max_length=80, description="Id of the source of these figures, see /v1/sources")
    ],
    boundary_date: Annotated[str, Query(description="Date of the area codes, YYYY-MM-DD")],
    content_type: Annotated[str, Header()] = "text/csv",
    dry_run: Annotated[bool, Query(description="Check the rows and answer the report, load nothing")] = False,
    embargo: Annotated[
        str | None,
        Query(max_length=40, description="Moment until which nobody reads them: `2026-12-25T08:50+09:00`"),
    ] = None,
) -> Response:
    """Load figures of one indicator: all rows or none.

    CSV with the header `indicator,area_code,period,value,status`, or JSON, a list of objects with the
    same keys. A wrong row refuses the whole body; the problem lists wrong lines, fields and values with what
    was expected, up to 100, and how many there are. Sending the same figures again changes nothing.

    With `embargo` the rows are checked now and loaded at that moment: until then no answer has them, and
    `/v1/embargoes` lists and cancels them for those who may load them.
    """
    found = atlas.indicator(indicator)
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in ("text/csv", "application/json"):
        raise InvalidFile(f"Content-Type is {kind[:80]!r}, expected text/csv or application/json")
    keep = load_observations if embargo is None else partial(hold_observations, until=release_moment(embargo))
    load = partial(
        put_observations,
        body=await request.body(),
        media_type=kind,
        one=found,
        source=source,
        boundary_date=boundary_date,
        by=write.by,
        load=partial(keep, dry_run=dry_run),
    )
    return await write.answer(load, dry_run=dry_run)
