"""An area's profile: every goal with its figures, how they stand and move, and what runs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from geo.codes import area_code, prefecture_of
from geo.eras import period_label
from geo.layers.words import Named, profile_in_words
from service.areas.gazetteer import Area
from service.areas.routes import described as area_described
from service.areas.routes import named
from service.figures.routes import brief
from service.http.dependencies import AtlasDep, api_router
from service.http.responses import Bom, kept_csv, kept_json
from service.layers.ranking import full_name
from service.layers.views import VintageDate, chosen_vintage
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.profiles import Card, card, indicators_of, level_of, peer_positions
from service.strategy import deployed
from service.strategy.deployed import Selection, selected
from service.strategy.kpi_routes import course_described
from service.strategy.policy import COVERAGE
from service.strategy.progress import courses, races, with_area
from service.strategy.routes import edition, goal_described

router = api_router(prefix="/v1", tags=["planning"])

#: Figures among the best or the last third of the nation are told in words, at most so many of either.
WELL = 1 / 3
TOLD = 2


def _card(one: Card) -> dict[str, object]:
    return {
        "indicator": brief(one.indicator),
        "level": one.level,
        "area": one.code,
        "period": one.period,
        "period_label": period_label(one.period, one.indicator.period_kind),
        "value": one.value,
        "status": one.status,
        "rank": {
            "order": "lowest first" if one.indicator.direction == "lower" else "highest first",
            "nation": one.nation and asdict(one.nation),
            "prefecture": one.prefecture and asdict(one.prefecture),
        },
        "trend": one.trend and asdict(one.trend),
        "peers": {"median": one.peers_median, "n": one.peers_n},
        "series": [{"period": period, "value": value} for period, value in one.series],
    }


@dataclass(frozen=True)
class Profile:
    """An area with its peers and, for each goal, the cards of its figures."""

    vintage: Vintage
    level: str
    area: Area
    peers: tuple[int, ...]
    cards: dict[str, list[Card]]


@dataclass(frozen=True)
class Asked:
    """The area whose profile a request asks for."""

    vintage: Vintage
    level: str
    area: Area


async def asked_area(atlas: AtlasDep, code: str, vintage: VintageDate = None) -> Asked:
    """Return the area that the parameters name."""
    chosen = chosen_vintage(atlas, vintage)
    return Asked(chosen, *level_of(atlas, chosen, area_code(code)))


AskedDep = Annotated[Asked, Depends(asked_area)]


def profile_of(atlas: Atlas, asked: Asked) -> Profile:
    """Return the profile of an area."""
    peers = peer_positions(atlas, asked.vintage, asked.level, asked.area.code)
    cards: dict[str, list[Card]] = {}
    for goal in atlas.catalogue.policy.strategy.goals:
        made = [
            card(atlas, asked.vintage, one, asked.level, asked.area, peers)
            for one in indicators_of(atlas, goal)
        ]
        cards[goal.id] = [one for one in made if one is not None]
    return Profile(asked.vintage, asked.level, asked.area, tuple(peers), cards)


def _kpi_progress(atlas: Atlas, vintage: Vintage, code: str) -> list[dict[str, object]]:
    """Return what the KPIs say of an area: its own ones, and the verdicts on the region it lies in."""
    found: list[dict[str, object]] = []
    for kpi in atlas.catalogue.policy.kpis.values():
        head = {"kpi": kpi.id, "name": {"ja": kpi.name_ja, "en": kpi.name_en}, "owner": kpi.owner or None}
        if kpi.is_relative:
            for race in races(atlas, kpi, vintage):
                inside = prefecture_of(code) in deployed.wanted_codes(atlas, race.target.area)
                verdicts = [one for one in race.comparisons if one.achieved is not None]
                if inside and verdicts:
                    region = {"region": race.target.area, "series": race.series.indicator}
                    found.append(head | region | {"verdict": vars(verdicts[-1])})
            continue
        about = with_area(kpi, code)
        for course in courses(atlas, about, vintage) if about.targets or about.actuals else []:
            found.append(head | {"course": course_described(atlas, vintage, course)})
    return found


def words_of(atlas: Atlas, told: Profile) -> dict[str, str]:
    """Return the profile in words: the figures that stand out nationally, where one way is the better."""
    area, level = told.area, told.level
    prefecture = None if level == "prefecture" else atlas.gazetteer(told.vintage.date, "prefecture")
    name = full_name(area, None if prefecture is None else prefecture.area(area.prefecture))
    placed = {
        one.indicator.id: (one.nation.rank / one.nation.of, one)
        for cards in told.cards.values()
        for one in cards
        if one.nation and one.code == area.code and one.indicator.direction != "neutral"
    }
    ordered = [one for _share, one in sorted(placed.values(), key=lambda each: each[0])]

    def worded(cards: Sequence[Card]) -> list[tuple[Named, int, int]]:
        return [
            (Named(one.indicator.name_ja, one.indicator.name_en), one.nation.rank, one.nation.of)
            for one in cards
            if one.nation
        ]

    best = [one for one in ordered if placed[one.indicator.id][0] <= WELL][:TOLD]
    worst = [one for one in reversed(ordered) if placed[one.indicator.id][0] > 1 - WELL][:TOLD]
    here = selected(atlas, Selection(area=area.code))
    return profile_in_words(name, worded(best), worded(worst), len(here))


@router.get("/areas/{code}/profile", summary="Profile of an area")
async def profile(request: Request, atlas: AtlasDep, asked: AskedDep) -> Response:
    """Return, goal by goal, an area's figures with rank, trend and peers; its deployments, KPIs and gaps.

    A goal's figures are the indicators that stand in for its KPIs and those in which its outcomes show by the
    logic model. Ranks put the better first: the lowest where lower is better, else the highest. A trend is
    told since the newest period at least five years ago. Peers are the ten most similar areas (see peers).
    `missing` lists the figures that the area lacks, and why; `summary` tells it in words.
    """
    return await kept_json(request, atlas, lambda: _body(atlas, profile_of(atlas, asked)), atlas.state())


def _body(atlas: Atlas, told: Profile) -> dict[str, object]:
    policy, area, level = atlas.catalogue.policy, told.area, told.level
    gazetteer = atlas.gazetteer(told.vintage.date, level)
    here = selected(atlas, Selection(area=area.code))
    around = [one for one in policy.deployments if prefecture_of(area.code) in deployed.placed(atlas, one)]
    goals = []
    for goal in policy.strategy.goals:
        of_goal = {one.id for one in policy.strategy.measures if one.goal == goal.id}
        goals.append(
            goal_described(policy, goal)
            | {
                "figures": [_card(one) for one in told.cards[goal.id]],
                "deployments": [
                    deployed.described(atlas, one) for one in here if of_goal.intersection(one.measures)
                ],
            }
        )
    missing = {
        one.indicator.id: one.status for cards in told.cards.values() for one in cards if one.value is None
    }
    return {
        "strategy": edition(policy.strategy),
        "area": area_described(area, level, told.vintage),
        "summary": words_of(atlas, told),
        "peers": [named(gazetteer.areas[position]) for position in told.peers],
        "goals": goals,
        "kpi_progress": _kpi_progress(atlas, told.vintage, area.code),
        "deployments": len(here),
        "prefecture_deployments": [
            {"id": one.id, "measures": list(one.measures), "title": one.title_ja, "status": one.status}
            for one in (around if level != "prefecture" else [])
        ],
        "missing": [{"indicator": name, "status": status} for name, status in missing.items()],
        "coverage": COVERAGE,
    }


@router.get("/areas/{code}/profile.csv", summary="Profile of an area as CSV")
async def profile_csv(request: Request, atlas: AtlasDep, asked: AskedDep, bom: Bom = False) -> Response:
    """Return one row per goal and figure: value, ranks, trend, median of the peers."""
    name = f"{asked.area.code}.csv"
    return await kept_csv(
        request, atlas, lambda: _table(profile_of(atlas, asked)), name, atlas.state(), bom=bom
    )


def _table(told: Profile) -> tuple[list[str], list[list[object]]]:
    rows = [
        [
            *(goal, one.indicator.id, one.indicator.name_ja, one.indicator.name_en),
            *(one.level, one.code, one.period, one.value, one.indicator.unit_ja, one.status),
            *((one.nation.rank, one.nation.of) if one.nation else (None, None)),
            *((one.prefecture.rank, one.prefecture.of) if one.prefecture else (None, None)),
            *((one.trend.since, one.trend.change, one.trend.verdict) if one.trend else (None, None, None)),
            one.peers_median,
        ]
        for goal, cards in told.cards.items()
        for one in cards
    ]
    header = [
        *("goal", "indicator", "name", "name_en", "level", "area_code", "period", "value", "unit", "status"),
        *("rank_nation", "of_nation", "rank_prefecture", "of_prefecture"),
        *("since", "change", "verdict", "peers_median"),
    ]
    return header, rows
