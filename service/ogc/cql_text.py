"""CQL2 as text, read in time that grows with its length.

The parser of the library tries what is in brackets again for each bracket around it, where it does not fit at
once: twenty brackets that are not closed took two seconds, forty would take weeks. So what stands in brackets
is read by itself, from the inside outwards, and stands for a property in what is around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import cql2

from geo.files.documents import is_deeper

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[^\W\d][\w.:]*|[()]|\s+|.", re.DOTALL)
#: Words before a bracket that are no name of a function.
_OPERATORS = frozenset({"and", "or", "not", "like", "between", "is", "div"})
_SHAPES = frozenset(
    {
        *("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
        *("geometrycollection", "z"),
    }
)
#: Objects and lists in each other: each operation is an object with a list.
DEEPEST = 120
_LIST = "("
_OF_LISTS = frozenset({"a_equals", "a_contains", "a_containedby", "a_overlaps"})
#: Brackets in each other in the coordinates of a shape.
_OF_SHAPE = 2


class Unreadable(ValueError):
    """A text that is no CQL2; the message says why, of which part of it."""


@dataclass
class _Open:
    """A bracket that is not closed yet: after which word, and what stands in it so far."""

    word: str | None
    parts: list[str] = field(default_factory=list)


def read_text(text: str) -> Any:
    """Return the tree of a filter in CQL2 text.

    Raises
    ------
    Unreadable
    """
    prefix = "part"
    while prefix in text:
        prefix += "_"
    trees: dict[str, Any] = {}
    stack = [_Open(None)]
    word = ""
    for sign in _TOKEN.findall(text):
        if sign == "(":
            stack.append(_Open(_opened(word.lower(), stack[-1].word)))
            _check(stack)
        elif sign == ")":
            closed = stack.pop()
            if not stack:
                raise Unreadable("a bracket is closed that is not open")
            inner = "".join(closed.parts)
            if closed.word is None and not _in_shape(stack):
                name = f"{prefix}{len(trees)}"
                trees[name] = _parsed(inner, trees)
                stack[-1].parts.append(f" {name} ")
            else:
                stack[-1].parts.append(f"({inner})")
        else:
            stack[-1].parts.append(sign)
        if not sign.isspace():
            word = sign if sign[0] == "_" or sign[0].isalpha() else ""
    if len(stack) > 1:
        raise Unreadable("a bracket is not closed")
    return _parsed("".join(stack[0].parts), trees)


def _opened(word: str, around: str | None) -> str | None:
    """Return what a bracket opens: what a word takes, a list, or nothing but a part."""
    if word and word not in _OPERATORS:
        return word
    return _LIST if around in _OF_LISTS else None


def _check(stack: list[_Open]) -> None:
    """Refuse lists in lists, and more brackets in a shape than shapes have."""
    around = []
    for one in reversed(stack):
        if one.word is None and not _in_shape(stack):
            break
        around.append(one.word)
    if around.count("in") + around.count(_LIST) > 1:
        raise Unreadable("a list has no list in it")
    shape = next((place for place, one in enumerate(around) if one in _SHAPES), 0)
    if shape > _OF_SHAPE:
        raise Unreadable("the coordinates of a shape have fewer brackets")


def _in_shape(stack: list[_Open]) -> bool:
    words = (one.word for one in reversed(stack))
    return next((one for one in words if one is not None), "") in _SHAPES


def read_json(text: str) -> Any:
    """Return the tree of a filter in CQL2 JSON.

    Raises
    ------
    Unreadable
    """
    return _tree(cql2.parse_json, text)


def _parsed(text: str, trees: Mapping[str, Any]) -> Any:
    tree = _tree(cql2.parse_text, text)
    if is_deeper(tree, DEEPEST):
        raise Unreadable(f"it has more than {DEEPEST // 2} operations in a row")
    return _filled(tree, trees)


def _tree(parse: Callable[[str], cql2.Expr], text: str) -> Any:
    try:
        return parse(text).to_json()
    except Exception as error:  # noqa: BLE001 (so does the library raise them; its last line says what it expects)
        told = str(error).strip().splitlines() or ["no CQL2"]
        place = told[0].strip().removeprefix("--> ")
        raise Unreadable(f"at {place}: {told[-1].strip(' =')}") from None


def _filled(tree: Any, trees: Mapping[str, Any]) -> Any:
    """Return a tree with those of its parts in it."""
    if isinstance(tree, list):
        return [_filled(one, trees) for one in tree]
    if not isinstance(tree, dict):
        return tree
    name = tree.get("property")
    if isinstance(name, str) and name in trees:
        return trees[name]
    return {key: _filled(one, trees) for key, one in tree.items()}
