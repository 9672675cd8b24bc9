"""Cards of the strategy: their gist, and that all of it lies on the card."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from geo.layers.drawing import text_width
from geo.strategy import cards
from geo.strategy.plan import read_strategy
from geo.text import LANGUAGES, Language

STRATEGY = read_strategy(Path(__file__).parents[3] / "data" / "catalog")
SVG = "{http://www.w3.org/2000/svg}"


def test_a_roadmap_has_a_line_for_each_fiscal_year() -> None:
    told = cards.entries(STRATEGY, "roadmap", "ja")
    assert [one.head for one in told] == ["2025年度", "2026年度", "2027年度", "2028年度", "2029年度"]
    assert told[1].words == "地域未来戦略の策定（夏）、年次の検証と改訂（例年12月）"


def test_a_logic_model_is_counted_by_goal() -> None:
    # of data/catalog/logic_nodes.csv and logic_links.csv
    told = {one.head: one.words for one in cards.entries(STRATEGY, "logic", "en")}
    assert told["Strong economy"] == "Measures 13 → outputs 8 → outcomes 4"


def test_the_kpis_are_those_that_the_strategy_states() -> None:
    assert [one.head for one in cards.entries(STRATEGY, "kpi", "ja")] == [
        *("① 強い経済", "② 豊かな生活環境", "③ 選ばれる地方")
    ]


@pytest.mark.parametrize("view", list(cards.NAMES))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_lies_on_the_card(view: cards.View, lang: Language) -> None:
    card = ElementTree.fromstring(cards.to_svg(STRATEGY, view, lang, 600, 315))
    assert (card.get("width"), card.get("height")) == ("600", "315")
    lines = list(card.iter(f"{SVG}text"))
    assert len(lines) > 5
    for line in lines:
        x, y, size = (float(line.get(name, 0)) for name in ("x", "y", "font-size"))
        words, is_bold = line.text or "", line.get("font-weight") == "700"
        assert x + text_width(words, size, bold=is_bold) <= cards.WIDTH, words
        assert size <= y <= cards.HEIGHT - 20, words
    places = sorted({float(line.get("y", 0)) for line in lines})
    assert min(b - a for a, b in pairwise(places)) >= 24
