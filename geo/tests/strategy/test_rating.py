"""Rates of the domain reference 7.7 and 7.4, worked by hand there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from geo.strategy.plan import read_strategy
from geo.strategy.rating import (
    Growth,
    RatingScheme,
    Target,
    assess,
    comparisons,
    expected_progress,
    growth,
    rated,
)

SCHEMES = read_strategy(Path(__file__).parents[3] / "data" / "catalog").schemes_by_id


def scheme(name: str = "default") -> RatingScheme:
    return SCHEMES[name]


def test_an_increase_halfway() -> None:
    found = assess(Target("", "number", 100, "2024", 110), "increase", "progress_rate", scheme(), 105, 2026)
    assert found.progress_rate == pytest.approx(0.5)
    assert found.level_rate == pytest.approx(0.9545, abs=5e-5)
    assert found.achievement == found.progress_rate
    assert found.achieved is False


def test_the_kpi_names_the_rate_it_is_told_as() -> None:
    found = assess(Target("", "number", 100, "2024", 110), "increase", "level_rate", scheme(), 105, 2026)
    assert found.achievement == found.level_rate


@pytest.mark.parametrize(("actual", "progress"), [(180, 0.4), (210, -0.2), (140, 1.2)])
def test_a_decrease_is_not_clipped(actual: float, progress: float) -> None:
    found = assess(
        Target("", "number", 200, "2024", 150), "decrease", "progress_rate", scheme(), actual, 2026
    )
    assert found.progress_rate == pytest.approx(progress)
    assert found.level_rate is None


def test_a_level_that_was_not_kept_has_no_rate() -> None:
    found = assess(Target("", "maintain", 80, "2024", 80), "increase", "progress_rate", scheme(), 79, 2026)
    assert found.achieved is False
    assert (found.progress_rate, found.level_rate, found.achievement, found.rating) == (
        None,
        None,
        None,
        None,
    )
    assert found.reason == "maintain_has_no_rate"


def test_progress_is_told_against_what_was_due() -> None:
    target = Target("", "number", 100, "2024", 200, "2029", plan_from=2025, plan_to=2029)
    found = assess(target, "increase", "progress_rate", scheme(), 130, 2026)
    assert found.progress_rate == pytest.approx(0.3)
    assert found.expected == pytest.approx(0.4)
    assert found.year_adjusted == pytest.approx(0.75)
    assert found.rating == "C"


def test_milestones_take_the_place_of_the_straight_line() -> None:
    target = Target(
        "", "number", 100, "2024", 200, "2029", plan_from=2025, plan_to=2029, milestones={2027: 120.0}
    )
    assert expected_progress(target, 2027) == pytest.approx(0.2)
    assert expected_progress(target, 2028) == pytest.approx(0.6)
    assert [expected_progress(target, year) for year in (2020, 2029, 2035)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("target", "actual", "reason"),
    [
        (Target("", "number", 1, "2024", 2), None, "no_actual"),
        (Target("", "number", 1, "2024"), 1, "no_target"),
        (Target("", "number", None, "", 2), 1, "no_baseline"),
        (Target("", "number", 1, "2024", 2), 1.5, "no_rate"),
    ],
)
def test_what_cannot_be_rated_says_why(target: Target, actual: float | None, reason: str) -> None:
    found = assess(target, "increase", "progress_rate", scheme(), actual, 2026)
    assert (found.rating, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("actual", "achieved"),
    [(79.9, True), (80.0, True), (80.1, False)],
)
def test_a_level_not_to_be_exceeded_is_kept_at_or_below_it(actual: float, achieved: bool) -> None:
    found = assess(
        Target("", "maintain", 80, "2024", 80), "decrease", "progress_rate", scheme(), actual, 2026
    )
    assert (found.achieved, found.rating) == (achieved, None)


def test_a_number_that_is_to_stay_has_no_way_to_go() -> None:
    found = assess(Target("", "number", 5, "2024", 5), "increase", "progress_rate", scheme(), 6, 2026)
    assert (found.achieved, found.progress_rate, found.reason) == (True, None, "maintain_has_no_rate")


def test_a_level_rate_needs_no_baseline() -> None:
    found = assess(Target("", "number", None, "", 200), "increase", "level_rate", scheme("sano"), 180, 2026)
    assert (found.level_rate, found.progress_rate, found.achieved) == (0.9, None, False)
    assert (found.rating, found.reason) == ("2", "")


def test_what_is_to_fall_has_no_level_rate_to_be_rated_by() -> None:
    found = assess(Target("", "number", None, "", 200), "decrease", "level_rate", scheme("sano"), 180, 2026)
    assert (found.achieved, found.rating, found.reason) == (True, None, "no_baseline")


@pytest.mark.parametrize(
    ("baseline", "target", "actual", "rating"),
    [
        (200, 150, 215, "B"),  # 7.5 % more of what is to fall: within a tenth
        (200, 150, 225, "C"),  # 12.5 % more
        (-200, -250, -185, "B"),  # of a negative baseline, by its size
        (-200, -250, -175, "C"),
    ],
)
def test_a_change_for_the_worse_is_told_against_the_baseline(
    baseline: float, target: float, actual: float, rating: str
) -> None:
    found = assess(
        Target("", "number", baseline, "2024", target),
        "decrease",
        "progress_rate",
        scheme("nagayo"),
        actual,
        2026,
    )
    assert found.rating == rating


def test_a_baseline_of_zero_has_no_change_in_per_cent() -> None:
    target = Target("", "number", 0, "2024", 10)
    found = assess(target, "increase", "progress_rate", scheme("nagayo"), -1, 2026)
    assert (found.progress_rate, found.rating, found.reason) == (-0.1, None, "no_rate")


def test_before_a_plan_begins_nothing_is_due_and_nothing_rated_against_it() -> None:
    target = Target("", "number", 100, "2024", 200, "2029", plan_from=2025, plan_to=2029)
    found = assess(target, "increase", "progress_rate", scheme(), 110, 2024)
    assert (found.progress_rate, found.expected, found.year_adjusted, found.rating) == (None,) * 4


@pytest.mark.parametrize(("year", "due"), [(2024, 0), (2025, 0.2), (2029, 1), (2030, 1)])
def test_each_year_of_a_plan_expects_its_share(year: int, due: float) -> None:
    assert expected_progress(Target("", "number", plan_from=2025, plan_to=2029), year) == due


@pytest.mark.parametrize(
    "target",
    [
        Target("", "number", 100, "2024", 200, plan_from=2025),
        Target("", "number", 100, "2024", 200, plan_to=2029),
        Target("", "number", None, "", 200, plan_from=2025, plan_to=2029, milestones={2027: 120}),
        Target("", "number", 100, "2024", None, plan_from=2025, plan_to=2029, milestones={2027: 120}),
        Target("", "number", 100, "2024", 100, plan_from=2025, plan_to=2029, milestones={2027: 120}),
    ],
)
def test_nothing_is_expected_where_years_or_values_are_not_known(target: Target) -> None:
    assert expected_progress(target, 2026) is None


def test_a_target_of_zero_has_no_level_rate() -> None:
    found = assess(Target("", "number", -5, "2024", 0), "increase", "level_rate", scheme(), -1, 2026)
    assert (found.level_rate, found.achievement, found.rating) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "quantities", "code"),
    [
        ("default", {"year_adjusted": 1.0}, "A"),
        ("default", {"year_adjusted": 0.7999}, "C"),
        ("default", {"year_adjusted": -0.2}, "D"),
        ("default", {"progress": 1.0}, None),
        ("tama", {"year_adjusted": 0.6}, "fair"),
        ("nagayo", {"progress": 1.01, "change": 0.2}, "S"),
        ("nagayo", {"progress": 1.0, "change": 0.2}, "A"),
        ("nagayo", {"progress": -0.5, "change": -0.1}, "B"),
        ("nagayo", {"progress": -0.5, "change": -0.11}, "C"),
        ("ino", {"progress": 1.0}, "circle"),
        ("ino", {"progress": 0.0}, "cross"),
        ("sano", {"achievement": 0.899}, "3"),
        ("sano", {"achievement": 0.1}, "7"),
        ("grant-review", {"achievement": 0.75, "progress": 0.1}, "considerable"),
        ("grant-review", {"achievement": 0.5, "progress": -0.1}, "none"),
    ],
)
def test_ratings_follow_the_rule_that_is_in_use(
    name: str, quantities: dict[str, float], code: str | None
) -> None:
    assert rated(scheme(name), quantities) == code


def test_a_share_of_the_way_that_is_not_exact_in_binary_gets_its_band() -> None:
    target = Target("", "number", 0, "2024", 0.3, "2029", plan_from=2025, plan_to=2029)
    assert assess(target, "increase", "progress_rate", scheme(), 0.06, 2025).rating == "A"


# 徳島県, prefectural accounts FY2021 (2015 base): real and nominal product in million yen, employed persons
REAL = {"2015": 3_176_345.79 / 365_463, "2020": 3_194_594.59 / 354_943, "2021": 3_333_341.89 / 353_141}
NOMINAL = {"2020": 3_187_711 / 354_943, "2021": 3_340_186 / 353_141}


def test_levels_and_growth_of_tokushima_are_those_of_the_accounts() -> None:
    assert REAL["2021"] * 1000 == pytest.approx(9439.1, abs=0.05)
    assert NOMINAL["2021"] * 1000 == pytest.approx(9458.5, abs=0.05)
    assert growth(REAL, "2021", "yoy", "") == pytest.approx(0.04876, abs=5e-6)
    assert growth(NOMINAL, "2021", "yoy", "") == pytest.approx(0.05318, abs=5e-6)
    assert growth(REAL, "2021", "cumulative", "2015") == pytest.approx(0.08604, abs=5e-6)
    assert growth(REAL, "2021", "cagr", "2015") == pytest.approx(0.013852, abs=5e-7)


def test_growth_needs_the_level_it_is_measured_against() -> None:
    assert growth(NOMINAL, "2020", "yoy", "") is None
    assert growth(NOMINAL, "2021", "cumulative", "2021") is None


@pytest.mark.parametrize(
    ("levels", "basis", "expected"),
    [
        ({"2020": 0.0, "2021": 5.0}, "yoy", None),
        ({"2020": -5.0, "2021": -10.0}, "yoy", None),  # a loss that doubles has not grown by 100 %
        ({"2020": -5.0, "2021": 10.0}, "cagr", None),
        ({"2020": 10.0, "2021": -5.0}, "yoy", -1.5),
        ({"2020": 10.0, "2022": -5.0}, "cagr", None),  # no mean rate leads from gain to loss
        ({"2020": 10.0, "2022": 0.0}, "cagr", -1.0),
    ],
)
def test_growth_is_told_only_of_what_was_above_zero(
    levels: dict[str, float], basis: Growth, expected: float | None
) -> None:
    assert growth(levels, max(levels), basis, "2020") == expected


#: A target without a plan: every year is judged.
NOT_BELOW = Target("outside", "not_below_comparator", comparator="tokyo")


def test_growth_since_a_year_is_measured_from_the_first_that_both_have() -> None:
    own = {"2018": 50.0, "2020": 100.0, "2021": 110.0}
    other = {"2020": 100.0, "2021": 105.0}
    first, last = comparisons(NOT_BELOW, own, other, "cumulative")
    assert (first.period, first.growth, first.achieved) == ("2020", None, None)
    assert [last.growth, last.comparator_growth] == pytest.approx([0.1, 0.05])
    assert last.difference_points == pytest.approx(5)


def test_growth_that_only_one_of_two_has_is_told_of_neither() -> None:
    (_, last) = comparisons(NOT_BELOW, {"2020": 1.0, "2021": 2.0}, {"2020": 0.0, "2021": 2.0}, "yoy")
    assert (last.level, last.comparator_level) == (2.0, 2.0)
    assert (last.growth, last.comparator_growth, last.difference_points, last.achieved) == (None,) * 4


def test_growth_is_not_told_between_years_that_are_counted_otherwise() -> None:
    def apart(first: str, last: str) -> bool:
        return first < "2021" <= last

    own, other = (
        {"2019": 1.0, "2020": 2.0, "2021": 9.0, "2022": 18.0},
        {"2020": 1.0, "2021": 1.0, "2022": 1.0},
    )
    found = comparisons(NOT_BELOW, own, other, "yoy", "", apart)
    assert [(one.period, one.growth, one.achieved) for one in found] == [
        ("2020", None, None),
        ("2021", None, None),
        ("2022", 1.0, True),
    ]
    since = comparisons(NOT_BELOW, own, other, "cumulative", "2020", apart)
    assert {one.growth for one in since} == {None}


def test_regions_without_a_year_in_common_are_not_compared() -> None:
    assert comparisons(NOT_BELOW, {"2020": 1.0}, {"2021": 1.0}, "yoy") == []


def test_equal_growth_has_achieved() -> None:
    *_, last = comparisons(NOT_BELOW, {"2020": 1.0, "2021": 2.0}, {"2020": 2.0, "2021": 4.0}, "yoy")
    assert (last.difference_points, last.achieved) == (0, True)


OUTSIDE = {"2020": 8.0, "2021": 8.2, "2022": 8.2}
TOKYO = {"2020": 10.0, "2021": 10.3, "2022": 10.3, "2023": 11.0}


def test_a_region_that_does_not_grow_less_has_achieved() -> None:
    found = comparisons(NOT_BELOW, OUTSIDE, TOKYO, "yoy")
    assert [one.period for one in found] == ["2020", "2021", "2022"]
    assert [one.achieved for one in found] == [None, False, True]
    assert found[1].difference_points == pytest.approx(-0.5)


def test_a_year_before_the_plan_is_a_reference_and_no_verdict() -> None:
    target = replace(NOT_BELOW, plan_from=2022, plan_to=2026)
    found = comparisons(target, OUTSIDE, TOKYO, "yoy")
    assert [(one.period, one.reference, one.achieved) for one in found] == [
        ("2020", True, None),
        ("2021", True, None),
        ("2022", False, True),
    ]
    assert found[1].difference_points == pytest.approx(-0.5)  # how things stood is told all the same


@pytest.mark.parametrize(("year", "reason"), [(2024, "before_plan"), (2025, "")])
def test_a_target_is_rated_from_the_first_year_of_its_plan(year: int, reason: str) -> None:
    target = Target("", "number", 100, "2023", 200, "2029", plan_from=2025, plan_to=2029)
    found = assess(target, "increase", "progress_rate", scheme(), 250, year)
    assert (found.actual, found.reason) == (250, reason)
    assert found.achieved is (None if reason else True)
