from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from geo.strategy.kpis import Actual, Known, Kpi, Series, faults, with_actuals
from geo.strategy.plan import read_strategy
from geo.strategy.rating import Target

STRATEGY = read_strategy(Path(__file__).parents[3] / "data" / "catalog")
KNOWN = Known(
    goals=STRATEGY.goals_by_id,
    measures=STRATEGY.measures_by_id,
    schemes=STRATEGY.schemes_by_id,
    indicators={"population"},
    is_area={"00000", "01206", "tokyo-area"}.__contains__,
)
GOOD = Kpi(
    id="kushiro-migration",
    name_ja="社会増減",
    name_en="Net migration",
    definition_ja="転入 − 転出",
    definition_en="In less out",
    unit_ja="人",
    unit_en="persons",
    source_title="総合戦略",
    source_url="https://example.jp",
    owner="01206",
    series=(Series("population"),),
    targets=(Target("01206", "number", -1200, "2024", -800, "2029", plan_from=2025, plan_to=2029),),
    actuals=(Actual("01206", "2025", -1080, source_title="統計"),),
)


def test_a_kpi_of_a_town_has_no_faults() -> None:
    assert [*faults(GOOD, KNOWN)] == []


@pytest.mark.parametrize(
    ("kpi", "told"),
    [
        (replace(GOOD, id="A b"), ("kpi", "id")),
        (replace(GOOD, name_en=""), ("kpi", "name_en")),
        (replace(GOOD, owner="", goal=""), ("kpi", "goal")),
        (replace(GOOD, owner="99999"), ("kpi", "owner")),
        (replace(GOOD, goal="goal-9"), ("kpi", "goal")),
        (replace(GOOD, measure="x"), ("kpi", "measure")),
        (replace(GOOD, rating="x"), ("kpi", "rating")),
        (replace(GOOD, decimals=9), ("kpi", "decimals")),
        (replace(GOOD, source_url="example.jp"), ("kpi", "source_url")),
        (replace(GOOD, proxies=("x",)), ("kpi", "series")),
        (replace(GOOD, targets=(Target("99999", "number"),)), ("target 1", "area")),
        (replace(GOOD, targets=(*GOOD.targets, *GOOD.targets)), ("target 1", "area")),
        (replace(GOOD, targets=(Target("01206", "not_below_comparator"),)), ("target 1", "comparator")),
        (
            replace(GOOD, targets=(Target("01206", "number", target_period="R7"),)),
            ("target 1", "target_period"),
        ),
        (replace(GOOD, targets=(Target("01206", "number", plan_from=2025),)), ("target 1", "plan_to")),
        (
            replace(GOOD, targets=(Target("01206", "number", plan_from=2025, plan_to=2024),)),
            ("target 1", "plan_to"),
        ),
        (
            replace(GOOD, targets=(Target("01206", "not_below_comparator", comparator="x"),)),
            ("target 1", "comparator"),
        ),
        (replace(GOOD, targets=(Target("01206", "number", comparator="00000"),)), ("target 1", "comparator")),
        (
            replace(
                GOOD,
                targets=(
                    Target("01206", "not_below_comparator", comparator="00000"),
                    Target("00000", "maintain"),
                ),
            ),
            ("target 2", "type"),
        ),
        (
            replace(GOOD, targets=(Target("01206", "number", baseline_period="2024年"),)),
            ("target 1", "baseline_period"),
        ),
        (replace(GOOD, actuals=(Actual("99999", "2025", 1, source_title="x"),)), ("actual 1", "area")),
        (
            replace(GOOD, actuals=(Actual("01206", "2025", 1, "secret", source_title="x"),)),
            ("actual 1", "status"),
        ),
        (replace(GOOD, actuals=(Actual("01206", "2025", 1),)), ("actual 1", "source_title")),
        (replace(GOOD, actuals=(Actual("01206", "2025", None, source_title="x"),)), ("actual 1", "status")),
        (replace(GOOD, actuals=(Actual("01206", "令和7", 1, source_title="x"),)), ("actual 1", "period")),
        (replace(GOOD, actuals=(*GOOD.actuals, *GOOD.actuals)), ("actual 2", "period")),
        (replace(GOOD, name_ja="名\x00"), ("kpi", "name_ja")),
        (replace(GOOD, note_en="x" * 2001), ("kpi", "note_en")),
        *(
            (replace(GOOD, actuals=(Actual("01206", period, value, source_title="a"),)), ("actual 1", field))
            for period, value, field in (("20２5", 1, "period"), ("2025", 1e308, "value"))
        ),
        (
            replace(GOOD, actuals=(Actual("01206", "2025", 1, source_title="a\x0bb"),)),
            ("actual 1", "source_title"),
        ),
        *(
            (replace(GOOD, targets=(Target("01206", "number", **told),)), ("target 1", field))
            for field, told in (
                ("baseline", {"baseline": -1e308}),
                ("target", {"target": 1e18}),
                ("plan_to", {"plan_from": 1, "plan_to": 2**62}),
                ("milestones", {"milestones": {2**62: 1}}),
                ("milestones", {"milestones": {2027: 1e300}}),
            )
        ),
    ],
)
def test_a_wrong_kpi_is_told_with_place_and_field(kpi: Kpi, told: tuple[str, str]) -> None:
    assert told in [(one.where, one.field) for one in faults(kpi, KNOWN)]


@pytest.mark.parametrize(
    "kpi",
    [
        replace(GOOD, owner="", measure="smart-cities"),
        replace(GOOD, source_url="", decimals=6),
        replace(GOOD, series=(Series("published"), Series("population", "real"))),
        replace(GOOD, targets=(Target("01206", "not_below_comparator", comparator="tokyo-area"),)),
        replace(GOOD, targets=(Target("01206", "number", plan_from=2025, plan_to=2025),)),
        replace(GOOD, actuals=(Actual("00000", "2025", None, "secret", source_title="x"),)),
    ],
)
def test_what_may_be_left_out_or_empty_is_no_fault(kpi: Kpi) -> None:
    assert [*faults(kpi, KNOWN)] == []


def test_the_actuals_of_an_area_are_its_own_by_year() -> None:
    both = with_actuals(GOOD, [Actual("00000", "2025", 5), Actual("01206", "2024", None, "secret")])
    assert {year: one.value for year, one in both.actuals_of("01206").items()} == {
        "2024": None,
        "2025": -1080,
    }


def test_a_newer_actual_replaces_that_of_the_same_area_and_year() -> None:
    found = with_actuals(GOOD, [Actual("01206", "2025", -1000), Actual("01206", "2024", -1200)])
    assert [(one.period, one.value) for one in found.actuals] == [("2024", -1200), ("2025", -1000)]
