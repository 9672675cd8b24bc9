"""What the RESAS API asks, answered from the atlas."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from geo.areas.carrying import AS_PUBLISHED, CARRIED, SUMMED, apportioned, day_of, mark
from geo.areas.lineage import Change
from geo.codes import NORTHERN_TERRITORIES, city_of, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures.ages import Ages, together
from geo.resas import (
    BIG_CITY_FLAGS,
    CENSUS_YEARS,
    MOVEMENTS,
    ORDINARY,
    PROJECTED_YEARS,
    TOTAL,
    WHOLE,
    Counts,
    added_areas,
    city_code,
    decline,
    prefecture_code,
)
from service.areas.gazetteer import Area
from service.figures.forms import origin_described
from service.figures.lines import Member, Origin, member, origins_together, points_together
from service.figures.values import PublishedAges
from service.http.problems import Unavailable
from service.layers.forms import carried_areas
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.resas.forms import FutureCity, OriginOfFigure, OriginOfFigures, ResasCity, ResasPrefecture

CENSUS = ("population", "population-under-15", "population-15-64", "population-65-plus")
PROJECTION = ("projected-population", "projected-population-under-15", "projected-population-65-plus")
#: Label of ``population/sum/estimate`` → indicator.
MOVED_BY = dict(zip(MOVEMENTS, ("in-migrants", "out-migrants", "births", "deaths"), strict=True))
YOUNG_WOMEN, YOUNG_WOMEN_SINCE = "projected-women-20-39", "2015"
#: What the origins of people by five-year age class are told under.
AGES = "ages"
PYRAMID_YEARS = (*CENSUS_YEARS, *PROJECTED_YEARS)
PYRAMID_CENSUS_YEARS = tuple(year for year in CENSUS_YEARS if year < 2020)


@dataclass(frozen=True)
class Figure:
    """A figure of ``municipality/{figure}/perYear``: the indicator that answers it, if one does."""

    name_ja: str
    name_en: str
    indicator: str | None = None
    by_municipality: bool = True


FIGURES: dict[str, Figure] = {
    "taxes": Figure("一人当たり地方税（千円）", "Local tax per head, thousand yen", "local-tax-per-head"),
    "company": Figure("企業数", "Enterprises"),
    "plant": Figure("事業所数", "Establishments", "establishments"),
    "value": Figure("付加価値額", "Value added"),
    "labor": Figure("労働生産性", "Labour productivity"),
    "wages": Figure("一人当たり賃金", "Wages per head", by_municipality=False),
    "manufacture": Figure("製造業", "Manufacturing"),
    "employee": Figure("従業者数", "Persons engaged", "employees"),
    "job": Figure("有効求人倍率", "Job openings per applicant"),
    "foundation": Figure("創業比率", "Rate of new enterprises"),
    "surplus": Figure("黒字赤字企業比率", "Enterprises in surplus"),
    "sales": Figure("年間商品販売額", "Annual sales of goods"),
}


@dataclass(frozen=True)
class Place:
    """The areas that a request is about: their figures are told together."""

    vintage: Vintage
    prefecture: Area
    city: Member | None
    members: tuple[Member, ...]


@dataclass
class Reading:
    """Figures of a place, the sources that gave them, and how they came to stand on its boundaries.

    Attributes
    ----------
    origins : of the figures by what they are of and their year
    """

    atlas: Atlas
    place: Place
    sources: dict[str, None] = field(default_factory=dict)
    origins: dict[tuple[str, int], Origin] = field(default_factory=dict)

    def figures(self, indicator: str, years: Iterable[int]) -> dict[int, float]:
        """Return the figures of the place's areas together by year; a year that has none is left out."""
        asked = [str(year) for year in years]
        found = self.atlas.indicator(indicator)
        told: dict[int, float] = {}
        whose = (self.atlas, found, self.place.vintage, self.place.members)
        points = points_together(*whose, asked)
        for one, origin in zip(points, origins_together(*whose, points), strict=True):
            if one.value is not None:
                told[int(one.period)] = one.value
                self.sources |= dict.fromkeys(one.sources)
                self.origins[indicator, int(one.period)] = origin
        return told

    def totals(self) -> dict[int, int]:
        """Return the population of census years and projected years."""
        counted = self.figures(CENSUS[0], CENSUS_YEARS)
        projected = self.figures(PROJECTION[0], PROJECTED_YEARS)
        return {year: round(value) for year, value in (counted | projected).items()}

    def counts(self) -> dict[int, Counts]:
        """Return the three age groups of census years and projected years.

        The projection spreads people of unknown age, so that its working ages are what is left.
        """
        total, young, working, old = [self.figures(name, CENSUS_YEARS) for name in CENSUS]
        counts = {
            year: Counts(round(total[year]), round(young[year]), round(working[year]), round(old[year]))
            for year in total.keys() & young.keys() & working.keys() & old.keys()
        }
        total, young, old = [self.figures(name, PROJECTED_YEARS) for name in PROJECTION]
        for year in total.keys() & young.keys() & old.keys():
            rest = total[year] - young[year] - old[year]
            counts[year] = Counts(round(total[year]), round(young[year]), round(rest), round(old[year]))
        return counts

    def series(self, indicator: str) -> dict[int, int]:
        """Return all figures of an indicator since 1980, as integers."""
        periods = self.atlas.periods(self.atlas.indicator(indicator), self.place.members[0].level)
        years = [int(period) for period in periods if int(period) >= CENSUS_YEARS[0]]
        return {year: round(value) for year, value in (self.figures(indicator, years)).items()}

    def movements(self) -> dict[str, dict[int, int]]:
        """Return the population and what moves it, by label and year."""
        return {TOTAL: self.totals()} | {
            label: self.series(indicator) for label, indicator in MOVED_BY.items()
        }

    def ages(self, year: int) -> Ages:
        """Return the people by age of a year.

        Raises
        ------
        NotFound : one of the areas has none; the message tells which years it has
        """
        parts: list[PublishedAges] = []
        for line in self.place.members:
            known = self.atlas.ages(line.id, self.place.vintage.date)
            if year not in known:
                listed = ", ".join(map(str, known)) or "なし none"
                raise NotFound(
                    f"{line.name_ja} の {year} 年の年齢別人口はありません（ある年：{listed}）。"
                    f" There are no ages of {line.name_en or line.id} in {year}; years: {listed}"
                )
            parts.append(known[year])
        self.sources |= dict.fromkeys(part.ages.source for part in parts)
        self.origins[AGES, year] = self._origin_of_ages(parts, year)
        return together([part.ages for part in parts])

    def _origin_of_ages(self, parts: Sequence[PublishedAges], year: int) -> Origin:
        counted, changes = day_of(str(year)), tuple(self.atlas.catalogue.changes)
        marks = [
            mark(part.codes, line.id, _divided(counted, part.boundary_date, changes))
            for line, part in zip(self.place.members, parts, strict=True)
        ]
        together_at_least = SUMMED if len(parts) > 1 else AS_PUBLISHED
        dates = tuple(sorted({part.boundary_date for part in parts}))
        return Origin(CARRIED[max(together_at_least, *marks)], dates)


