"""Series: which areas and periods are told, and the same in words."""

from __future__ import annotations

import datetime as dt

import pytest

from geo.errors import InvalidAreaCode, InvalidParameter, NotFound
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
