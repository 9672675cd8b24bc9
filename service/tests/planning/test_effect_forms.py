"""The effect of a measure in a sentence, on estimates written by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.figures.effect import Estimate
from service.memory.atlas import Atlas
from service.planning.effect_forms import NO_EARLIER, effect_described
from service.planning.effects import Effect


def effect(atlas: Atlas, indicator: str, estimate: Estimate, earlier: Estimate | None = None) -> Effect:
    return Effect(
        measure=atlas.catalogue.policy.measure("smart-cities"),
        indicator=atlas.indicator(indicator),
        gazetteer=atlas.gazetteer(dt.date(2021, 1, 1), "municipality"),
        estimate=estimate,
        earlier=earlier,
        pairs=(),
        compared=24,
        years=2,
        k=3,
    )


@pytest.mark.parametrize(
    ("indicator", "numbers", "ja", "en"),
    [
        (
            "population",
            (-12_345.6, -20_000.0, -1.5),
            "−12,346人（95%信頼区間 −20,000〜−1.5）",
            "−12,346 persons",
        ),
        ("population", (5e-05, -5e-05, 0.0), "+0.00005人（95%信頼区間 −0.00005〜+0）", "+0.00005 persons"),
        ("ageing-rate", (0.5, -0.123456, 1.0), "+0.5%（95%信頼区間 −0.123〜+1）", "by +0.5% against"),
        ("total-fertility-rate", (0.1, 0.0, 0.2), "+0.1（95%信頼区間 +0〜+0.2）", "by +0.1 against"),
    ],
)
def test_a_difference_has_three_digits_and_no_exponent(
    atlas: Atlas, indicator: str, numbers: tuple[float, float, float], ja: str, en: str
) -> None:
    told = effect_described(effect(atlas, indicator, Estimate(*numbers, n=8)))["summary"]
    assert ja in told["ja"]
    assert en in told["en"]
    assert told["ja"].startswith("実施8市区町村の「")
    assert "24 matched ones" in told["en"]


@pytest.mark.parametrize(
    ("low", "high", "excluded"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.1, False), (-0.1, 0.0, False)],
)
def test_an_interval_that_touches_zero_does_not_exclude_it(
    atlas: Atlas, low: float, high: float, excluded: bool
) -> None:
    told = effect_described(effect(atlas, "births", Estimate(0.0, low, high, 8)))
    assert told["estimate"]["excludes_zero"] is excluded


def test_years_before_the_start_are_told_or_that_there_are_none(atlas: Atlas) -> None:
    one = effect(atlas, "births", Estimate(1.0, 0.5, 1.5, 8))
    assert effect_described(one)["before_start"] == NO_EARLIER
    both = replace(one, earlier=Estimate(0.0, -1.0, 1.0, 8))
    assert effect_described(both)["before_start"] == {
        "difference_in_differences": 0.0,
        "low": -1.0,
        "high": 1.0,
        "n": 8,
        "confidence": 0.95,
        "excludes_zero": False,
    }
