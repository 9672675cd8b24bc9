"""How two figures go together: worked by hand, and as SciPy and NumPy tell it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from geo.analysis.correlation import LEAST, correlation, midranks
from geo.errors import NotEnoughData

NAN = np.nan


def test_a_line_of_ten_areas_by_hand() -> None:
    # y = 1 + 2x but for the last, which is 5 too low: x̄ = 5.5, Sxx = 82.5, Sxy = 165 − 5 · 4.5 = 142.5
    x = np.arange(1.0, 11.0)
    y = 1 + 2 * x
    y[9] -= 5
    found = correlation(x, y)
    assert found.n == 10
    assert found.slope == pytest.approx(142.5 / 82.5)
    assert found.intercept == pytest.approx(11.5 - 142.5 / 82.5 * 5.5)
    assert found.residuals(x, y)[9] == pytest.approx(16 - (found.intercept + 10 * found.slope))
    # the last falls from the first rank to the third: Σd² = 2² + 1 + 1, ρ = 1 − 6 · 6 / 990
    assert found.spearman == pytest.approx(1 - 36 / 990)


def test_everything_is_that_of_scipy() -> None:
    rng = np.random.default_rng(5)
    x = rng.gamma(2, size=300).round(1)  # with equal values
    y = -0.7 * x + rng.normal(size=300)
    found, line = correlation(x, y), stats.linregress(x, y)
    assert found.pearson == pytest.approx(stats.pearsonr(x, y).statistic)
    assert found.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    assert found.r_squared == pytest.approx(line.rvalue**2)
    assert midranks(x) == pytest.approx(stats.rankdata(x))


def test_a_weight_counts_an_area_so_often() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=20), rng.normal(size=20)
    weights = rng.integers(1, 9, 20)
    found = correlation(x, y, weights.astype(float))
    again, as_often = np.repeat(x, weights), np.repeat(y, weights)
    line = stats.linregress(again, as_often)
    assert found.n == 20
    assert found.pearson == pytest.approx(stats.pearsonr(again, as_often).statistic)
    assert (found.slope, found.intercept) == pytest.approx((line.slope, line.intercept))
    ranks = stats.pearsonr(np.repeat(stats.rankdata(x), weights), np.repeat(stats.rankdata(y), weights))
    assert found.spearman == pytest.approx(ranks.statistic)


def test_what_lacks_a_figure_or_its_weight_is_left_out() -> None:
    x = np.array([*range(12), NAN, 3.0], float)
    y = np.array([*range(12), 5.0, NAN], float)
    assert correlation(x, y).n == 12
    weights = np.ones(14)
    weights[:2] = [0.0, NAN]
    assert correlation(x, y, weights).n == 10
    assert np.isnan(correlation(x, y).residuals(x, y)[12:]).all()


def test_few_areas_and_equal_values_are_refused() -> None:
    x = np.arange(float(LEAST))
    with pytest.raises(NotEnoughData, match="10 areas"):
        correlation(x[1:], x[1:])
    with pytest.raises(NotEnoughData, match="of y are the same"):
        correlation(x, np.full(LEAST, 2.0))
