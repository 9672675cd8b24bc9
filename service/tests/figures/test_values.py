"""From published figures to values in area order: what wins, what is summed, why something is missing."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from geo.areas.history import History, Share
from geo.areas.lineage import Change
from geo.figures import indicators
from geo.figures.indicators import Indicator
from service.areas.gazetteer import Area, Gazetteer
from service.figures.values import (
    ABSENT,
    STATUSES,
    Boundaries,
    Columns,
    Published,
    StoredVector,
    Vector,
    ages_by_year,
    columns_by_level,
    columns_of,
    derived,
    without,
)

NAN = math.nan
DATE = dt.date(2021, 1, 1)
OK, SECRET = STATUSES.index("ok"), STATUSES.index("secret")


def vector(values: list[float], statuses: list[str], *sources: str) -> Vector:
    codes = [STATUSES.index(status) for status in statuses]
    return Vector(np.array(values), np.array(codes, np.uint8), sources)


def told(found: Vector) -> list[float | str]:
    """Return each value, or why there is none."""
    pairs = zip(found.values.tolist(), found.statuses.tolist(), strict=True)
    return [STATUSES[status] if math.isnan(value) else value for value, status in pairs]


def test_a_computed_value_is_missing_for_the_reason_of_its_first_missing_component() -> None:
    first = vector([1, NAN, NAN, 1, 0], ["ok", "secret", "secret", "ok", "ok"], "a", "b")
    second = vector([2, 2, NAN, NAN, 0], ["ok", "ok", "unknown", "unknown", "ok"], "b", "c")
    found = derived(first.values / np.where(second.values == 0, NAN, second.values), [first, second])
    # nothing divided by nothing is not applicable
    assert told(found) == [0.5, "secret", "secret", "unknown", "not_applicable"]
    assert found.sources == ("a", "b", "c")


def test_a_period_without_figures_is_missing_everywhere_and_has_no_classes() -> None:
    found = StoredVector.missing(2)
    assert told(found.vector) == ["not_loaded"] * 2
    assert math.isnan(found.breaks.lowest)
    assert (len(found.breaks.bounds), found.vector.sources) == (0, ())


class AgeRow(NamedTuple):
    area_code: str
    year: int
    boundary_date: dt.date
    men: list[int]
    women: list[int]
    source: str


def test_people_by_age_of_a_merged_area_are_told_only_where_all_its_parts_are() -> None:
    def row(code: str, year: int) -> AgeRow:
        return AgeRow(code, year, DATE, [1, 2], [3, 4], "census")

    rows = [row("1", 2010), row("2", 2010), row("1", 2015), row("1", 2020), row("2", 2020)]
    found = ages_by_year(rows, {DATE: {"1", "2"}})  # type: ignore[arg-type]  # rows as the database gives them
    assert list(found) == [2010, 2020]
    ages, codes, date = found[2010]
    assert (ages.men, ages.women, ages.total) == ((2, 4), (6, 8), 20)
    assert (sorted(codes), date) == (["1", "2"], DATE)


# 札幌市 with two of its wards and 函館市, in 北海道


def gazetteer(level: str, *rows: tuple[str, str, str | None]) -> Gazetteer:
    box = (140.0, 41.0, 142.0, 44.0)
    areas = tuple(
        Area(code, place, kind, "01000", parent, code, "", "", 1.0, 141.0, 43.0, box)
        for place, (code, kind, parent) in enumerate(rows)
    )
    return Gazetteer(DATE, level, areas)


WARDS = gazetteer("ward", ("01101", "ward", "01100"), ("01102", "ward", "01100"), ("01202", "city", None))
TOWNS = gazetteer("municipality", ("01100", "designated_city", None), ("01202", "city", None))
PREFECTURES = gazetteer("prefecture", ("01000", "prefecture", None))
LEVELS = {"ward": WARDS, "municipality": TOWNS, "prefecture": PREFECTURES}


def published(source: str = "census", **figures: float | str | list[float]) -> Published:
    """Return figures of 2020 by code, or of several periods; a text says why there is none."""
    codes = sorted(name.removeprefix("c") for name in figures)
    told = (figures[f"c{code}"] for code in codes)
    cells = [one if isinstance(one, list) else [one] for one in told]
    values = [[NAN if isinstance(cell, str) else cell for cell in row] for row in cells]
    statuses = [[STATUSES.index(cell) if isinstance(cell, str) else OK for cell in row] for row in cells]
    return Published(DATE, source, np.array(codes), ("2020",), np.array(values), np.array(statuses, np.uint8))


INDICATOR = Indicator(
    id="x",
    name_ja="",
    name_en="",
    description_ja="",
    description_en="",
    topic="land",
    kind="count",
    aggregation="sum",
)


def levels(*parts: Published, additive: bool = True) -> dict[str, list[float | str]]:
    indicator = INDICATOR if additive else replace(INDICATOR, aggregation="none")
    found = columns_by_level(indicator, parts, ["2020"], Boundaries(DATE, LEVELS, []))
    return {level: told(columns.vector("2020")) for level, columns in found.items()}


def test_a_city_is_the_sum_of_its_wards_and_a_prefecture_that_of_its_municipalities() -> None:
    found = levels(published(c01101=1, c01102=2, c01202=10))
    assert found == {"ward": [1, 2, 10], "municipality": [3, 10], "prefecture": [13]}


def test_a_figure_of_the_area_itself_wins_over_the_sum_of_its_parts() -> None:
    found = levels(published(c01000=100, c01100=5, c01101=1, c01102=2, c01202=10))
    assert found == {"ward": [1, 2, 10], "municipality": [5, 10], "prefecture": [100]}


def test_a_sum_that_lacks_a_part_is_missing() -> None:
    found = levels(published(c01101=1, c01102="secret", c01202=10))
    assert found == {
        "ward": [1, "secret", 10],
        "municipality": ["secret", 10],
        "prefecture": ["secret"],
    }


def test_what_cannot_be_added_up_is_told_only_where_it_was_published() -> None:
    found = levels(published(c01101=1, c01102=2, c01202=10), additive=False)
    assert found == {
        "ward": [1, 2, 10],
        "municipality": ["not_additive", 10],
        "prefecture": ["not_loaded"],  # the city has none either
    }
    found = levels(published(c01100=3, c01101="secret", c01202=10), additive=False)
    assert found == {
        "ward": ["secret", "not_loaded", 10],
        "municipality": [3, 10],
        "prefecture": ["not_additive"],
    }


def test_a_ward_whose_city_alone_was_published_has_no_figure_at_its_level() -> None:
    found = levels(published(c01100=5, c01202=10))
    assert found == {
        "ward": ["not_at_level", "not_at_level", 10],
        "municipality": [5, 10],
        "prefecture": [15],
    }


def test_an_area_that_is_not_in_the_file_is_not_loaded_rather_than_unpublished() -> None:
    assert levels(published(c01101=1, c01202=10))["ward"] == [1, "not_loaded", 10]
    assert levels(published(c01101="not_available", c01202=10))["ward"][0] == "not_available"


def test_nobody_publishes_figures_of_the_northern_territories() -> None:
    towns = gazetteer("municipality", ("01202", "city", None), ("01695", "village", None))
    parts = [published(c01202=10)]
    found = columns_by_level(INDICATOR, parts, ["2020"], Boundaries(DATE, {"municipality": towns}, []))
    assert told(found["municipality"].vector("2020")) == [10, "not_available"]


def test_an_area_whose_land_was_split_cannot_be_told_from_figures_of_before() -> None:
    # 2006-03-01: 上九一色村 19341 was split between 甲府市 19201 and 富士河口湖町 19430
    changes = [
        Change(dt.date(2006, 3, 1), "編入合併", "19341", "19201"),
        Change(dt.date(2006, 3, 1), "編入合併", "19341", "19430"),
    ]
    towns = gazetteer(
        "municipality", ("19201", "city", None), ("19202", "city", None), ("19430", "town", None)
    )
    old = replace(published(c19201=1, c19202=2, c19341=3, c19430=4), boundary_date=dt.date(2005, 10, 1))
    found = columns_by_level(INDICATOR, [old], ["2020"], Boundaries(DATE, {"municipality": towns}, changes))
    assert told(found["municipality"].vector("2020")) == ["boundary_changed", 2, "boundary_changed"]


def test_a_merged_town_is_not_told_by_what_its_parts_do_not_add_up_to() -> None:
    # 岩舟町 09367 joined 栃木市 09203 on 2014-04-05: those who moved from one to the other moved inside
    changes = [Change(dt.date(2014, 4, 5), "編入合併", "09367", "09203")]
    towns = gazetteer("municipality", ("09202", "city", None), ("09203", "city", None))
    old = replace(published(c09202=9, c09203=4_000, c09367=600), boundary_date=dt.date(2013, 10, 1))
    boundaries = Boundaries(DATE, {"municipality": towns}, changes)
    moves, counts = replace(INDICATOR, aggregation="net_of_moves"), INDICATOR
    found = [columns_by_level(one, [old], ["2020"], boundaries)["municipality"] for one in (moves, counts)]
    assert [told(each.vector("2020")) for each in found] == [[9, "not_additive"], [9, 4_600]]


def test_what_its_publisher_divided_between_the_parts_of_a_split_area_is_apportioned() -> None:
    changes = [
        Change(dt.date(2006, 3, 1), "編入合併", "19341", "19201"),
        Change(dt.date(2006, 3, 1), "編入合併", "19341", "19430"),
        Change(dt.date(2016, 10, 10), "市制施行", "19301", "19209"),
    ]
    towns = gazetteer(
        "municipality", ("19201", "city", None), ("19209", "city", None), ("19430", "town", None)
    )
    of_2015 = replace(
        published(c19201=[200_096, 1], c19301=[3, 1], c19430=[25_117, 1]),
        boundary_date=dt.date(2015, 10, 1),
        periods=("2005", "2010"),
    )
    boundaries = Boundaries(DATE, {"municipality": towns}, changes)
    found = columns_by_level(INDICATOR, [of_2015], ["2005", "2010"], boundaries)["municipality"]
    assert [STATUSES[status] for status in found.statuses[:, 0]] == ["apportioned", "ok", "apportioned"]
    assert found.carrying("2005").told(np.arange(3)) == ["apportioned", "renumbered", "apportioned"]
    assert found.carrying("2010").told(np.arange(3)) == ["as_published", "renumbered", "as_published"]
    assert found.dates == ((dt.date(2015, 10, 1),),) * 2


def test_a_sum_of_parts_is_marked_as_such_and_names_the_boundaries_of_both() -> None:
    wards = replace(published(c01101=1, c01102=2, c01202=10), boundary_date=dt.date(2020, 10, 1))
    own = published(c01100=3)
    found = columns_by_level(INDICATOR, [wards, own], ["2020"], Boundaries(DATE, LEVELS, []))
    marks = {
        level: columns.carrying("2020").told(np.arange(len(LEVELS[level])))
        for level, columns in found.items()
    }
    assert marks["ward"] == ["as_published"] * 3
    assert marks["municipality"] == ["as_published"] * 2
    assert marks["prefecture"] == ["summed"]
    assert found["prefecture"].dates == ((dt.date(2020, 10, 1), DATE),)
    alone = columns_by_level(INDICATOR, [wards], ["2020"], Boundaries(DATE, LEVELS, []))["municipality"]
    assert alone.carrying("2020").told(np.arange(2)) == ["summed", "as_published"]


def test_a_computed_value_is_as_far_from_what_was_counted_as_the_farthest_of_its_components() -> None:
    first = vector([1, 1, 1, NAN], ["ok", "apportioned", "apportioned", "secret"])
    second = vector([1, 1, 1, 1], ["ok", "ok", "estimated", "apportioned"])
    found = derived(first.values + second.values, [first, second])
    assert [STATUSES[status] for status in found.statuses] == ["ok", "apportioned", "estimated", "secret"]


def test_people_counted_on_another_population_are_told_as_such_and_what_was_missing_keeps_its_reason() -> (
    None
):
    found = without(vector([1, NAN, NAN, 4], ["ok", "not_applicable", "not_available", "ok"], "a"), [0, 1, 2])
    assert told(found) == ["base_differs", "base_differs", "not_available", 4]
    assert found.sources == ("a",)


def test_of_two_sources_the_later_figure_stands_and_a_figure_over_a_reason() -> None:
    found = levels(published("old", c01202=1, c01101="secret"), published("new", c01202=2, c01102="unknown"))
    assert found["ward"] == ["secret", "unknown", 2]
    kept = levels(published("old", c01202=1), published("new", c01202="secret"))
    assert kept["ward"][2] == 1


def test_a_code_that_published_nothing_names_no_source() -> None:
    nothing = Published(
        DATE,
        "silent",
        np.array(["01202"]),
        ("2020",),
        np.array([[NAN]]),
        np.array([[ABSENT]], np.uint8),
    )
    indicator = Indicator(
        id="x", name_ja="", name_en="", description_ja="", description_en="", topic="land", kind="count"
    )
    parts = [published(c01202=1), nothing]
    found = columns_by_level(indicator, parts, ["2020"], Boundaries(DATE, LEVELS, []))
    assert found["municipality"].vector("2020").sources == ("census",)


def test_a_period_is_taken_out_of_its_columns_with_its_own_sources() -> None:
    columns = Columns(
        ("2015", "2020"),
        np.array([[1.0, 2.0], [3.0, NAN]]),
        np.array([[OK, OK], [OK, SECRET]], np.uint8),
        (("a",), ("b",)),
        np.array([[1, 2], [1, 0]], np.uint8),
        ((DATE,), (DATE, dt.date(2022, 1, 1))),
    )
    found = columns.vector("2020")
    assert (told(found), found.sources) == ([2, "secret"], ("b",))
    carried = columns.carrying("2020")
    assert (carried.marks.tolist(), carried.dates) == ([2, 0], (DATE, dt.date(2022, 1, 1)))


def test_a_category_is_told_with_its_labels_and_a_missing_value_with_its_reason() -> None:
    terrain = indicators.from_json(
        {
            **{"id": "terrain", "name_ja": "地形", "name_en": "Terrain", "kind": "category"},
            **{"description_ja": "地形", "description_en": "Terrain", "topic": "land"},
            "categories": [
                {"code": 1, "label_ja": "山間", "label_en": "Mountain", "colour": "#112233"},
                {"code": 2, "label_ja": "平地", "label_en": "Plain", "colour": "#445566"},
            ],
        }
    )
    values, statuses = np.array([2.0, NAN, 9.0]), np.array([OK, SECRET, OK], np.uint8)
    found = columns_of(terrain, values, statuses)
    assert list(found) == ["value", "label", "label_en", "status"]
    assert (found["label"], found["label_en"]) == (["平地", None, None], ["Plain", None, None])
    assert found["status"] == ["ok", "secret", "ok"]
    assert list(columns_of(replace(terrain, kind="count"), values, statuses)) == ["value", "status"]
    carried = columns_of(terrain, values, statuses, np.array([1, 0, 3], np.uint8))["carried"]
    assert carried == ["as_published", None, "summed"]


# 2005-07-01: 浜北市 22218 joined 浜松市 22202
MERGED = [Change(dt.date(2005, 7, 1), "編入合併", "22218", "22202")]
BEFORE = dt.date(2000, 10, 1)
PEOPLE = [
    Share(MERGED[0].date, old, "22202", "population", people, BEFORE)
    for old, people in (("22202", 6), ("22218", 2))
]


def on_2000(
    *parts: Published, estimate: bool = False, additive: bool = True
) -> tuple[list[float | str], list[str]]:
    """Return the figures of 浜松市, a town that stayed as it was, and 浜北市, and their statuses."""
    rows = [(code, "city", None) for code in ("22202", "22203", "22218")]
    towns = {"municipality": replace(gazetteer("municipality", *rows), vintage=BEFORE)}
    boundaries = Boundaries(BEFORE, towns, MERGED, History(MERGED, (), PEOPLE), estimate)
    indicator = INDICATOR if additive else replace(INDICATOR, aggregation="none")
    vector = columns_by_level(indicator, parts, ["2020"], boundaries)["municipality"].vector("2020")
    return told(vector), [STATUSES[one] for one in vector.statuses.tolist()]


def test_on_older_boundaries_what_merged_is_null_and_says_so() -> None:
    assert on_2000(published(c22202=100, c22203=7))[0] == ["merged", 7, "merged"]
    assert on_2000(published(c22202=100, c22203=7), additive=False)[0] == ["merged", 7, "merged"]


def test_an_estimate_parts_what_merged_by_people_and_what_does_not_add_up_has_none() -> None:
    values, statuses = on_2000(published(c22202=101, c22203=7), estimate=True)
    assert values == [76, 7, 25]  # 75.75 and 25.25 of 101
    assert statuses == ["estimated", "ok", "estimated"]
    values, _ = on_2000(published(c22202=101, c22203=7), estimate=True, additive=False)
    assert values == ["merged", 7, "merged"]


def test_a_prefecture_is_told_on_older_boundaries_by_what_its_towns_have_merged_into() -> None:
    rows = [(code, "city", None) for code in ("22202", "22203", "22218")]
    towns = replace(gazetteer("municipality", *rows), vintage=BEFORE)
    whole = replace(gazetteer("prefecture", ("22000", "prefecture", None)), vintage=BEFORE)
    boundaries = Boundaries(BEFORE, {"municipality": towns, "prefecture": whole}, MERGED, History(MERGED))
    found = columns_by_level(INDICATOR, [published(c22202=100, c22203=7)], ["2020"], boundaries)["prefecture"]
    assert told(found.vector("2020")) == [107]
    assert found.carrying("2020").told(np.array([0])) == ["summed"]
    lacking = columns_by_level(INDICATOR, [published(c22203=7)], ["2020"], boundaries)["prefecture"]
    assert np.isnan(lacking.vector("2020").values).all()
