"""The effect of a measure in sentences, on estimates written by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.figures.effect import Estimate
from service.memory.atlas import Atlas
from service.planning.effect_forms import NO_PLACEBO, effect_described
from service.planning.effects import Adoption, Effect, Judged, Study, Trends, Year


def effect(atlas: Atlas, indicator: str, estimate: Estimate, p: float = 0.5) -> Effect:
    vintage = atlas.catalogue.vintages[dt.date(2021, 1, 1)]
    study = Study(
        measure=atlas.catalogue.policy.measure("smart-cities"),
        indicator=atlas.indicator(indicator),
        vintage=vintage,
        gazetteer=atlas.gazetteer(vintage.date, "municipality"),
        values={},
        alike=lambda first, last: True,
        cohorts={},
        begun={},
        years=2,
        k=3,
    )
    return Effect(
        study=study,
        tested=Judged(estimate, p, is_exact=False),
        event=(Year(-1, Estimate(0.0, -1.0, 1.0, 8, 5)),),
        trends=Trends((-2, -1), 0.5, is_exact=False),
        placebo=None,
        pairs=(),
        compared=24,
        adoption=Adoption(known=90, with_start=60, judged=8, under_prefecture=3),
        balance={"births": 0.25},
    )


def estimated(numbers: tuple[float, float, float]) -> Estimate:
    return Estimate(*numbers, n=8, clusters=8)


@pytest.mark.parametrize(
    ("indicator", "numbers", "ja", "en"),
    [
        (
            "population",
            (-12_345.6, -20_000.0, -1.5),
            "−12,346人（95%信頼区間 −20,000〜−1.5、",
            "−12,346 persons",
        ),
        ("population", (5e-05, -5e-05, 0.0), "+0.00005人（95%信頼区間 −0.00005〜+0、", "+0.00005 persons"),
        ("ageing-rate", (0.5, -0.123456, 1.0), "+0.5%（95%信頼区間 −0.123〜+1、", "by +0.5% against"),
        ("total-fertility-rate", (0.1, 0.0, 0.2), "+0.1（95%信頼区間 +0〜+0.2、", "by +0.1 against"),
    ],
)
def test_a_difference_has_three_digits_and_no_exponent(
    atlas: Atlas, indicator: str, numbers: tuple[float, float, float], ja: str, en: str
) -> None:
    found = effect(atlas, indicator, estimated(numbers))
    told = effect_described(atlas, found, is_asked=True)["summary"]
    assert ja in told["ja"]
    assert en in told["en"]
    assert "実施8市区町村の「" in told["ja"]
    assert "24 matched ones" in told["en"]


@pytest.mark.parametrize(
    ("low", "high", "excluded"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.1, False), (-0.1, 0.0, False)],
)
def test_an_interval_that_touches_zero_does_not_exclude_it(
    atlas: Atlas, low: float, high: float, excluded: bool
) -> None:
    found = effect(atlas, "births", estimated((0.0, low, high)))
    assert effect_described(atlas, found, is_asked=True)["estimate"]["excludes_zero"] is excluded


def test_groups_that_moved_apart_before_the_start_are_told_to_tell_no_effect(atlas: Atlas) -> None:
    one = effect(atlas, "births", estimated((1.0, 0.5, 1.5)))
    alike = effect_described(atlas, one, is_asked=True)
    assert alike["before_start"]["differ"] is False
    assert "開始前の2時点の動きに差は検出されない（p=0.500）。" in alike["summary"]["ja"]
    apart = effect_described(
        atlas, replace(one, trends=Trends((-2, -1), 0.012, is_exact=True)), is_asked=True
    )
    assert apart["before_start"]["differ"] is True
    assert (apart["before_start"]["exact"], apart["before_start"]["seed"]) == (True, None)
    assert (
        "開始前の2時点で両者の動きはすでに異なっており（p=0.012）、この差を施策の効果とは読めない。"
        in (apart["summary"]["ja"])
    )
    assert (
        "already moved apart (p=0.012): the difference cannot be read as an effect." in apart["summary"]["en"]
    )


def test_a_start_that_never_was_is_told_or_that_there_are_too_few_figures(atlas: Atlas) -> None:
    one = effect(atlas, "births", estimated((1.0, 0.5, 1.5)))
    assert effect_described(atlas, one, is_asked=True)["placebo"] == NO_PLACEBO
    none = replace(one, placebo=Judged(estimated((0.0, -1.0, 1.0)), 0.9, is_exact=False))
    assert effect_described(atlas, none, is_asked=True)["placebo"] == {
        "difference_in_differences": 0.0,
        "low": -1.0,
        "high": 1.0,
        "n": 8,
        "prefectures": 8,
        "confidence": 0.95,
        "excludes_zero": False,
        "randomisation": {"p": 0.9, "exact": False, "draws": 4999, "seed": 20141228},
    }
    some = replace(one, placebo=Judged(estimated((2.0, 1.0, 3.0)), 0.0002, is_exact=False))
    told = effect_described(atlas, some, is_asked=True)["summary"]
    assert "プラセボ +2、p<0.001）ため、差は施策によるとは言えない。" in told["ja"]
    assert "A start that never was shows a difference too (placebo +2, p<0.001)" in told["en"]


def test_what_is_not_known_of_those_compared_is_told_with_what_it_would_do(atlas: Atlas) -> None:
    told = effect_described(atlas, effect(atlas, "births", estimated((3.0, 1.0, 5.0))), is_asked=True)
    adoption = told["adoption"]
    assert (adoption["known"], adoption["with_start"], adoption["judged"]) == (90, 60, 8)
    # where a quarter of the compared has the effect too, 3 is three quarters of it
    assert [each["difference_in_differences"] for each in adoption["if_unknown"]] == pytest.approx(
        [10 / 3, 4, 6]
    )
    assert (
        "比較24市区町村が同種の取組を行っていないかは把握できておらず、3は都道府県自身が"
        in adoption["words"]["ja"]
    )
    assert "the start of 60 is known, and 8 could be compared" in adoption["words"]["en"]
