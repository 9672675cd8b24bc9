"""The logic model: who leads to whom, where a model is unsound, how it is drawn."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from geo.strategy.logic_model import Basis, Box, Link, Node, downstream, graph_faults, mermaid, svg, upstream


def link(source: str, target: str, basis: Basis = "stated") -> Link:
    return Link(source, target, f"{source}から{target}", f"{source} to {target}", basis)


MEASURES, GOALS = {"m1": "g1", "m2": "g2"}, ["g1", "g2"]
NODES = [
    Node("p1", "output", "産出1", "Output 1", ()),
    Node("p2", "output", "産出2", "Output 2", ()),
    Node("c1", "outcome", "成果1", "Outcome 1", ()),
    Node("c2", "outcome", "成果2", "Outcome 2", ()),
]
LINKS = [
    *(link("m1", "p1"), link("p1", "c1"), link("c1", "g1")),
    *(link("m2", "p2"), link("p2", "c2", "assumed"), link("c2", "g2")),
    link("p1", "c2"),
]
BOXES = [
    Box("m1", "measure", "施策1", "Measure 1"),
    Box("m2", "measure", "施策2", "Measure 2"),
    *(Box(node.id, node.kind, node.label_ja, node.label_en) for node in NODES),
    Box("g1", "goal", "目標1", "Goal 1"),
    Box("g2", "goal", "目標2", "Goal 2"),
]


def test_two_chains_with_a_branch_are_sound() -> None:
    assert graph_faults(NODES, LINKS, MEASURES, GOALS) == []


@pytest.mark.parametrize(
    ("starts", "reached"),
    [
        (["m1"], {"m1", "p1", "c1", "g1", "c2", "g2"}),
        (["m2"], {"m2", "p2", "c2", "g2"}),
        (["c1", "c2"], {"c1", "g1", "c2", "g2"}),
        ([], set()),
        (["elsewhere"], {"elsewhere"}),
    ],
)
def test_downstream_is_all_that_is_led_to(starts: list[str], reached: set[str]) -> None:
    assert downstream(starts, LINKS) == reached


def test_upstream_is_all_that_leads_there() -> None:
    assert upstream(["g1"], LINKS) == {"g1", "c1", "p1", "m1"}
    assert upstream(["g2"], LINKS) == {"g2", "c2", "p1", "m1", "p2", "m2"}


def test_links_in_a_circle_lead_round_once() -> None:
    circle = [link("a", "b"), link("b", "a")]
    assert downstream(["a"], circle) == upstream(["a"], circle) == {"a", "b"}


@pytest.mark.parametrize(
    ("further", "where", "field", "value"),
    [
        (link("m1", "c1"), "link m1 → c1", "target", "outcome"),  # a column is left out
        (link("c1", "p1"), "link c1 → p1", "target", "output"),  # backwards
        (link("g1", "g2"), "link g1 → g2", "target", "goal"),  # a goal is the end
        (link("x", "p1"), "link x → p1", "source", "x"),
        (link("m1", "y"), "link m1 → y", "target", "y"),
        (Link("m1", "p2", "なぜ", "", "stated"), "link m1 → p2", "reason", ""),
    ],
)
def test_a_wrong_link_is_told_by_its_ends(further: Link, where: str, field: str, value: str) -> None:
    (finding,) = graph_faults(NODES, [*LINKS, further], MEASURES, GOALS)
    assert (finding.where, finding.field, finding.value) == (where, field, value)


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        (("m1", "p1"), {("measure m1", "none leads from it"), ("output p1", "none leads to it")}),
        (("c1", "g1"), {("outcome c1", "none leads from it"), ("goal g1", "none leads to it")}),
    ],
)
def test_what_nothing_leads_to_or_from_is_told(lacking: tuple[str, str], told: set[tuple[str, str]]) -> None:
    links = [one for one in LINKS if (one.source, one.target) != lacking]
    findings = graph_faults(NODES, links, MEASURES, GOALS)
    assert told <= {(one.where, one.value) for one in findings}


def test_a_measure_that_leads_only_to_another_goal_is_told() -> None:
    (finding,) = graph_faults(NODES, LINKS, MEASURES | {"m2": "g1"}, GOALS)
    assert (finding.where, finding.value) == ("measure m2", "g1")


def test_a_mermaid_chart_has_dotted_arrows_for_assumptions_and_no_stray_quotes() -> None:
    boxes = [Box("m1", "measure", '"施策"', "Measure"), *BOXES[1:]]
    lines = mermaid(boxes, LINKS, [], "ja").splitlines()
    assert '    n0["#quot;施策#quot;"]' in lines
    assert [line for line in lines if "-.->" in line] == ["  n3 -.-> n5"]
    assert sum(" --> " in line for line in lines) == 6
    assert not any(line.startswith("  class ") for line in lines)


def test_a_mermaid_chart_names_what_is_lit() -> None:
    lines = mermaid(BOXES, LINKS, {"m2", "g2"}, "en").splitlines()
    assert lines[-1] == "  class n1,n7 deployed"
    assert '  subgraph output["Outputs"]' in lines


SVG = "{http://www.w3.org/2000/svg}"


def drawing(lit: set[str], lang: str = "en", boxes: list[Box] = BOXES) -> ET.Element:
    return ET.fromstring(svg(boxes, LINKS, lit, lang, "Title <&>"))


def test_only_links_between_lit_boxes_are_blue_and_drawn_last() -> None:
    paths = list(drawing({"m2", "p2", "c2"}).iter(f"{SVG}path"))
    blue = [path.findtext(f"{SVG}title") for path in paths if path.get("stroke") == "#08519c"]
    assert blue == ["m2 to p2", "p2 to c2"]
    assert [path.findtext(f"{SVG}title") for path in paths][-2:] == blue
    dashed = [path.findtext(f"{SVG}title") for path in paths if path.get("stroke-dasharray")]
    assert dashed == ["p2 to c2"]


def test_boxes_of_a_column_stand_below_each_other_within_the_picture() -> None:
    long = Box("m1", "measure", "長い名前" * 30, "A long name " * 30)
    for lang in ("ja", "en"):
        root = drawing(set(), lang, [long, *BOXES[1:]])
        height = float(root.get("height", "0"))
        boxes = {group.get("id"): group.find(f"{SVG}rect") for group in root.iter(f"{SVG}g")}
        spans = {
            name: (float(box.get("x", "")), float(box.get("y", "")), float(box.get("height", "")))
            for name, box in boxes.items()
            if box is not None
        }
        assert len(spans) == len(BOXES)
        for first, second in (("m1", "m2"), ("p1", "p2"), ("c1", "c2"), ("g1", "g2")):
            assert spans[first][0] == spans[second][0]
            assert spans[first][1] + spans[first][2] < spans[second][1]
            assert spans[second][1] + spans[second][2] < height


@pytest.mark.parametrize(("lang", "name"), [("ja", "長い名前" * 30), ("en", " ".join(["A long name"] * 30))])
def test_a_long_label_loses_nothing_where_it_is_broken(lang: str, name: str) -> None:
    long = Box("m1", "measure", name, name)
    groups = {one.get("id"): one for one in drawing(set(), lang, [long, *BOXES[1:]]).iter(f"{SVG}g")}
    lines = [span.text or "" for span in groups["m1"].iter(f"{SVG}tspan")]
    assert len(lines) > 1
    assert ("" if lang == "ja" else " ").join(lines) == name
    # 23 characters as wide as high in 284 pixels; Roman letters are narrower
    assert max(map(len, lines)) <= (23 if lang == "ja" else 41)
