"""Which municipalities may need a measure."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest

from geo.errors import InvalidParameter, NotEnoughData, NotFound
from geo.strategy.plan import Measure
from service.memory.atlas import Atlas, Vintage
from service.planning.candidates import AskedCandidates, Candidates, candidates_of
from service.planning.effects import touched


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def measure(atlas: Atlas, name: str = "smart-cities") -> Measure:
    return atlas.catalogue.policy.measure(name)


def candidates(atlas: Atlas, vintage: Vintage, parent: str | None, *indicators: str) -> Candidates:
    asked = AskedCandidates(measure(atlas), list(indicators) or None, parent, vintage)
    return candidates_of(atlas, asked)


def test_those_in_most_need_come_first_and_none_that_has_the_measure(atlas: Atlas, vintage: Vintage) -> None:
    found = candidates(atlas, vintage, None, "population-change")
    needs = [row.need for row in found.rows]
    assert needs == sorted(needs, reverse=True)
    codes = {row.area.code for row in found.rows}
    assert not codes & touched(atlas, measure(atlas), vintage)
    # higher is better: who is worst off lost the most
    changes = [row.values[0] for row in found.rows]
    assert changes == sorted(changes)
    assert found.traits[0].indicator.direction == "higher"


def test_equal_needs_share_a_rank_and_come_by_code(atlas: Atlas, vintage: Vintage) -> None:
    # most towns have no large store, and many no hospital
    rows = candidates(atlas, vintage, None, "hospitals-per-100k", "large-stores-per-10k").rows
    needs = [row.need for row in rows]
    assert len(set(needs)) < len(needs)  # some are equal
    assert [row.rank for row in rows] == [needs.index(need) + 1 for need in needs]
    for one, other in pairwise(rows):
        assert one.rank < other.rank or one.area.code < other.area.code


def test_need_is_told_against_the_nation_also_within_a_prefecture(atlas: Atlas, vintage: Vintage) -> None:
    nation = {row.area.code: row.need for row in candidates(atlas, vintage, None, "births").rows}
    gunma = candidates(atlas, vintage, "10000", "births").rows
    assert gunma
    assert {row.area.prefecture for row in gunma} == {"10000"}
    assert {row.area.code: row.need for row in gunma}.items() <= nation.items()


def test_a_prefecture_that_acts_is_told_beside_its_towns(atlas: Atlas, vintage: Vintage) -> None:
    taken = touched(atlas, measure(atlas), vintage)
    for row in candidates(atlas, vintage, None, "population-change").rows:
        assert row.prefecture_deploys == (row.area.prefecture in taken)


@pytest.mark.parametrize(
    ("names", "error"),
    [
        (["happiness"], NotFound),
        (["total-fertility-rate"], InvalidParameter),
        (["municipality-type"], InvalidParameter),
    ],
)
def test_what_cannot_be_compared_is_refused(
    atlas: Atlas, vintage: Vintage, names: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        candidates(atlas, vintage, None, *names)


def test_a_measure_to_which_nothing_is_linked_asks_for_indicators(atlas: Atlas, vintage: Vintage) -> None:
    unlinked = replace(measure(atlas), id="unlinked")
    with pytest.raises(NotEnoughData, match="name some"):
        candidates_of(atlas, AskedCandidates(unlinked, None, None, vintage))
