"""People by sex and five-year age class (5歳階級), as the census and its projections publish them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.codes import area_code
from geo.errors import Finding, InvalidFile

#: First age of each class; the last class is open.
STARTS = tuple(range(0, 91, 5))
#: What the classes are called in published tables, and after them people of unknown age (年齢不詳).
CLASSES = (*(f"{start:02d}-{start + 4:02d}" for start in STARTS[:-1]), "90+", "unknown")
SEXES = {"M": "men", "F": "women"}


@dataclass(frozen=True)
class Ages:
    """People of some area and year.

    Attributes
    ----------
    men, women : counts by ``CLASSES``; the last are of unknown age
    source : id of who published them
    """

    men: tuple[int, ...]
    women: tuple[int, ...]
    source: str

    @property
    def total(self) -> int:
        """Everybody, those of unknown age too."""
        return sum(self.men) + sum(self.women)

    @property
    def unknown(self) -> int:
        """People of unknown age."""
        return self.men[-1] + self.women[-1]

    def between(self, first: int, last: int | None) -> int:
        """Return the people aged ``first`` to ``last``, both on the borders of classes; None has no end."""
        start = STARTS.index(first)
        end = len(STARTS) if last is None else STARTS.index(last + 1)
        return sum(self.men[start:end]) + sum(self.women[start:end])


def together(parts: Sequence[Ages]) -> Ages:
    """Return the people of several areas as those of one.

    >>> zero = (0,) * 19
    >>> together([Ages((1, *zero), (2, *zero), "a"), Ages((10, *zero), (20, *zero), "a")]).total
    33
    """
    men = tuple(map(sum, zip(*(part.men for part in parts), strict=True)))
    women = tuple(map(sum, zip(*(part.women for part in parts), strict=True)))
    return Ages(men, women, parts[0].source)


def class_name(place: int) -> str:
    """Return the Japanese name of a class.

    >>> class_name(0), class_name(17), class_name(18)
    ('0～4歳', '85～89歳', '90歳以上')
    """
    start = STARTS[place]
    return f"{start}歳以上" if start == STARTS[-1] else f"{start}～{start + 4}歳"


def read_ages(path: Path) -> Iterator[tuple[str, int, tuple[int, ...], tuple[int, ...]]]:
    """Yield area code, year, men and women of a published table, by code and year.

    Parameters
    ----------
    path : gzipped CSV ``level,code,sex,age`` and a column for each year; sex is T, M or F, of which T is
        left out. A table without the class ``unknown`` has nobody of unknown age.

    Raises
    ------
    InvalidFile : an area lacks a class of a sex
    """
    counts: dict[tuple[str, str, str], list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as opened:
        rows = csv.reader(opened)
        _, _, _, _, *years = next(rows)
        for _level, code, sex, age, *cells in rows:
            if sex in SEXES and age in CLASSES:
                counts[area_code(code), sex, age] = cells
    nobody = ["0"] * len(years)
    for code in sorted({code for code, _, _ in counts}):
        found = {
            sex: [counts.get((code, sex, age), nobody if age == "unknown" else None) for age in CLASSES]
            for sex in SEXES
        }
        for sex, classes in found.items():
            if None in classes:
                age = CLASSES[classes.index(None)]
                raise InvalidFile(f"{path.name} lacks a class", [Finding(code, "age", sex, age)])
        for column, year in enumerate(years):
            men, women = (tuple(int(cells[column]) for cells in found[sex] if cells) for sex in SEXES)
            yield code, int(year), men, women
