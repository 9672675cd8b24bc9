"""Which areas are alike, what their peers run and they do not, and who may need a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.deployments import RUNNING
from geo.errors import Finding, NotEnoughData
from geo.peers import need
from service.access import AtlasDep, only_known_parameters
from service.atlas import Atlas, Vintage
from service.deployed import Selection, selected
from service.effects import touched
from service.gazetteer import Area
from service.likeness import USUAL, Likeness, Trait, likeness, traits
from service.policy import COVERAGE
from service.profiles import PEERS, level_of
from service.responses import CSV, Bom, answer, csv_bytes, digest, encoded, json_answer
from service.routes.areas import named
from service.routes.indicators import brief
from service.views import VintageDate, chosen_vintage

router = APIRouter(prefix="/v1", tags=["planning"], dependencies=[Depends(only_known_parameters)])

K = Annotated[int, Query(ge=1, le=50, description="Number of peers")]
Indicators = Annotated[
    str | None,
    Query(max_length=800, description="Ids of the indicators to compare by, comma separated"),
]
Limit = Annotated[int, Query(ge=1, le=2000, description="Number of municipalities")]
Within = Annotated[str | None, Query(max_length=20, description="Only municipalities of this prefecture")]


def _listed(text: str | None, default: Sequence[str]) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] if text is not None else list(default)


def _running(atlas: Atlas, code: str) -> dict[str, list[str]]:
    """Return measure → ids of the deployments that run it in an area, as far as is known."""
    found: dict[str, list[str]] = {}
    for one in selected(atlas, Selection(area=code)):
        if one.status in RUNNING:
            for name in one.measures:
                found.setdefault(name, []).append(one.id)
    return found


@router.get("/areas/{code}/peers", summary="Most similar areas")
async def peers(
    request: Request,
    atlas: AtlasDep,
    code: str,
    k: K = PEERS,
    indicators: Indicators = None,
    vintage: VintageDate = None,
) -> Response:
    """Return the areas most like one, why, and the measures that they are known to run and it is not.

    Each indicator is taken at its newest period, less its mean and divided by its standard deviation over all
    areas of the level; one whose values are lopsided (mean above twice the median) by its logarithm. The
    distance is the root mean square of the differences, in standard deviations. Without `indicators`:
    population, density, ageing, growth, industries, tax per head and net migration.
    """
    chosen = chosen_vintage(atlas, vintage)
    level, area = level_of(atlas, chosen, area_code(code))
    found = await likeness(atlas, chosen, level, area.code, k, _listed(indicators, USUAL))
    own = _running(atlas, area.code)
    others = {
        peer.position: _running(atlas, found.gazetteer.areas[peer.position].code) for peer in found.peers
    }
    body = {
        "area": named(area),
        "level": level,
        "vintage": str(chosen.date),
        "indicators": [
            brief(one.indicator)
            | {
                "period": one.period,
                "logarithm": one.logarithm,
                "mean": one.mean,
                "deviation": one.deviation,
                "value": float(one.values[found.position]),
            }
            for one in found.traits
        ],
        "peers": [
            named(found.gazetteer.areas[peer.position])
            | {
                "distance": peer.distance,
                "differences": [
                    {
                        "indicator": one.indicator.id,
                        "value": float(one.values[peer.position]),
                        "difference": difference,
                    }
                    for one, difference in zip(found.traits, peer.differences, strict=True)
                ],
                "measures": sorted(others[peer.position]),
            }
            for peer in found.peers
        ],
        "measures_peers_run": _only_peers(atlas, found, own, others),
        "coverage": COVERAGE,
    }
    return json_answer(request, body)


def _only_peers(
    atlas: Atlas, found: Likeness, own: dict[str, list[str]], others: dict[int, dict[str, list[str]]]
) -> list[dict[str, object]]:
    """Return the measures that peers are known to run and the area is not, the most common first."""
    names = atlas.catalogue.policy.strategy.measures_by_id
    rows: list[tuple[int, dict[str, object]]] = []
    for name, measure in names.items():
        running = [position for position in others if name in others[position]]
        if name in own or not running:
            continue
        row: dict[str, object] = {
            "measure": name,
            "name": {"ja": measure.name_ja, "en": measure.name_en},
            "goal": measure.goal,
            "peers": [
                named(found.gazetteer.areas[position]) | {"deployments": others[position][name]}
                for position in running
            ],
        }
        rows.append((len(running), row))
    return [row for _, row in sorted(rows, key=lambda each: -each[0])]


@router.get("/areas/{code}/peers.csv", summary="Most similar areas as CSV")
async def peers_csv(
    request: Request,
    atlas: AtlasDep,
    code: str,
    k: K = PEERS,
    indicators: Indicators = None,
    vintage: VintageDate = None,
    bom: Bom = False,
) -> Response:
    """Return one row per peer: distance, then value and standardised difference of each indicator."""
    chosen = chosen_vintage(atlas, vintage)
    level, area = level_of(atlas, chosen, area_code(code))
    found = await likeness(atlas, chosen, level, area.code, k, _listed(indicators, USUAL))
    rows = [
        [
            found.gazetteer.areas[peer.position].code,
            found.gazetteer.areas[peer.position].name_ja,
            peer.distance,
            *(
                cell
                for one, difference in zip(found.traits, peer.differences, strict=True)
                for cell in (float(one.values[peer.position]), difference)
            ),
            ";".join(sorted(_running(atlas, found.gazetteer.areas[peer.position].code))),
        ]
        for peer in found.peers
    ]
    ids = [name for one in found.traits for name in (one.indicator.id, f"{one.indicator.id}_difference")]
    body = csv_bytes(["code", "name", "distance", *ids, "measures"], rows, bom=bom)
    return answer(
        request, encoded(lambda: body), CSV, digest(body.decode()), download=f"{area.code}-peers.csv"
    )


async def _candidates(
    atlas: Atlas, measure: str, indicators: str | None, parent: str | None, vintage: Vintage
) -> tuple[str, list[Trait], list[tuple[Area, float, list[float], bool]]]:
    """Return the measure, the traits, and of each municipality need, values, whether its prefecture acts."""
    policy = atlas.catalogue.policy
    found = policy.measure(measure)
    linked = [
        name
        for name in policy.strategy.indicators_of(found.id)
        if name in atlas.catalogue.indicators
        and atlas.indicator(name).direction != "neutral"
        and atlas.periods(atlas.indicator(name), "municipality")
    ]
    names = _listed(indicators, linked)
    if not names:
        finding = Finding(found.id, "indicators", "none", "indicators=… of the level municipality")
        raise NotEnoughData("No indicator of municipalities is linked to this measure; name some", [finding])
    told = await traits(atlas, vintage, "municipality", names)
    worse_low = np.array([one.indicator.direction != "lower" for one in told])
    score = need(np.stack([one.values for one in told], axis=1), worse_low)
    gazetteer = atlas.gazetteer(vintage.date, "municipality")
    inside = set(gazetteer.within(parent and area_code(parent)).tolist())
    taken = touched(atlas, found, vintage)
    rows = [
        (area, float(score[at]), [float(one.values[at]) for one in told], area.prefecture in taken)
        for at, area in enumerate(gazetteer.areas)
        if at in inside and area.code not in taken and np.isfinite(score[at])
    ]
    return found.id, told, sorted(rows, key=lambda row: -row[1])


@router.get("/measures/{measure}/candidates", summary="Municipalities that may need a measure")
async def candidates(
    request: Request,
    atlas: AtlasDep,
    measure: str,
    limit: Limit = 50,
    indicators: Indicators = None,
    parent: Within = None,
    vintage: VintageDate = None,
) -> Response:
    """Return the municipalities where a measure's indicators are worst and no deployment of it is known.

    `need` is the share of municipalities that are better off, averaged over the indicators that the logic
    model links to the measure (1: the worst in all of them); one that lacks more than half of the values is
    left out. `prefecture_deploys` tells that the prefecture itself runs it.
    """
    chosen = chosen_vintage(atlas, vintage)
    name, told, rows = await _candidates(atlas, measure, indicators, parent, chosen)
    body = {
        "measure": name,
        "vintage": str(chosen.date),
        "indicators": [brief(one.indicator) | {"period": one.period} for one in told],
        "total": len(rows),
        "candidates": [
            named(area)
            | {
                "rank": place,
                "need": score,
                "values": {
                    one.indicator.id: None if np.isnan(value) else value
                    for one, value in zip(told, values, strict=True)
                },
                "prefecture_deploys": by_prefecture,
            }
            for place, (area, score, values, by_prefecture) in enumerate(rows[:limit], 1)
        ],
        "coverage": COVERAGE,
    }
    return json_answer(request, body)


@router.get("/measures/{measure}/candidates.csv", summary="Municipalities that may need a measure as CSV")
async def candidates_csv(
    request: Request,
    atlas: AtlasDep,
    measure: str,
    limit: Limit = 50,
    indicators: Indicators = None,
    parent: Within = None,
    vintage: VintageDate = None,
    bom: Bom = False,
) -> Response:
    """Return one row per municipality: rank, need and the value of each indicator."""
    chosen = chosen_vintage(atlas, vintage)
    name, told, rows = await _candidates(atlas, measure, indicators, parent, chosen)
    header = ["rank", "code", "name", "prefecture", "need", *(one.indicator.id for one in told)]
    lines = [
        [place, area.code, area.name_ja, area.prefecture, score, *values, by_prefecture]
        for place, (area, score, values, by_prefecture) in enumerate(rows[:limit], 1)
    ]
    body = csv_bytes([*header, "prefecture_deploys"], lines, bom=bom)
    return answer(
        request, encoded(lambda: body), CSV, digest(body.decode()), download=f"{name}-candidates.csv"
    )
