"""Figures on changed boundaries: what the official change list says must come of them."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from geo.lineage import Change, carried, successors

CHANGES = Path(__file__).parents[2] / "data" / "catalog" / "area_changes.csv"


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    with CHANGES.open(encoding="utf-8", newline="") as opened:
        rows = csv.DictReader(opened)
        return [
            Change(dt.date.fromisoformat(r["date"]), r["kind"], r["from_code"], r["to_code"]) for r in rows
        ]


def carry(
    changes: list[Change],
    figures: dict[str, float],
    wanted: list[str],
    dates: tuple[str, str],
    *,
    additive: bool = True,
) -> list[float]:
    found: list[float] = carried(
        np.array(list(figures), "U5"),
        np.array(list(figures.values()), np.float64),
        boundary_date=dt.date.fromisoformat(dates[0]),
        vintage_date=dt.date.fromisoformat(dates[1]),
        vintage_codes=np.array(sorted(wanted), "U5"),
        changes=changes,
        additive=additive,
    ).tolist()
    return found


@pytest.mark.parametrize(
    ("old", "new", "dates"),
    [
        ("22202", "22130", ("2006-10-01", "2008-01-01")),
        ("04423", "04216", ("2015-10-01", "2021-01-01")),
        ("40305", "40231", ("2017-10-01", "2021-01-01")),
        ("27101", "27127", ("1980-10-01", "1990-01-01")),
    ],
)
def test_a_renumbered_area_is_found_under_its_new_code(
    changes: list[Change], old: str, new: str, dates: tuple[str, str]
) -> None:
    first, last = map(dt.date.fromisoformat, dates)
    assert successors(old, first, last, changes) == {new}


def test_the_fifteen_predecessors_of_niigata_are_summed(changes: list[Change]) -> None:
    # 新潟市 15100 in 2020 ← fifteen municipalities of 1970-04-01 (domain: jpcity README)
    old = ["15201", "15207", "15220", "15221", "15305", "15321", "15323", "15324", "15341"]
    old += ["15345", "15346", "15347", "15348", "15349", "15350", "15351"]
    first, last = dt.date(1970, 4, 1), dt.date(2020, 1, 1)
    found = {code for code in old if successors(code, first, last, changes) == {"15100"}}
    assert {"15201", "15207", "15220", "15305", "15321", "15323", "15324", "15341"} <= found
    assert {f"153{n}" for n in range(45, 52)} <= found


def test_a_merged_area_is_the_sum_of_its_predecessors(changes: list[Change]) -> None:
    figures = {"27101": 100.0, "27112": 20.0, "27102": 3.0}
    assert carry(changes, figures, ["27102", "27127"], ("1980-10-01", "1990-01-01")) == [3.0, 120.0]


def test_a_predecessor_without_a_figure_leaves_a_gap(changes: list[Change]) -> None:
    found = carry(changes, {"27101": 100.0}, ["27127"], ("1980-10-01", "1990-01-01"))
    assert np.isnan(found).all()


def test_what_cannot_be_added_is_missing_after_a_merger(changes: list[Change]) -> None:
    figures = {"27101": 100.0, "27112": 20.0}
    found = carry(changes, figures, ["27127"], ("1980-10-01", "1990-01-01"), additive=False)
    assert np.isnan(found).all()


def test_a_split_area_is_never_carried_by_a_plain_sum(changes: list[Change]) -> None:
    # 上九一色村 19341 went partly to 甲府市 19201, partly to 富士河口湖町 19430 on 2006-03-01
    assert successors("19341", dt.date(2005, 10, 1), dt.date(2010, 1, 1), changes) == {"19201", "19430"}
    figures = {"19341": 1_500.0, "19201": 194_244.0, "19430": 23_000.0}
    assert np.isnan(carry(changes, figures, ["19201", "19430"], ("2005-10-01", "2010-01-01"))).all()


def test_a_name_that_changes_keeps_the_figure(changes: list[Change]) -> None:
    assert carry(changes, {"28221": 41_490.0}, ["28221"], ("2015-10-01", "2021-01-01")) == [41_490.0]


def test_figures_of_later_boundaries_fit_an_older_vintage_where_areas_are_the_same(
    changes: list[Change],
) -> None:
    assert carry(
        changes, {"40231": 50.0, "01100": 1.0}, ["01100", "40305"], ("2020-10-01", "2015-01-01")
    ) == [1.0, 50.0]


def test_wards_are_left_out_among_municipalities(changes: list[Change]) -> None:
    assert carry(changes, {"01101": 5.0, "01100": 9.0}, ["01100"], ("2020-10-01", "2021-01-01")) == [9.0]