@lru_cache(maxsize=64)
def _divided(counted: dt.date, boundary_date: dt.date, changes: tuple[Change, ...]) -> frozenset[str]:
    """Return the areas whose people were divided by who published them; worked out once, in up to 90 ms."""
    return apportioned(counted, boundary_date, changes, city_of)


def newest_vintage(atlas: Atlas) -> Vintage:
    """Return the boundaries that RESAS answers are on.

    Raises
    ------
    Unavailable : the database could not be read since the service started
    """
    if not atlas.catalogue.vintages:
        raise Unavailable("データベースに接続できません。 The database cannot be reached")
    return atlas.vintage(None)


def place_of(atlas: Atlas, prefecture: str, city: str = "", added: str = "") -> Place:
    """Return the areas that ``prefCode``, ``cityCode`` and ``addArea`` name.

    Raises
    ------
    InvalidParameter : one is missing or not written as it should be, or an area is named twice
    NotFound : no such prefecture or municipality
    """
    vintage = newest_vintage(atlas)
    whole = prefecture_code(prefecture)
    code = city_code(city)
    named = [(whole, code), *added_areas(added, whole=code is None)]
    members = tuple(_member(atlas, vintage, *one) for one in named)
    if len({line.id for line in members}) < len(members):
        finding = Finding("query", "addArea", added, "互いに異なる地域 / areas that differ from each other")
        raise InvalidParameter("addArea names an area twice", [finding])
    area = atlas.gazetteer(vintage.date, "prefecture").area(whole)
    return Place(vintage, area, members[0] if code else None, members)


