"""An analyst's own table on areas: which row lies where, and which rows lie nowhere.

A row names its area by code (five digits, or six with the check digit) or by name; a name that several areas
have needs its prefecture, before it (広島県府中市) or in a column of its own. What other columns say of the
area must agree: a code of another place is told, and its figure is shown nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import itemgetter

from geo.areas.keys import EXAMPLES, Keys, keys_of, may_hold_codes
from geo.areas.names import AreaNames
from geo.areas.tables import Table, bare, number_of, shown
from geo.codes import NOTHING, another_area, area_codes, prefecture_of
from geo.errors import MOST_FINDINGS, Finding, InvalidAreaCode, InvalidParameter, UnmatchedName

#: No area has a longer name, with prefecture and 郡 before it and a part in brackets after it.
LONGEST_NAME = 80
#: Rows that are looked at to tell whether a column names areas.
SAMPLE = 60
#: Codes of areas that numbers are not by chance: of five digits, one in twenty is one.
TOO_MANY_FOR_CHANCE = 5
#: A code, of which area_codes reads what is in the brackets: R01100, 1100, 102016, 10201.0
_CODE = re.compile(r"R?([0-9]{1,6})(?:\.0)?")


@dataclass(frozen=True)
class Places:
    """What rows can lie in.

    Attributes
    ----------
    names : the names of the areas that exist
    codes : the areas that rows may lie in
    former : codes that areas had once
    fate : what became of a code or name of the past, in words; empty where it is none
    """

    names: AreaNames
    codes: Collection[str]
    former: Collection[str] = frozenset()
    fate: Callable[[str], str] = lambda _written: ""

    def is_area(self, code: str) -> bool:
        """Return whether an area has or had a code."""
        return code in self.names.names or code in self.former


@dataclass(frozen=True)
class Join:
    """What a join comes to.

    Attributes
    ----------
    key : the column that names the areas
    other_keys : the headers of those that could
    matched : (area code, row) in the order of the table
    unmatched : where, field, value and why of the first ``MOST_FINDINGS`` rows that lie nowhere, or twice in
        one place
    unmatched_total : how many these are
    """

    key: int
    other_keys: tuple[str, ...]
    matched: tuple[tuple[str, tuple[str, ...]], ...]
    unmatched: tuple[Finding, ...]
    unmatched_total: int


Code = str | InvalidAreaCode | UnmatchedName


def joined(table: Table, places: Places, asked: str | None = None) -> Join:
    """Return which row lies where.

    The column that names the areas is the one asked for, else the first that does: columns with a known
    header come first, codes, names, prefectures. Where none of them names an area of the level, another is
    taken whose cells do.

    Raises
    ------
    InvalidParameter : there is no such column, or none that names areas
    """
    key, codes = _key(table, places, asked)
    matched: list[tuple[str, tuple[str, ...]]] = []
    unmatched: list[tuple[int, Finding]] = []
    header = table.header[key]
    taken: dict[str, int] = {}
    for (line, row), code in zip(table.rows, codes, strict=True):
        if isinstance(code, str) and code in places.codes and code not in taken:
            taken[code] = line
            matched.append((code, row))
        elif len(unmatched) < MOST_FINDINGS:
            expected = _expected(code, taken, places, bare(row[key]))
            unmatched.append((line, Finding(f"line {line}", header, row[key], expected)))
    others = (at for at in range(len(table.header)) if at != key and _names_areas(table, at, places))
    unmatched += [(int(one.where.split()[1]), one) for one in table.strays]
    told = [finding for _, finding in sorted(unmatched, key=itemgetter(0))]
    return Join(
        key,
        tuple(table.header[at] for at in others),
        tuple(matched),
        tuple(told[:MOST_FINDINGS]),
        len(table.rows) - len(matched) + len(table.strays),
    )


def _expected(code: Code, taken: Mapping[str, int], places: Places, written: str) -> str:
    """Return what was expected of a row that lies nowhere, or twice in one place."""
    if isinstance(code, str) and code in places.codes:
        return f"各地域1回。{taken[code]} 行目にある / each area once; line {taken[code]} has it"
    if isinstance(code, str):
        expected = "結合先の単位の地域 / an area of the level that is joined to"
    else:
        expected = code.findings[0].expected if code.findings else code.message
    fate = places.fate(code if isinstance(code, str) else written)
    return f"{expected}; {fate}" if fate else expected


def _key(table: Table, places: Places, asked: str | None) -> tuple[int, list[Code]]:
    """Return the column that names the areas, and the code that each row has by it."""
    if asked is not None:
        if asked not in table.header:
            expected = f"one of the columns {', '.join(table.header)}"[:1000]
            raise InvalidParameter("key is no column", [Finding("query", "key", asked, expected)])
        at = table.header.index(asked)
        return at, _codes(table, at, places)
    known = keys_of(table.header).all
    tried: dict[int, list[Code]] = {}
    for at in known:
        codes = tried[at] = _codes(table, at, places)
        if any(isinstance(code, str) and code in places.codes for code in codes):
            return at, codes
    others = (at for at in range(len(table.header)) if at not in known and _names_areas(table, at, places))
    taken = next(chain(others, known), None)
    if taken is None:
        expected = f"a column {', '.join(EXAMPLES)}, or key=COLUMN in the address"
        finding = Finding("line 1", "header", shown(table.header), expected)
        raise InvalidParameter("No column names the areas", [finding])
    return taken, tried[taken] if taken in tried else _codes(table, taken, places)


def _names_areas(table: Table, at: int, places: Places) -> bool:
    """Return whether half the cells of a column or more, by a sample, name areas of the level.

    Digits below a header that says nothing of codes must be areas all, and too many for chance.
    """
    rows = [(line, row) for line, row in table.rows[:: max(1, len(table.rows) // SAMPLE)] if row[at]]
    is_plain = all(number_of(row[at]) is not None for _, row in rows) and not may_hold_codes(table.header[at])
    if len(rows) < (TOO_MANY_FOR_CHANCE if is_plain else 1):
        return False
    codes = _codes(Table(table.header, tuple(rows)), at, places)
    areas = {code for code in codes if isinstance(code, str) and code in places.codes}
    if is_plain:
        return len(areas) == len(rows)
    return sum(isinstance(code, str) and code in places.codes for code in codes) * 2 >= len(rows)


def _codes(table: Table, key: int, places: Places) -> list[Code]:
    """Return the code of the area that each row lies in, or why it lies nowhere."""
    rows = [row for _, row in table.rows]
    cells = [bare(row[key]) for row in rows]
    digits = {place: digit[1] for place, cell in enumerate(cells) if (digit := _CODE.fullmatch(cell))}
    beside = _Beside(places.names, keys_of(table.header), key, [rows[place] for place in digits])
    read = area_codes(list(digits.values()), places.is_area, beside if beside.columns else NOTHING)
    found: dict[int, Code] = dict(zip(digits, read, strict=True))
    for place, cell in enumerate(cells):
        if place not in found:
            found[place] = _named_code(cell, beside.prefecture(rows[place]), places)
    return [found[place] for place in range(len(rows))]


def _named_code(cell: str, prefecture: str | None, places: Places) -> Code:
    if len(cell) > LONGEST_NAME:
        return UnmatchedName(
            f"{LONGEST_NAME} 文字までのコードか名称 / a code or name of at most {LONGEST_NAME} characters"
        )
    try:
        code = places.names.place(cell, prefecture).code
    except UnmatchedName as error:
        alone = places.names.prefecture(cell)
        return alone if alone is not None and alone in places.codes else error
    if prefecture and prefecture_of(code) != prefecture:
        return another_area(cell, str(places.names.area(code)), places.names.names[prefecture][0])
    return code


@dataclass(frozen=True)
class _Beside:
    """What the other columns of rows say of their areas."""

    names: AreaNames
    keys: Keys
    key: int
    rows: Sequence[Sequence[str]]
    _read: dict[str, str | None] = field(default_factory=dict)

    def prefecture(self, row: Sequence[str]) -> str | None:
        """Return the prefecture that a column of prefectures names."""
        told = (self._prefecture(row[at]) for at in self.keys.prefectures if at != self.key)
        return next((code for code in told if code), None)

    def _prefecture(self, cell: str) -> str | None:
        if cell not in self._read:
            self._read[cell] = self.names.prefecture(bare(cell))
        return self._read[cell]

    def agrees(self, place: int, code: str) -> bool | None:
        """Return whether names and prefectures beside a code are its area's; None if they do not say."""
        row = self.rows[place]
        prefecture = self.prefecture(row)
        if prefecture is not None and prefecture != prefecture_of(code):
            return False
        told = {self.names.agrees(code, bare(row[at])[:LONGEST_NAME]) for at in self._named}
        return False if False in told else (True if True in told else None)

    def written(self, place: int) -> str:
        """Return what stands there."""
        return " ".join(self.rows[place][at] for at in self.columns)[:200]

    def called(self, code: str) -> str:
        """Return what an area is called."""
        return str(self.names.area(code)) if code in self.names.names else code

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """The columns that say something of it."""
        return tuple(at for at in (*self.keys.prefectures, *self.keys.names) if at != self.key)

    @cached_property
    def _named(self) -> tuple[int, ...]:
        return tuple(at for at in self.keys.names if at != self.key)
