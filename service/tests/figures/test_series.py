"""Series: which areas and periods are told, and the same in words."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.errors import InvalidAreaCode, InvalidParameter, NotFound
from service.figures.lines import origins_of
from service.figures.series import MAX_AREAS, lines_in_words, lines_of
from service.memory.atlas import Atlas, Vintage


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def told(
    atlas: Atlas, vintage: Vintage, areas: str, first: str | None = None, last: str | None = None
) -> dict[str, list[tuple[str, float | None]]]:
    lines = lines_of(atlas, atlas.indicator("population"), vintage, areas, first, last)
    return {line.id: [(point.period, point.value) for point in points] for line, points in lines}


@pytest.mark.parametrize(
    ("first", "last", "periods"),
    [
        ("2010", None, ["2010", "2015", "2020"]),
        ("2011", "2019", ["2015"]),
        ("2015", "2015", ["2015"]),
        ("2016", "2019", []),
        ("2020", "2010", []),
    ],
)
def test_both_ends_of_a_span_belong_to_it(
    atlas: Atlas, vintage: Vintage, first: str | None, last: str | None, periods: list[str]
) -> None:
    assert [period for period, _ in told(atlas, vintage, "10201", first, last)["10201"]] == periods


def test_an_area_named_twice_is_told_once_and_in_the_order_asked_for(atlas: Atlas, vintage: Vintage) -> None:
    found = told(atlas, vintage, " 10366, 10201,,10366 ", "2015")
    # the censuses: 上野村, 前橋市
    assert found == {
        "10366": [("2015", 1_230.0), ("2020", 1_128.0)],
        "10201": [("2015", 336_154.0), ("2020", 332_149.0)],
    }


def test_a_prefecture_is_told_in_the_years_of_its_own_level(atlas: Atlas, vintage: Vintage) -> None:
    found = told(atlas, vintage, "10000,10201", "2019", "2021")
    assert found == {
        "10000": [("2019", 1_949_000.0), ("2020", 1_939_110.0), ("2021", 1_927_000.0)],
        "10201": [("2020", 332_149.0)],
    }


@pytest.mark.parametrize("areas", ["", " , ", ",".join(str(10_000 + n) for n in range(MAX_AREAS + 1))])
def test_none_and_too_many_areas_are_refused(atlas: Atlas, vintage: Vintage, areas: str) -> None:
    with pytest.raises(InvalidParameter, match=f"areas must hold 1 to {MAX_AREAS} items") as refused:
        told(atlas, vintage, areas)
    assert refused.value.findings[0].field == "areas"


@pytest.mark.parametrize(
    ("areas", "error"), [("10201,99999", InvalidAreaCode), ("10201,10999", NotFound), ("atlantis", NotFound)]
)
def test_one_area_that_does_not_exist_refuses_all(
    atlas: Atlas, vintage: Vintage, areas: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        told(atlas, vintage, areas)


def carried(
    atlas: Atlas, vintage: Vintage, name: str, areas: str, *periods: str
) -> list[tuple[str | None, list[str]]]:
    """Return how the figures of one line were carried in some periods, and from which boundaries."""
    indicator = atlas.indicator(name)
    ((line, points),) = lines_of(atlas, indicator, vintage, areas)
    wanted = [point for point in points if point.period in periods]
    origins = origins_of(atlas, indicator, vintage, line, wanted)
    return [(one.carried, list(map(str, one.dates))) for one in origins]


def test_a_series_says_how_each_figure_came_to_stand_on_its_boundaries(
    atlas: Atlas, vintage: Vintage
) -> None:
    # 浜松市: eleven towns joined it on 2005-07-01; 22202 became 22130 on 2007-04-01
    assert carried(atlas, vintage, "register-population", "22130", "2005", "2006", "2008") == [
        ("summed", ["2005-03-31"]),
        ("renumbered", ["2006-03-31"]),
        ("as_published", ["2008-03-31"]),
    ]
    of_2015 = ["2015-10-01"]
    assert carried(atlas, vintage, "population", "19430", "2000", "2005", "2010") == [
        ("apportioned", of_2015),
        ("apportioned", of_2015),
        ("as_published", of_2015),
    ]


def test_areas_together_are_summed_but_for_what_was_published_for_them(
    atlas: Atlas, vintage: Vintage
) -> None:
    assert [how for how, _ in carried(atlas, vintage, "population", "tokyo-area", "2015", "2020")] == [
        *("summed", "summed")
    ]
    # the migration report tells the moves into the Tokyo area; of other regions nobody does
    assert carried(atlas, vintage, "in-migrants", "tokyo-area", "2025") == [("as_published", ["2025-10-01"])]
    ((how, _),) = carried(atlas, vintage, "in-migrants", "nation", "2024")
    assert how is None


def test_a_chart_in_words_says_which_figures_were_apportioned(atlas: Atlas, vintage: Vintage) -> None:
    population = atlas.indicator("population")
    words = lines_in_words(population, lines_of(atlas, population, vintage, "19201,19202"))
    assert words["ja"].endswith(
        "甲府市の1980年（昭和55年）から2005年（平成17年）までの値は、分割された地域の値を、公表元が配分したものです。"
    )
    assert words["en"].endswith(
        "Kofu-shi, 1980 to 2005: apportioned by its publisher after an area was split."
    )


def test_a_chart_in_words_leaves_out_missing_years_and_says_where_there_is_nothing(
    atlas: Atlas, vintage: Vintage
) -> None:
    projected = atlas.indicator("projected-population")
    # 福島市 has no projection; 前橋市 has
    lines = lines_of(atlas, projected, vintage, "07201,10201", "2015", "2045")
    words = lines_in_words(projected, lines)
    assert words["ja"].startswith(
        "福島市の将来推計人口には値がありません（公表なし）。前橋市の将来推計人口は、2015年"
    )
    assert words["en"].startswith("Fukushima-shi: no figures of Projected population (not available).")
