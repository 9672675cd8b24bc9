"""The tables of what areas were called, and of who lived in their parts."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from service.areas.names import FILE
from service.areas.past import HISTORY, SHARES, ship_history, ship_shares

REAL = os.environ.get("CHIIKI_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
CATALOG = Path(__file__).parents[3] / "data" / "catalog"


def rows(name: str) -> list[dict[str, str]]:
    with (CATALOG / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@real
def test_the_shipped_tables_are_what_the_published_files_give(tmp_path: Path) -> None:
    shutil.copy(CATALOG / FILE, tmp_path / FILE)
    assert ship_history(Path(str(REAL)), tmp_path) == len(rows(HISTORY))
    assert ship_shares(Path(str(REAL)), tmp_path) == len(rows(SHARES))
    for name in (HISTORY, SHARES):
        assert (tmp_path / name).read_bytes() == (CATALOG / name).read_bytes()


def test_no_code_has_two_names_on_one_day() -> None:
    last: dict[str, str] = {}
    for row in sorted(rows(HISTORY), key=lambda row: (row["code"], row["since"])):
        assert last.get(row["code"], "") <= row["since"], row
        assert not row["until"] or row["since"] < row["until"], row
        last[row["code"]] = row["until"] or "9999-12-31"


def test_every_name_has_kana_and_roman_letters() -> None:
    assert [
        row for row in rows(HISTORY) if not (row["name_ja"] and row["name_kana"] and row["name_en"])
    ] == []


def test_names_in_use_are_those_of_the_table_of_names() -> None:
    names = {row["code"]: (row["name_ja"], row["kana"], row["name_en"]) for row in rows(FILE)}
    in_use = {
        r["code"]: (r["name_ja"], r["name_kana"], r["name_en"]) for r in rows(HISTORY) if not r["until"]
    }
    assert {code: name for code, name in in_use.items() if names[code] != name} == {}
    assert len(in_use) == 1_918


def test_the_people_of_a_merger_are_those_of_the_register() -> None:
    # the register of 2005-03-31: 甲府市 had 188,002 people; 浜松市 581,162 and 可美村 was gone since 1991
    shares = {(r["date"], r["from_code"], r["to_code"]): r for r in rows(SHARES)}
    found = shares["2005-07-01", "22202", "22202"]
    assert (found["amount"], found["as_of"], found["basis"]) == ("581162", "2005-03-31", "population")
    assert not [key for key in shares if key[1] in ("19341", "22501")]  # divided; before the first register


def test_a_town_that_joined_a_ward_is_weighed_in_the_ward_and_in_its_city() -> None:
    shares = {
        (r["from_code"], r["to_code"]): int(r["amount"]) for r in rows(SHARES) if r["date"] == "2005-04-01"
    }
    assert shares["26381", "26108"] == shares["26381", "26100"]
    assert shares["26108", "26108"] < shares["26100", "26100"]
