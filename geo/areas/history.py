"""What areas were and became: names over time, and weights that carry counts from one date to another.

Events happen day by day. Those of a day are one step: from the codes before it to those after it, each with
the part of it that moved. Steps are composed, forwards or back, so that a way over several dates is the
product of its parts. Weights are fractions: what they sum to is exact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Literal

from geo.areas.chronicle import Entry, entries
from geo.areas.lineage import Change, lineages, municipal
from geo.codes import WARD_CITY

#: The lists of codes and of events begin here: what was before is not told.
BEGIN = dt.date(1970, 4, 1)
_DAY = dt.timedelta(1)

Quality = Literal["exact", "estimated", "refused"]
Basis = Literal["population", "area"]
#: What parts are weighed by, the better first.
BASES: tuple[Basis, ...] = ("population", "area")


@dataclass(frozen=True)
class Spell:
    """What a code was called for a time; ``until`` is the first day on which it no longer was."""

    code: str
    since: dt.date
    until: dt.date | None
    ja: str
    kana: str
    en: str
    district: str = ""

    def holds(self, date: dt.date) -> bool:
        """Return whether this was so on a date; the first spells are as old as may be."""
        return (self.since <= date or self.since == BEGIN) and (self.until is None or date < self.until)


@dataclass(frozen=True)
class Share:
    """How much of one area went to another on a date: people or square metres, counted on ``as_of``."""

    date: dt.date
    from_code: str
    to_code: str
    basis: Basis
    amount: int
    as_of: dt.date


@dataclass(frozen=True)
class Link:
    """How much of an area is in another.

    Attributes
    ----------
    weight : part of what is carried; None where it is not known
    bases : what an estimate rests on, and of when; none for what is exact
    broken_on : the day of the event that nobody knows the parts of; None where the weight is known
    """

    weight: Fraction | None = Fraction(1)
    bases: frozenset[tuple[Basis, dt.date]] = frozenset()
    broken_on: dt.date | None = None

    @property
    def quality(self) -> Quality:
        """Whether the weight is known, known by an estimate, or not."""
        if self.weight is None:
            return "refused"
        return "estimated" if self.bases else "exact"

    def then(self, other: Link) -> Link:
        """Return the way over both, one after the other."""
        if self is WHOLE or other is WHOLE:
            return other if self is WHOLE else self
        if self.weight is None or other.weight is None:
            return self._broken(other)
        return Link(self.weight * other.weight, self.bases | other.bases)

    def beside(self, other: Link) -> Link:
        """Return two ways from one area to one other together."""
        if self.weight is None or other.weight is None:
            return self._broken(other)
        return Link(self.weight + other.weight, self.bases | other.bases)

    def _broken(self, other: Link) -> Link:
        days = [day for day in (self.broken_on, other.broken_on) if day is not None]
        return Link(None, frozenset(), min(days))


#: All of an area, as it is.
WHOLE = Link()

#: Area → the areas that hold it, or parts of it, at the other date.
Links = Mapping[str, Mapping[str, Link]]


@dataclass(frozen=True)
class Carried:
    """A count carried to other boundaries; ``value`` is None where it is refused."""

    value: Fraction | None
    quality: Quality
    bases: frozenset[tuple[Basis, dt.date]] = frozenset()


@dataclass(frozen=True)
class Walk:
    """How counts of the areas of one date make up those of another.

    Attributes
    ----------
    start, end : the dates; ``end`` may be the earlier
    links : of every area that an event between them touched; all others stay what they are
    """

    start: dt.date
    end: dt.date
    links: Links

    def of(self, code: str) -> Mapping[str, Link]:
        """Return the areas that hold an area at the end."""
        return self.links.get(code, {code: Link()})

    @cached_property
    def origins(self) -> dict[str, dict[str, Link]]:
        """The same from the other side: area at the end → the areas that it is made of."""
        found: dict[str, dict[str, Link]] = {}
        for code, links in self.links.items():
            for target, link in links.items():
                found.setdefault(target, {})[code] = link
        return found

    def carried(self, counts: Mapping[str, int]) -> dict[str, Carried]:
        """Return the counts of the areas at the end.

        An area is refused where the size of one of its parts is not known, or where a part has no count.
        """
        found: dict[str, Carried] = {}
        for target in {target for code in counts for target in self.of(code)}:
            origins = self.origins.get(target, {target: Link()})
            found[target] = _sum({code: counts.get(code) for code in origins}, origins)
        return found

    def people(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return whole persons at the end: each area's count is divided so that nobody is lost or made up.

        Shares are rounded down, and who is left goes to the greatest remainders. Areas with a part of unknown
        size are left out.
        """
        found: dict[str, int] = {}
        refused = {target for code in counts for target, link in self.of(code).items() if link.weight is None}
        for code, count in counts.items():
            if not refused.isdisjoint(self.of(code)):
                continue
            for target, part in apportioned(count, self.of(code)).items():
                found[target] = found.get(target, 0) + part
        return {target: count for target, count in found.items() if target not in refused}


