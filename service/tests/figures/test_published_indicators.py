"""What chiiki computes for prefectures against all indicators that the publisher computed."""

from __future__ import annotations

import csv
import gzip
import math
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from geo.figures.indicators import Floats, Indicator, evaluate, periods, read_catalogue
from service.figures.statistics import FILE, FIRST_OF_PREFECTURES
from service.settings import HOME

REAL = os.environ.get("CHIIKI_REAL_DATA")
pytestmark = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")

#: Published indicators whose figures an indicator has as the item that they repeat.
REPEATED = {"#A05203": "total-fertility-rate", "#C01321": "income-per-head-2015-base"}
#: Cells in which the published figure is not what its basic items give.
DIFFERING: dict[str, int] = {}
#: Published cells for which there is no figure: a basic item is missing in that year (employed men and women
#: of 1975, over whom and the unemployed those are told).
LACKING = {"#F0130101": 47, "#F0130102": 47}
#: People are told in thousands between censuses, the published rates come of whole numbers.
ROUNDED = re.compile(r"A1[1-4]")

#: (item, year) → the cells as written
Cells = Mapping[tuple[str, str], list[str]]


@pytest.fixture(scope="module")
def cells() -> Cells:
    path = Path(str(REAL)) / "stats/ssds-pref/ssds_pref_all_items.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        return {(row[0], row[1]): row[2:] for row in csv.reader(opened)}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Indicator]:
    return read_catalogue(HOME / "data" / "catalog" / "indicators.csv")


def value(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def digits(cells: list[str]) -> int:
    return max(len(cell.partition(".")[2]) for cell in cells)


def by_item(cells: Cells) -> dict[str, dict[str, Floats]]:
    found: dict[str, dict[str, Floats]] = defaultdict(dict)
    for (item, year), written in cells.items():
        found[item][year] = np.array([value(cell) for cell in written])
    return found


def test_each_published_indicator_is_one_of_the_catalogue(
    cells: Cells, catalogue: dict[str, Indicator]
) -> None:
    published = {item for item, _ in cells if item.startswith("#")}
    held = Counter(one.code for one in catalogue.values() if one.code.startswith("#"))
    repeats = published - held.keys() - REPEATED.keys()
    # household income, savings and debts of surveys stand under the item that others are divided by
    assert len(published) == 773
    assert max(held.values()) == 1
    assert repeats == {"#L01100", "#L03201", "#L03401", "#L07201", "#L07401"}


def test_all_that_is_computed_is_what_is_published(cells: Cells, catalogue: dict[str, Indicator]) -> None:
    items = by_item(cells)
    codes = {one.id: one.code for one in catalogue.values()}
    computed = [one for one in catalogue.values() if one.code.startswith("#") and one.numerator]
    last: Counter[str] = Counter()
    for (item, _), written in cells.items():
        last[item] = max(last[item], digits(written)) if item.startswith("#") else 0
    differing: Counter[str] = Counter()
    lacking: Counter[str] = Counter()
    for one in computed:
        available = {name: sorted(items[codes[name]]) for name in one.components}
        told = set(periods(one, available))
        for year, published in items[one.code].items():
            if year not in told:
                lacking[one.code] += int(np.isfinite(published).sum())
                continue
            found = evaluate(one, year, available, lambda name, at: items[codes[name]][at])
            both = np.isfinite(published) & np.isfinite(found)
            off = np.abs(found - published) > slack(one, year, published, last[one.code], items, codes)
            differing[one.code] += int((both & off).sum())
            lacking[one.code] += int((np.isfinite(published) & ~np.isfinite(found)).sum())
    assert len(computed) > 480
    assert {code: n for code, n in differing.items() if n} == DIFFERING
    assert {code: n for code, n in lacking.items() if n} == LACKING


def slack(
    one: Indicator,
    year: str,
    published: Floats,
    last: int,
    items: Mapping[str, Mapping[str, Floats]],
    codes: Mapping[str, str],
) -> Floats:
    """Return half of the last digit, and what people told in thousands may make of it."""
    allowed: Floats = np.full(len(published), 0.5001 * 10.0**-last) + 1e-9 * np.abs(published)
    parts = [codes[name] for name in one.components if ROUNDED.match(codes[name])]
    for code in parts:
        people = items[code].get(year)
        if people is not None:
            allowed = allowed + np.abs(published) * 500.5 * len(parts) / people
            allowed = allowed + (200 * 500.5 / people if one.kind == "change" else 0)
    return allowed


def test_a_hundred_drawn_at_random_ship_as_they_were_published(
    cells: Cells, catalogue: dict[str, Indicator]
) -> None:
    columns = ["indicator", "period", "area_code", "value", "source"]
    table = pq.read_table(HOME / "data" / "statistics" / FILE, columns=columns)
    table = table.filter(pc.ends_with(table.column("area_code").cast("string"), "000"))
    told = [table.column(name).cast("string").to_pylist() for name in columns[:3]]
    shipped: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for name, period, code, figure in zip(*told, table.column("value").to_pylist(), strict=True):
        shipped[name, period][code] = figure
    of_items = pc.equal(table.column("source").cast("string"), "ssds-prefectures")
    names = sorted(set(table.filter(of_items).column("indicator").cast("string").to_pylist()))
    assert len(names) > 750
    for name in random.Random(20).sample(names, 100):
        code = catalogue[name].code
        years = {year for item, year in cells if item == code}
        own = {period for drawn, period in shipped if drawn == name}
        assert {year for year in years if year >= FIRST_OF_PREFECTURES} <= own, name
        for year in sorted(own & years):
            for at, cell in enumerate(cells[code, year], 1):
                area, expected = f"{at:02d}000", value(cell)
                assert (area in shipped[name, year]) == (cell != ""), (name, year, area)
                found = shipped[name, year].get(area)
                assert found == (None if math.isnan(expected) else expected), (name, year, area)
