"""Municipal changes: figures carried from the boundaries they were published for to those of a vintage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.str_]

#: A part leaves and the rest keeps its code.
SEPARATION = "分離"
#: The area joined to existed before.
ABSORPTION = "編入合併"


@dataclass(frozen=True)
class Change:
    """One pair of a change: what was ``from_code`` became, wholly or in part, ``to_code``."""

    date: dt.date
    kind: str
    from_code: str
    to_code: str


def successors(code: str, after: dt.date, until: dt.date, changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes that hold the land of ``code``, as of ``after``, at ``until``.

    More than one code means that the area was split.

    Parameters
    ----------
    changes : ordered by date; changes of the same day happen together
    """
    current = {code}
    place = 0
    while place < len(changes):
        day = changes[place].date
        today = []
        while place < len(changes) and changes[place].date == day:
            today.append(changes[place])
            place += 1
        if not after < day <= until:
            continue
        targets: dict[str, set[str]] = {}
        for change in today:
            heirs = targets.setdefault(change.from_code, set())
            heirs |= {change.to_code, change.from_code} if change.kind == SEPARATION else {change.to_code}
        current = {new for old in current for new in targets.get(old, {old})}
    return frozenset(current)


def carried(
    codes: Codes,
    values: Floats,
    *,
    boundary_date: dt.date,
    vintage_date: dt.date,
    vintage_codes: Codes,
    changes: Sequence[Change],
    additive: bool,
) -> Floats:
    """Return published figures on the areas of a vintage.

    A renamed or renumbered area keeps its figure, merged areas are summed. A figure is missing where an
    area was split, where a predecessor's figure is missing, or where areas merged whose figures cannot
    be added. Codes that are no area of the vintage's level (a ward among municipalities) are left out.
    Going back in time (a vintage older than the figures) only identical codes and renumberings fit.

    Parameters
    ----------
    codes, values : (m,) as published; NaN where missing
    boundary_date : date of the boundaries the codes belong to
    vintage_date, vintage_codes : the areas wanted, codes ascending
    changes : municipal changes, ordered by date
    additive : whether merged areas' figures may be summed

    Returns
    -------
    (len(vintage_codes),) in the vintage's order
    """
    out = np.full(len(vintage_codes), np.nan)
    forward = boundary_date <= vintage_date
    first, last = sorted((boundary_date, vintage_date))
    between = [
        change for change in changes if first < change.date <= last and change.from_code != change.to_code
    ]
    if not forward:
        between = _reversed(between)
    touched = {change.from_code for change in between} | {change.to_code for change in between}
    place = np.searchsorted(vintage_codes, codes).clip(max=len(vintage_codes) - 1)
    plain = (vintage_codes[place] == codes) & ~np.isin(codes, list(touched))
    out[place[plain]] = values[plain]
    if touched:
        _carry_touched(codes, values, vintage_codes, between, out, first, last, additive=additive)
    return out


def _reversed(changes: Sequence[Change]) -> list[Change]:
    """Return the renumberings among changes, backwards; merged areas cannot be told apart again."""
    sources: dict[str, int] = {}
    for change in changes:
        sources[change.to_code] = sources.get(change.to_code, 0) + 1
    return [
        Change(change.date, change.kind, change.to_code, change.from_code)
        for change in changes
        if sources[change.to_code] == 1
    ]


def _existing_before(changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes that existed before the first of these changes."""
    seen: set[str] = set()
    existing: set[str] = set()
    for change in changes:
        if change.from_code not in seen or change.kind == SEPARATION:
            existing |= {change.from_code} - seen
        if change.kind == ABSORPTION:
            existing |= {change.to_code} - seen
        seen |= {change.from_code, change.to_code}
    return frozenset(existing)


def _carry_touched(
    codes: Codes,
    values: Floats,
    vintage_codes: Codes,
    between: Sequence[Change],
    out: Floats,
    first: dt.date,
    last: dt.date,
    *,
    additive: bool,
) -> None:
    """Fill the areas that took part in a change; one predecessor without a figure leaves a gap."""
    figure = dict(zip(codes.tolist(), values.tolist(), strict=True))
    place_of = {code: place for place, code in enumerate(vintage_codes.tolist())}
    heirs: dict[str, list[str]] = {}
    split: set[str] = set()
    for code in sorted(_existing_before(between)):
        now = successors(code, first, last, between) & place_of.keys()
        for heir in now:
            heirs.setdefault(heir, []).append(code)
        if len(now) > 1:
            split |= now
    for heir, predecessors in heirs.items():
        if heir not in split and (additive or len(predecessors) == 1):
            out[place_of[heir]] = sum(figure.get(code, np.nan) for code in predecessors)
