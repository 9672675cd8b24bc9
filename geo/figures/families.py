"""Families of indicators: what people look for as one thing, and what the rows of a family have in common."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo.errors import Finding, InvalidRows

FILE = "families.csv"
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Hiragana, with the digits, Latin letters and signs of the name that it reads.
_KANA = re.compile(r"[ぁ-ゖー0-9A-Za-z・、：／（）〜.,%&/+＋＝\- ]+")


@dataclass(frozen=True)
class Family:
    """Indicators that are listed as one: population by age, the shares of a budget.

    Attributes
    ----------
    kana : how ``name_ja`` is read, in hiragana
    """

    id: str
    name_ja: str
    name_en: str
    kana: str


def is_kana(text: str) -> bool:
    """Return whether a text is the reading of a name: hiragana, digits, Latin letters and signs.

    >>> is_kana("65さいいじょうじんこう"), is_kana("65歳以上人口"), is_kana("")
    (True, False, False)
    """
    return _KANA.fullmatch(text) is not None


def read_families(
    path: Path, shared: Sequence[str]
) -> tuple[dict[str, Family], dict[str, Mapping[str, str]]]:
    """Return the families of a table by id, and what each gives to those of its rows that say nothing.

    Parameters
    ----------
    shared : columns that a family may fill for its indicators

    Raises
    ------
    InvalidRows : wrong rows, all of them listed with line, field, value and what was expected; a header
        that lacks a column or has another
    """
    columns = ["id", "name_ja", "name_en", "kana", *shared]
    families: dict[str, Family] = {}
    given: dict[str, Mapping[str, str]] = {}
    findings: list[Finding] = []
    names: set[str] = set()
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        if sorted(reader.fieldnames or []) != sorted(columns):
            told = ",".join(reader.fieldnames or [])
            raise InvalidRows(
                f"{path.name} has another header", [Finding("line 1", "header", told, ",".join(columns))]
            )
        for line, row in enumerate(reader, 2):
            one = Family(*(row[name].strip() for name in columns[:4]))
            expected = {
                "id": (_ID.fullmatch(one.id), "words of a-z and 0-9 with hyphens between, once"),
                "name_ja": (one.name_ja not in names | {""}, "a name that no other family has"),
                "name_en": (one.name_en not in names | {""}, "a name that no other family has"),
                "kana": (is_kana(one.kana), "the reading of name_ja in hiragana"),
            }
            if one.id in families:
                expected["id"] = (None, "an id used once")
            findings += [
                Finding(f"line {line}", field, row[field][:80], told)
                for field, (fits, told) in expected.items()
                if not fits
            ]
            names |= {one.name_ja, one.name_en}
            families[one.id] = one
            given[one.id] = {name: row[name].strip() for name in shared if row[name].strip()}
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return families, given
