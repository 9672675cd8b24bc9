"""Whether figures moved after a measure began: windows, outcomes, who is compared, what is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from geo.errors import NotEnoughData
from geo.figures.breaks import Break
from geo.strategy.logic_model import Basis, Link, Node
from geo.strategy.plan import Measure
from service.memory.atlas import Atlas, Vintage
from service.planning.effect_forms import effect_described
from service.planning.effects import (
    AskedEffect,
    Study,
    Window,
    effect,
    effect_of,
    starts,
    study_of,
    touched,
    window,
)
from service.planning.outcomes import counted_alike, outcomes_of


@pytest.fixture
def vintage(atlas: Atlas) -> Vintage:
    return atlas.catalogue.vintages[dt.date(2021, 1, 1)]


def measure(atlas: Atlas, name: str = "smart-cities") -> Measure:
    return atlas.catalogue.policy.measure(name)


def always(first: str, last: str) -> bool:
    return first <= last


PERIODS = ["2000", "2005", "2010", "2015", "2020"]


@pytest.mark.parametrize(
    ("start", "years", "found"),
    [
        (2012, 3, Window(("2000", "2005"), "2010", "2015")),
        (2010, 5, Window(("2000",), "2005", "2015")),  # the year of the start is not before it
        (2006, 1, Window(("2000",), "2005", "2010")),
        (2001, 1, Window((), "2000", "2005")),
        (2000, 5, None),
        (2018, 3, None),
        (2015, 5, Window(("2000", "2005"), "2010", "2020")),
    ],
)
def test_a_start_is_judged_by_the_period_before_and_the_first_long_enough_after(
    start: int, years: int, found: Window | None
) -> None:
    assert window(PERIODS, start, years, always) == found


def test_nothing_is_compared_with_what_is_counted_otherwise() -> None:
    def alike(first: str, last: str) -> bool:
        return (first < "2005") == (last < "2005")

    assert window(PERIODS, 2012, 3, alike) == Window(("2005",), "2010", "2015")
    assert window(PERIODS, 2005, 3, alike) is None


def test_without_periods_there_is_nothing_to_judge() -> None:
    assert window([], 2020, 1, always) is None


@pytest.mark.parametrize(
    ("indicator", "first", "last", "alike"),
    [
        # the register is of 31 March until 2013, of 1 January from 2014
        ("hospitals-per-100k", "2012", "2013", True),
        ("hospitals-per-100k", "2013", "2014", False),
        ("hospitals-per-100k", "2014", "2022", True),
        # fiscal 2012 is divided by the register of 2013, fiscal 2013 by that of 2014
        ("local-tax-per-head", "2012", "2013", False),
        ("local-tax-per-head", "2013", "2022", True),
        # divided by the census of the same year
        ("ageing-rate", "2010", "2020", True),
        ("births", "2010", "2020", True),  # divided by nothing
        ("nurseries-per-1000-children", "2020", "2022", True),
        ("nurseries-per-1000-children", "2022", "2023", False),  # a break
    ],
)
def test_denominators_that_change_between_two_years_keep_them_apart(
    atlas: Atlas, indicator: str, first: str, last: str, alike: bool
) -> None:
    one, years = atlas.indicator(indicator), [str(year) for year in range(2005, 2025)]
    assert counted_alike(one, dict.fromkeys(one.components, years), first, last) is alike


def linked(*bases: Basis) -> tuple[Link, ...]:
    """A measure with two outputs: by the first to ``dull``, by both to ``bright``, and on to the goal."""
    ends = [("m", "a"), ("m", "b"), ("a", "dull"), ("a", "bright"), ("b", "bright"), ("bright", "g")]
    return tuple(Link(*end, "理由", "why", basis) for end, basis in zip(ends, bases, strict=True))


@pytest.mark.parametrize(
    ("bases", "order", "footing", "goal"),
    [
        # dull is first in the table: nothing tells it from bright but the link to the goal
        (("assumed",) * 5 + ("stated",), ["y", "x"], "assumed", "stated"),
        (("assumed",) * 6, ["y", "x"], "assumed", "assumed"),
        (("stated", "assumed", "stated", "assumed", "assumed", "stated"), ["x", "y"], "assumed", "stated"),
        # by b all is stated, whatever leads by a
        (("assumed", "stated", "assumed", "assumed", "stated", "assumed"), ["y", "x"], "stated", "assumed"),
        (("stated", "reported", "stated", "assumed", "stated", "stated"), ["x", "y"], "reported", "stated"),
    ],
)
def test_what_the_strategy_states_comes_before_what_is_assumed(
    atlas: Atlas, bases: tuple[Basis, ...], order: list[str], footing: str, goal: str
) -> None:
    strategy = replace(
        atlas.catalogue.policy.strategy,
        nodes=(
            Node("a", "output", "甲", "A", ()),
            Node("b", "output", "乙", "B", ()),
            Node("dull", "outcome", "丙", "C", ("x",)),
            Node("bright", "outcome", "丁", "D", ("y",)),
        ),
        links=linked(*bases),
    )
    found = outcomes_of(strategy, replace(measure(atlas), id="m", goal="g"))
    assert [one.indicator for one in found] == order
    bright = next(one for one in found if one.indicator == "y")
    assert (bright.footing, bright.goal_footing) == (footing, goal)


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
        study_of(atlas, unknown, atlas.indicator("population"), vintage, 1, 1)
    findings = {finding.field: finding for finding in refused.value.findings}
    assert set(findings) == {"municipalities", "starts", "periods", "usable"}
    assert findings["periods"].value.endswith("2015, 2020")
    assert (findings["starts"].value, findings["usable"].value) == ("none", "0")


def test_without_figures_from_before_the_window_nothing_is_told(atlas: Atlas, vintage: Vintage) -> None:
    found = study_of(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    last = max(start for start, (_, positions) in found.cohorts.items() if len(positions) >= 8)
    # births that are counted otherwise in every year until the one before the start
    breaks = tuple(Break("births", str(year), "理由", "why", "") for year in range(1980, last))
    broken = replace(found.indicator, breaks=breaks)
    with pytest.raises(NotEnoughData, match="no figures from before the window") as refused:
        study_of(atlas, found.measure, broken, vintage, 1, 2)
    assert refused.value.findings[0].field == "earlier"


def test_an_effect_is_the_mean_of_its_pairs_each_compared_with_others(atlas: Atlas, vintage: Vintage) -> None:
    study = study_of(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    found = effect(atlas, study)
    estimate = found.tested.estimate
    assert estimate.n == len(found.pairs) == found.adoption.judged >= 8
    assert estimate.estimate == pytest.approx(np.mean([pair.difference for pair in found.pairs]))
    matches = [code for pair in found.pairs for code in pair.matches]
    assert len(matches) == len(set(matches)) == found.compared == 2 * len(found.pairs)
    assert not set(matches) & touched(atlas, study.measure, vintage)
    for pair in found.pairs:
        assert int(pair.window.before) < pair.start <= int(pair.window.after) - 1
        own, others = pair.after - pair.before, pair.matches_after - pair.matches_before
        assert pair.difference == pytest.approx(own - others)
    assert estimate.clusters == len({pair.code[:2] for pair in found.pairs})


def test_people_in_place_of_evacuated_towns_are_neither_judged_nor_compared(
    atlas: Atlas, vintage: Vintage
) -> None:
    # a measure that began in 2012 in 浪江町, where nobody was in 2015, in 相馬市 and in 群馬県
    people, gazetteer = atlas.indicator("population"), atlas.gazetteer(vintage.date, "municipality")
    periods = atlas.periods(people, "municipality")
    vectors = atlas.vectors(people, periods, "municipality", vintage.date)
    codes = ["07209", "07547", *(f"1020{n}" for n in range(1, 10))]
    study = Study(
        measure=measure(atlas),
        indicator=people,
        vintage=vintage,
        gazetteer=gazetteer,
        values={at: one.values for at, one in zip(periods, vectors, strict=True)},
        alike=always,
        cohorts={2012: (Window(("2000", "2005"), "2010", "2015"), [gazetteer.position[at] for at in codes])},
        begun=dict.fromkeys(codes, 2012),
        years=3,
        k=20,
    )
    found = effect(atlas, study)
    assert {pair.code for pair in found.pairs} == set(codes) - {"07547"}
    evacuated = {one.area_code for one in people.absent_at("2010", "2015")}
    assert "07547" in evacuated
    assert evacuated.isdisjoint({code for pair in found.pairs for code in pair.matches})


def test_what_the_strategy_states_is_offered_before_the_figure_of_what_is_assumed(
    atlas: Atlas, vintage: Vintage
) -> None:
    found = effect_of(atlas, AskedEffect(measure(atlas), atlas.indicator("births"), vintage, 1, 2))
    strategy = atlas.catalogue.policy.strategy
    node = Node("stated", "outcome", "甲", "A", ("doctors-per-100k",))
    links = (Link("smart-cities", "stated", "理由", "why", "stated"),)
    version = replace(strategy, nodes=(*strategy.nodes, node), links=(*strategy.links, *links))
    policy = replace(atlas.catalogue.policy, version=version)
    told = effect_described(Atlas(atlas.store, replace(atlas.catalogue, policy=policy)), found, is_asked=True)
    outcome = told["outcome"]
    assert [one["indicator"] for one in outcome["stated"]] == ["doctors-per-100k"]
    assert outcome["words"]["ja"].endswith("総合戦略が述べている指標：doctors-per-100k。")
    assert outcome["words"]["en"].endswith("Stated ones: doctors-per-100k.")
    assert told["summary"]["ja"].startswith(outcome["words"]["ja"])
    assert told["summary"]["en"].startswith(outcome["words"]["en"])


def test_years_before_the_start_are_told_against_the_period_before_it(atlas: Atlas, vintage: Vintage) -> None:
    study = study_of(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    found = effect(atlas, study)
    assert found.trends.years == tuple(one.years for one in found.event if one.years < 0)
    assert 0 not in {one.years for one in found.event}
    position = study.gazetteer.position
    (two,) = [one for one in found.event if one.years == -2]
    moved = []
    for pair in found.pairs:
        now = study.values[pair.window.before]
        then = study.values[str(int(pair.window.before) - 2)]
        change = then - now
        others = [change[position[code]] for code in pair.matches]
        moved.append(change[position[pair.code]] - np.mean(others))
    assert two.estimate.estimate == pytest.approx(np.mean(moved))
    assert two.estimate.n == len(moved)


def test_a_start_that_never_was_is_told_by_figures_from_before_the_real_one_alone(
    atlas: Atlas, vintage: Vintage
) -> None:
    whole = study_of(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    start = max(whole.cohorts, key=lambda each: len(whole.cohorts[each][1]))
    study = replace(whole, cohorts={start: whole.cohorts[start]})
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 99, len(study.gazetteer))
    later = {at: each + noise for at, each in study.values.items() if int(at) > start}
    found, moved = (
        effect(atlas, replace(study, values={**study.values, **changed})) for changed in ({}, later)
    )
    assert found.placebo is not None
    assert found.placebo == moved.placebo
    assert found.trends == moved.trends
    assert found.tested.estimate != moved.tested.estimate


def test_the_choice_rests_on_the_logic_model_and_says_so_before_the_figure(
    atlas: Atlas, vintage: Vintage
) -> None:
    found = effect_of(atlas, AskedEffect(measure(atlas), None, vintage))
    told = effect_described(atlas, found, is_asked=False)
    outcome = told["outcome"]
    # data/catalog/logic_links.csv: no link from a measure is stated; two outcomes of this one are pillars
    assert (outcome["chosen_by"], outcome["basis"], outcome["goal_basis"]) == (
        "logic_model",
        "assumed",
        "stated",
    )
    assert [link["basis"] for link in outcome["path"]] == ["assumed", "assumed", "stated"]
    assert outcome["path"][0]["source"] == "smart-cities"
    assert outcome["stated"] == []
    assert told["summary"]["ja"].startswith(outcome["words"]["ja"])
    assert told["summary"]["en"].startswith("That the measure leads to this outcome is our own assumption")
    assert list(told).index("outcome") < list(told).index("estimate")


def test_an_indicator_that_is_not_linked_is_judged_when_asked_and_said_not_to_be(
    atlas: Atlas, vintage: Vintage
) -> None:
    found = effect_of(atlas, AskedEffect(measure(atlas), atlas.indicator("births"), vintage, 1, 2))
    outcome = effect_described(atlas, found, is_asked=True)["outcome"]
    assert (outcome["chosen_by"], outcome["basis"], outcome["path"]) == ("request", "none", [])
    assert outcome["words"]["ja"].startswith("この指標は、ロジックモデルではこの施策とつながっていない。")


def test_what_chance_could_do_is_drawn_within_sets_and_the_same_each_time(
    atlas: Atlas, vintage: Vintage
) -> None:
    study = study_of(atlas, measure(atlas), atlas.indicator("births"), vintage, 1, 2)
    one, again = effect(atlas, study), effect(atlas, study)
    assert one.tested == again.tested
    assert one.trends == again.trends
    assert 0 < one.tested.p <= 1
