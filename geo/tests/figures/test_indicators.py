"""What a figure means: derived indicators against published figures, and the catalogue's own rules."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geo.errors import InvalidRows, NotFound
from geo.figures import indicators
from geo.figures.families import is_kana, read_families
from geo.figures.indicators import (
    DENOMINATOR_SOURCES,
    SHARED,
    Floats,
    Indicator,
    aggregated,
    base_periods,
    evaluate,
    from_json,
    moves_cancel,
    own_or_sum,
    periods,
    read_catalogue,
    read_folder,
    terms,
    to_json,
)
from geo.layers import palettes
from geo.layers.classify import SCHEMES
from geo.transit.gap_definitions import gap_indicators, read_definitions

CATALOGUE = Path(__file__).parents[3] / "data" / "catalog" / "indicators.csv"
FAMILIES = CATALOGUE.with_name("families.csv")

# The register of 1 January 2024 (Japanese residents) keeps those who were evacuated from 双葉町.
# 2020 census, areas of 2024 (SSDSE-A-2026): 札幌市 01100, 浜松市 22130, 双葉町 07546 (nobody lived there)
FIGURES: dict[tuple[str, str], list[float]] = {
    ("population", "2020"): [1_973_395, 790_718, 0],
    ("population-under-15", "2020"): [math.nan, 101_461, 0],
    ("population-15-64", "2020"): [math.nan, 457_684, 0],
    ("population-65-plus", "2020"): [541_242, 220_925, 0],
    ("total-area", "2020"): [112_126, 155_811, 5_142],
    ("in-migrants", "2024"): [110_212, 19_740, 70],
    ("out-migrants", "2024"): [99_469, 20_585, 116],
    ("register-population", "2024"): [1_939_061, 760_204, 5_403],
}
AVAILABLE: dict[str, list[str]] = {}
for _name, _period in FIGURES:
    AVAILABLE.setdefault(_name, []).append(_period)


#: 南相馬市, 広野町, 楢葉町, 富岡町, 川内村, 大熊町, 双葉町, 浪江町, 葛尾村, 飯舘村
EVACUATED = {"07212", "07564", *(f"0754{n}" for n in range(1, 9))}


@pytest.fixture(scope="module")
def whole() -> dict[str, Indicator]:
    return read_folder(CATALOGUE.parent)


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Indicator]:
    return read_catalogue(CATALOGUE)


def told(figures: dict[tuple[str, str], list[float]]) -> Callable[[str, str], Floats]:
    return lambda name, period: np.array(figures[name, period], np.float64)


@pytest.mark.parametrize(
    ("name", "period", "expected"),
    [
        ("ageing-rate", "2020", [27.427, 27.940, math.nan]),
        ("ageing-rate-known-ages", "2020", [math.nan, 28.321, math.nan]),
        ("population-density", "2020", [1_759.98, 507.485, 0.0]),
        ("net-migration", "2024", [10_743, -845, -46]),
        ("net-migration-rate", "2024", [0.554031, -0.111154, -0.851379]),
    ],
)
def test_a_derived_figure_is_the_published_one(
    catalogue: dict[str, Indicator], name: str, period: str, expected: list[float]
) -> None:
    found = evaluate(catalogue[name], period, AVAILABLE, told(FIGURES))
    assert found == pytest.approx(expected, rel=2e-5, nan_ok=True)


def test_population_change_is_against_five_years_before(catalogue: dict[str, Indicator]) -> None:
    figures = {
        ("population", "2015"): [13_515_271.0, 1_308_265.0],
        ("population", "2020"): [14_047_594.0, 1_237_984.0],
    }
    found = evaluate(catalogue["population-change"], "2020", {"population": ["2015", "2020"]}, told(figures))
    assert found == pytest.approx([3.93868, -5.37208], abs=1e-4)  # 東京都, 青森県


def test_productivity_of_a_region_is_a_ratio_of_sums(catalogue: dict[str, Indicator]) -> None:
    # 徳島県 FY2011 in the 2011 base: 2,917,689 million yen over 372,032 employed by place of work
    figures = {
        ("gpp-2011-base", "2011"): [2_917_689.0],
        ("employed-by-workplace-2011-base", "2011"): [372_032.0],
    }
    available = {name: ["2011"] for name, _ in figures}
    found = evaluate(catalogue["labour-productivity-2011-base"], "2011", available, told(figures))
    assert found == pytest.approx([7.84258], abs=1e-5)


def test_productivity_is_never_divided_by_employed_residents(catalogue: dict[str, Indicator]) -> None:
    products = [one for one in catalogue.values() if "gpp" in one.numerator]
    assert products
    assert all("employed-residents" not in one.denominator for one in products)


def test_bases_of_the_accounts_are_never_mixed(catalogue: dict[str, Indicator]) -> None:
    for one in catalogue.values():
        parts = {name.rpartition("-20")[2] for name in one.components if name.endswith("-base")}
        assert len(parts) <= 1, one.id


def test_an_area_is_the_newest_that_is_not_after_the_period(catalogue: dict[str, Indicator]) -> None:
    available = {"population": ["2010", "2020", "2024"], "total-area": ["2016", "2021", "2025"]}
    density = catalogue["population-density"]
    assert periods(density, available) == ["2020", "2024"]
    assert base_periods(density, "2024", available) == [("population", "2024"), ("total-area", "2021")]


@pytest.mark.parametrize(
    ("name", "events", "register", "told"),
    [
        ("doctors-per-100k", ["2020", "2022", "2024"], ["2020", "2022"], ["2020", "2022"]),
        # the register of 1 January 2021 lies in fiscal 2020
        ("local-tax-per-head", ["2019", "2020", "2021"], ["2020", "2021"], ["2019", "2020"]),
    ],
)
def test_a_rate_is_told_only_for_periods_that_have_a_register_of_their_own(
    catalogue: dict[str, Indicator], name: str, events: list[str], register: list[str], told: list[str]
) -> None:
    one = catalogue[name]
    assert periods(one, {one.numerator: events, "register-population": register}) == told


def test_a_rate_of_a_fiscal_year_is_divided_by_the_register_within_it(
    catalogue: dict[str, Indicator],
) -> None:
    # 前橋市: tax and residents of both years fell; over the censuses of 2015 and 2020 (336,154 and 332,149)
    # the rate would have risen from 161.1 to 161.3
    figures = {
        ("local-tax", "2019"): [54_152_389.0],
        ("local-tax", "2020"): [53_584_014.0],
        ("register-population", "2020"): [328_988.0],
        ("register-population", "2021"): [327_668.0],
    }
    available = {"local-tax": ["2019", "2020"], "register-population": ["2020", "2021"]}
    per_head = catalogue["local-tax-per-head"]
    found = [evaluate(per_head, period, available, told(figures))[0] for period in ("2019", "2020")]
    assert found == pytest.approx([164.603, 163.532], abs=1e-3)


def test_no_rate_of_people_is_divided_by_a_census_of_another_year(catalogue: dict[str, Indicator]) -> None:
    late = {one.id for one in catalogue.values() if one.denominator_period == "latest" and one.numerator}
    assert late == {"population-density", "habitable-density", "register-density"}


def test_what_is_in_per_cent_is_a_hundred_times_a_part(catalogue: dict[str, Indicator]) -> None:
    changes = {one.id: one.scale for one in catalogue.values() if one.kind == "change"}
    assert len(changes) >= 38
    assert {name for name, scale in changes.items() if scale != 100} == set()
    assert {one.unit_en for one in catalogue.values() if one.kind == "change"} == {"%"}


def test_every_rate_says_what_it_is_divided_by(catalogue: dict[str, Indicator]) -> None:
    gaps = gap_indicators(read_definitions(CATALOGUE.parent / "gap_definitions.csv"))
    for one in [*catalogue.values(), *gaps.values()]:
        assert (one.denominator_source in DENOMINATOR_SOURCES) == (one.kind == "ratio"), one.id
    over_register = {one.id for one in catalogue.values() if "register-" in one.denominator}
    stated = {one.id for one in catalogue.values() if one.denominator_source.startswith("register")}
    assert over_register == stated


def test_a_derived_indicator_breaks_where_one_of_its_parts_does(whole: dict[str, Indicator]) -> None:
    told = {name: [one.period for one in whole[name].breaks] for name in whole if whole[name].breaks}
    by_industry = [
        *("private-establishments-by-industry", "establishment-share-by-industry"),
        *("private-employees-by-industry", "employee-share-by-industry"),
        *("establishments-by-size", "employees-by-size"),
    ]
    of_families = {
        name: ["2021"] for name, one in whole.items() if one.family and one.family.id in by_industry
    }
    assert len(of_families) == 4 * 18 + 4 * 5
    assert told == of_families | {
        "nurseries": ["2023"],
        "nurseries-per-1000-children": ["2023"],
        "establishments": ["2021"],
        "establishments-per-1000": ["2021"],
        "employees": ["2021"],
        "employees-per-establishment": ["2021"],
        "employees-per-1000": ["2021"],
        "register-population-change-1y": ["2014"],
    }


def test_no_change_has_a_period_across_a_break(whole: dict[str, Indicator]) -> None:
    change = replace(whole["population-change"], numerator="nurseries", breaks=whole["nurseries"].breaks)
    available = {"nurseries": ["2017", "2018", "2022", "2023", "2028"]}
    assert periods(change, available) == ["2022", "2028"]


@pytest.mark.parametrize(
    ("name", "period", "expected"),
    [
        # counted in place at both ends, but for other reasons than moving
        ("population-change", "2010", {"13381"}),
        ("population-change", "2015", EVACUATED),
        ("population-change", "2020", EVACUATED),
        ("doctors-per-100k", "2016", EVACUATED - {"07541"}),
        ("doctors-per-100k", "2020", EVACUATED - {"07541", "07212"}),
        # both on the register, or both in place
        ("death-rate", "2020", set()),
        ("net-migration-rate", "2020", set()),
        ("local-tax-per-head", "2020", set()),
        ("ageing-rate", "2020", set()),
        ("pupils-per-elementary-school", "2020", set()),
    ],
)
def test_people_registered_are_not_set_against_people_in_place_where_they_were_evacuated(
    whole: dict[str, Indicator], name: str, period: str, expected: set[str]
) -> None:
    assert set(whole[name].base_differs(period)) == expected


@pytest.mark.parametrize(
    ("name", "between", "expected"),
    [
        # 飯舘村 07564: 41 in place in 2015, 1,318 in 2020; 三宅村 13381: nobody in 2000
        ("population", ("2015", "2020"), EVACUATED),
        ("population", ("2010", "2020"), EVACUATED - {"07541", "07212"}),
        ("population", ("2000", "2015"), EVACUATED | {"13381"}),
        ("population", ("1995", "2010"), set()),
        ("households", ("2010", "2020"), EVACUATED - {"07541", "07212"}),
        ("ageing-rate", ("2015", "2020"), EVACUATED),
        ("population-density", ("2015", "2020"), EVACUATED),
        # those on the register, and what is there, are the same before and after
        ("register-population", ("2010", "2020"), set()),
        ("births", ("2010", "2020"), set()),
        ("hospitals", ("2010", "2020"), set()),
        ("projected-population", ("2015", "2020"), set()),
    ],
)
def test_people_whom_a_census_found_are_not_set_against_those_of_before(
    whole: dict[str, Indicator], name: str, between: tuple[str, str], expected: set[str]
) -> None:
    assert {one.area_code for one in whole[name].absent_at(*between)} == expected


def test_a_break_of_an_unknown_indicator_is_refused(tmp_path: Path) -> None:
    for name in ("indicators.csv", "families.csv", "breaks.csv", "evacuations.csv"):
        (tmp_path / name).write_bytes((CATALOGUE.parent / name).read_bytes())
    with (tmp_path / "breaks.csv").open("a", encoding="utf-8") as opened:
        opened.write("nursery,2023,理由,Reason.,source\nfamily:nursery,2023,理由,Reason.,source\n")
    with pytest.raises(InvalidRows, match="does not have") as refused:
        read_folder(tmp_path)
    assert {one.value for one in refused.value.findings} == {"nursery", "family:nursery"}


def test_a_change_has_periods_only_where_the_earlier_one_exists(catalogue: dict[str, Indicator]) -> None:
    assert periods(catalogue["population-change"], {"population": ["2010", "2015", "2023"]}) == ["2015"]


def test_an_unknown_period_is_refused(catalogue: dict[str, Indicator]) -> None:
    with pytest.raises(NotFound, match="ageing-rate has no period 2019"):
        base_periods(catalogue["ageing-rate"], "2019", AVAILABLE)


def test_a_formula_is_a_signed_sum() -> None:
    assert terms("births - deaths + in-migrants") == [(1, "births"), (-1, "deaths"), (1, "in-migrants")]


@pytest.mark.parametrize(
    "formula", ["births * deaths", "births-", "births deaths", "(births)", "Births", "1.5"]
)
def test_what_is_no_sum_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="no sum"):
        terms(formula)


def test_groups_are_summed_and_one_missing_member_leaves_a_gap() -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, 8.0])
    groups = np.array([0, 0, 1, 1, -1])
    codes = np.array(["02201", "02202", "03201", "03202", "04201"])
    assert aggregated(values, groups, 3, codes) == pytest.approx([3.0, math.nan, math.nan], nan_ok=True)


def test_the_villages_of_the_northern_territories_are_not_missed() -> None:
    codes = np.array(["01100", "01695"])
    assert aggregated(np.array([5.0, np.nan]), np.array([0, 0]), 1, codes).tolist() == [5.0]


def test_a_published_figure_wins_over_the_sum() -> None:
    found = own_or_sum(np.array([5_092_000.0, np.nan]), np.array([5_091_514.0, 7.0]))
    assert found.tolist() == [5_092_000.0, 7.0]


def test_a_hundred_indicators_with_names_in_both_languages_ship(catalogue: dict[str, Indicator]) -> None:
    assert len(catalogue) >= 100
    assert not {one.name_ja for one in catalogue.values() if one.name_ja.isascii()}
    assert all(one.name_en.replace("’", "").isascii() for one in catalogue.values())
    assert len({one.name_ja for one in catalogue.values()}) == len(catalogue)


def test_every_indicator_survives_json(whole: dict[str, Indicator]) -> None:
    assert all(from_json(to_json(one)) == one for one in whole.values())


def test_types_of_municipality_have_labels_and_colours(catalogue: dict[str, Indicator]) -> None:
    kinds = catalogue["municipality-type"].categories
    assert [kind.label_ja for kind in kinds] == ["政令指定都市", "特別区", "市", "町", "村"]
    assert len({kind.colour for kind in kinds}) == 5


def _with(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = CATALOGUE.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "indicators.csv"
    path.write_text(text, "utf-8")
    (tmp_path / "families.csv").write_bytes(FAMILIES.read_bytes())
    return path


def _rewritten(tmp_path: Path, id: str, cells: dict[str, str]) -> Path:
    """Return a copy of the catalogue with other cells in one row."""
    with CATALOGUE.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    (row,) = [row for row in rows if row["id"] == id]
    row.update(cells)
    path = tmp_path / "indicators.csv"
    with path.open("w", encoding="utf-8", newline="") as opened:
        table = csv.DictWriter(opened, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    (tmp_path / "families.csv").write_bytes(FAMILIES.read_bytes())
    return path


def _family(tmp_path: Path, id: str, cells: dict[str, str]) -> None:
    """Give other cells to a row of the families beside a copy of the catalogue."""
    path = tmp_path / "families.csv"
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in rows:
        row.update(cells if row["id"] == id else {})
    with path.open("w", encoding="utf-8", newline="") as opened:
        table = csv.DictWriter(opened, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.mark.parametrize(
    ("id", "field", "told"),
    [
        ("population", "kana", ""),
        ("population", "kana", "そう人口"),
        ("population", "kana", "ソウジンコウ"),
        ("population", "family", ""),
        ("population", "family", "populations"),
        ("population", "unit_ja", ""),
        ("ageing-rate", "unit_en", ""),
        ("total-fertility-rate", "unit_ja", "人"),
        ("population-male", "name_ja", "総人口"),
        ("population-male", "name_en", "population"),
    ],
)
def test_a_row_without_reading_family_or_unit_or_with_the_name_of_another_is_refused(
    tmp_path: Path, id: str, field: str, told: str
) -> None:
    with pytest.raises(InvalidRows) as refused:
        read_catalogue(_rewritten(tmp_path, id, {field: told}))
    (fault,) = refused.value.findings
    both = "unit_en" if (field, told) == ("unit_ja", "人") else field
    assert (fault.field, fault.value) in {(both, told), (both, "")}


def test_readings_are_in_hiragana_and_families_have_names_in_both_languages(
    whole: dict[str, Indicator],
) -> None:
    gaps = gap_indicators(read_definitions(CATALOGUE.parent / "gap_definitions.csv"))
    for one in [*whole.values(), *gaps.values()]:
        assert is_kana(one.kana), one.id
        assert one.family is not None, one.id
        assert is_kana(one.family.kana), one.id
        assert one.family.name_ja, one.id
        assert one.family.name_en.isascii(), one.id
    assert {one.family for one in gaps.values()} == {whole["transport-gap-declared"].family}
    assert len({one.kana for one in whole.values()}) == len(whole)


def test_every_family_has_indicators_of_one_topic(whole: dict[str, Indicator]) -> None:
    families, _ = read_families(FAMILIES, SHARED)
    topics: dict[str, set[str]] = {name: set() for name in families}
    for one in whole.values():
        assert one.family is not None
        topics[one.family.id].add(one.topic)
    assert {name: told for name, told in topics.items() if len(told) != 1} == {}


def test_a_family_fills_what_its_indicators_leave_empty(tmp_path: Path) -> None:
    columns = (
        "description_ja description_en topic unit_ja unit_en kind aggregation over_time prefecture_figure"
    )
    path = _rewritten(tmp_path, "births", dict.fromkeys(columns.split(), ""))
    given = {
        "description_ja": "人口動態統計。",
        "description_en": "Vital statistics.",
        "topic": "population",
        "unit_ja": "人",
        "unit_en": "persons",
        "kind": "count",
        "denominator": "population",
        "scale": "1000",
        "denominator_source": "census",
        "aggregation": "sum",
        "over_time": "flow",
        "prefecture_figure": "published",
    }
    _family(tmp_path, "births", given)
    found = read_catalogue(path)
    births, rate = found["births"], found["birth-rate"]
    assert (births.description_ja, births.unit_en, births.kind) == ("人口動態統計。", "persons", "count")
    assert (births.denominator, births.scale, births.aggregation) == ("", 1.0, "sum")
    # what the row says itself stands, and a rate adds up as a rate does
    assert (rate.denominator, rate.unit_ja, rate.aggregation) == ("register-population", "‰", "ratio_of_sums")
    assert (rate.over_time, rate.prefecture_figure) == ("none", "")


@pytest.mark.parametrize(
    ("field", "told"), [("id", "Births"), ("name_ja", "死亡"), ("name_en", ""), ("kana", "出生")]
)
def test_a_wrong_family_is_refused(tmp_path: Path, field: str, told: str) -> None:
    path = _rewritten(tmp_path, "births", {})
    _family(tmp_path, "births", {field: told})
    with pytest.raises(InvalidRows, match=r"families\.csv has") as refused:
        read_catalogue(path)
    assert (field, told) in {(one.field, one.value) for one in refused.value.findings}


def test_every_fault_of_a_catalogue_is_listed_with_its_line(tmp_path: Path) -> None:
    broken = _with(
        tmp_path,
        ("population-65-plus,population,100", "population-66-plus,population * 2,100"),
        ("total-area,B1101,総面積", "Total Area,B1101,総面積"),
        ("births - deaths,,1", "net-migration - deaths,,1"),
        ("#d95f02", "orange"),
    )
    rows = broken.read_text("utf-8").splitlines()
    lines = {row.split(",")[0]: f"line {number}" for number, row in enumerate(rows, 1)}
    with pytest.raises(InvalidRows) as refused:
        read_catalogue(broken)
    found = {(finding.where, finding.field, finding.value) for finding in refused.value.findings}
    assert (lines["ageing-rate"], "numerator", "population-66-plus") in found
    assert (lines["ageing-rate"], "denominator", "population * 2") in found
    assert (lines["Total Area"], "id", "Total Area") in found
    assert any(field == "numerator" and value == "net-migration" for _, field, value in found)
    assert any(field == "categories" for _, field, _ in found)


@pytest.mark.parametrize(
    ("id", "field", "told"),
    [
        ("population", "aggregation", ""),
        ("population", "over_time", ""),
        ("population", "aggregation", "mean"),
        ("population", "aggregation", "ratio_of_sums"),
        ("ageing-rate", "aggregation", "sum"),
        ("food-share", "aggregation", "ratio_of_sums"),  # of what households spend on average
        ("income-per-head-2015-base", "aggregation", "sum"),
        ("population", "over_time", "yearly"),
        ("population", "prefecture_figure", ""),
        ("ageing-rate", "prefecture_figure", "sum"),
        ("total-area", "differs_en", ""),
    ],
)
def test_a_row_that_does_not_say_how_it_adds_up_is_refused(
    tmp_path: Path, id: str, field: str, told: str
) -> None:
    path = _rewritten(tmp_path, id, {field: told})
    with pytest.raises(InvalidRows) as refused:
        read_catalogue(path)
    assert (field, told) in {(finding.field, finding.value) for finding in refused.value.findings}


def _beside(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """Return the catalogue with rows of months beside what ships."""
    text = CATALOGUE.read_text("utf-8")
    opened = io.StringIO()
    common = {"description_ja": "説明", "description_en": "Told.", "family": "population"}
    common |= {
        "unit_ja": "人",
        "unit_en": "persons",
        "topic": "population",
        "aggregation": "none",
        "over_time": "none",
        "default_k": "5",
    }
    observed = {"kind": "count", "period_kind": "month", "prefecture_figure": "none"}
    table = csv.DictWriter(opened, next(csv.reader(text.splitlines())))
    listed = ({"id": "arrivals", **observed}, {"id": "residents-monthly", **observed}, *rows)
    for place, row in enumerate(listed):
        named = {"name_ja": f"名{place}", "name_en": f"Name {place}", "kana": f"な{place}"}
        table.writerow({**common, **named, **row})
    (tmp_path / "families.csv").write_bytes((CATALOGUE.parent / "families.csv").read_bytes())
    path = tmp_path / "indicators.csv"
    path.write_text(text + opened.getvalue(), "utf-8")
    return path


RATE = {"id": "rate", "kind": "ratio", "numerator": "arrivals", "denominator_source": "census"}


@pytest.mark.parametrize(
    ("kind", "numerator", "denominator", "at", "faulty"),
    [
        ("month", "arrivals", "residents-monthly", "same", []),
        ("month", "arrivals", "population", "latest", []),
        ("month", "arrivals", "population", "same", ["denominator"]),  # no month of a year
        ("month", "arrivals", "gpp-2015-base", "latest", ["denominator"]),  # a fiscal year ends in March
        ("month", "births", "residents-monthly", "same", ["numerator"]),
        ("quarter", "arrivals", "population", "latest", ["numerator"]),  # no quarter is made of months
        ("fiscal_year", "births", "residents-monthly", "latest", ["denominator"]),
        ("calendar_year", "arrivals", "population", "same", ["numerator"]),
    ],
)
def test_no_year_is_made_of_months_and_no_month_of_a_year(
    tmp_path: Path, kind: str, numerator: str, denominator: str, at: str, faulty: list[str]
) -> None:
    parts = {"numerator": numerator, "denominator": denominator, "denominator_period": at}
    path = _beside(tmp_path, {**RATE, **parts, "period_kind": kind})
    if not faulty:
        assert read_catalogue(path)["rate"].period_kind == kind
        return
    with pytest.raises(InvalidRows) as refused:
        read_catalogue(path)
    assert [one.field for one in refused.value.findings] == faulty
    assert refused.value.findings[0].expected.startswith(f"an indicator of the period_kind {kind}")


def test_a_month_is_divided_by_what_had_ended_when_it_had(tmp_path: Path) -> None:
    row = {**RATE, "denominator": "population", "denominator_period": "latest", "period_kind": "month"}
    rate = read_catalogue(_beside(tmp_path, row))["rate"]
    available = {"arrivals": ["2015-11", "2020-11", "2020-12"], "population": ["2015", "2020"]}
    assert periods(rate, available) == ["2020-11", "2020-12"]
    assert base_periods(rate, "2020-11", available) == [("arrivals", "2020-11"), ("population", "2015")]
    assert base_periods(rate, "2020-12", available) == [("arrivals", "2020-12"), ("population", "2020")]


def test_a_change_of_months_is_against_the_same_month_of_a_year_before(tmp_path: Path) -> None:
    row = {"id": "growth", "kind": "change", "numerator": "arrivals", "lag": "1", "period_kind": "month"}
    growth = read_catalogue(_beside(tmp_path, row))["growth"]
    available = {"arrivals": ["2024-01", "2024-03", "2025-01", "2025-02"]}
    assert periods(growth, available) == ["2025-01"]
    figures = {("arrivals", "2024-01"): [50.0], ("arrivals", "2025-01"): [60.0]}
    assert evaluate(growth, "2025-01", available, told(figures)).tolist() == [0.2]


def test_moves_add_up_where_as_many_enter_as_leave(catalogue: dict[str, Indicator]) -> None:
    net = catalogue["net-migration"]
    assert moves_cancel(net, catalogue)
    assert not moves_cancel(replace(net, numerator="in-migrants + out-migrants"), catalogue)
    assert not moves_cancel(replace(net, numerator="births + in-migrants - deaths"), catalogue)
    assert not moves_cancel(replace(net, denominator="out-migrants"), catalogue)
    assert moves_cancel(catalogue["ageing-rate"], catalogue)


def test_a_header_with_another_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRows, match="header"):
        read_catalogue(_with(tmp_path, ("id,code,", "id,codes,")))


def test_the_serving_process_gets_no_pandas_from_indicators() -> None:
    heavy = "{'pandas', 'geopandas', 'scipy'}"
    ask = f"import sys, geo.figures.indicators, geo.areas.lineage; print({heavy} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_every_topic_of_the_catalogue_is_named(catalogue: dict[str, Indicator]) -> None:
    of_layers = {"measures", "progress"}
    assert {one.topic for one in catalogue.values()} == set(indicators.TOPICS) - of_layers


def test_every_indicator_has_a_scheme_and_a_palette_that_exist(catalogue: dict[str, Indicator]) -> None:
    for one in catalogue.values():
        assert one.default_scheme in SCHEMES, one.id
        assert one.default_palette in palettes.names(), one.id
        assert len(palettes.colours(one.default_palette, one.default_k)) == one.default_k
