"""Which areas are alike, what their peers run and they do not, and who may need a measure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from geo.errors import Finding, NotEnoughData
from geo.figures.peers import need
from geo.strategy.deployments import RUNNING
from geo.strategy.plan import Measure
from service.areas.forms import named
from service.areas.gazetteer import Area
from service.figures.forms import brief
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import Bom, kept_csv, kept_json
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.effects import touched
from service.planning.profiles import PEERS, level_of
from service.planning.similarity import USUAL, Similarity, Trait, similarity, traits
from service.strategy.deployment_selection import Selection, selected
from service.strategy.policy import COVERAGE

router = api_router(prefix="/v1", tags=["planning"])

K = Annotated[int, Query(ge=1, le=50, description="Number of peers")]
Indicators = Annotated[
    str | None,
    Query(max_length=800, description="Ids of the indicators to compare by, comma separated"),
]
Limit = Annotated[int, Query(ge=1, le=2000, description="Number of municipalities")]
Within = Annotated[str | None, Query(max_length=20, description="Only municipalities of this prefecture")]


def _listed(text: str | None, default: Sequence[str]) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()] if text is not None else list(default)


@dataclass(frozen=True)
class AskedPeers:
    """Whose peers a request asks for, how many, and by what they are compared."""

    vintage: Vintage
    level: str
    area: Area
    k: int
    names: list[str]

    def similarity(self, atlas: Atlas) -> Similarity:
        """Return the peers."""
        return similarity(atlas, self.vintage, self.level, self.area.code, self.k, self.names)


async def asked_peers(
    atlas: AtlasDep, code: str, k: K = PEERS, indicators: Indicators = None, vintage: VintageDate = None
) -> AskedPeers:
    """Return the peers that the parameters ask for."""
    chosen = chosen_vintage(atlas, vintage)
    return AskedPeers(chosen, *level_of(atlas, chosen, area_code(code)), k, _listed(indicators, USUAL))


PeersDep = Annotated[AskedPeers, Depends(asked_peers)]


def _running(atlas: Atlas, code: str) -> dict[str, list[str]]:
    """Return measure → ids of the deployments that run it in an area, as far as is known."""
    found: dict[str, list[str]] = {}
    for one in selected(atlas, Selection(area=code)):
        if one.status in RUNNING:
            for name in one.measures:
                found.setdefault(name, []).append(one.id)
    return found


@router.get("/areas/{code}/peers", summary="Most similar areas")
async def peers(request: Request, atlas: AtlasDep, asked: PeersDep) -> Response:
    """Return the areas most like one, why, and the measures that they are known to run and it is not.

    Each indicator is taken at its newest period, less its mean and divided by its standard deviation over all
    areas of the level; one whose values are lopsided (mean above twice the median) by its logarithm. The
    distance is the root mean square of the differences, in standard deviations. Without `indicators`:
    population, density, ageing, growth, industries, tax per head and net migration.
    """
    return await kept_json(request, atlas, lambda: _peers_body(atlas, asked.similarity(atlas)), atlas.state())


def _peers_body(atlas: Atlas, found: Similarity) -> dict[str, object]:
    area = found.gazetteer.areas[found.position]
    own = _running(atlas, area.code)
    others = {
        peer.position: _running(atlas, found.gazetteer.areas[peer.position].code) for peer in found.peers
    }
    return {
        "area": named(area),
        "level": found.gazetteer.level,
        "vintage": str(found.gazetteer.vintage),
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


def _only_peers(
    atlas: Atlas, found: Similarity, own: dict[str, list[str]], others: dict[int, dict[str, list[str]]]
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
async def peers_csv(request: Request, atlas: AtlasDep, asked: PeersDep, bom: Bom = False) -> Response:
    """Return one row per peer: distance, then value and standardised difference of each indicator."""
    name = f"{asked.area.code}-peers.csv"
    return await kept_csv(
        request, atlas, lambda: _peers_table(atlas, asked.similarity(atlas)), name, atlas.state(), bom=bom
    )


def _peers_table(atlas: Atlas, found: Similarity) -> tuple[list[str], list[list[object]]]:
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
    header = ["code", "name", "distance", *ids, "measures"]
    return header, rows


@dataclass(frozen=True)
class Candidate:
    """A municipality without a measure: how badly off it is, its values, whether its prefecture acts."""

    area: Area
    need: float
    values: tuple[float, ...]
    prefecture_deploys: bool


@dataclass(frozen=True)
class Candidates:
    """The candidates for a measure, those in most need first."""

    measure: str
    vintage: dt.date
    traits: tuple[Trait, ...]
    rows: tuple[Candidate, ...]


@dataclass(frozen=True)
class AskedCandidates:
    """For which measure candidates are asked for, by which indicators, and in which prefecture."""

    measure: Measure
    indicators: str | None
    parent: str | None
    vintage: Vintage


async def asked_candidates(
    atlas: AtlasDep,
    measure: str,
    indicators: Indicators = None,
    parent: Within = None,
    vintage: VintageDate = None,
) -> AskedCandidates:
    """Return the candidates that the parameters ask for."""
    found = atlas.catalogue.policy.measure(measure)
    return AskedCandidates(found, indicators, parent and area_code(parent), chosen_vintage(atlas, vintage))


def candidates_of(atlas: Atlas, asked: AskedCandidates) -> Candidates:
    """Return the municipalities that may need a measure."""
    policy, chosen, found = atlas.catalogue.policy, asked.vintage, asked.measure
    linked = [
        name
        for name in policy.strategy.indicators_of(found.id)
        if name in atlas.catalogue.indicators
        and atlas.indicator(name).direction != "neutral"
        and atlas.periods(atlas.indicator(name), "municipality")
    ]
    names = _listed(asked.indicators, linked)
    if not names:
        finding = Finding(found.id, "indicators", "none", "indicators=… of the level municipality")
        raise NotEnoughData("No indicator of municipalities is linked to this measure; name some", [finding])
    told = traits(atlas, chosen, "municipality", names)
    worse_low = np.array([one.indicator.direction != "lower" for one in told])
    score = need(np.stack([one.values for one in told], axis=1), worse_low)
    gazetteer = atlas.gazetteer(chosen.date, "municipality")
    inside = gazetteer.within(asked.parent).tolist()
    taken = touched(atlas, found, chosen)
    rows = [
        Candidate(
            gazetteer.areas[at],
            float(score[at]),
            tuple(float(one.values[at]) for one in told),
            gazetteer.areas[at].prefecture in taken,
        )
        for at in inside
        if gazetteer.areas[at].code not in taken and np.isfinite(score[at])
    ]
    ordered = sorted(rows, key=lambda row: -row.need)
    return Candidates(found.id, chosen.date, tuple(told), tuple(ordered))


CandidatesDep = Annotated[AskedCandidates, Depends(asked_candidates)]


@router.get("/measures/{measure}/candidates", summary="Municipalities that may need a measure")
async def candidates(request: Request, atlas: AtlasDep, asked: CandidatesDep, limit: Limit = 50) -> Response:
    """Return the municipalities where a measure's indicators are worst and no deployment of it is known.

    `need` is the share of municipalities that are better off, averaged over the indicators that the logic
    model links to the measure (1: the worst in all of them); one that lacks more than half of the values is
    left out. `prefecture_deploys` tells that the prefecture itself runs it.
    """

    def make() -> dict[str, object]:
        return _candidates_body(candidates_of(atlas, asked), limit)

    return await kept_json(request, atlas, make, atlas.state())


def _candidates_body(found: Candidates, limit: int) -> dict[str, object]:
    return {
        "measure": found.measure,
        "vintage": str(found.vintage),
        "indicators": [brief(one.indicator) | {"period": one.period} for one in found.traits],
        "total": len(found.rows),
        "candidates": [
            named(one.area)
            | {
                "rank": place,
                "need": one.need,
                "values": {
                    trait.indicator.id: None if np.isnan(value) else value
                    for trait, value in zip(found.traits, one.values, strict=True)
                },
                "prefecture_deploys": one.prefecture_deploys,
            }
            for place, one in enumerate(found.rows[:limit], 1)
        ],
        "coverage": COVERAGE,
    }


@router.get("/measures/{measure}/candidates.csv", summary="Municipalities that may need a measure as CSV")
async def candidates_csv(
    request: Request, atlas: AtlasDep, asked: CandidatesDep, limit: Limit = 50, bom: Bom = False
) -> Response:
    """Return one row per municipality: rank, need and the value of each indicator."""

    def make() -> tuple[list[str], list[list[object]]]:
        return _candidates_table(candidates_of(atlas, asked), limit)

    name = f"{asked.measure.id}-candidates.csv"
    return await kept_csv(request, atlas, make, name, atlas.state(), bom=bom)


def _candidates_table(found: Candidates, limit: int) -> tuple[list[str], list[list[object]]]:
    ids = [one.indicator.id for one in found.traits]
    header = ["rank", "code", "name", "prefecture", "need", *ids, "prefecture_deploys"]
    rows = [
        [
            *(place, one.area.code, one.area.name_ja, one.area.prefecture, one.need),
            *(*one.values, one.prefecture_deploys),
        ]
        for place, one in enumerate(found.rows[:limit], 1)
    ]
    return header, rows
