"""Which areas are alike, what their peers run and they do not, and who may need a measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from geo.codes import area_code
from service.areas.gazetteer import Area
from service.figures.carrying import Carrying, in_one_cell
from service.http.dependencies import AtlasDep, api_router
from service.http.forms import answers
from service.http.responses import JSON, Bom, kept_csv, kept_json
from service.layers.views import VintageDate
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.candidates import AskedCandidates, Candidates, candidates_of
from service.planning.peer_forms import CandidateAreas, Peers, candidates_described, peers_described
from service.planning.profiles import PEERS
from service.planning.similarity import USUAL, Similarity, Trait, carrying_of, similarity
from service.strategy.deployment_selection import running

router = api_router(prefix="/v1", tags=["planning"])

K = Annotated[int, Query(ge=1, le=50, description="Number of peers")]
Indicators = Annotated[
    str | None,
    Query(max_length=800, description="Ids of the indicators to compare by, comma separated"),
]
Limit = Annotated[int, Query(ge=1, le=2000, description="Number of municipalities")]
Within = Annotated[str | None, Query(max_length=20, description="Only municipalities of this prefecture")]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


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
    chosen = atlas.vintage(vintage)
    names = list(USUAL) if indicators is None else _listed(indicators)
    level, area = atlas.area(chosen, area_code(code))
    return AskedPeers(atlas.at(chosen, level), level, area, k, names)


PeersDep = Annotated[AskedPeers, Depends(asked_peers)]


@router.get("/areas/{code}/peers", summary="Most similar areas", responses=answers(JSON, form=Peers))
async def peers(request: Request, atlas: AtlasDep, asked: PeersDep) -> Response:
    """Return the areas most like one, why, and the measures that they are known to run and it is not.

    Each indicator is taken at its newest period, less its mean and divided by its standard deviation; one
    whose values are lopsided (mean above twice the median) by its logarithm. Mean and deviation are
    winsorised: of the areas of the level that have every indicator, the least and the greatest 5 % count as
    the values `low` and `high`, so that a few towns far out do not decide what an indicator weighs; distances
    take all values as they are. The distance is the root mean square of the differences, in deviations; equal
    ones are ordered by code. Without `indicators`:
    population, density, ageing, growth, industries, tax per head and net migration.
    """
    return await kept_json(
        request, atlas, lambda: peers_described(atlas, asked.similarity(atlas)), atlas.state()
    )


@router.get("/areas/{code}/peers.csv", summary="Most similar areas as CSV")
async def peers_csv(request: Request, atlas: AtlasDep, asked: PeersDep, bom: Bom = False) -> Response:
    """Return one row per peer: distance, then value and standardised difference of each indicator.

    The last columns tell how each value came to stand on these boundaries, and those it was published on.
    """
    name = f"{asked.area.code}-peers.csv"
    return await kept_csv(
        request, atlas, lambda: _peers_table(atlas, asked.similarity(atlas)), name, atlas.state(), bom=bom
    )


def _peers_table(atlas: Atlas, found: Similarity) -> tuple[list[str], list[list[object]]]:
    carryings = [carrying_of(atlas, one, found.gazetteer) for one in found.traits]
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
            ";".join(sorted(running(atlas, found.gazetteer.areas[peer.position].code))),
            *_origins(carryings, peer.position),
        ]
        for peer in found.peers
    ]
    ids = [name for one in found.traits for name in (one.indicator.id, f"{one.indicator.id}_difference")]
    header = ["code", "name", "distance", *ids, "measures", *_origin_columns(found.traits)]
    return header, rows


async def asked_candidates(
    atlas: AtlasDep,
    measure: str,
    indicators: Indicators = None,
    parent: Within = None,
    vintage: VintageDate = None,
) -> AskedCandidates:
    """Return the candidates that the parameters ask for."""
    found = atlas.catalogue.policy.measure(measure)
    names = None if indicators is None else _listed(indicators)
    return AskedCandidates(found, names, parent and area_code(parent), atlas.vintage(vintage))


CandidatesDep = Annotated[AskedCandidates, Depends(asked_candidates)]


@router.get(
    "/measures/{measure}/candidates",
    summary="Municipalities that may need a measure",
    responses=answers(JSON, form=CandidateAreas),
)
async def candidates(request: Request, atlas: AtlasDep, asked: CandidatesDep, limit: Limit = 50) -> Response:
    """Return the municipalities where a measure's indicators are worst and no deployment of it is known.

    `need` is the share of municipalities that are better off, averaged over the indicators that the logic
    model links to the measure (1: the worst in all of them); one that lacks more than half of the values is
    left out. Equal needs share a rank and are ordered by code. `prefecture_deploys` tells that the prefecture
    itself runs it.
    """

    def make() -> CandidateAreas:
        return candidates_described(atlas, candidates_of(atlas, asked), limit)

    return await kept_json(request, atlas, make, atlas.state())


@router.get("/measures/{measure}/candidates.csv", summary="Municipalities that may need a measure as CSV")
async def candidates_csv(
    request: Request, atlas: AtlasDep, asked: CandidatesDep, limit: Limit = 50, bom: Bom = False
) -> Response:
    """Return one row per municipality: rank, need and the value of each indicator.

    The last columns tell how each value came to stand on these boundaries, and those it was published on.
    """

    def make() -> tuple[list[str], list[list[object]]]:
        return _candidates_table(atlas, candidates_of(atlas, asked), limit)

    name = f"{asked.measure.id}-candidates.csv"
    return await kept_csv(request, atlas, make, name, atlas.state(), bom=bom)


def _origin_columns(found: Sequence[Trait]) -> list[str]:
    """Return the names of the columns that tell how values were carried, behind all others."""
    ids = [one.indicator.id for one in found]
    return [column for name in ids for column in (f"{name}_carried", f"{name}_boundary_dates")]


def _origins(carryings: Sequence[Carrying], position: int) -> list[object]:
    return [cell for one in carryings for cell in (one.at(position), in_one_cell(one.dates))]


def _candidates_table(atlas: Atlas, found: Candidates, limit: int) -> tuple[list[str], list[list[object]]]:
    ids = [one.indicator.id for one in found.traits]
    carryings = [carrying_of(atlas, one, found.gazetteer) for one in found.traits]
    header = ["rank", "code", "name", "prefecture", "need", *ids, "prefecture_deploys"]
    rows = [
        [
            *(one.rank, one.area.code, one.area.name_ja, one.area.prefecture, one.need),
            *(*one.values, one.prefecture_deploys),
            *_origins(carryings, one.area.position),
        ]
        for one in found.rows[:limit]
    ]
    return [*header, *_origin_columns(found.traits)], rows
