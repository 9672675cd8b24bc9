"""The logic model: measure → output → outcome → goal, each link with its reason, as graph and picture."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from html import escape
from typing import Literal

from geo.errors import Finding
from geo.layers.legend import FONTS

#: How a statement is known: from the strategy itself, from reports about it, or by our own reading.
Basis = Literal["stated", "reported", "assumed"]

#: The kinds of node in the order of their columns; a link leads from one column to the next.
KINDS = {
    "measure": ("施策", "Measures"),
    "output": ("アウトプット", "Outputs"),
    "outcome": ("アウトカム", "Outcomes"),
    "goal": ("目標", "Goals"),
}


@dataclass(frozen=True)
class Node:
    """What a measure brings about; ``indicators`` tell where it shows, for an outcome."""

    id: str
    kind: Literal["output", "outcome"]
    label_ja: str
    label_en: str
    indicators: tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """A cause and what it is thought to bring about, and why; ``assumed`` links are our own reading."""

    source: str
    target: str
    reason_ja: str
    reason_en: str
    basis: Basis


@dataclass(frozen=True)
class Box:
    """A node as it is shown: any kind, measures and goals included."""

    id: str
    kind: str
    label_ja: str
    label_en: str


def graph_faults(
    nodes: Sequence[Node], links: Sequence[Link], measures: Mapping[str, str], goals: Collection[str]
) -> list[Finding]:
    """Return what is wrong with a logic model; nothing for a sound one.

    Parameters
    ----------
    measures : id → the goal the strategy puts it under, which it must lead to
    """
    kinds = dict.fromkeys(measures, "measure") | dict.fromkeys(goals, "goal")
    kinds |= {node.id: node.kind for node in nodes}
    findings = [finding for link in links for finding in _link_faults(link, kinds)]
    if findings:
        return findings
    try:
        TopologicalSorter(_following(links)).prepare()
    except CycleError as error:
        return [Finding("logic model", "links", " → ".join(error.args[1]), "no cycle")]
    astray = [
        Finding(f"measure {name}", "goal", goal, "links that lead to the goal it is listed under")
        for name, goal in measures.items()
        if any(link.source == name for link in links) and goal not in downstream([name], links)
    ]
    return _unlinked(kinds, links) + astray


def _link_faults(link: Link, kinds: Mapping[str, str]) -> list[Finding]:
    where, order = f"link {link.source} → {link.target}", list(KINDS)
    findings = [
        Finding(where, field, end, "the id of a measure, node or goal")
        for field, end in (("source", link.source), ("target", link.target))
        if end not in kinds
    ]
    if not findings:
        kind = kinds[link.source]
        following = order[order.index(kind) + 1] if kind != "goal" else ""
        if kinds[link.target] != following:
            expected = f"a node of the kind {following}" if following else "nothing: a goal is the end"
            findings.append(Finding(where, "target", kinds[link.target], expected))
    if not (link.reason_ja and link.reason_en):
        findings.append(Finding(where, "reason", "", "why the one brings about the other"))
    return findings


def _unlinked(kinds: Mapping[str, str], links: Sequence[Link]) -> list[Finding]:
    caused, causing = {link.target for link in links}, {link.source for link in links}
    findings = []
    for name, kind in kinds.items():
        if kind != "goal" and name not in causing:
            findings.append(
                Finding(f"{kind} {name}", "links", "none leads from it", "a link to what it brings about")
            )
        if kind != "measure" and name not in caused:
            findings.append(
                Finding(f"{kind} {name}", "links", "none leads to it", "a link from what causes it")
            )
    return findings


def _following(links: Sequence[Link]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for link in links:
        found.setdefault(link.source, set()).add(link.target)
    return found


def downstream(starts: Collection[str], links: Sequence[Link]) -> set[str]:
    """Return every node that the given ones lead to, themselves included."""
    following = _following(links)
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(following.get(name, ()))
    return reached


def upstream(ends: Collection[str], links: Sequence[Link]) -> set[str]:
    """Return every node that leads to the given ones, themselves included."""
    turned = [Link(link.target, link.source, link.reason_ja, link.reason_en, link.basis) for link in links]
    return downstream(ends, turned)


def mermaid(boxes: Sequence[Box], links: Sequence[Link], lit: Collection[str], lang: str) -> str:
    """Return the model as a Mermaid flowchart; ``lit`` nodes are of the class ``deployed``.

    A dotted arrow is an assumed link.
    """
    names = {box.id: f"n{place}" for place, box in enumerate(boxes)}
    lines = ["flowchart LR"]
    for kind, (ja, en) in KINDS.items():
        lines.append(f'  subgraph {kind}["{ja if lang == "ja" else en}"]')
        for box in boxes:
            if box.kind == kind:
                label = (box.label_ja if lang == "ja" else box.label_en).replace('"', "#quot;")
                lines.append(f'    {names[box.id]}["{label}"]')
        lines.append("  end")
    for link in links:
        arrow = "-.->" if link.basis == "assumed" else "-->"
        lines.append(f"  {names[link.source]} {arrow} {names[link.target]}")
    lines.append("  classDef deployed fill:#c7e0f4,stroke:#08519c,stroke-width:2px")
    shown = [names[box.id] for box in boxes if box.id in lit]
    if shown:
        lines.append(f"  class {','.join(shown)} deployed")
    return "\n".join(lines) + "\n"


_WIDTHS = {"measure": 300, "output": 270, "outcome": 260, "goal": 220}
_GAP_X, _GAP_Y, _LINE, _PAD = 70, 8, 16, 8
_TOP = 86
_FONT = 12


def svg(boxes: Sequence[Box], links: Sequence[Link], lit: Collection[str], lang: str, title: str) -> str:
    """Return the model as a picture: a column for each kind, lit nodes and links in blue.

    Boxes stand in the order given, each column spread over the height of the fullest; a dashed line is an
    assumed link. The reason of a link is its title.
    """
    lines = {box.id: _wrapped(box, lang) for box in boxes}
    heights = {name: _LINE * len(texts) + 2 * _PAD for name, texts in lines.items()}
    columns = {kind: [box.id for box in boxes if box.kind == kind] for kind in KINDS}
    fullest = max(sum(heights[name] + _GAP_Y for name in column) for column in columns.values())
    places: dict[str, tuple[float, float]] = {}
    x = 20.0
    for kind, column in columns.items():
        left = fullest - sum(heights[name] for name in column)
        gap = left / max(len(column), 1)
        y = _TOP + gap / 2
        for name in column:
            places[name] = (x, y)
            y += heights[name] + gap
        x += _WIDTHS[kind] + _GAP_X
    width, height = x - _GAP_X + 20, _TOP + fullest + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" lang="{lang}" font-family="{FONTS}" '
        f'font-size="{_FONT}">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="20" y="28" font-size="17" font-weight="bold">{escape(title)}</text>',
        f'<text x="20" y="48" fill="#555555">{escape(_KEY[lang])}</text>',
    ]
    x = 20.0
    for kind, labels in KINDS.items():
        label = labels[0 if lang == "ja" else 1]
        parts.append(f'<text x="{x}" y="74" font-size="14" font-weight="bold">{escape(label)}</text>')
        x += _WIDTHS[kind] + _GAP_X
    kinds = {box.id: box.kind for box in boxes}
    for link in sorted(links, key=lambda each: each.source in lit and each.target in lit):
        parts.append(_curve(link, kinds, places, heights, lit, lang))
    parts += [_drawn(box, lines[box.id], places[box.id], heights[box.id], box.id in lit) for box in boxes]
    return "".join((*parts, "</svg>"))


_KEY = {
    "ja": "青：選んだ地域で展開が把握されている施策とその先。破線：本サービスの解釈（assumed）。",
    "en": "Blue: measures known to be deployed in the chosen area, and where they lead. "
    "Dashed: our own reading (assumed).",
}


def _wrapped(box: Box, lang: str) -> list[str]:
    """Return a label in lines that fit its column: full-width characters are as wide as the font is high."""
    room = (_WIDTHS[box.kind] - 2 * _PAD) / _FONT
    if lang == "en":
        return textwrap.wrap(box.label_en, int(room * 1.75)) or [""]
    lines, line, used = [], "", 0.0
    for character in box.label_ja:
        wide = 1.0 if unicodedata.east_asian_width(character) in "WFA" else 0.6
        if used + wide > room:
            lines.append(line)
            line, used = "", 0.0
        line, used = line + character, used + wide
    return [*lines, line]


def _curve(
    link: Link,
    kinds: Mapping[str, str],
    places: Mapping[str, tuple[float, float]],
    heights: Mapping[str, float],
    lit: Collection[str],
    lang: str,
) -> str:
    x0, y0 = places[link.source]
    x0, y0 = x0 + _WIDTHS[kinds[link.source]], y0 + heights[link.source] / 2
    x1, y1 = places[link.target]
    y1 += heights[link.target] / 2
    middle = (x0 + x1) / 2
    on = link.source in lit and link.target in lit
    style = 'stroke="#08519c" stroke-width="2"' if on else 'stroke="#b0b7bf" stroke-width="1"'
    dashed = ' stroke-dasharray="4 3"' if link.basis == "assumed" else ""
    reason = link.reason_ja if lang == "ja" else link.reason_en
    return (
        f'<path d="M{x0:.0f} {y0:.1f}C{middle:.0f} {y0:.1f} {middle:.0f} {y1:.1f} {x1:.0f} {y1:.1f}" '
        f'fill="none" {style}{dashed}><title>{escape(reason)}</title></path>'
    )


def _drawn(box: Box, lines: Sequence[str], place: tuple[float, float], height: float, on: bool) -> str:
    x, y = place
    fill, stroke = ("#c7e0f4", "#08519c") if on else ("#f6f7f9", "#8a939c")
    texts = "".join(
        f'<tspan x="{x + _PAD:.0f}" y="{y + _PAD + _LINE * (number + 0.78):.1f}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return (
        f'<g id="{escape(box.id)}"><rect x="{x:.0f}" y="{y:.1f}" width="{_WIDTHS[box.kind]}" '
        f'height="{height}" rx="4" fill="{fill}" stroke="{stroke}"/><text fill="#16202a">{texts}</text></g>'
    )
