"""Names that stand beside area codes: what they say of a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.areas.names import AreaNames
from geo.codes import WARD_CITY, prefecture_of
from geo.errors import UnmatchedName


@dataclass(frozen=True)
class NamesBeside:
    """The name beside each code of a column (empty for none), and the areas of its date."""

    places: Sequence[tuple[AreaNames, str]]

    def agrees(self, place: int, code: str) -> bool | None:
        """Return whether the name is a code's area's, or a ward's of it; None where it does not say."""
        names, name = self.places[place]
        if not name:
            return None
        named = _named(names, name, code)
        if named is not None and WARD_CITY.get(named) == code:
            return True
        return names.agrees(code, name)

    def written(self, place: int) -> str:
        """Return the area that the name is of, or the name."""
        names, name = self.places[place]
        named = _named(names, name)
        return name if named is None else str(names.area(named))

    def called(self, code: str) -> str:
        """Return what an area is called."""
        return next((str(names.area(code)) for names, _ in self.places if code in names.names), code)


def _named(names: AreaNames, name: str, code: str | None = None) -> str | None:
    """Return the area that a name stands for, looked for first in the prefecture of a code."""
    try:
        return names.place(name, prefecture_of(code) if code else None).code
    except UnmatchedName:
        return None
