"""Municipal changes: figures carried from the boundaries they were published for to those of a vintage."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.str_]

#: An area gives up land for a new one and keeps its code; the change list names only the latter.
SEPARATION = "分離"
#: An area is taken up by one that existed before and keeps its code; the list names only the former.
ABSORPTION = "編入合併"

#: An area gets another name or rank; where it gets another code the same day, it does not keep the old one.
SAME_AREA = frozenset({"名称変更", "町制施行"})


@dataclass(frozen=True)
class Change:
    """One pair of a change: what was ``from_code`` became, wholly or in part, ``to_code``."""

    date: dt.date
    kind: str
    from_code: str
    to_code: str


def lineages(after: dt.date, until: dt.date, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
    """Return for each area that took part in a change the codes that hold its land in the end.

    Parameters
    ----------
    after, until : changes count when ``after < date <= until``
    changes : ordered by date; changes of the same day happen together, one into the other where they
        connect (大野村 joins 鹿島町, which becomes 鹿嶋市)

    Returns
    -------
    Codes as of ``after`` → codes as of ``until``; more than one means that the area was split. Areas
    without a change are not in it.
    """
    holders: dict[str, set[str]] = {}
    seen: set[str] = set()
    counted = (change for change in changes if after < change.date <= until)
    for _, group in groupby(counted, key=lambda change: change.date):
        today = list(group)
        for code in _existing_before(today) - seen:
            holders[code] = {code}
        seen.update(code for change in today for code in (change.from_code, change.to_code))
        targets = _targets(today)
        moved = {code: holders.pop(code, set()) for code in targets}
        for code, origins in moved.items():
            for target in targets[code]:
                holders.setdefault(target, set()).update(origins)
    heirs: dict[str, set[str]] = {}
    for code, origins in holders.items():
        for origin in origins:
            heirs.setdefault(origin, set()).add(code)
    return {origin: frozenset(codes) for origin, codes in heirs.items()}


def _existing_before(today: Sequence[Change]) -> set[str]:
    """Return the codes of a day's changes that were there before: what changes, and what takes up."""
    made = {change.to_code for change in today if change.kind != ABSORPTION}
    absorbing = {change.to_code for change in today if change.kind == ABSORPTION}
    return {change.from_code for change in today} | (absorbing - made)


def _targets(today: Sequence[Change]) -> dict[str, set[str]]:
    """Return where the land of each code is at the end of a day."""
    direct: dict[str, set[str]] = {}
    for change in today:
        if change.from_code == change.to_code and change.kind in SAME_AREA:
            continue
        kept = {change.from_code} if change.kind == SEPARATION else set()
        direct.setdefault(change.from_code, set()).update({change.to_code} | kept)

    def last(code: str, passed: frozenset[str]) -> set[str]:
        ends: set[str] = set()
        for target in direct.get(code, {code}):
            ends |= {target} if target == code or target in passed else last(target, passed | {code})
        return ends

    return {code: last(code, frozenset()) for code in direct}


