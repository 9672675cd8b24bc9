"""JSON documents that were good, a value replaced, left out, doubled or turned about; and other bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

from hypothesis import strategies as st

from geo.tests.mutations import mutated_text

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

#: What stands where nobody expected it.
_SCALARS: tuple[Json, ...] = (
    *(None, True, 0, -1, 2, 10**18, 1e308, -1e308),
    *("", "9" * 400, "日本", "0.0", "\0", "EPSG:4301", "Polygon"),
)
_NESTED: list[Json] = [
    [],
    {},
    [[]],
    [[[[1]]]],
    [None],
    [1e308, 1e308],
    [36.4, 139.1],
    [139.1, 36.4, 5.0],
    [[139.1, 36.4], [139.1, 36.4]],
]
VALUES = (*_SCALARS, *_NESTED)


@st.composite
def mutated_document(draw: st.DrawFn, good: Mapping[str, Json]) -> bytes:
    """Return a document of which one or two values were changed; its text was perhaps cut or recoded."""
    tree: Json = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 2))):
        tree = _changed(draw, tree)
    text = json.dumps(tree, ensure_ascii=draw(st.booleans()))
    return draw(st.just(text.encode()) | mutated_text(text))


@st.composite
def mutated_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """Return bytes that were cut off, or of which some were changed, left out or put in."""
    if draw(st.booleans()):
        return good[: draw(st.integers(0, len(good)))]
    at = draw(st.integers(0, len(good)))
    return good[:at] + draw(st.binary(max_size=8)) + good[at + draw(st.integers(0, 8)) :]


def _changed(draw: st.DrawFn, tree: Json) -> Json:
    if not isinstance(tree, list | dict) or not tree:
        return draw(st.sampled_from(VALUES))
    how = draw(st.sampled_from(["deeper"] * 5 + ["replaced", "left out", "doubled", "turned"]))
    if isinstance(tree, list):
        return _changed_list(draw, tree, how)
    name = draw(st.sampled_from(sorted(tree)))
    if how == "left out":
        return {other: value for other, value in tree.items() if other != name}
    if how == "turned":
        return dict(reversed(tree.items()))
    return {**tree, name: _changed(draw, tree[name]) if how == "deeper" else draw(st.sampled_from(VALUES))}


def _changed_list(draw: st.DrawFn, items: list[Json], how: str) -> Json:
    if how == "turned":
        return items[::-1]
    at = draw(st.integers(0, len(items) - 1))
    replacements: dict[str, list[Json]] = {"left out": [], "doubled": [items[at], items[at]]}
    if how in replacements:
        return [*items[:at], *replacements[how], *items[at + 1 :]]
    changed = _changed(draw, items[at]) if how == "deeper" else draw(st.sampled_from(VALUES))
    return [*items[:at], changed, *items[at + 1 :]]