def _sum(counts: Mapping[str, int | None], links: Mapping[str, Link]) -> Carried:
    total, bases = Fraction(0), frozenset[tuple[Basis, dt.date]]()
    for code, count in counts.items():
        weight = links[code].weight
        if weight is None or count is None:
            return Carried(None, "refused")
        total += count * weight
        bases |= links[code].bases
    return Carried(total, "estimated" if bases else "exact", bases)


def apportioned(count: int, links: Mapping[str, Link]) -> dict[str, int]:
    """Return whole parts of a count by weights that sum to 1 (largest remainders; ties by code).

    >>> apportioned(10, {"a": Link(Fraction(1, 3)), "b": Link(Fraction(2, 3))})
    {'a': 3, 'b': 7}
    """
    exact = {code: count * link.weight for code, link in links.items() if link.weight is not None}
    parts = {code: int(part // 1) for code, part in exact.items()}
    left = count - sum(parts.values())
    for code in sorted(exact, key=lambda code: (parts[code] - exact[code], code))[:left]:
        parts[code] += 1
    return parts


#: (date, from, to) → amounts by basis.
_Shares = Mapping[tuple[dt.date, str, str], Mapping[Basis, Share]]


@dataclass(frozen=True)
class Step:
    """The events of a day: where the land of each code that took part is after it."""

    date: dt.date
    heirs: Mapping[str, frozenset[str]]

    @cached_property
    def origins(self) -> dict[str, frozenset[str]]:
        """The same from the other side: code after the day → those that it is made of."""
        return _turned(self.heirs)

    def moved(self, held: Collection[str], *, forward: bool) -> set[str]:
        """Return the codes after the day that hold land of these before it; or the other way round."""
        heirs = self.heirs if forward else self.origins
        return {new for old in held for new in heirs.get(old, (old,))}

    def forward(self, shares: _Shares) -> dict[str, dict[str, Link]]:
        """Return how much of each area before the day is in which after it."""
        return {
            old: _weighed({new: (self.date, old, new) for new in codes}, shares)
            for old, codes in self.heirs.items()
        }

    def back(self, shares: _Shares) -> dict[str, dict[str, Link]]:
        """Return how much of each area after the day was in which before it."""
        return {
            new: _weighed({old: (self.date, old, new) for old in codes}, shares)
            for new, codes in self.origins.items()
        }


def _weighed(keys: Mapping[str, tuple[dt.date, str, str]], shares: _Shares) -> dict[str, Link]:
    """Return the weights of parts: 1 where there is one, else by the first basis that all parts have."""
    if len(keys) == 1:
        return dict.fromkeys(keys, WHOLE)
    for basis in BASES:
        amounts = {code: shares.get(key, {}).get(basis) for code, key in keys.items()}
        known = {code: share for code, share in amounts.items() if share is not None}
        whole = sum(share.amount for share in known.values())
        if len(known) == len(keys) and whole > 0:
            return {
                code: Link(Fraction(share.amount, whole), frozenset({(basis, share.as_of)}))
                for code, share in known.items()
            }
    (date, _, _), *_ = keys.values()
    return {code: Link(None, frozenset(), date) for code in keys}


@dataclass(frozen=True)
class Kin:
    """An area before or after another, and the day since which it holds its land, or until which it did."""

    code: str
    date: dt.date


@dataclass(frozen=True)
class History:
    """The events between municipalities, what codes were called, and what is known of the parts.

    Attributes
    ----------
    changes : pairs of municipal changes, in any order
    spells : what codes were called; a code is in force while one holds
    shares : what is known of parts that went different ways
    """

    changes: Sequence[Change] = ()
    spells: Sequence[Spell] = ()
    shares: Sequence[Share] = ()

    @cached_property
    def municipal(self) -> History:
        """The same between municipalities only, designated cities whole.

        A town that joined a designated city is listed as a part of a ward (京北町 of 右京区): here it is
        one of the city. Changes between wards are none.
        """
        return replace(self, changes=municipal(self.changes))

    def of(self, code: str) -> History:
        """Return the events as they concern an area: a ward as they are listed, else municipalities only."""
        return self if code in WARD_CITY else self.municipal

    @cached_property
    def _families(self) -> dict[str, frozenset[str]]:
        """Code → all codes that events connect it with."""
        family = {code: {code} for change in self.changes for code in (change.from_code, change.to_code)}
        for change in self.changes:
            one, other = sorted((family[change.from_code], family[change.to_code]), key=len)
            if one is not other:
                other |= one
                family |= dict.fromkeys(one, other)
        return {code: frozenset(codes) for code, codes in family.items()}

    def around(self, codes: Collection[str]) -> History:
        """Return the events that concern these areas alone, of which ways are soon found."""
        near = frozenset().union(*(self._families.get(code, {code}) for code in codes))
        return History(
            [change for change in self.changes if change.from_code in near],
            [spell for code in sorted(near) for spell in self.names.get(code, ())],
            [share for share in self.shares if share.from_code in near],
        )

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The events, a day a step, oldest first."""
        ordered = sorted(self.changes, key=lambda change: change.date)
        days = groupby(ordered, key=lambda change: change.date)
        return tuple(Step(day, lineages(day - _DAY, day, list(group))) for day, group in days)

    @cached_property
    def chronicle(self) -> tuple[Entry, ...]:
        """The events as people tell them, oldest first."""
        return entries(self.changes)

    @cached_property
    def _amounts(self) -> _Shares:
        found: dict[tuple[dt.date, str, str], dict[Basis, Share]] = {}
        for share in self.shares:
            found.setdefault((share.date, share.from_code, share.to_code), {})[share.basis] = share
        return found

    @cached_property
    def names(self) -> dict[str, list[Spell]]:
        """Code → what it was called, oldest first."""
        found: dict[str, list[Spell]] = {}
        for spell in sorted(self.spells, key=lambda spell: spell.since):
            found.setdefault(spell.code, []).append(spell)
        return found

    @cached_property
    def changes_by_code(self) -> dict[str, list[Change]]:
        """Code → the changes that it took part in, oldest first."""
        found: dict[str, list[Change]] = {}
        for change in sorted(self.changes, key=lambda one: (one.date, one.from_code, one.to_code, one.kind)):
            for code in {change.from_code, change.to_code}:
                found.setdefault(code, []).append(change)
        return found

    def name(self, code: str, date: dt.date) -> Spell | None:
        """Return what a code was called on a date; None where it was not in force."""
        return next((spell for spell in self.names.get(code, ()) if spell.holds(date)), None)

    def in_force(self, date: dt.date) -> list[str]:
        """Return the codes in force on a date, ascending."""
        return [code for code in sorted(self.names) if self.name(code, date) is not None]

    def together(self, codes: Collection[str]) -> tuple[dt.date, dt.date | None] | None:
        """Return since when and until when codes were all in force; None where they never were on one day.

        Codes that nothing is known of are left out. A code that was in force twice counts from its first day.
        """
        spells = [self.names[code] for code in codes if code in self.names]
        since = max((of[0].since for of in spells), default=BEGIN)
        ends = [of[-1].until for of in spells]
        until = min((end for end in ends if end is not None), default=None)
        return None if until is not None and until <= since else (since, until)

    def last_day(self, code: str, date: dt.date) -> dt.date:
        """Return a date on which a code was in force: the one given, else the nearest to it.

        An unknown code has none: the date itself.
        """
        days = [_nearest(spell, date) for spell in self.names.get(code, ())]
        return min(days, key=lambda day: abs(day - date), default=date)

    def walk(self, start: dt.date, end: dt.date, *, estimate: bool = False) -> Walk:
        """Return how counts of the areas of one date make up those of another, earlier or later.

        What merged and what got another code is exact. What was divided, and going back what had merged, is
        weighed by what is known of the parts where ``estimate`` says so, and otherwise refused.
        """
        return Walk(start, end, self._composed(start, end, estimate))

    def _composed(self, start: dt.date, end: dt.date, estimate: bool) -> dict[str, dict[str, Link]]:
        first, last = sorted((start, end))
        forward = start <= end
        steps = [
            (step, links) for step, links in self._weighed(forward, estimate) if first < step.date <= last
        ]
        at: dict[str, dict[str, Link]] = {}
        seen: set[str] = set()
        for _, links in steps if forward else reversed(steps):
            begun = links.keys() - seen - at.keys()
            at |= {code: {code: WHOLE} for code in begun if self._existed(code, start)}
            seen |= links.keys() | {target for targets in links.values() for target in targets}
            moved = {code: at.pop(code) for code in links if code in at}
            for code, origins in moved.items():
                for target, more in links[code].items():
                    _join(at.setdefault(target, {}), origins, more)
        found: dict[str, dict[str, Link]] = {}
        for target, origins in at.items():
            for origin, link in origins.items():
                found.setdefault(origin, {})[target] = link
        return {code: dict(sorted(found[code].items())) for code in sorted(found)}

    @cached_property
    def _held(self) -> dict[tuple[bool, bool], list[tuple[Step, Mapping[str, Mapping[str, Link]]]]]:
        return {}

    def _weighed(self, forward: bool, estimate: bool) -> list[tuple[Step, Mapping[str, Mapping[str, Link]]]]:
        """Return every step with its links one way, worked out once."""
        if (forward, estimate) not in self._held:
            shares = self._amounts if estimate else {}
            self._held[forward, estimate] = [
                (step, step.forward(shares) if forward else step.back(shares)) for step in self.steps
            ]
        return self._held[forward, estimate]

    def _existed(self, code: str, date: dt.date) -> bool:
        return code not in self.names or self.name(code, date) is not None

    def kin(self, code: str, date: dt.date, *, forward: bool) -> list[Kin]:
        """Return every code that came to hold land of an area after a date, or that held it before, in order.

        A code that holds land of it without a change of its own, as the area itself does, is not in it.
        """
        held = {code}
        found: dict[str, Kin] = {}
        steps = self.steps if forward else self.steps[::-1]
        for step in steps:
            if (step.date > date) is not forward:
                continue
            heirs = step.heirs if forward else step.origins
            new_codes = {new for old in held & heirs.keys() for new in heirs[old]}
            held = step.moved(held, forward=forward)
            for new in new_codes - {code}:
                found.setdefault(new, Kin(new, step.date))
        return sorted(found.values(), key=lambda kin: (kin.date, kin.code), reverse=not forward)

    def heirs(self, code: str, date: dt.date, until: dt.date) -> list[str]:
        """Return the codes that hold the land of an area of one date at another, ascending."""
        first, last = sorted((date, until))
        steps = [step for step in self.steps if first < step.date <= last]
        held = {code}
        for step in steps if date <= until else reversed(steps):
            held = step.moved(held, forward=date <= until)
        return sorted(held)


def _join(into: dict[str, Link], origins: Mapping[str, Link], more: Link) -> None:
    for origin, link in origins.items():
        way = link.then(more)
        into[origin] = into[origin].beside(way) if origin in into else way


def _turned(heirs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for old, codes in heirs.items():
        for new in codes:
            found.setdefault(new, set()).add(old)
    return {new: frozenset(codes) for new, codes in found.items()}


def _nearest(spell: Spell, date: dt.date) -> dt.date:
    if spell.holds(date):
        return date
    if date < spell.since:
        return spell.since
    return (spell.until or date) - _DAY