def successors(code: str, after: dt.date, until: dt.date, changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes that hold the land of ``code``, as of ``after``, at ``until``.

    More than one code means that the area was split.

    Parameters
    ----------
    changes : ordered by date; changes of the same day happen together
    """
    return lineages(after, until, changes).get(code, frozenset({code}))


def located(date: dt.date, vintage_date: dt.date, changes: Sequence[Change]) -> dict[str, frozenset[str]]:
    """Return for codes of one date the codes that hold any of their land on another, earlier or later.

    Codes without a change in between are not in it: they hold their own land.
    """
    first, last = sorted((date, vintage_date))
    heirs = lineages(first, last, changes)
    if date <= vintage_date:
        return heirs
    origins: dict[str, set[str]] = {}
    for old, codes in heirs.items():
        for new in codes:
            origins.setdefault(new, set()).add(old)
    return {new: frozenset(old) for new, old in origins.items()}


def origins(
    code: str, boundary_date: dt.date, vintage_date: dt.date, changes: Sequence[Change]
) -> frozenset[str]:
    """Return the codes of published boundaries whose figures together are those of an area of a vintage.

    Parameters
    ----------
    code : the area, as of ``vintage_date``
    boundary_date : date of the boundaries that figures were published for
    changes : ordered by date; changes of the same day happen together

    Returns
    -------
    The code itself where nothing changed; none where the area holds only a part of another.
    """
    first, last = sorted((boundary_date, vintage_date))
    heirs = lineages(first, last, changes)
    former = {old for old, new in heirs.items() if code in new}
    if boundary_date <= vintage_date:
        whole = all(len(heirs[old]) == 1 for old in former)
        return frozenset(former or {code}) if whole else frozenset()
    later = heirs.get(code, frozenset({code}))
    alone = all(later.isdisjoint(new) for old, new in heirs.items() if old != code)
    return later if len(later) == 1 and alone else frozenset()


def absent(date: dt.date, changes: Sequence[Change]) -> frozenset[str]:
    """Return the codes in a list of changes that no area had on a date: not yet, or no longer.

    Parameters
    ----------
    changes : ordered by date; those of ``date`` itself have happened
    """
    gone: set[str] = set()
    unborn: set[str] = set()
    seen: set[str] = set()
    for day, group in groupby(changes, key=lambda change: change.date):
        today = list(group)
        if day <= date:
            targets = _targets(today)
            gone = (gone | targets.keys()).difference(*targets.values())
            continue
        codes = {code for change in today for code in (change.from_code, change.to_code)}
        unborn |= codes - seen - _existing_before(today)
        seen |= codes
    return frozenset(gone | unborn)


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
    area was split, where a predecessor's figure is missing or not given at all, or where areas merged
    whose figures cannot be added. Codes that are no area of the vintage's level (a ward among
    municipalities) are left out. Going back in time (a vintage older than the figures) only identical
    codes and renumberings fit: what has merged cannot be told apart.

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
    if len(vintage_codes) == 0 or len(codes) == 0:
        return out
    first, last = sorted((boundary_date, vintage_date))
    between = [change for change in changes if first < change.date <= last]
    moving = [change for change in between if change.from_code != change.to_code]
    touched = {change.from_code for change in moving} | {change.to_code for change in moving}
    place = np.searchsorted(vintage_codes, codes).clip(max=len(vintage_codes) - 1)
    plain = (vintage_codes[place] == codes) & ~np.isin(codes, list(touched))
    out[place[plain]] = values[plain]
    if touched:
        figures = dict(zip(codes.tolist(), values.tolist(), strict=True))
        place_of = {code: index for index, code in enumerate(vintage_codes.tolist())}
        heirs = {old: new for old, new in lineages(first, last, between).items() if old in touched}
        moved = _forward(figures, heirs, additive) if boundary_date <= vintage_date else _back(figures, heirs)
        for code in moved.keys() & place_of.keys():
            out[place_of[code]] = moved[code]
    return out


Heirs = Mapping[str, frozenset[str]]


def _predecessors(heirs: Heirs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for old in sorted(heirs):
        for new in heirs[old]:
            found.setdefault(new, []).append(old)
    return found


def _forward(figures: Mapping[str, float], heirs: Heirs, additive: bool) -> dict[str, float]:
    """Return the figures of the areas that came out of changes; one predecessor without leaves a gap."""
    moved: dict[str, float] = {}
    for new, origins in _predecessors(heirs).items():
        whole = all(len(heirs[old]) == 1 for old in origins)
        if whole and (additive or len(origins) == 1):
            moved[new] = math.fsum(figures.get(old, math.nan) for old in origins)
    return moved


def _back(figures: Mapping[str, float], heirs: Heirs) -> dict[str, float]:
    """Return the figures of areas that were renumbered since, under their former codes."""
    origins = _predecessors(heirs)
    return {
        old: figures.get(new, math.nan)
        for old, codes in heirs.items()
        for new in codes
        if len(codes) == 1 and len(origins[new]) == 1
    }
