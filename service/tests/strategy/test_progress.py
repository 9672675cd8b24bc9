"""How far KPIs have come: entered values over computed ones, two regions compared, ratings on a map."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.strategy.kpis import Actual, Kpi, Series
from geo.strategy.rating import Target
from service.figures.lines import Origin
from service.figures.values import STATUSES
from service.memory.atlas import Atlas, Vintage
from service.strategy.progress import courses, levels, races, with_area

#: People of 前橋市 (332,149 in 2020) are to be 340,000.
PEOPLE = Kpi(
    id="x",
    name_ja="",
    name_en="",
    definition_ja="",
    definition_en="",
    unit_ja="人",
    unit_en="",
    source_title="",
    source_url="",
    series=(Series("population"),),
    targets=(Target("10201", "number", 336_154, "2015", 340_000, "2030", plan_from=2016, plan_to=2030),),
)


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def test_a_published_series_has_only_what_was_entered(atlas: Atlas, vintage: Vintage) -> None:
    kpi = replace(PEOPLE, actuals=(Actual("10201", "2025", 5.0), Actual("10201", "2024", None, "secret")))
    found = levels(atlas, kpi, Series("published"), "10201", vintage)
    assert [(one.period, one.value, one.status) for one in found] == [
        ("2024", None, "secret"),
        ("2025", 5.0, "ok"),
    ]
    assert levels(atlas, kpi, Series("published"), "10202", vintage) == []


def test_an_indicators_figures_are_rated_by_year(atlas: Atlas, vintage: Vintage) -> None:
    (course,) = courses(atlas, PEOPLE, vintage)
    by_year = {level.period: (level, assessment) for level, assessment in course.points}
    level, assessment = by_year["2020"]
    assert (level.value, level.actual, level.sources) == (332_149, None, ("census-2020",))
    # 4,005 fewer, of 3,846 more that were to come; a third of the way was due
    assert assessment.progress_rate == pytest.approx(-4_005 / 3_846)
    assert assessment.expected == pytest.approx(1 / 3)
    assert (assessment.achieved, assessment.rating) == (False, "D")


def test_an_entered_value_wins_over_the_figure_of_the_same_year(atlas: Atlas, vintage: Vintage) -> None:
    kpi = replace(
        PEOPLE, actuals=(Actual("10201", "2020", 341_000.0), Actual("10201", "2024", None, "unknown"))
    )
    (course,) = courses(atlas, kpi, vintage)
    told = {
        level.period: (level.value, level.sources, rated.achieved, rated.reason)
        for level, rated in course.points
    }
    assert told["2020"] == (341_000.0, ("kpi-register",), True, "")
    assert told["2024"] == (None, ("kpi-register",), None, "no_actual")
    assert [level.period for level, _ in course.points] == sorted(told)


def test_an_entered_value_has_no_boundaries_and_the_others_those_of_their_figures(
    atlas: Atlas, vintage: Vintage
) -> None:
    actuals = (Actual("10201", "2015", 341_000.0), Actual("10201", "2024", None, "unknown"))
    (course,) = courses(atlas, replace(PEOPLE, actuals=actuals), vintage)
    origins = {level.period: level.origin for level, _ in course.points}
    assert origins["2015"] == Origin("as_published", ())
    assert origins["2024"] == Origin(None, ())
    assert origins["2020"] == Origin("as_published", (dt.date(2020, 10, 1),))


def test_an_actual_of_an_area_without_a_target_is_told_unrated(atlas: Atlas, vintage: Vintage) -> None:
    kpi = replace(PEOPLE, series=(Series("published"),), actuals=(Actual("10202", "2024", 7.0),))
    first, loose = courses(atlas, kpi, vintage)
    assert first.points == ()
    ((level, assessment),) = loose.points
    assert (loose.target, level.value) == (Target("10202", "number"), 7.0)
    assert (assessment.rating, assessment.reason) == (None, "no_target")


RELATIVE = replace(
    PEOPLE,
    series=(Series("population"),),
    targets=(Target("10201", "not_below_comparator", comparator="10366"),),
    growth_basis="cumulative",
)


def test_a_region_is_compared_with_another_since_a_year(atlas: Atlas, vintage: Vintage) -> None:
    (race,) = races(atlas, RELATIVE, vintage, since="2015")
    last = race.comparisons[-1]
    # 前橋市 336,154 → 332,149, 上野村 1,230 → 1,128
    assert (last.period, last.level, last.comparator_level) == ("2020", 332_149, 1_128)
    assert last.growth == pytest.approx(332_149 / 336_154 - 1)
    assert last.comparator_growth == pytest.approx(1_128 / 1_230 - 1)
    assert last.difference_points == pytest.approx(-1.19142 + 8.29268, abs=1e-5)
    assert (last.achieved, race.missing) == (True, ())
    assert {"census-age-1980-2015", "census-2020"} <= set(race.sources)


def test_without_the_year_before_there_is_no_yearly_growth(atlas: Atlas, vintage: Vintage) -> None:
    (race,) = races(atlas, RELATIVE, vintage, "yoy")
    assert {one.achieved for one in race.comparisons} == {None}


@pytest.mark.parametrize(
    ("indicator", "area", "baseline", "period", "reason"),
    [
        # nurseries of 2023 are another count
        ("nurseries", "10201", "2022", "2023", "series_breaks"),
        ("nurseries", "10201", "2019", "2022", ""),
        ("nurseries-per-1000-children", "10201", "2022", "2023", "series_breaks"),
        # 飯舘村: 41 in place in 2015, 1,318 in 2020
        ("population", "07564", "2015", "2020", "base_differs"),
        ("population", "07561", "2015", "2020", ""),
        ("register-population", "07564", "2015", "2020", ""),
    ],
)
def test_a_figure_that_is_counted_otherwise_than_the_baseline_is_told_unrated(
    atlas: Atlas, vintage: Vintage, indicator: str, area: str, baseline: str, period: str, reason: str
) -> None:
    target = Target(area, "number", 10, baseline, 11, "2030", plan_from=2016, plan_to=2030)
    kpi = replace(PEOPLE, series=(Series(indicator),), targets=(target,))
    (course,) = courses(atlas, kpi, vintage)
    (found,) = [each for level, each in course.points if level.period == period]
    assert found.actual is not None
    if reason:
        assert (found.reason, found.achieved, found.rating, found.progress_rate) == (reason, None, None, None)
    else:
        assert found.achieved is not None
    # what a steward enters is the town's own count
    entered = replace(kpi, actuals=(Actual(area, period, 12.0),))
    (course,) = courses(atlas, entered, vintage)
    (found,) = [each for level, each in course.points if level.period == period]
    assert found.achieved is True


def test_two_regions_are_not_compared_across_a_break(atlas: Atlas, vintage: Vintage) -> None:
    against = Target("10201", "not_below_comparator", comparator="10202")
    kpi = replace(RELATIVE, series=(Series("nurseries"),), targets=(against,), growth_basis="yoy")
    (race,) = races(atlas, kpi, vintage)
    told = {one.period: one for one in race.comparisons}
    assert (told["2023"].growth, told["2023"].achieved) == (None, None)
    assert told["2022"].achieved is not None


def test_a_kpi_with_one_area_tells_nothing_of_others() -> None:
    kpi = replace(PEOPLE, actuals=(Actual("10201", "2024", 1.0), Actual("10202", "2024", 2.0)))
    assert [one.value for one in with_area(kpi, "10202").actuals] == [2.0]
    assert with_area(kpi, "10202").targets == ()
    assert with_area(kpi, "10201").targets == kpi.targets


def test_the_map_shows_how_each_prefecture_grew_against_the_tokyo_area(atlas: Atlas) -> None:
    layer = atlas.catalogue.layers["kpi-progress:goal-1-productivity-growth"]
    found = atlas.vector(layer, "2018", "prefecture", dt.date(2021, 1, 1))
    codes = [one.code for one in atlas.gazetteer(dt.date(2021, 1, 1), "prefecture").areas]
    told = dict(zip(codes, found.values.tolist(), strict=True))
    # nominal product per employed person in million yen, fiscal 2017 and 2018, accounts of 2018: the Tokyo
    # area 9.4490 → 9.4292 (−0.2102 %), 熊本 −4.6452 %, 佐賀 +6.0986 %
    assert told["43000"] == pytest.approx(-4.4350, abs=5e-5)
    assert told["41000"] == pytest.approx(6.3088, abs=5e-5)
    less = [code[:2] for code, value in told.items() if value < 0]
    assert less == ["02", "05", "06", "09", "26", "27", "28", "33", "34", "38", "43", "47"]
    named = dict(zip(codes, (STATUSES[status] for status in found.statuses), strict=True))
    assert [code for code in codes if named[code] != "ok"] == ["11000", "12000", "13000", "14000"]
    assert {named[code] for code in ("11000", "12000", "13000", "14000")} == {"not_applicable"}
    assert found.sources == ("accounts-2011-base",)


def test_a_progress_layer_of_two_regions_says_that_it_is_no_verdict(atlas: Atlas) -> None:
    layer = atlas.catalogue.layers["kpi-progress:goal-1-gpp-growth"]
    assert (layer.kind, layer.categories) == ("index", ())
    assert layer.name_ja == "域内総生産の伸び率（東京圏以外）：都道府県別、東京圏との差"
    assert "2024年度以前の値は戦略開始前の参考値。" in layer.description_ja
    assert "Any figure up to FY2024 is a reference value before the strategy." in layer.description_en
    assert atlas.periods(layer, "prefecture") == [str(year) for year in range(2007, 2023)]


def test_the_newest_base_is_the_one_that_the_map_shows(atlas: Atlas) -> None:
    layer = atlas.catalogue.layers["kpi-progress:goal-1-gpp-growth"]
    date = dt.date(2021, 1, 1)
    assert [atlas.vector(layer, period, "prefecture", date).sources for period in ("2011", "2012")] == [
        ("accounts-2011-base",),
        ("accounts-2015-base",),
    ]
