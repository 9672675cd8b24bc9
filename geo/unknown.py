"""What is said of a name that there is none of: what is spelt nearly alike, never a long list of all."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from geo.errors import SHOWN, NotFound
from geo.spelling import near
from geo.text import Bilingual, name_of

#: So many values are told one by one.
MOST_TOLD = 12
#: Characters of a name that others are compared with.
_COMPARED = 120


def unknown(what: str, name: str, existing: Mapping[str, Bilingual], listed: str) -> NotFound:
    """Return the refusal of an id that there is none of.

    Parameters
    ----------
    what : what it would be the id of, with a capital only where it is a name
    listed : the address at which all of them are

    >>> str(unknown("goal", "nothing", {}, "/v1/goals"))
    "No goal is called 'nothing'; /v1/goals lists all 0"
    """
    found = near(name[:_COMPARED], existing)
    like = f"; near it: {', '.join(found)}" if found else ""
    return NotFound(
        f"No {what} is called {name[:SHOWN]!r}{like}; {listed} lists all {len(existing)}",
        near=[(one, name_of(existing[one])) for one in found],
    )


def offered(asked: str, existing: Collection[str]) -> str:
    """Return which values there are: each of a few; of many some spelt nearly as one, else the ends.

    >>> offered("ward", ["prefecture", "municipality"])
    'prefecture, municipality'
    >>> years = [str(year) for year in range(1995, 2025)]
    >>> offered("newest", years), offered("virids", ["viridis", *years])
    ('1995, 2024 and others, 30 in all', 'viridis and others, 31 in all')
    """
    values = list(existing)
    if len(values) <= MOST_TOLD:
        return ", ".join(values) or "none"
    told = near(asked[:_COMPARED], values) or [values[0], values[-1]]
    return f"{', '.join(told)} and others, {len(values)} in all"
