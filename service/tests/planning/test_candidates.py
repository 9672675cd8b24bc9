"""Which municipalities may need a measure, and whether figures moved after it began."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from geo.errors import InvalidParameter, NotEnoughData, NotFound
from geo.strategy.plan import Measure
from service.memory.atlas import Atlas, Vintage
from service.planning.candidates import AskedCandidates, Candidates, candidates_of
from service.planning.effects import Window, effect, starts, touched, window


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


PERIODS = ["2000", "2005", "2010", "2015", "2020"]


@pytest.mark.parametrize(
    ("start", "years", "found"),
    [
        (2012, 3, Window("2005", "2010", "2015")),
        (2010, 5, Window(None, "2005", "2015")),  # the year of the start is not before it
        (2011, 5, Window("2000", "2010", "2020")),
        (2006, 1, Window("2000", "2005", "2010")),
        (2001, 1, Window(None, "2000", "2005")),
        (2000, 5, None),
        (2018, 3, None),
        (2015, 5, Window("2000", "2010", "2020")),
    ],
)
def test_a_start_is_judged_by_the_period_before_and_the_first_long_enough_after(
    start: int, years: int, found: Window | None
) -> None:
    assert window(PERIODS, start, years) == found


def test_without_periods_there_is_nothing_to_judge() -> None:
    assert window([], 2020, 1) is None


def test_a_municipality_starts_in_its_first_year_that_runs(atlas: Atlas, vintage: Vintage) -> None:
    found = starts(atlas, measure(atlas), vintage)
    # 盛岡市, adopted in 2022
    assert found["03201"] == 2022
    positions = atlas.gazetteer(vintage.date, "municipality").position
    assert set(found) <= set(positions)
    assert set(found) <= touched(atlas, measure(atlas), vintage)


def test_too_few_with_figures_before_and_after_hear_what_lacks(atlas: Atlas, vintage: Vintage) -> None:
    unknown = replace(measure(atlas), id="unknown")  # no deployment is of it
    with pytest.raises(NotEnoughData, match="0 municipalities with unknown have figures of pop") as refused:
        effect(atlas, unknown, atlas.indicator("population"), vintage, 1, 1)
    findings = {finding.field: finding for finding in refused.value.findings}
    assert set(findings) == {"municipalities", "starts", "periods", "usable"}
    assert findings["periods"].value.endswith("2015, 2020")
    assert (findings["starts"].value, findings["usable"].value) == ("none", "0")


def test_an_effect_is_the_mean_of_its_pairs_each_compared_with_others(atlas: Atlas, vintage: Vintage) -> None:
    found = effect(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    assert found.estimate.n == len(found.pairs) >= 8
    assert found.estimate.estimate == pytest.approx(np.mean([pair.difference for pair in found.pairs]))
    matches = [code for pair in found.pairs for code in pair.matches]
    assert len(matches) == len(set(matches)) == found.compared == 2 * len(found.pairs)
    assert not set(matches) & touched(atlas, found.measure, vintage)
    for pair in found.pairs:
        assert int(pair.window.before) < pair.start <= int(pair.window.after) - 1
        own, others = pair.after - pair.before, pair.matches_after - pair.matches_before
        assert pair.difference == pytest.approx(own - others)
