"""The RESAS API as its clients know it: paths, keys, labels and errors of the service that ended in 2025.

Parameters are read as text and checked here; unknown ones, and the key, are ignored as the old service did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from geo import resas as shapes
from geo.errors import NotFound
from service.figures.forms import sources_described
from service.http.dependencies import AtlasDep, OneMoment
from service.http.forms import answers
from service.http.responses import JSON, kept_json
from service.memory.atlas import Atlas
from service.resas import forms
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
    origins_described,
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

REMARKS = {"taxes": ("taxes",), "plant": ("private",), "employee": ("private",)}


@dataclass(frozen=True)
class Result:
    """What an answer tells, with remarks and the sources of its figures."""

    result: object
    notes: tuple[str, ...] = ()
    sources: Iterable[str] = ()
    figures: Sequence[forms.OriginOfFigure | forms.OriginOfFigures] = ()

    @classmethod
    def read(cls, result: object, notes: Iterable[str], reading: Reading) -> Result:
        """Return an answer of figures that were read, with how they came to stand on the boundaries."""
        return cls(result, tuple(notes), reading.sources, origins_described(reading))


async def _answer(request: Request, atlas: Atlas, make: Callable[[], Result]) -> Response:
    """Return an answer in the old envelope; it is made off the event loop and kept."""
    return await kept_json(request, atlas, lambda: _envelope(atlas, make()), atlas.state())


def _envelope(atlas: Atlas, told: Result) -> dict[str, object]:
    """Return the old envelope; what the old service did not have is under ``meta``."""
    vintage = newest_vintage(atlas)
    meta: forms.ResasMeta = {
        "sources": sources_described(atlas, tuple(told.sources)),
        "boundaries": {"date": str(vintage.date), "credit": vintage.credit, "licence": vintage.licence},
        "figures": list(told.figures),
        "notes": [forms.note(name) for name in told.notes],
    }
    return {"message": None, "result": told.result, "meta": meta}


@router.get(
    f"{V1}/prefectures", summary="RESAS: prefectures", responses=answers(JSON, form=forms.ResasPrefectures)
)
async def list_prefectures(request: Request, atlas: AtlasDep) -> Response:
    """Return number and name of the 47 prefectures."""

    def make() -> Result:
        return Result(prefectures(atlas))

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/cities", summary="RESAS: municipalities and wards", responses=answers(JSON, form=forms.ResasCities)
)
async def list_cities(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", flags: Flags = ""
) -> Response:
    """Return the municipalities of a prefecture or of all, designated cities and their wards both."""

    def make() -> Result:
        found = cities(atlas, prefecture, shapes.flags_of(flags))
        return Result(found, ("twice",))

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/population/composition/perYear",
    summary="RESAS: population by three age groups",
    responses=answers(JSON, form=forms.ResasSeries),
)
async def composition(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return four series: total, under 15, 15 to 64, 65 and over; censuses until 2020, then projections."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.population_series(reading.counts())
        return Result.read(result, ("projected", "unknown ages"), reading)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/population/composition/pyramid",
    summary="RESAS: population pyramids of two years",
    responses=answers(JSON, form=forms.ResasPyramids),
)
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
        return Result.read(result, notes, reading)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/population/sum/perYear",
    summary="RESAS: population as line and bars",
    responses=answers(JSON, form=forms.ResasPopulationSums),
)
async def sum_per_year(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return the population by year, and by year and age group; the sum of a bar is the total."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.population_sums(reading.counts())
        return Result.read(result, ("projected", "unknown ages"), reading)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/population/sum/estimate",
    summary="RESAS: population, migration, births and deaths",
    responses=answers(JSON, form=forms.ResasSeries),
)
async def estimate(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", city: CityCode = "", added: AddArea = ""
) -> Response:
    """Return the population of census and projected years, and yearly in, out, births and deaths."""

    def make() -> Result:
        reading = Reading(atlas, place_of(atlas, prefecture, city, added))
        result = shapes.labelled_series(reading.movements())
        return Result.read(result, ("projected", "movements"), reading)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/population/future/cities",
    summary="RESAS: projected population of municipalities",
    responses=answers(JSON, form=forms.ResasFutureCities),
)
async def future(
    request: Request, atlas: AtlasDep, prefecture: PrefCode = "", year: FutureYear = ""
) -> Response:
    """Return population and decline of young women of each municipality that has a projection."""

    def make() -> Result:
        asked = shapes.number_of("year", year, shapes.PROJECTED_YEARS)
        rows, sources, figures = future_cities(atlas, prefecture, asked)
        return Result({"cities": rows}, ("projected", "ratio"), sources, figures)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/municipality/{{figure}}/perYear",
    summary="RESAS: a figure of a municipality by year",
    responses=answers(JSON, form=forms.ResasMunicipalFigure),
)
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
        return Result.read(result, notes, reading)

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/industries/broad",
    summary="RESAS: divisions of industries",
    responses=answers(JSON, form=forms.ResasDivisions),
)
async def divisions(request: Request, atlas: AtlasDep) -> Response:
    """Return code and name of the divisions (大分類) of the industrial classification."""

    def make() -> Result:
        found = {row[2]: row[3] for row in industry_rows(atlas)}
        listed = [{"sicCode": code, "sicName": name} for code, name in found.items()]
        return Result(listed, ("industries",))

    return await _answer(request, atlas, make)


@router.get(
    f"{V1}/industries/middle",
    summary="RESAS: major groups of industries",
    responses=answers(JSON, form=forms.ResasMajorGroups),
)
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
    router.add_api_route(
        f"{V1}/{name}",
        empty_list,
        methods=["GET"],
        summary="RESAS: an empty list",
        responses=answers(JSON, form=forms.ResasEmptyList),
    )


@router.get("/{path:path}", include_in_schema=False)
async def unknown(path: str) -> Response:
    """Answer whatever else is asked below ``/resas/``."""
    raise HTTPException(404)