def _member(atlas: Atlas, vintage: Vintage, prefecture: str, city: str | None) -> Member:
    number = int(prefecture[:2])
    if city is None:
        return member(atlas, vintage, prefecture)
    known = prefecture_of(city) == prefecture and any(
        city in atlas.gazetteer(vintage.date, level).position
        for level in vintage.levels
        if level != "prefecture"
    )
    if not known:
        raise NotFound(
            f"prefCode={number} に cityCode={city} の市区町村はありません。 Prefecture {number} has no "
            f"municipality {city} on {vintage.date}; see /resas/api/v1/cities?prefCode={number}"
        )
    return member(atlas, vintage, city)


def prefectures(atlas: Atlas) -> list[ResasPrefecture]:
    """Return number and name of each prefecture."""
    areas = atlas.gazetteer(newest_vintage(atlas).date, "prefecture").areas
    return [{"prefCode": int(area.code[:2]), "prefName": area.name_ja} for area in areas]


def cities(atlas: Atlas, prefecture: str, flags: frozenset[str]) -> list[ResasCity]:
    """Return the municipalities and the wards of designated cities, by code.

    The six villages of the Northern Territories, which have no statistics, are left out.
    """
    vintage = newest_vintage(atlas)
    inside = prefecture_code(prefecture) if prefecture else None
    areas: dict[str, Area] = {}
    for level in ("municipality", "ward"):
        areas |= {area.code: area for area in atlas.gazetteer(vintage.date, level).areas}
    return [
        {
            "prefCode": int(code[:2]),
            "cityCode": code,
            "cityName": area.name_ja,
            "bigCityFlag": flag,
        }
        for code, area in sorted(areas.items())
        if (flag := BIG_CITY_FLAGS.get(area.kind, ORDINARY)) in flags
        and inside in (None, area.prefecture)
        and code not in NORTHERN_TERRITORIES
    ]


def future_cities(
    atlas: Atlas, prefecture: str, year: int
) -> tuple[list[FutureCity], tuple[str, ...], list[OriginOfFigures]]:
    """Return the projected population of each municipality and how much of its young women will be gone.

    Municipalities without a projection are left out. Then the sources, and how the people were carried.
    """
    vintage = newest_vintage(atlas)
    gazetteer = atlas.gazetteer(vintage.date, "municipality")
    inside = gazetteer.within(prefecture_code(prefecture))

    def projected(name: str, period: str) -> tuple[Sequence[float], tuple[str, ...]]:
        vector = atlas.vector(atlas.indicator(name), period, "municipality", vintage.date)
        return vector.values.tolist(), vector.sources

    people, sources = projected(PROJECTION[0], str(year))
    women, _ = projected(YOUNG_WOMEN, str(year))
    before, _ = projected(YOUNG_WOMEN, YOUNG_WOMEN_SINCE)
    rows: list[FutureCity] = []
    for place in inside.tolist():
        if not math.isnan(people[place]):
            area = gazetteer.areas[place]
            rows.append(
                {
                    "cityCode": area.code,
                    "cityName": area.name_ja,
                    "value": round(people[place]),
                    "ratio": decline(before[place], women[place]),
                }
            )
    if not rows:
        return rows, (), []
    (carrying,) = atlas.carryings(atlas.indicator(PROJECTION[0]), [str(year)], "municipality", vintage.date)
    own = carrying.within(inside)
    told: OriginOfFigures = {
        "of": PROJECTION[0],
        "year": year,
        **origin_described(Origin(own.farthest(range(len(inside))), own.dates)),
        "areas": carried_areas(own, gazetteer.codes[inside]),
    }
    return rows, sources, [told]


def origins_described(reading: Reading) -> list[OriginOfFigure]:
    """Return how the figures that were read were carried, as JSON."""
    return [
        {"of": of, "year": year, **origin_described(origin)}
        for (of, year), origin in sorted(reading.origins.items())
    ]


def heading(place: Place, figure: Figure) -> dict[str, object]:
    """Return the keys that say where the figures of ``municipality/{figure}/perYear`` are from."""
    head: dict[str, object] = {
        "prefCode": int(place.prefecture.code[:2]),
        "prefName": place.prefecture.name_ja,
    }
    if figure.by_municipality:
        city = place.city
        head |= {"cityCode": city.id if city else WHOLE, "cityName": city.name_ja if city else ""}
    return head


def industry_rows(atlas: Atlas) -> list[tuple[str, str, str, str]]:
    """Return code, name, division and name of the division of each major group."""
    newest_vintage(atlas)
    return [(row.code, row.name_ja, row.division, row.division_ja) for row in atlas.catalogue.industries]
