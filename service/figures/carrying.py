"""How the values of a vector came to stand on its boundaries: stored beside them, read where it is told."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geo.areas.carrying import AS_PUBLISHED, CARRIED, NOTHING, Carried, Marks, combined

Ints = NDArray[np.intp]


class Dated(Protocol):
    """What was published on the boundaries of some dates."""

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates, ascending."""


@dataclass(frozen=True)
class Carrying:
    """How each value of a vector was carried, and which boundaries its figures were published on.

    Attributes
    ----------
    marks : (n,) of ``geo.areas.carrying``; nothing where there is no value
    dates : of the boundaries, ascending
    """

    marks: Marks
    dates: tuple[dt.date, ...]

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self.marks.nbytes + 50 * len(self.dates) + 100

    @property
    def packed(self) -> bytes:
        """The marks as they are stored: almost all of them are alike."""
        return zlib.compress(self.marks.tobytes(), 9)

    @classmethod
    def of(cls, packed: bytes, dates: Sequence[dt.date]) -> Carrying:
        """Return how values were carried, as it is stored."""
        return cls(np.frombuffer(zlib.decompress(packed), np.uint8), tuple(dates))

    @classmethod
    def none(cls, n: int) -> Carrying:
        """Return the one of a period for which there are no figures."""
        return cls(np.zeros(n, np.uint8), ())

    @classmethod
    def on(cls, date: dt.date, is_told: NDArray[np.bool_]) -> Carrying:
        """Return the one of values that were told for the areas of these very boundaries."""
        dates = (date,) if is_told.any() else ()
        return cls(np.where(is_told, AS_PUBLISHED, NOTHING).astype(np.uint8), dates)

    @classmethod
    def together(cls, parts: Sequence[Carrying], is_told: NDArray[np.bool_]) -> Carrying:
        """Return the one of values that are computed of those of several vectors."""
        return cls(combined([one.marks for one in parts], is_told), dates_of(parts))

    def at(self, position: int) -> Carried | None:
        """Return in words of the API how the value of an area was carried."""
        return CARRIED[int(self.marks[position])]

    def farthest(self, positions: Sequence[int]) -> Carried | None:
        """Return the mark of the value of some areas that is farthest from what was counted."""
        return CARRIED[int(self.marks[list(positions)].max())]

    def within(self, positions: Ints) -> Carrying:
        """Return the one of some areas."""
        return Carrying(self.marks[positions], self.dates)

    @property
    def all_told(self) -> list[Carried | None]:
        """How every value was carried, in words of the API."""
        return [CARRIED[mark] for mark in self.marks.tolist()]

    def told(self, positions: Ints) -> list[Carried | None]:
        """Return in words of the API how the values of some areas were carried."""
        return self.within(positions).all_told


def in_one_cell(dates: Iterable[dt.date]) -> str:
    """Return dates as they stand in one cell of a table."""
    return " ".join(map(str, dates))


def dates_of(parts: Iterable[Dated]) -> tuple[dt.date, ...]:
    """Return the dates of the boundaries that the figures of several vectors were published on."""
    return tuple(sorted({date for one in parts for date in one.dates}))
