"""How far somebody who writes may reach: areas with what lies in them, and indicators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from geo.codes import city_of, prefecture_of
from geo.errors import Finding, OutOfReach

#: Areas and indicators that a message lists.
LISTED = 20


@dataclass(frozen=True)
class Reach:
    """What may be changed.

    Attributes
    ----------
    areas : codes; what lies in one is meant too. None: everywhere
    indicators : ids. None: all
    """

    areas: frozenset[str] | None = None
    indicators: frozenset[str] | None = None

    def has_area(self, code: str | None) -> bool:
        """Return whether an area, or one that it lies in, is among them; None is no area of any body.

        >>> Reach(frozenset({"10000", "01100"})).has_area("10201")
        True
        >>> reach = Reach(frozenset({"10201", "01100"}))
        >>> [reach.has_area(code) for code in ("10201", "01101", "10202", "10000", "00000", None)]
        [True, True, False, False, False, False]
        """
        if self.areas is None:
            return True
        return code is not None and not self.areas.isdisjoint((code, city_of(code), prefecture_of(code)))

    def refuse_beyond(self, places: Iterable[tuple[str, str | None]]) -> None:
        """Refuse what is of other areas.

        Parameters
        ----------
        places : where a code stands, and the code

        Raises
        ------
        OutOfReach : with the first of those that are
        """
        beyond = [(where, code) for where, code in places if not self.has_area(code)]
        if beyond:
            expected = f"in {listed(self.areas)}"
            findings = [Finding(where, "area", code or "", expected) for where, code in beyond[:LISTED]]
            raise OutOfReach(
                f"The API key may change {listed(self.areas)} and what lies in it, and {len(beyond):,} of the"
                " areas here lie elsewhere. Nothing was changed",
                findings,
            )

    def refuse_indicator(self, name: str) -> None:
        """Refuse an indicator that is not among them.

        Raises
        ------
        OutOfReach : it is not
        """
        if self.indicators is not None and name not in self.indicators:
            finding = Finding("path", "indicator", name, f"one of {listed(self.indicators)}")
            raise OutOfReach(f"The API key may not change {name[:80]!r}", [finding])


#: The reach of whoever has the command line, and of a key that nobody limited.
EVERYWHERE = Reach()


@dataclass(frozen=True)
class Author:
    """Who writes, under which name the audit has it, and how far that reaches."""

    name: str
    reach: Reach = EVERYWHERE


def listed(names: Iterable[str] | None) -> str:
    """Return names for a message, the first of many.

    >>> listed(["b", "a"]), listed(None), listed(str(n) for n in range(100, 125))[-10:]
    ('a, b', 'all', 'and 5 more')
    """
    if names is None:
        return "all"
    ordered = sorted(names)
    more = len(ordered) - LISTED
    return ", ".join(ordered[:LISTED]) + (f" and {more} more" if more > 0 else "")
