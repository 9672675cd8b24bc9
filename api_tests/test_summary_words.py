"""The words of maps, read against figures that are worked out here anew from the published ones that ship.

Nothing of the service is used but its answers: the figures come from `data/statistics/observations.parquet`,
names from `data/catalog/area_names.csv`, formulas and formats stand below.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

import httpx
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

DATA = Path(__file__).parents[1] / "data"

#: The Northern Territories, of which nothing is published.
NORTHERN = frozenset(("01695", "01696", "01697", "01698", "01699", "01700"))
#: 富谷町 became a city in 2016, 那珂川町 in 2018. The wards of 浜松市 from 1 January 2024: 天竜区 has another
#: number, two new ones stand for the six others.
RENUMBERED = {"04423": "04216", "40305": "40231", "22140": "22137"}
MERGED = frozenset(("22131", "22132", "22133", "22134", "22135", "22136"))

REASONS = {
    "not_available": ("公表なし", "not available"),
    "not_applicable": ("該当なし", "not applicable"),
    "boundary_changed": ("境界変更で換算不可", "not convertible to these boundaries"),
    "merged": ("合併後の地域の値のみ", "told of what it has merged into alone"),
    "base_differs": ("人口の対象が異なる", "counted on another population"),
}


@dataclass(frozen=True)
class Layer:
    """What is looked at: what it is worked out of, and how its numbers are written.

    Attributes
    ----------
    over : what the sum of ``of`` is divided by, times ``scale``; empty for a count
    less : what is taken from the sum of ``of``
    lag : of a change, since how many years before
    mixes : whether people in place are set against others, which evacuated towns cannot tell
    """

    decimals: int
    unit: tuple[str, str]
    most: tuple[str, str]
    least: tuple[str, str]
    of: tuple[str, ...]
    less: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    scale: float = 100
    lag: int = 0
    mixes: bool = False


MANY = (("多い", "largest"), ("少ない", "smallest"))
LARGE = (("大きい", "largest"), ("小さい", "smallest"))
HIGH = (("高い", "highest"), ("低い", "lowest"))
PERSONS = ("人", " persons")
CENT = ("%", "%")


def count(name: str, *unit: str, ends: tuple[tuple[str, str], tuple[str, str]] = MANY) -> Layer:
    ja, en = unit or PERSONS
    return Layer(0, (ja, en), *ends, (name,))


def share(of: str, *over: str) -> Layer:
    return Layer(1, CENT, *HIGH, (of,), over=over)


INDUSTRIES = ("employed-primary", "employed-secondary", "employed-tertiary")
LAYERS = {
    "population": count("population"),
    "register-population": count("register-population"),
    "births": count("births"),
    "households": count("households", "世帯", " households"),
    "farm-households": count("farm-households", "戸", " households"),
    "doctors": count("doctors"),
    "total-area": count("total-area", "ha", " ha", ends=LARGE),
    "projected-population": count("projected-population"),
    "gpp-2015-base": count("gpp-2015-base", "百万円", " million yen"),
    "net-migration": Layer(0, PERSONS, *LARGE, ("in-migrants",), less=("out-migrants",)),
    "natural-change": Layer(0, PERSONS, *LARGE, ("births",), less=("deaths",)),
    "ageing-rate": share("population-65-plus", "population"),
    "child-rate": share("population-under-15", "population"),
    "single-household-share": share("single-households", "households"),
    "primary-industry-share": share("employed-primary", *INDUSTRIES),
    "unemployment-rate": share("unemployed", "employed-residents", "unemployed"),
    "population-change": Layer(1, CENT, *HIGH, ("population",), lag=5, mixes=True),
    "doctors-per-100k": Layer(
        1,
        ("人/10万人", " per 100,000"),
        *HIGH,
        ("doctors",),
        over=("register-population",),
        scale=100_000,
        mixes=True,
    ),
    "total-fertility-rate": Layer(2, ("", ""), *HIGH, ("total-fertility-rate",)),
    "birth-rate": Layer(
        1, ("‰", " per 1,000"), *HIGH, ("births",), over=("register-population",), scale=1000
    ),
}
PREFECTURE, MUNICIPALITY, WARD = "prefecture", "municipality", "ward"
MAPS = [
    *(("population", PREFECTURE, period) for period in ("1980", "2000", "2015", "2020")),
    ("population", MUNICIPALITY, "2020"),
    ("population", WARD, "2020"),
    ("register-population", WARD, "2024"),
    ("register-population", MUNICIPALITY, "2024"),
    ("births", PREFECTURE, "2023"),
    ("births", MUNICIPALITY, "2023"),
    ("households", MUNICIPALITY, "2020"),
    ("farm-households", MUNICIPALITY, "2019"),
    ("doctors", MUNICIPALITY, "2022"),
    ("total-area", MUNICIPALITY, "2024"),
    ("projected-population", MUNICIPALITY, "2045"),
    ("projected-population", PREFECTURE, "2045"),
    ("gpp-2015-base", PREFECTURE, "2022"),
    *(("net-migration", level, "2024") for level in (PREFECTURE, MUNICIPALITY)),
    *(("natural-change", level, "2023") for level in (PREFECTURE, MUNICIPALITY)),
    *(("ageing-rate", PREFECTURE, period) for period in ("1980", "2020")),
    *(("ageing-rate", level, "2020") for level in (MUNICIPALITY, WARD)),
    *(("child-rate", level, "2020") for level in (PREFECTURE, MUNICIPALITY)),
    *(("single-household-share", level, "2020") for level in (PREFECTURE, MUNICIPALITY)),
    ("primary-industry-share", MUNICIPALITY, "2020"),
    ("unemployment-rate", MUNICIPALITY, "2020"),
    ("total-fertility-rate", PREFECTURE, "2023"),
    ("birth-rate", MUNICIPALITY, "2023"),
    *(("population-change", level, "2020") for level in (PREFECTURE, MUNICIPALITY)),
    ("population-change", MUNICIPALITY, "2000"),
    ("doctors-per-100k", MUNICIPALITY, "2022"),
]


class Published:
    """The figures that ship, and the areas of 2021-01-01, by code."""

    def __init__(self) -> None:
        self._table = pq.read_table(DATA / "statistics/observations.parquet")
        with (DATA / "catalog/area_names.csv").open(encoding="utf-8") as file:
            self.names = {row["code"]: (row["name_ja"], row["name_en"]) for row in csv.DictReader(file)}
        everything = sorted({*self.figures("municipality-type", "2021"), *NORTHERN})
        cities = {self.names[code][0]: code for code in everything if self.names[code][0].endswith("市")}
        self.wards = {
            code: cities[name.partition("市")[0] + "市"]
            for code in everything
            if "市" in (name := self.names[code][0]) and name.endswith("区")
        }
        self.areas = {
            PREFECTURE: [f"{number:02}000" for number in range(1, 48)],
            MUNICIPALITY: [code for code in everything if code not in self.wards],
            WARD: [code for code in everything if code not in set(self.wards.values())],
        }

    def elsewhere(self, *periods: str) -> set[str]:
        """Return the areas whose people lived elsewhere in one of some periods."""
        with (DATA / "catalog/evacuations.csv").open(encoding="utf-8") as file:
            return {
                row["area_code"]
                for row in csv.DictReader(file)
                if any(row["first"] <= period <= (row["last"] or "9999") for period in periods)
            }

    def figures(self, indicator: str, period: str) -> dict[str, float | None]:
        """Return the published figures of a period, None where the publisher tells none."""
        told = self._table.filter(
            pc.and_(pc.equal(self._table["indicator"], indicator), pc.equal(self._table["period"], period))
        )
        rows = zip(told["area_code"].to_pylist(), told["value"].to_pylist(), strict=True)
        return {RENUMBERED.get(code, code): value for code, value in rows}

    def added(self, indicators: tuple[str, ...], level: str, period: str) -> dict[str, float | None]:
        """Return the sum of indicators of each area; a city without figures is told by its wards."""
        sums: dict[str, float | None] = {}
        for name in indicators:
            told = self.figures(name, period)
            for code in self.areas[level]:
                own = told.get(code)
                parts = [told.get(ward) for ward, city in self.wards.items() if city == code]
                if code not in told and parts and level == MUNICIPALITY:
                    own = None if None in parts else sum(part for part in parts if part is not None)
                before = sums.get(code, 0.0)
                sums[code] = None if own is None or before is None else before + own
        return sums

    def name(self, code: str, lang: int) -> str:
        own = self.names[code][lang]
        if code.endswith("000"):
            return own
        around = self.names[f"{code[:2]}000"][lang]
        return f"{around}{own}" if lang == 0 else f"{own} in {around}"


@dataclass(frozen=True)
class Expected:
    """What the words of a map must tell."""

    values: Mapping[str, float]
    missing: Counter[str]


def worked_out(published: Published, layer: Layer, level: str, period: str) -> Expected:
    """Return the values of a map, and why others are missing."""
    of, less = (published.added(names, level, period) for names in (layer.of, layer.less))
    over = published.added(layer.over, level, period)
    earlier = str(int(period) - layer.lag)
    if layer.lag:
        less = over = published.added(layer.of, level, earlier)
    elsewhere = published.elsewhere(period, earlier) if layer.mixes else set()
    values: dict[str, float] = {}
    missing: Counter[str] = Counter()
    for code in published.areas[level]:
        told, taken, divisor = of[code], less.get(code, 0.0), over.get(code, 1.0)
        if code in MERGED and told is None and level == WARD and period == "2024":
            missing["merged"] += 1
        elif told is None or taken is None or divisor is None:
            missing["not_available"] += 1
        elif code in elsewhere:
            missing["base_differs"] += 1
        elif layer.over or layer.lag:
            if divisor == 0:
                missing["not_applicable"] += 1
            else:
                values[code] = (told - taken) / divisor * layer.scale
        else:
            values[code] = told - taken
    return Expected(values, missing)


def written(value: float, layer: Layer, lang: int) -> str:
    number = f"{abs(value):,.{layer.decimals}f}"
    sign = "−" if value < 0 and float(number.replace(",", "")) else ""
    return f"{sign}{number}{layer.unit[lang]}"


def end(published: Published, expected: Expected, layer: Layer, lang: int, *, highest: bool) -> str:
    """Return the words for the areas with the most or the least: the first by code, and how many share it."""
    bound = (max if highest else min)(expected.values.values())
    sharing = sorted(code for code, value in expected.values.items() if value == bound)
    name, others = published.name(sharing[0], lang), len(sharing) - 1
    value = written(bound, layer, lang)
    if lang == 0:
        return f"{name}{f'など{others + 1:,}地域' if others else ''}の{value}"
    return f"{name}{f' and {others:,} more' if others else ''} ({value})"


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


CHECKS = list(product(MAPS, ("ja", "en")))


def test_there_are_55_checks_and_more() -> None:
    assert len(CHECKS) >= 55
    assert len(set(CHECKS)) == len(CHECKS)
    assert {level for (_, level, _), _ in CHECKS} == {PREFECTURE, MUNICIPALITY, WARD}


@pytest.mark.parametrize(
    ("shown", "lang"), CHECKS, ids=lambda one: one if isinstance(one, str) else "-".join(one)
)
def test_the_words_of_a_map_hold(
    client: httpx.Client, published: Published, shown: tuple[str, str, str], lang: str
) -> None:
    name, level, period = shown
    layer = LAYERS[name]
    expected = worked_out(published, layer, level, period)
    answer = client.get(f"/v1/layers/{name}/summary.json?level={level}&period={period}").json()
    text, at = answer["text"][lang], ("ja", "en").index(lang)
    highest = end(published, expected, layer, at, highest=True)
    lowest = end(published, expected, layer, at, highest=False)
    middle = written(median(expected.values.values()), layer, at)
    n, total = len(expected.values), expected.missing.total()
    if lang == "ja":
        assert (
            f"値のある{n:,}地域のうち、最も{layer.most[0]}のは{highest}、最も{layer.least[0]}のは{lowest}、"
            f"中央値は{middle}です。" in text
        )
    else:
        assert (
            f"Of {n:,} areas with a value, the {layer.most[1]} is {highest}, the {layer.least[1]} {lowest}; "
            f"the median is {middle}." in text
        )
    assert why(text, lang) == (total, dict(expected.missing))
    assert (answer["n"], answer["missing"]) == (n, total)


def why(text: str, lang: str) -> tuple[int, dict[str, int]]:
    """Return how many areas a text says have no value, and how many of them for which reason."""
    pattern = (
        r"([\d,]+)地域には値がありません（(.+?)）。"
        if lang == "ja"
        else r"([\d,]+) areas? ha(?:s|ve) no value \((.+?)\)\."
    )
    found = re.search(pattern, text)
    if found is None:
        return 0, {}
    told: dict[str, int] = {}
    for part in re.split("、|, ", found[2]):
        number = re.search(r"[\d,]+", part)
        assert number is not None
        words = part.replace(number[0], "").strip()
        (reason,) = (key for key, both in REASONS.items() if words in both)
        told[reason] = int(number[0].replace(",", ""))
    return int(found[1].replace(",", "")), told


def test_the_checks_would_find_a_wrong_word(published: Published) -> None:
    # the census of 2020: 横浜市 3,777,491, 双葉町 0; 1,741 municipalities have a figure
    expected = worked_out(published, LAYERS["population"], MUNICIPALITY, "2020")
    assert len(expected.values) == 1741
    assert end(published, expected, LAYERS["population"], 0, highest=True) == "神奈川県横浜市の3,777,491人"
    assert end(published, expected, LAYERS["population"], 1, highest=False) == (
        "Futaba-machi in Fukushima (0 persons)"
    )
    assert why("6地域には値がありません（公表なし5、該当なし1）。", "ja") == (
        6,
        {"not_available": 5, "not_applicable": 1},
    )
