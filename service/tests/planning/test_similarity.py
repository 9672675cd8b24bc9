"""Which areas are alike: what is taken as a logarithm, who can be compared, what is refused."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from geo.errors import InvalidParameter, NotEnoughData, NotFound
from service.memory.atlas import Atlas, Vintage
from service.planning.similarity import MAX_TRAITS, USUAL, similarity, trait, traits

NAN = math.nan


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


@pytest.mark.parametrize(
    ("values", "logarithm"),
    [
        ([1.0, 1.0, 10.0], True),  # the mean 4 is above twice the median 1
        ([1.0, 2.0, 3.0], False),
        ([1.0, 1.0, 4.0], False),  # the mean is twice the median, and not above
        ([-1.0, 1.0, 100.0], False),  # nothing negative has a logarithm
        ([0.0, 0.0, 9.0], False),  # twice a median of zero says nothing
        ([0.0, 1.0, 1.0, 10.0], True),
        ([NAN, NAN], False),
    ],
)
def test_lopsided_values_are_compared_by_their_logarithms(
    atlas: Atlas, values: list[float], logarithm: bool
) -> None:
    found = trait(atlas.indicator("population"), "2020", np.array(values))
    assert found.logarithm is logarithm
    if not logarithm:
        assert np.array_equal(found.used, found.values, equal_nan=True)


def test_zero_and_missing_have_no_logarithm(atlas: Atlas) -> None:
    found = trait(atlas.indicator("population"), "2020", np.array([0.0, 1.0, math.e, 1.0, NAN, 100.0]))
    assert found.used.tolist() == pytest.approx([NAN, 0.0, 1.0, 0.0, NAN, math.log(100)], nan_ok=True)


def test_a_trait_is_told_at_the_newest_period_of_the_level(atlas: Atlas, vintage: Vintage) -> None:
    (towns,) = traits(atlas, vintage, "municipality", ["population"])
    (prefectures,) = traits(atlas, vintage, "prefecture", ["population", "population"])
    assert (towns.period, prefectures.period) == ("2020", "2024")


@pytest.mark.parametrize(
    ("names", "error", "told"),
    [
        ([], InvalidParameter, f"1 to {MAX_TRAITS} ids"),
        (list(USUAL) * 3, InvalidParameter, f"1 to {MAX_TRAITS} ids"),
        (["municipality-type"], InvalidParameter, "municipality-type cannot be compared"),
        (["total-fertility-rate"], InvalidParameter, "of the level municipality"),  # prefectures only
        (["happiness"], NotFound, "happiness"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    atlas: Atlas, vintage: Vintage, names: list[str], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        traits(atlas, vintage, "municipality", names)


def test_by_population_alone_the_nearest_is_that_of_the_nearest_population(
    atlas: Atlas, vintage: Vintage
) -> None:
    found = similarity(atlas, vintage, "prefecture", "31000", 1, ["population"])
    # 鳥取県 is the smallest; next is 島根県
    assert [found.gazetteer.areas[peer.position].name_ja for peer in found.peers] == ["島根県"]
    (peer,) = found.peers
    own, other = (found.traits[0].used[at] for at in (found.position, peer.position))
    assert peer.differences[0] == pytest.approx((own - other) / found.standard.deviation[0])


def test_what_is_told_is_what_was_used(atlas: Atlas, vintage: Vintage) -> None:
    found = similarity(atlas, vintage, "municipality", "20215", 3)
    used = np.stack([one.used for one in found.traits], axis=1)
    whole = used[np.isfinite(used).all(axis=1)]
    # 双葉町 had no residents and others no figures: the cases of one trait alone would be more
    assert found.standard.cases == len(whole) < np.isfinite(used[:, 0]).sum()
    for peer in found.peers:
        own, other = used[found.position], used[peer.position]
        parts = (own - other) / found.standard.deviation
        assert peer.differences == pytest.approx(parts.tolist())
        assert peer.distance == pytest.approx(math.sqrt(float(np.mean(parts**2))))


def test_no_area_is_its_own_peer_and_the_nearest_comes_first(atlas: Atlas, vintage: Vintage) -> None:
    found = similarity(atlas, vintage, "prefecture", "10000", 46)
    assert len(found.peers) == 46
    assert found.position not in {peer.position for peer in found.peers}
    distances = [peer.distance for peer in found.peers]
    assert distances == sorted(distances)


def test_an_area_without_a_value_has_no_peers_and_hears_which_is_missing(
    atlas: Atlas, vintage: Vintage
) -> None:
    with pytest.raises(NotEnoughData, match="07201 has no peers") as refused:
        similarity(atlas, vintage, "municipality", "07201", 5, ["population", "projected-population"])
    (finding,) = refused.value.findings
    assert (finding.where, finding.field) == ("07201", "projected-population")
    assert finding.expected.startswith("a value of ")
