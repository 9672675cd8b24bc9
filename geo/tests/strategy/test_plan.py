"""The strategy that ships: counts, aliases, a sound logic model, KPIs that can be told."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from geo.errors import InvalidRows
from geo.figures.indicators import read_catalogue
from geo.strategy.kpis import Known, faults
from geo.strategy.logic_model import Link, Node, downstream, graph_faults, mermaid, svg
from geo.strategy.plan import Strategy, read_kpis, read_strategy
from geo.transit.gap_definitions import gap_indicators, read_definitions

CATALOG = Path(__file__).parents[3] / "data" / "catalog"


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return read_strategy(CATALOG)


def test_stated_and_catalogued_counts_are_kept_apart(strategy: Strategy) -> None:
    stated = {goal.id: goal.stated_measures for goal in strategy.goals}
    assert stated == {"goal-1": 132, "goal-2": 118, "goal-3": 62, "national-role": 19}
    assert strategy.stated_measures == 331
    catalogued = Counter(one.goal for one in strategy.measures)
    assert catalogued == {"goal-1": 13, "goal-2": 12, "goal-3": 11, "national-role": 4}


@pytest.mark.parametrize(
    ("written", "measure"),
    [
        ("smart-cities", "smart-cities"),
        ("スマートシティ", "smart-cities"),
        ("生涯活躍のまち", "japanese-ccrc"),
        ("日本版ＣＣＲＣの展開", "japanese-ccrc"),
        ("フット・ビット連携の推進", "watt-bit-coordination"),
        ("ワット・ビット連携の推進", "watt-bit-coordination"),
        ("地域交通のR・デザイン", "transport-gap-redesign"),
        ("「交通空白」の解消", "transport-gap-redesign"),
        ("ふるさと住民登録制度", "furusato-resident-registration"),
        ("地方創生移住支援事業", "migration-support"),
        ("スマート", None),
    ],
)
def test_a_measure_is_known_by_its_names_and_never_by_likeness(
    strategy: Strategy, written: str, measure: str | None
) -> None:
    assert strategy.measure_named(written) == measure


def test_every_measure_leads_to_the_goal_it_is_listed_under(strategy: Strategy) -> None:
    for one in strategy.measures:
        assert one.goal in downstream([one.id], strategy.links), one.id


def test_only_what_the_strategy_says_is_called_stated(strategy: Strategy) -> None:
    pillars = {one.pillar_ja for one in strategy.measures if one.pillar_ja}
    stated = [link for link in strategy.links if link.basis == "stated"]
    assert len(stated) == len(pillars) == 5
    assert {link.target for link in stated} == {"goal-1", "goal-2", "goal-3"}
    assert {link.basis for link in strategy.links} == {"stated", "assumed"}


def test_outcomes_show_in_indicators_that_exist(strategy: Strategy) -> None:
    indicators = read_catalogue(CATALOG / "indicators.csv")
    indicators |= gap_indicators(read_definitions(CATALOG / "gap_definitions.csv"))
    assert {name for node in strategy.nodes for name in node.indicators} <= set(indicators)
    assert "net-migration-rate" in strategy.indicators_of("migration-support")
    assert "net-migration-women-15-29" in strategy.indicators_of("goal-3")


def test_the_kpis_that_ship_have_no_faults(strategy: Strategy) -> None:
    known = Known(
        goals=strategy.goals_by_id,
        measures=strategy.measures_by_id,
        schemes=strategy.schemes_by_id,
        indicators=read_catalogue(CATALOG / "indicators.csv"),
        is_area={"00000", "tokyo-area", "outside-tokyo-area"}.__contains__,
    )
    kpis = read_kpis(CATALOG)
    assert [fault for one in kpis for fault in faults(one, known)] == []
    assert {one.goal for one in kpis} == {"goal-1", "goal-2", "goal-3"}


NODES = [Node("out", "output", "産出", "Output", ()), Node("come", "outcome", "成果", "Outcome", ())]
LINKS = [
    Link("m", "out", "なぜ", "why", "assumed"),
    Link("out", "come", "なぜ", "why", "assumed"),
    Link("come", "g", "なぜ", "why", "stated"),
]


def test_a_chain_from_measure_to_goal_is_sound() -> None:
    assert graph_faults(NODES, LINKS, {"m": "g"}, ["g"]) == []


@pytest.mark.parametrize(
    ("links", "told"),
    [
        (LINKS[:2], "none leads from it"),
        (LINKS[1:], "none leads from it"),
        ([*LINKS, Link("out", "out", "x", "x", "assumed")], "a node of the kind outcome"),
        ([*LINKS, Link("m", "nowhere", "x", "x", "assumed")], "the id of a measure, node or goal"),
        ([*LINKS[:2], Link("come", "g", "", "", "stated")], "why the one brings about the other"),
    ],
)
def test_a_gap_an_orphan_and_a_wrong_step_are_told(links: list[Link], told: str) -> None:
    findings = graph_faults(NODES, links, {"m": "g"}, ["g"])
    assert told in " ".join(f"{one.value} {one.expected}" for one in findings)


def test_a_measure_must_reach_its_own_goal() -> None:
    findings = graph_faults(NODES, LINKS, {"m": "other"}, ["g"])
    assert [finding.field for finding in findings] == ["goal"]


def test_the_mermaid_text_lights_what_is_deployed(strategy: Strategy) -> None:
    lit = downstream(["japanese-ccrc"], strategy.links)
    text = mermaid(strategy.boxes, strategy.links, lit, "ja")
    assert text.startswith("flowchart LR\n")
    assert text.count("-.->") == sum(link.basis == "assumed" for link in strategy.links)
    (line,) = [line for line in text.splitlines() if line.startswith("  class ")]
    assert len(line.split()[1].split(",")) == len(lit)
    assert "日本版CCRCの展開" in text


def test_the_picture_has_every_node_and_the_reason_of_every_link(strategy: Strategy) -> None:
    picture = svg(strategy.boxes, strategy.links, (), "en", strategy.title_en)
    assert picture.count("<g id=") == len(strategy.boxes)
    assert picture.count("<path ") == len(strategy.links)
    assert "They can be kept up with fewer people and less money" in picture


def refused(tmp_path: Path, name: str, change: Callable[[str], str]) -> list[str]:
    folder = tmp_path / "catalog"
    shutil.copytree(CATALOG, folder)
    path = folder / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(InvalidRows) as refusal:
        read_strategy(folder)
    return [f"{one.where} {one.field}" for one in refusal.value.findings]


def test_counts_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    told = refused(tmp_path, "goals.csv", lambda text: text.replace(",132", ",131"))
    assert told == ["strategy stated_measures"]


def test_an_alias_of_two_measures_is_refused(tmp_path: Path) -> None:
    told = refused(tmp_path, "measures.csv", lambda text: text.replace("スーパーシティ", "CCRC"))
    assert told == ["measure smart-cities aliases"]
