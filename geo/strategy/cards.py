"""A view of the strategy as a picture for link previews: what it is, and its gist in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from geo.layers.drawing import INK, SOFT, text_width, wrapped
from geo.layers.legend import FONTS
from geo.strategy.plan import Strategy
from geo.text import Language, Text

View = Literal["kpi", "logic", "roadmap"]

NAMES: dict[View, Text] = {
    "kpi": {"ja": "KPI", "en": "KPIs"},
    "logic": {"ja": "ロジックモデル", "en": "Logic model"},
    "roadmap": {"ja": "ロードマップ", "en": "Roadmap"},
}
NUMBERS = "①②③④⑤⑥"
ACCENT = "#0b5c8a"
#: A card is laid out on so many pixels and then made larger or smaller.
WIDTH, HEIGHT = 1200, 630
MARGIN, COLUMN = 60, 265
MOST_LINES = 2


@dataclass(frozen=True)
class Entry:
    """What a line begins with, and what it tells."""

    head: str
    words: str


def entries(strategy: Strategy, view: View, lang: Language) -> list[Entry]:
    """Return the gist of a view: the KPI of each goal, what leads to it, or what is due in each year."""
    return _MADE[view](strategy, lang)


def _kpis(strategy: Strategy, lang: Language) -> list[Entry]:
    goals = [goal for goal in strategy.goals if goal.kpi_ja]
    return [
        Entry(f"{number} {goal.name_ja}", goal.kpi_ja) if lang == "ja" else Entry(goal.name_en, goal.kpi_en)
        for number, goal in zip(NUMBERS, goals, strict=False)
    ]


def _logic(strategy: Strategy, lang: Language) -> list[Entry]:
    kinds = {box.id: box.kind for box in strategy.boxes}
    words = {
        "ja": "施策 {measure} → 産出 {output} → 成果 {outcome}",
        "en": "Measures {measure} → outputs {output} → outcomes {outcome}",
    }[lang]
    found = []
    for goal in strategy.goals:
        reached, new = set[str](), {goal.id}
        while new:
            new = {link.source for link in strategy.links if link.target in new} - reached
            reached |= new
        counts = {
            kind: sum(kinds[one] == kind for one in reached) for kind in ("measure", "output", "outcome")
        }
        found.append(Entry(goal.name_ja if lang == "ja" else goal.name_en, words.format(**counts)))
    return found


def _roadmap(strategy: Strategy, lang: Language) -> list[Entry]:
    found = []
    for year in range(strategy.fy_from, strategy.fy_to + 1):
        due = [one for one in strategy.milestones if one.fiscal_year == year]
        labels = ("、" if lang == "ja" else "; ").join(
            one.label_ja if lang == "ja" else one.label_en for one in due
        )
        found.append(Entry(f"{year}年度" if lang == "ja" else f"FY{year}", labels or "—"))
    return found


_MADE: dict[View, Callable[[Strategy, Language], list[Entry]]] = {
    "kpi": _kpis,
    "logic": _logic,
    "roadmap": _roadmap,
}


def _text(words: str, x: float, y: float, size: float, colour: str = INK, *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{weight}>{escape(words)}</text>'


def _told(words: str, width: float, size: float) -> list[str]:
    lines = wrapped(words, width, size)
    if len(lines) <= MOST_LINES:
        return lines
    last = lines[MOST_LINES - 1]
    while text_width(f"{last}…", size) > width:
        last = last[:-1]
    return [*lines[: MOST_LINES - 1], f"{last}…"]


def to_svg(strategy: Strategy, view: View, lang: Language, width: int, height: int) -> str:
    """Return the card as SVG of a size in pixels; a text of more than two lines ends with “…”."""
    title = strategy.title_ja if lang == "ja" else strategy.title_en
    site = "chiiki 地域" if lang == "ja" else "chiiki"
    drawn = [
        _text(NAMES[view][lang], MARGIN, 105, 54, ACCENT, bold=True),
        _text(title, MARGIN, 152, 27, SOFT),
    ]
    told = entries(strategy, view, lang)
    y = 222.0
    step = (HEIGHT - y - 62) / max(len(told), 1)
    for each in told:
        drawn += _lines(each, y, lang)
        y += step
    drawn.append(_text(site, MARGIN, HEIGHT - 30, 24, ACCENT, bold=True))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" role="img" lang="{lang}" font-family="{FONTS}">'
        f"<title>{escape(f'{NAMES[view][lang]} {title}')}</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<rect width="{WIDTH}" height="12" fill="{ACCENT}"/>{"".join(drawn)}</svg>'
    )


def _lines(each: Entry, y: float, lang: Language) -> Sequence[str]:
    column = COLUMN if lang == "ja" else COLUMN + 55
    heads = wrapped(each.head, column - 20, 25, bold=True)[:MOST_LINES]
    words = _told(each.words, WIDTH - 2 * MARGIN - column, 24)
    return [
        *(_text(line, MARGIN, y + 33 * at, 25, bold=True) for at, line in enumerate(heads)),
        *(_text(line, MARGIN + column, y + 33 * at, 24) for at, line in enumerate(words)),
    ]
