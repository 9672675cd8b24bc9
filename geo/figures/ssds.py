"""The System of Social and Demographic Statistics (社会・人口統計体系): its items for prefectures.

A row holds an item, a year and 47 cells, one for each prefecture; the list of items tells their names. Items
that begin with ``#`` are the indicators that the publisher computes from the others.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from geo.codes import area_code
from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.families import Family
from geo.figures.indicators import Indicator, prefectural
from geo.figures.observations import EXPECTED_NUMBER, Row, number

HEADER = ["item", "year", *(f"{at:02d}" for at in range(1, 48))]
#: The prefectural accounts, whose newer edition is that of another table.
NEWER_ELSEWHERE = ("C1111", "C1121", "C122101")
#: What items that the catalogue does not have are listed under.
OTHERS = Family(
    "other-items",
    "社会・人口統計体系のほかの項目",
    "Other items of the System of Social and Demographic Statistics",
    "しゃかい・じんこうとうけいたいけいのほかのこうもく",
)
#: Field of an item, the first letter of its code → topic
FIELDS = {
    **{"A": "population", "B": "land", "C": "economy", "D": "finance", "E": "education", "F": "work"},
    **{"G": "education", "H": "living", "I": "health", "J": "health", "K": "safety", "L": "budget"},
    "M": "living",
}
_LISTED = ("item", "major", "name", "unit")
#: Ids of the indicators that items are loaded as which the catalogue does not have.
PREFIX = "item-"


def read_ssds(path: Path, items: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    """Yield the figures of items, in the order of the file.

    Parameters
    ----------
    path : CSV, gzipped where it is called so
    items : item code → indicator ids it is loaded as; other items are left out, and the accounts, of which
        this has an older edition

    Raises
    ------
    InvalidFile : another header
    InvalidRows : a cell that is no number and no known symbol, a year that is none
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text)
        header = next(rows, [])
        if header != HEADER:
            finding = Finding("line 1", "header", ",".join(header)[:80], "item,year,01,02 … 47")
            raise InvalidFile(f"{path.name} is no table of items by prefecture", [finding])
        codes = [area_code(int(name)) for name in header[2:]]
        for line, row in enumerate(rows, 2):
            item, year, *cells = row if len(row) == len(HEADER) else ("", "")
            if not (year.isdecimal() and len(year) == 4):
                finding = Finding(f"line {line}", "year", year[:80], "a year and 47 cells")
                raise InvalidRows(f"{path.name} has a wrong row", [finding])
            for indicator in () if item in NEWER_ELSEWHERE else items.get(item, ()):
                for code, cell in zip(codes, cells, strict=True):
                    if cell:
                        yield _row(path.name, indicator, code, year, cell, line)


def _row(name: str, indicator: str, code: str, year: str, cell: str, line: int) -> Row:
    try:
        value, status = number(cell)
    except ValueError:
        finding = Finding(f"line {line}", code, cell[:80], EXPECTED_NUMBER)
        raise InvalidRows(f"{name} has a wrong cell", [finding]) from None
    return Row(indicator, code, year, value, status, "" if value is not None else cell, line)


def read_items(path: Path, known: Mapping[str, Indicator]) -> dict[str, Indicator]:
    """Return the indicators that the items of a list are loaded as, by their ids.

    They are told as published: nothing is known of how they add up. Their English name is their code, for the
    publisher names them in Japanese; units are those of the catalogue.

    Parameters
    ----------
    path : CSV with a line for each item: ``item``, ``major`` (its field), ``name``, ``unit``
    known : indicators of the catalogue; what they have of prefectures, or compute, is left out

    Raises
    ------
    InvalidFile : a column is missing
    InvalidRows : an item of an unknown field, or without a name
    """
    codes = {*prefectural(known), *(one.code for one in known.values() if one.numerator)}
    units = {one.unit_ja: one.unit_en for one in known.values()}
    found: dict[str, Indicator] = {}
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        lacking = [name for name in _LISTED if name not in (reader.fieldnames or ())]
        if lacking:
            findings = [Finding("line 1", "header", name, "a column of the list") for name in lacking]
            raise InvalidFile(f"{path.name} is no list of items", findings)
        for line, row in enumerate(reader, 2):
            code, field, name = row["item"].strip(), row["major"].strip(), row["name"].strip()
            if field not in FIELDS or not name or not code.lstrip("#").isalnum():
                finding = Finding(f"line {line}", "item", code[:80], "code, field (A to M) and name")
                raise InvalidRows(f"{path.name} has a wrong row", [finding])
            if code not in codes:
                one = _item(code, field, name, row["unit"].strip(), units)
                found[one.id] = one
    return found


def _item(code: str, field: str, name: str, unit: str, units: Mapping[str, str]) -> Indicator:
    kind = "published-" if code.startswith("#") else ""
    bare = code.lstrip("#")
    unit = "" if unit in ("‐", "-") else unit
    return Indicator(
        id=f"{PREFIX}{kind}{bare.lower()}",
        name_ja=f"{name}（{code}）",
        name_en=f"Item {code}",
        kana=bare,
        family=OTHERS,
        description_ja=f"社会・人口統計体系の項目 {code}。都道府県のみ。",
        description_en=f"Item {code} of the System of Social and Demographic Statistics; prefectures only.",
        topic=FIELDS[field],
        kind="index",
        unit_ja=unit,
        unit_en=units.get(unit, unit),
        code=code,
        prefecture_figure="published",
        decimals=2 if unit == "％" or not unit else 0,
        period_kind="fiscal_year",
    )
