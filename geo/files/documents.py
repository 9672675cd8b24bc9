"""JSON that strangers send: read in bounded depth, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from geo.errors import SHOWN, Finding, InvalidFile

#: Lists and objects inside each other. GeoJSON in a list of features takes ten.
DEEPEST = 32


def read_json(data: bytes, told: str = "The body is no JSON", expected: str = "JSON") -> object:
    """Return the JSON of a body, in which nothing lies deeper than ``DEEPEST``.

    What walks through it afterwards may do so by recursion. The parser itself refuses what no number is
    (NaN), half characters of UTF-16, and a depth at which it would run out of stack.

    Parameters
    ----------
    told, expected : what a refusal says

    Raises
    ------
    InvalidFile : no JSON, or deeper
    """
    try:
        document: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        finding = Finding(f"line {error.lineno}", "json", str(error), expected)
        raise InvalidFile(told, [finding]) from error
    if is_deeper(document, DEEPEST):
        finding = Finding(
            "body", "depth", f"more than {DEEPEST}", f"{DEEPEST} lists or objects in each other"
        )
        raise InvalidFile("JSON の入れ子が深すぎます / The JSON is nested too deeply", [finding])
    return document


def is_deeper(document: object, most: int) -> bool:
    """Return whether lists and objects lie in each other deeper than ``most``.

    >>> is_deeper([{"a": []}], 3), is_deeper([{"a": []}], 2)
    (False, True)
    """
    level: Sequence[object] = [document]
    for _ in range(most):
        level = [
            part
            for one in level
            for part in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
            if isinstance(part, dict | list)
        ]
        if not level:
            return False
    return True


def shown(value: object) -> str:
    """Return the beginning of a value as a refusal shows it: a text as it is, all else as JSON."""
    return value[:SHOWN] if isinstance(value, str) else orjson.dumps(value).decode()[:SHOWN]
