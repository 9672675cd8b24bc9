"""Figures of municipalities that ship, against the published files, read here by other code than ships them.

A hundred indicators are drawn by lot with a fixed seed; every area and period of each is compared. The files
are in ``CHIIKI_REAL_DATA``.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from geo.figures.indicators import read_catalogue
from service.figures.statistics import FILE
from service.settings import HOME

REAL = os.environ.get("CHIIKI_REAL_DATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")

SEED, DRAWN = 20_241_127, 100
CATALOGUE = read_catalogue(HOME / "data" / "catalog" / "indicators.csv")
VILLAGES_WITHOUT_FIGURES = {f"{code:05d}" for code in range(1695, 1701)}
COLLECTED = {
    "population-2025-preliminary": ("population_census2025_prelim", "2025"),
    "population-change-2025-preliminary": ("change_rate_2020_2025_pct", "2025"),
    "dwellings": ("dwellings_2023", "2023"),
    "vacant-dwellings": ("vacant_dwellings_2023", "2023"),
    "medical-facilities": ("medical_facilities_2024_10", "2024"),
    "foreign-residents": ("foreign_residents_2025_12", "2025"),
    "waitlist-children": ("waitlist_children", "2025"),
}
FINANCE = {
    "fiscal-strength-index": "fiscal_strength_index",
    "future-burden-ratio": "future_burden_ratio_pct",
    "laspeyres-index": "laspeyres",
    "ordinary-balance-ratio": "current_balance_ratio_pct",
    "real-debt-service-ratio": "real_debt_service_ratio_pct",
}
PROJECTED = {
    "projected-population-2023": {f"total_{year}": str(year) for year in range(2020, 2051, 5)},
    "projected-under-15-2023": {"age0_14_2050": "2050"},
    "projected-15-64-2023": {"age15_64_2050": "2050"},
    "projected-65-plus-2023": {"age65over_2050": "2050"},
}
#: Indicator of the register → sexes, first age, age after the last.
REGISTER = {
    "register-population": ("MF", None, None),
    "register-population-men": ("M", None, None),
    "register-population-women": ("F", None, None),
    "register-population-under-15": ("MF", 0, 15),
    "register-population-15-64": ("MF", 15, 65),
    "register-population-65-plus": ("MF", 65, 200),
    "register-population-75-plus": ("MF", 75, 200),
    "register-population-women-20-39": ("F", 20, 40),
    **{f"register-{sex}-80-plus": (sex[0].upper().replace("W", "F"), 80, 200) for sex in ("men", "women")},
    **{
        f"register-{sex}-{age}-{age + 4}": (sex[0].upper().replace("W", "F"), age, age + 5)
        for sex in ("men", "women")
        for age in range(0, 80, 5)
    },
}
EVERY_FIVE_YEARS = ("1999", "2004", "2009", "2014", "2019", "2024")

#: (area code, period) → value; None where there is a blank or a sign.
Figures = dict[tuple[str, str], float | None]


def published(name: str) -> Path:
    (path,) = Path(str(REAL)).rglob(name)
    return path


def value(cell: str) -> float | None:
    bare = cell.strip().strip("()")
    return float(bare) if re.fullmatch(r"-?[0-9.]+", bare) else None


@cache
def rows_of(name: str) -> list[dict[str, str]]:
    with published(name).open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


@cache
def editions() -> Mapping[str, Figures]:
    """Figures by item of all editions of SSDSE-A."""
    found: dict[str, Figures] = defaultdict(dict)
    for year in range(2018, 2027):
        with published(f"SSDSE-A-{year}.csv").open(encoding="cp932", newline="") as opened:
            items, years, _, *rows = csv.reader(opened)
        for row in rows:
            for item, period, cell in zip(items[3:], years[3:], row[3:], strict=True):
                found[item][row[0][1:], period] = float(cell)
    return found


@cache
def registers() -> list[tuple[str, str, str, int, dict[int, int]]]:
    """Code, year, sex, everybody, and people by the first age of their class."""
    found = []
    with gzip.open(published("juki_japanese_age5_sex_1995_2024.csv.gz"), "rt", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            code = row["code"]
            if row["level"] in ("municipality", "ward") and code and code not in VILLAGES_WITHOUT_FIGURES:
                ages = {int(k.split("_")[0]): int(v) for k, v in row.items() if re.match(r"[0-9]", k) and v}
                found.append((code, row["year"], row["sex"], int(row["total"]), ages))
    return found


def of_register(name: str) -> Figures:
    sexes, first, end = REGISTER[name]
    found: dict[tuple[str, str], float] = defaultdict(float)
    is_class = re.search(r"-(wo)?men-[0-9]", name) is not None and "20-39" not in name
    for code, year, sex, total, ages in registers():
        if sex in sexes and (not is_class or year in EVERY_FIVE_YEARS):
            inside = [n for age, n in ages.items() if first is not None and end and first <= age < end]
            found[code, year] += total if first is None else sum(inside)
    return dict(found.items())


def of_finance(name: str) -> Figures:
    """Return the figures of the years whose tables have codes."""
    rows = rows_of("municipal_fiscal_indices_fy2005_2021.csv")
    column = FINANCE[name]
    return {(row["code"], row["fiscal_year"]): value(row[column]) for row in rows if row["code"]}


def of_collection(name: str) -> Figures:
    column, period = COLLECTED[name]
    levels = ("municipality",) if name == "waitlist-children" else ("municipality", "ward")
    return {
        (row["code"], period): value(row[column])
        for row in rows_of("municipal_indicators_from_kurashimap.csv")
        if row["level"] in levels and row["code"] not in VILLAGES_WITHOUT_FIGURES
    }


def of_projection(name: str) -> Figures:
    return {
        (row["code"], period): value(row[column])
        for row in rows_of("ipss2023_total_2020_2050_3class_2050_from_kurashimap.csv")
        for column, period in PROJECTED[name].items()
        if row["code"] not in VILLAGES_WITHOUT_FIGURES
    }


def raw(name: str) -> Figures:
    """Return every figure of municipalities and wards that the published files have of an indicator."""
    found: Figures = dict(editions().get(CATALOGUE[name].code, {}))
    for names, read in (
        (REGISTER, of_register),
        (FINANCE, of_finance),
        (COLLECTED, of_collection),
        (PROJECTED, of_projection),
    ):
        if name in names:
            found = read(name) | found
    return found


@cache
def shipped() -> Mapping[str, Figures]:
    """What ships of municipalities and wards, by indicator."""
    table = pq.read_table(HOME / "data" / "statistics" / FILE)
    table = table.filter(pc.invert(pc.ends_with(table.column("area_code").cast("string"), "000")))
    columns = [table.column(name).cast("string").to_pylist() for name in ("indicator", "area_code", "period")]
    found: dict[str, Figures] = defaultdict(dict)
    for name, code, period, figure in zip(*columns, table.column("value").to_pylist(), strict=True):
        found[name][code, period] = figure
    return found


@cache
def compared() -> list[str]:
    """Return the indicators that the files read here have figures of."""
    read = {*REGISTER, *FINANCE, *COLLECTED, *PROJECTED}
    items = set(editions())
    return sorted(name for name in shipped() if name in read or CATALOGUE[name].code in items)


#: Periods that come from files which are not read here: censuses by age, and finance before there were codes.
BY_AGE = ("population", "population-under-15", "population-15-64", "population-65-plus", "population-75-plus")
OF_OTHER_FILES = {
    **{name: {str(year) for year in range(1980, 2021, 5)} for name in BY_AGE},
    **{name: {str(year) for year in range(2005, 2011)} for name in FINANCE},
}
#: Towns that became cities: one table still has the town, another the city in the same year.
CITIES = {"04423": "04216", "40305": "40231"}


def test_a_hundred_indicators_are_those_of_the_published_files() -> None:
    # the census by age from 1980 and the types of municipalities come from other files
    assert len(compared()) >= 220
    cells = 0
    for name in random.Random(SEED).sample(compared(), DRAWN):
        expected, found = raw(name), shipped()[name]
        held = {
            (code, period): found.get((code, period), found.get((CITIES.get(code, ""), period)))
            for code, period in expected
        }
        assert held == expected, name
        cells += len(expected)
        others = {period for _, period in found.keys() - expected.keys()}
        assert others <= OF_OTHER_FILES.get(name, set()), name
    assert cells > 500_000


@pytest.mark.parametrize("name", FINANCE)
def test_finance_without_codes_has_every_figure_in_its_prefecture(name: str) -> None:
    with (HOME / "data" / "catalog" / "area_names.csv").open(encoding="utf-8", newline="") as opened:
        prefectures = {row["name_ja"]: row["code"][:2] for row in csv.DictReader(opened)}
    expected: Counter[tuple[str, str, float | None]] = Counter()
    for row in rows_of("municipal_fiscal_indices_fy2005_2021.csv"):
        if not row["code"] and row["pref"] in prefectures and row[FINANCE[name]]:
            expected[prefectures[row["pref"]], row["fiscal_year"], value(row[FINANCE[name]])] += 1
    found = Counter(
        (code[:2], period, figure) for (code, period), figure in shipped()[name].items() if period < "2011"
    )
    assert found == expected
    assert sum(found.values()) > 5_000
