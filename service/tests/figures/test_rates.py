"""Rates of the data that ship: divided by the people whom they count, or told to be none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.codes import prefecture_of
from service.figures.forms import described, layer_described, series_described
from service.figures.series import lines_of
from service.figures.values import STATUSES, Floats
from service.memory.atlas import Atlas
from service.planning.effects import Window, window
from service.planning.outcomes import counted_alike
from service.planning.profiles import Asked, Card, Profile, profile_of

DATE = dt.date(2021, 1, 1)


def told(atlas: Atlas, layer: str, period: str, code: str, level: str = "municipality") -> float | str:
    vector = atlas.vector(atlas.indicator(layer), period, level, DATE)
    at = atlas.gazetteer(DATE, level).position[code]
    return float(vector.values[at]) if vector.statuses[at] == 0 else STATUSES[vector.statuses[at]]


def values(atlas: Atlas, layer: str, period: str, level: str) -> Floats:
    return atlas.vector(atlas.indicator(layer), period, level, DATE).values


@pytest.mark.parametrize(
    ("layer", "period", "code", "expected"),
    [
        # 前橋市: 54,152,389 thousand yen over 328,988 residents of 2020, 53,584,014 over 327,668 of 2021
        ("local-tax-per-head", "2019", "10201", 164.603),
        ("local-tax-per-head", "2020", "10201", 163.532),
        # 千代田区: 381 deaths over 60,639, 406 over 62,714
        ("death-rate", "2019", "13101", 6.283),
        ("death-rate", "2020", "13101", 6.474),
        # 大熊町: 116 deaths over 10,271 on the register, of whom the census found 847 in place
        ("death-rate", "2020", "07545", 11.294),
        # 双葉町: 70 arrivals and 116 departures over 5,403
        ("net-migration-rate", "2024", "07546", -0.851),
    ],
)
def test_events_are_divided_by_those_whose_events_they_are(
    atlas: Atlas, layer: str, period: str, code: str, expected: float
) -> None:
    assert told(atlas, layer, period, code) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("layer", "events", "held", "told"),
    # of 1,737 municipalities, over the census held for years, and over the register
    [("local-tax-per-head", "local-tax", 550, 100), ("death-rate", "deaths", 343, 25)],
)
def test_rates_move_as_they_do_over_the_people_of_their_year(
    atlas: Atlas, layer: str, events: str, held: int, told: int
) -> None:
    before, after = (values(atlas, events, period, "municipality") for period in ("2019", "2020"))
    people = [values(atlas, "population", period, "municipality") for period in ("2015", "2020")]
    first, last = (np.where(each > 0, each, np.nan) for each in people)
    between = first + (last - first) * 4 / 5

    def moves(earlier: Floats, later: Floats) -> NDArray[np.bool_]:
        known = np.isfinite(after / last - before / first)
        return (later > earlier)[known]

    right = moves(before / between, after / last)
    rates = (values(atlas, layer, period, "municipality") for period in ("2019", "2020"))
    assert len(right) == 1_737
    assert (moves(before / first, after / last) != right).sum() == held
    assert (moves(*rates) != right).sum() == told


def test_no_death_rate_is_beyond_belief(atlas: Atlas) -> None:
    for period in atlas.periods(atlas.indicator("death-rate"), "municipality"):
        assert np.nanmax(values(atlas, "death-rate", period, "municipality")) < 50


@pytest.mark.parametrize(
    ("layer", "period", "code", "expected"),
    [
        ("population-change", "2020", "07564", "base_differs"),  # 飯舘村: 41 in place in 2015, 1,318 in 2020
        ("population-change", "2020", "07543", "base_differs"),  # 富岡町: nobody in 2015
        ("population-change", "2000", "13381", "base_differs"),  # 三宅村: nobody
        ("population-change", "2015", "13381", (2482 - 2676) / 2676 * 100),
        ("doctors-per-100k", "2020", "07543", "base_differs"),
        ("projected-population", "2045", "07543", "not_available"),
        ("projected-population-change", "2045", "07543", "not_available"),
        ("population", "2020", "01695", "not_available"),
    ],
)
def test_what_cannot_be_told_says_why(
    atlas: Atlas, layer: str, period: str, code: str, expected: float | str
) -> None:
    found = told(atlas, layer, period, code)
    assert found == (expected if isinstance(expected, str) else pytest.approx(expected))


def test_a_ward_of_a_city_that_was_not_yet_divided_has_no_figure_at_its_level(atlas: Atlas) -> None:
    # 相模原市 was divided in 2010; its wards are on the register from 2011 on
    assert told(atlas, "register-population", "2005", "14151", "ward") == "not_at_level"
    assert told(atlas, "register-population", "2020", "14151", "ward") == 166_602


def test_levels_without_figures_are_not_offered(atlas: Atlas) -> None:
    assert atlas.levels(atlas.indicator("doctors")) == ["prefecture", "municipality"]
    assert atlas.levels(atlas.indicator("in-migrants-women")) == ["prefecture"]
    assert atlas.periods(atlas.indicator("population"), "ward") == ["2020"]
    assert "ward" in atlas.levels(atlas.indicator("register-population"))


def test_a_line_of_a_ward_says_that_nothing_is_told_at_its_level(atlas: Atlas) -> None:
    vintage = atlas.catalogue.vintages[DATE]
    ((_, points),) = lines_of(atlas, atlas.indicator("doctors"), vintage, "01101", "2020", "2022")
    assert [(p.period, p.value, p.status) for p in points] == [
        ("2020", None, "not_at_level"),
        ("2022", None, "not_at_level"),
    ]


#: Numerators that are the same in both tables: see ``data/statistics/SOURCE.md`` for the others.
MEETING = [
    ("death-rate", "2020", 1000),
    ("birth-rate", "2023", 1000),
    ("marriage-rate", "2019", 1000),
    ("net-migration-rate", "2024", 100),
    ("natural-change-rate", "2021", 1000),
    ("local-tax-per-head", "2020", 1),
    ("expenditure-per-head", "2022", 1),
    ("doctors-per-100k", "2022", 100_000),
    ("clinics-per-10k", "2023", 10_000),
    ("hospitals-per-100k", "2015", 100_000),
    ("libraries-per-100k", "2021", 100_000),
]


@pytest.mark.parametrize(("layer", "period", "scale"), MEETING)
def test_the_rate_of_a_prefecture_is_that_of_its_municipalities_together(
    atlas: Atlas, layer: str, period: str, scale: int
) -> None:
    one = atlas.indicator(layer)
    register = str(int(period) + 1) if one.denominator_period == "next" else period
    towns, prefectures = (atlas.gazetteer(DATE, level) for level in ("municipality", "prefecture"))
    people = values(atlas, "register-population", register, "municipality")
    signs = {
        "births - deaths": ("births", "deaths"),
        "in-migrants - out-migrants": ("in-migrants", "out-migrants"),
    }
    plus, *minus = signs.get(one.numerator, (one.numerator,))
    events = values(atlas, plus, period, "municipality").copy()
    for name in minus:
        events -= values(atlas, name, period, "municipality")
    groups = [prefectures.position[prefecture_of(code)] for code in towns.codes.tolist()]
    sums = [np.bincount(groups, weights=np.nan_to_num(each), minlength=47) for each in (events, people)]
    assert values(atlas, layer, period, "prefecture") == pytest.approx(sums[0] / sums[1] * scale)


def profile(atlas: Atlas, code: str, level: str = "municipality") -> Profile:
    vintage = atlas.catalogue.vintages[DATE]
    return profile_of(atlas, Asked(vintage, level, atlas.gazetteer(DATE, level).area(code)))


def cards_of(told: Profile) -> dict[str, Card]:
    return {one.leaf.indicator.id: one for listed in told.cards.values() for one in listed}


def test_no_effect_is_told_across_a_break(atlas: Atlas) -> None:
    nurseries, periods = atlas.indicator("nurseries"), ["2019", "2020", "2022", "2023"]

    def alike(first: str, last: str) -> bool:
        return counted_alike(nurseries, {}, first, last)

    assert window(periods, 2021, 2, alike) is None
    assert window(periods, 2021, 1, alike) == Window(("2019",), "2020", "2022")
    assert window([*periods, "2024"], 2024, 0, alike) == Window((), "2023", "2024")


def test_no_trend_is_told_across_a_break(atlas: Atlas) -> None:
    cards = {
        one.leaf.indicator.id: one for listed in profile(atlas, "10201").cards.values() for one in listed
    }
    # 2016 and 2021, and between them the economic census began to draw on the register of corporate numbers
    assert cards["establishments-per-1000"].trend is None
    assert [period for period, _ in cards["establishments-per-1000"].series] == ["2016", "2021"]
    assert cards["doctors-per-100k"].trend is not None


def test_a_series_tells_its_breaks(atlas: Atlas) -> None:
    vintage, one = atlas.catalogue.vintages[DATE], atlas.indicator("nurseries")
    answer = series_described(atlas, one, vintage, lines_of(atlas, one, vintage, "00000"))
    assert [each["period"] for each in answer["breaks"]] == ["2023"]
    assert answer["summary"]["ja"].startswith(
        "全国の保育所等数は、2019年（令和元年）に28,737所、2023年（令和5年）に23,726所です。"
        "2023年（令和5年）以降は、それより前と比べられません。"
    )
    # no paper of the publisher that was read says why
    assert "原因は公表資料で確認できていない" in answer["summary"]["ja"]
    assert "The cause is not documented" in answer["breaks"][0]["reason"]["en"]
    before = series_described(atlas, one, vintage, lines_of(atlas, one, vintage, "00000", None, "2022"))
    assert "30,358所になりました（+5.6%）" in before["summary"]["ja"]


def test_a_layer_tells_what_it_is_divided_by_and_for_whom_it_cannot_be_told(atlas: Atlas) -> None:
    found = described(atlas, atlas.indicator("local-tax-per-head"))
    assert found["denominator"] == "register-population"
    assert found["denominator_source"] is not None
    assert found["denominator_source"]["source"] == "register"
    assert "日本人住民" in found["denominator_source"]["text"]["ja"]
    assert layer_described(atlas, atlas.indicator("local-tax-per-head"))["base_differs"] == []
    density = layer_described(atlas, atlas.indicator("clinics-per-10k"))
    assert {"07546"} < {one["area"] for one in density["base_differs"] if one["last"] is None}
    assert described(atlas, atlas.indicator("births"))["denominator_source"] is None


def test_a_census_of_agriculture_is_of_the_fiscal_year_it_lies_in(atlas: Atlas) -> None:
    farms = atlas.indicator("farm-households")
    assert farms.period_kind == "fiscal_year"  # February 2015 and February 2020
    assert atlas.periods(farms, "municipality") == ["2014", "2019"]


def test_foreign_residents_are_told_for_censuses_alone(atlas: Atlas) -> None:
    foreign = atlas.indicator("foreign-population")
    assert {tuple(atlas.periods(foreign, level)) for level in atlas.levels(foreign)} == {("2015", "2020")}
    assert "推計" not in foreign.description_ja


def test_an_evacuated_town_is_nobodys_peer_and_has_none(atlas: Atlas) -> None:
    gazetteer = atlas.gazetteer(DATE, "municipality")
    assert profile(atlas, "07564").peers == ()
    evacuated = {gazetteer.position[code] for code in ("07543", "07546", "07564")}
    near = profile(atlas, "07561").peers
    assert len(near) == 10
    assert evacuated.isdisjoint(near)


def test_a_ward_is_told_with_its_city_and_compared_with_none(atlas: Atlas) -> None:
    found = profile(atlas, "01101", "ward")
    cards = cards_of(found)
    assert found.peers == ()
    assert (cards["doctors-per-100k"].leaf.level, cards["doctors-per-100k"].code) == ("municipality", "01100")
