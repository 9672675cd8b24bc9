"""The RESAS API as its clients know it: paths, keys, labels and errors of the service that ended in 2025.

Parameters are read as text and checked here; unknown ones, and the key, are ignored as the old service did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from geo import resas as shapes
from geo.errors import NotFound
from service.figures.forms import sources_described
from service.http.dependencies import AtlasDep, OneMoment
from service.http.responses import kept_json
from service.memory.atlas import Atlas
from service.resas.answers import (
    FIGURES,
    PYRAMID_CENSUS_YEARS,
    PYRAMID_YEARS,
    Reading,
    cities,
    future_cities,
    heading,
    industry_rows,
    newest_vintage,
    place_of,
    prefectures,
)

router = APIRouter(route_class=OneMoment, prefix="/resas", tags=["resas"])
V1 = "/api/v1"

PrefCode = Annotated[
    str, Query(alias="prefCode", description="都道府県コード Prefecture number: `13`", examples=["10"])
]
CityCode = Annotated[
    str,
    Query(
        alias="cityCode",
        description="市区町村コード Code of a municipality; `-` or nothing is the whole",
        examples=["10201"],
    ),
]
AddArea = Annotated[
    str, Query(alias="addArea", description="合算する地域 Up to ten areas to add: `1_01100,13_13101`")
]
YearLeft = Annotated[
    str, Query(alias="yearLeft", description="年 Year, 1980 to 2045 in steps of five", examples=["2015"])
]
YearRight = Annotated[
    str, Query(alias="yearRight", description="年 Year, 1980 to 2045 in steps of five", examples=["2045"])
]
SicCode = Annotated[
    str, Query(alias="sicCode", description="産業大分類 Division of industries, A to T; `-` is all")
]
SimcCode = Annotated[
    str, Query(alias="simcCode", description="産業中分類 Major group of industries, 01 to 99; `-` is all")
]
Flags = Annotated[
    str,
    Query(
        alias="bigCityFlag",
        description="Only these, comma separated: `0` ordinary, `1` ward of a designated city, "
        "`2` designated city, `3` special ward. `0,2,3` counts nothing twice",
    ),
]
FutureYear = Annotated[
    str, Query(alias="year", description="年 Year, 2025 to 2045 in steps of five", examples=["2045"])
]

#: Remarks of ``meta.notes``.
NOTES = {
    "projected": (
        "2020年までは国勢調査、2025年からは社人研の推計（平成30年推計、2015年基準）。福島県の市町村と政令市の区に推計はない。",
        "Censuses until 2020; from 2025 the IPSS projection of 2018 (base 2015), which has none for the "
        "municipalities of Fukushima and the wards of designated cities.",
    ),
    "unknown ages": (
        "総人口は年齢不詳を含み、3区分は含まない。rate の分母は総人口で、小数第2位以下は切捨て。",
        "The total has people of unknown age, the three groups have not. rate is of the total, cut after one "
        "decimal.",
    ),
    "pyramid 2020": (
        "2020年は国勢調査ではなく社人研の推計（平成30年推計）。",
        "2020 is not the census but the IPSS projection of 2018.",
    ),
    "pyramid": (
        "割合の分母は年齢不詳を含む総人口。年齢不詳はどの階級にも含まない。",
        "Percentages are of the total, people of unknown age included, who are in no class.",
    ),
    "twice": (
        "政令指定都市とその区の両方がある。bigCityFlag=0,2,3 で絞ると二重に数えない。",
        "Both designated cities and their wards are listed; with bigCityFlag=0,2,3 nothing is counted twice.",
    ),
    "movements": (
        "転入・転出は日本人移動者で、市区町村は県内移動を含み、都道府県は他都道府県との移動のみ。合算では地域間の移動も残る。",
        "Migration is of Japanese movers: within the prefecture too for municipalities, only between "
        "prefectures for prefectures. Moves between areas that are added stay in.",
    ),
    "ratio": (
        "ratio は若年女性人口減少率（20〜39歳、2015年比）。旧サービスの年齢と基準年は未確認。",
        "ratio is the decline of women aged 20 to 39 since 2015; ages and base year of the old service are "
        "not verified.",
    ),
    "taxes": (
        "市町村の地方税を国勢調査人口で割ったもの。都道府県は市町村の合計で、都道府県税を含まない。",
        "Municipal tax divided by the census population; a prefecture is the sum of its municipalities, "
        "without the prefecture's own tax.",
    ),
    "private": ("民営事業所のみ（経済センサス）。", "Private establishments only (economic census)."),
    "no figure": ("この値のデータはありません。", "There are no figures of this here."),
    "no industry": ("産業別のデータはありません。", "There are no figures by industry here."),
    "no list": ("この一覧はありません。", "This list is not kept here."),
    "industries": (
        "日本標準産業分類（平成25年10月改定）。",
        "Japan Standard Industrial Classification, revision of October 2013.",
    ),
}
REMARKS = {"taxes": ("taxes",), "plant": ("private",), "employee": ("private",)}


@dataclass(frozen=True)
class Result:
    """What an answer tells, with remarks and the sources of its figures."""

    result: object
    notes: tuple[str, ...] = ()
    sources: Iterable[str] = ()


async def _answer(request: Request, atlas: Atlas, make: Callable[[], Result]) -> Response:
    """Return an answer in the old envelope; it is made off the event loop and kept."""
    return await kept_json(request, atlas, lambda: _envelope(atlas, make()), atlas.state())


def _envelope(atlas: Atlas, told: Result) -> dict[str, object]:
    """Return the old envelope; what the old service did not have is under ``meta``."""
    vintage = newest_vintage(atlas)
    meta = {
        "sources": sources_described(atlas, tuple(told.sources)),
        "boundaries": {"date": str(vintage.date), "credit": vintage.credit, "licence": vintage.licence},
        "notes": [dict(zip(("ja", "en"), NOTES[note], strict=True)) for note in told.notes],
    }
    return {"message": None, "result": told.result, "meta": meta}


@router.get(f"{V1}/prefectures", summary="RESAS: prefectures")
async def list_prefectures(request: Request, atlas: AtlasDep) -> Response:
    """Return number and name of the 47 prefectures."""

    def make() -> Result:
        return Result(prefectures(atlas))

    return await _answer(request, atlas, make)


@router.get(f"{V1}/cities", summary="RESAS: municipalities and wards")
async def list_cities(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", flags: Flags = ""
) -> Response:
    """Return the municipalities of a prefecture or of all, designated cities and their wards both."""

    def make() -> Result:
        found = cities(atlas, prefecture, shapes.flags_of(flags))
        return Result(found, ("twice",))

    return await _answer(request, atlas, make)


@router.get(f"{V1}/population/composition/perYear", summary="RESAS: population by three age groups")
async def composition(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return four series: total, under 15, 15 to 64, 65 and over; censuses until 2020, then projections."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.population_series(reading.counts())
        return Result(result, ("projected", "unknown ages"), reading.sources)

    return await _answer(request, atlas, make)


@router.get(f"{V1}/population/composition/pyramid", summary="RESAS: population pyramids of two years")
async def pyramid(
    request: Request,
    atlas: AtlasDep,
    prefecture: PrefCode = "",
    city: CityCode = "",
    left: YearLeft = "",
    right: YearRight = "",
    added: AddArea = "",
) -> Response:
    """Return men and women by five-year age class in two years; 2020 and later are projected."""

    def make() -> Result:
        years = {
            "yearLeft": shapes.number_of("yearLeft", left, PYRAMID_YEARS),
            "yearRight": shapes.number_of("yearRight", right, PYRAMID_YEARS),
        }
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = {side: shapes.pyramid_side(year, reading.ages(year)) for side, year in years.items()}
        projected = [year for year in years.values() if year not in PYRAMID_CENSUS_YEARS]
        notes = [
            "pyramid",
            *(["pyramid 2020"] if 2020 in projected else []),
            *(["projected"] if projected else []),
        ]
        return Result(result, (*notes,), reading.sources)

    return await _answer(request, atlas, make)


@router.get(f"{V1}/population/sum/perYear", summary="RESAS: population as line and bars")
async def sum_per_year(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return the population by year, and by year and age group; the sum of a bar is the total."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.population_sums(reading.counts())
        return Result(result, ("projected", "unknown ages"), reading.sources)

    return await _answer(request, atlas, make)


@router.get(f"{V1}/population/sum/estimate", summary="RESAS: population, migration, births and deaths")
async def estimate(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return the population of census and projected years, and yearly in, out, births and deaths."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.labelled_series(reading.movements())
        return Result(
            result,
            (
                "projected",
                "movements",
            ),
            reading.sources,
        )

    return await _answer(request, atlas, make)


@router.get(f"{V1}/population/future/cities", summary="RESAS: projected population of municipalities")
async def future(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", year: FutureYear = ""
) -> Response:
    """Return population and decline of young women of each municipality that has a projection."""

    def make() -> Result:
        asked = shapes.number_of("year", year, shapes.PROJECTED_YEARS)
        rows, sources = future_cities(atlas, prefecture, asked)
        return Result(
            {"cities": rows},
            (
                "projected",
                "ratio",
            ),
            sources,
        )

    return await _answer(request, atlas, make)


@router.get(f"{V1}/municipality/{{figure}}/perYear", summary="RESAS: a figure of a municipality by year")
async def municipality(
    request: Request,
    atlas: AtlasDep,
    figure: str,
    prefecture: PrefCode = "",
    city: CityCode = "",
    sic: SicCode = "",
    simc: SimcCode = "",
) -> Response:
    """Return taxes, plant or employee by year; the other figures, and those by industry, are empty here.

    `figure` is taxes, company, plant, value, labor, wages, manufacture, employee, job, foundation, surplus or
    sales.
    """

    def make() -> Result:
        if figure not in FIGURES:
            raise NotFound(
                f"{figure[:80]} はありません。 There is no {figure[:80]}; there are: {', '.join(FIGURES)}"
            )
        asked, place = FIGURES[figure], place_of(atlas, prefecture, city)
        industry = shapes.industry_of(industry_rows(atlas), sic, simc)
        reading, points, notes = Reading(atlas, place), {}, REMARKS.get(figure, ())
        if asked.indicator is None or industry is not None:
            notes = ("no industry" if asked.indicator else "no figure",)
        else:
            points = reading.series(asked.indicator)
        if industry is None and not asked.by_municipality:
            industry = dict.fromkeys(("sicCode", "sicName", "simcCode", "simcName"), "")
        result = heading(place, asked) | (industry or {}) | {"data": shapes.values_by_year(points)}
        return Result(result, (*notes,), reading.sources)

    return await _answer(request, atlas, make)


@router.get(f"{V1}/industries/broad", summary="RESAS: divisions of industries")
async def divisions(request: Request, atlas: AtlasDep) -> Response:
    """Return code and name of the divisions (大分類) of the industrial classification."""

    def make() -> Result:
        found = {row[2]: row[3] for row in industry_rows(atlas)}
        listed = [{"sicCode": code, "sicName": name} for code, name in found.items()]
        return Result(listed, ("industries",))

    return await _answer(request, atlas, make)


@router.get(f"{V1}/industries/middle", summary="RESAS: major groups of industries")
async def major_groups(request: Request, atlas: AtlasDep, sic: SicCode = "") -> Response:
    """Return code and name of the major groups (中分類) of a division, or of all with `-`."""

    def make() -> Result:
        rows = industry_rows(atlas)
        chosen = shapes.chosen_divisions({row[2] for row in rows}, sic)
        listed = [
            {"sicCode": division, "simcCode": code, "simcName": name}
            for code, name, division, _ in rows
            if division in chosen
        ]
        return Result(listed, ("industries",))

    return await _answer(request, atlas, make)


async def empty_list(request: Request, atlas: AtlasDep) -> Response:
    """Return an empty list: the old service had this one, chiiki has not."""

    def make() -> Result:
        return Result([], ("no list",))

    return await _answer(request, atlas, make)


EMPTY_LISTS = (
    "customs",
    "industries/narrow",
    "jobs/broad",
    "jobs/middle",
    "oldCities",
    "patents/broad",
    "patents/locations",
    "patents/middle",
    "regions/agricultureDepartments",
    "regions/broad",
    "regions/middle",
    "tradeInfoItemTypes/broad",
    "tradeInfoItemTypes/middle",
    "tradeInfoItemTypes/narrow",
)
for name in EMPTY_LISTS:
    router.add_api_route(f"{V1}/{name}", empty_list, methods=["GET"], summary="RESAS: an empty list")


@router.get("/{path:path}", include_in_schema=False)
async def unknown(path: str) -> Response:
    """Answer whatever else is asked below ``/resas/``."""
    raise HTTPException(404)
