"""Moran's I and local clusters: worked by hand, and as esda and SciPy tell them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from esda import Moran, Moran_Local, fdr
from esda.crand import vec_permutations
from hypothesis import given
from hypothesis import strategies as st
from libpysal.weights import W, lat2W
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from geo.analysis import moran
from geo.analysis.neighbours import Neighbours
from geo.errors import NotEnoughData

Floats = NDArray[np.float64]

ROW_OF_FOUR = Neighbours(4, np.array([[0, 1], [1, 2], [2, 3]]))


def z_of(values: Floats) -> Floats:
    z: Floats = (values - values.mean()) / values.std()
    return z


def graph_of(w: W) -> Neighbours:
    pairs = [(a, b) for a, others in w.neighbors.items() for b in others if a < b]
    return Neighbours(w.n, np.array(sorted(pairs), np.intp))


def smooth(w: W, seed: int) -> Floats:
    """Return values that are alike in neighbours."""
    values: Floats = np.random.default_rng(seed).normal(size=w.n)
    graph = graph_of(w)
    for _ in range(3):
        values = values + 2 * graph.means(values)
    return values


def test_morans_i_of_four_areas_in_a_row() -> None:
    # Of 1, 2, 3, 4 the deviations are −1.5, −0.5, 0.5, 1.5; neighbours' means −0.5, −0.5, 0.5, 0.5; the
    # products add up to 2, the squares to 5, and rows sum to 1: I = 2 / 5.
    found = moran.whole(z_of(np.array([1.0, 2.0, 3.0, 4.0])), ROW_OF_FOUR)
    assert found.i == pytest.approx(0.4)
    assert found.expected == pytest.approx(-1 / 3)


def test_local_i_of_four_areas_in_a_row_adds_up_to_the_whole() -> None:
    # z² has the mean 1.25, and esda scales by (n − 1) / n: 0.75 · (0.75, 0.25, 0.25, 0.75) / 1.25.
    z = z_of(np.array([1.0, 2.0, 3.0, 4.0]))
    found = moran.local(z, ROW_OF_FOUR, moran.draws(4, 2, permutations=99))
    assert found.i.tolist() == pytest.approx([0.45, 0.15, 0.15, 0.45])
    assert found.i.sum() / 3 == pytest.approx(0.4)


def test_every_permutation_of_three_others_is_told_exactly() -> None:
    # The first of four areas has one neighbour, whose value 9 is the highest of 1, 2, 9. Drawn one by one, it
    # is as high in 1 of 3 cases: two-sided 2 · (1 + 1) / (3 + 1), which is no less than certain.
    values = np.array([5.0, 9.0, 1.0, 2.0])
    found = moran.local(z_of(values), ROW_OF_FOUR, np.array([[0, 1, 2], [1, 2, 0]]))
    assert found.p[0] == 1.0


def test_a_spot_of_high_values_is_high_among_high_and_its_fringe_low_among_high() -> None:
    w = lat2W(20, 20, rook=False)
    values = np.random.default_rng(3).normal(size=(20, 20))
    values[5:9, 5:9] += 9
    values[7, 4] -= 1
    z = moran.standardised(values.ravel(), graph_of(w))
    found = moran.local(z, graph_of(w), moran.draws(400, 8))
    clusters = found.clusters.reshape(20, 20)
    assert (clusters[6:8, 6:8] == moran.HIGH_HIGH).all()
    assert clusters[7, 4] == moran.LOW_HIGH
    assert (clusters[0:3, 15:] == moran.NOT_SIGNIFICANT).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_whole_is_that_of_esda(seed: int) -> None:
    w = lat2W(12, 9, rook=False)
    values = smooth(w, seed)
    theirs = Moran(values, w, permutations=0)
    ours = moran.whole(z_of(values), graph_of(w))
    assert ours.i == pytest.approx(theirs.I)
    assert ours.expected == pytest.approx(theirs.EI)
    assert ours.deviation == pytest.approx(theirs.seI_rand)
    assert ours.z == pytest.approx(theirs.z_rand)
    assert ours.p == 0.002  # none of 999 is as far out: 2 / 1000


def test_the_whole_of_noise_is_as_likely_as_esda_says() -> None:
    w = lat2W(12, 9, rook=False)
    values = np.random.default_rng(8).normal(size=w.n)
    np.random.seed(8)
    theirs = Moran(values, w, permutations=9999)
    ours = moran.whole(z_of(values), graph_of(w), permutations=9999)
    # two shares of 9,999 permutations, doubled, are apart by four deviations at most
    assert ours.p == pytest.approx(2 * theirs.p_sim, abs=0.056)
    assert ours.p > 0.05


@pytest.mark.parametrize("seed", [1, 2])
def test_each_area_is_as_esda_says_under_the_same_permutations(seed: int) -> None:
    w = lat2W(12, 9, rook=False)
    values = smooth(w, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Moran_Local(values, w, permutations=1999, seed=seed)
    drawn = vec_permutations(8, w.n, 1999, seed).T
    ours = moran.local(z_of(values), graph_of(w), drawn)
    assert ours.i == pytest.approx(theirs.Is)
    assert ours.p == pytest.approx(np.minimum(1, 2 * theirs.p_sim))
    quadrants = np.array([0, moran.HIGH_HIGH, moran.LOW_HIGH, moran.LOW_LOW, moran.HIGH_LOW])[theirs.q]
    is_told = ours.clusters != moran.NOT_SIGNIFICANT
    assert is_told.any()
    assert (ours.clusters == quadrants)[is_told].all()
    bound = fdr(ours.p, moran.FALSE_DISCOVERIES)
    assert (is_told == (ours.p <= bound)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_false_discoveries_are_controlled_as_by_scipy(p: list[float]) -> None:
    ours = moran.adjusted(np.array(p))
    assert ours == pytest.approx(false_discovery_control(p), abs=1e-15)


def test_no_number_is_drawn_twice_for_one_area() -> None:
    drawn = moran.draws(40, 12, permutations=500)
    assert drawn.shape == (12, 500)
    assert (np.diff(np.sort(drawn, axis=0), axis=0) > 0).all()
    assert (drawn.min(), drawn.max()) == (0, 38)
    assert (drawn == moran.draws(40, 12, permutations=500)).all()


def test_equal_values_are_no_cluster() -> None:
    # 97 of 100 areas have 0: a neighbourhood of zeros is what any draw would give
    w = lat2W(10, 10, rook=False)
    values = np.zeros(100)
    values[[3, 50, 88]] = 1.0
    z = moran.standardised(values, graph_of(w))
    found = moran.local(z, graph_of(w), moran.draws(100, 8))
    assert (found.clusters == moran.NOT_SIGNIFICANT).all()


def test_few_areas_and_equal_values_are_refused() -> None:
    w = lat2W(6, 5, rook=False)
    values = np.arange(30.0)
    moran.standardised(values, graph_of(w))
    with pytest.raises(NotEnoughData, match="30 areas"):
        moran.standardised(values[:29], graph_of(w).among(np.arange(30) < 29))
    with pytest.raises(NotEnoughData, match="the same"):
        moran.standardised(np.full(30, 7.0), graph_of(w))
    with pytest.raises(ValueError, match="neighbour"):
        moran.standardised(np.arange(31.0), Neighbours(31, graph_of(w).pairs))
