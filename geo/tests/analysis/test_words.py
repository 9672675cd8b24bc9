"""Clusters and correlations in words."""

from __future__ import annotations

from geo.analysis.correlation import Correlation
from geo.analysis.moran import Whole
from geo.analysis.words import correlation_in_words, whole_in_words
from geo.layers.words import Named


def test_a_map_of_neighbours_that_are_alike() -> None:
    found = whole_in_words(Whole(0.7234, -0.0006, 0.015, 0.002), 1741, 48, 0.002)
    assert found["ja"] == (
        "1,741地域のモランのIは0.72（p ≤ 0.002）で、隣り合う地域は似た値になっています。"
        "どこにも接しない48地域は最も近い地域の隣としています。"
    )
    assert found["en"] == (
        "Moran’s I of 1,741 areas is 0.72 (p ≤ 0.002): neighbours are alike. "
        "48 that touch no other area are taken to be next to the nearest one."
    )


def test_a_map_of_noise_and_one_of_neighbours_that_differ() -> None:
    noise = whole_in_words(Whole(0.03, -0.02, 0.1, 0.624), 47, 0, 0.002)
    assert noise["ja"] == "47地域のモランのIは0.03（p = 0.62）で、隣り合う地域が似ているとは言えません。"
    assert (
        noise["en"] == "Moran’s I of 47 areas is 0.03 (p = 0.62): neighbours are no more alike than others."
    )
    differ = whole_in_words(Whole(-0.4, -0.02, 0.1, 0.004), 47, 0, 0.002)
    assert differ["ja"] == "47地域のモランのIは−0.40（p = 0.004）で、隣り合う地域は異なる値になっています。"
    assert differ["en"] == "Moran’s I of 47 areas is −0.40 (p = 0.004): neighbours differ."


def test_two_figures_in_words() -> None:
    x, y = Named("高齢化率", "Ageing rate"), Named("出生率", "Birth rate")
    found = correlation_in_words(x, y, Correlation(1738, -0.8123, -0.79, -0.1, 12.0))
    assert found["ja"] == (
        "高齢化率と出生率には強い負の関係があります（1,738地域、ピアソンの相関係数−0.81、"
        "スピアマンの順位相関係数−0.79）。因果関係を示すものではありません。"
    )
    assert found["en"] == (
        "Ageing rate and Birth rate go together strongly (negative) over 1,738 areas "
        "(Pearson −0.81, Spearman −0.79). It says nothing of cause."
    )
    weak = correlation_in_words(x, y, Correlation(47, 0.1, 0.05, 0.1, 12.0))
    assert "ほとんど関係がありません（47地域" in weak["ja"]
    assert "hardly go together over 47 areas" in weak["en"]
