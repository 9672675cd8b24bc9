"""Figures on changed boundaries: what the official change list says must come of them."""

from __future__ import annotations

import csv
import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.areas.lineage import (
    Change,
    Divided,
    absent,
    crosswalk,
    gathered,
    lineages,
    located,
    origins,
    parts_of,
    placed,
    successors,
)
from geo.codes import prefecture_of

CHANGES = Path(__file__).parents[3] / "data" / "catalog" / "area_changes.csv"
REAL = os.environ.get("CHIIKI_REAL_DATA")
FIRST, NEWEST = dt.date(1970, 4, 1), dt.date(2024, 5, 26)


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
    first, last = (dt.date.fromisoformat(date) for date in dates)
    walk = crosswalk(first, last, np.array(sorted(wanted), "U5"), changes, additive=additive)
    places, known = placed(np.array(list(figures), "U5"), walk.codes)
    values = np.full((len(walk.codes), 1), np.nan)
    values[places, 0] = np.array(list(figures.values()), np.float64)[known]
    found: list[float] = walk.carried(values)[:, 0].tolist()
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


def test_niigata_has_exactly_its_fifteen_predecessors_of_1970(changes: list[Change]) -> None:
    found = lineages(FIRST, dt.date(2020, 10, 1), changes)
    # domain reference 7.6: 15201, 15207, 15220, 15305, 15321, 15323, 15324, 15341, 15345 to 15351
    expected = {"15201", "15207", "15220", "15305", "15321", "15323", "15324", "15341"}
    expected |= {f"153{number}" for number in range(45, 52)}
    assert {old for old, new in found.items() if new == {"15100"}} == expected


def test_a_town_that_absorbs_and_becomes_a_city_on_one_day_is_followed(changes: list[Change]) -> None:
    # 1995-09-01: 大野村 08404 joined 鹿島町 08405, which became 鹿嶋市 08222
    figures = {"08404": 14_000.0, "08405": 46_000.0}
    assert carry(changes, figures, ["08222"], ("1995-01-01", "1996-01-01")) == [60_000.0]


@pytest.mark.parametrize(("old", "new"), [("17421", "17461"), ("17422", "17204")])
def test_towns_that_change_their_district_together_stay_apart(
    changes: list[Change], old: str, new: str
) -> None:
    # 2005-03-01: 穴水町 and 門前町 of 鳳至郡 came to 鳳珠郡; 2006-02-01: 門前町 became a part of 輪島市
    assert successors(old, dt.date(2005, 1, 1), dt.date(2010, 1, 1), changes) == {new}


def test_no_town_was_split_across_prefectures_since_1970(changes: list[Change]) -> None:
    heirs = lineages(FIRST, NEWEST, changes).items()
    assert not [old for old, new in heirs if len({code[:2] for code in new}) > 1]


def test_a_ward_that_gives_up_land_keeps_its_code_and_is_split(changes: list[Change]) -> None:
    found = lineages(dt.date(1970, 4, 1), dt.date(1974, 1, 1), changes)
    assert found["28105"] == {"28105", "28109"}


def test_a_town_renamed_and_made_a_city_on_one_day_is_not_split(changes: list[Change]) -> None:
    # 2010-01-04: 三好町 23521 became みよし町 and then みよし市 23236
    assert lineages(dt.date(2009, 1, 1), dt.date(2011, 1, 1), changes)["23521"] == {"23236"}


def test_the_wards_of_hamamatsu_are_carried_as_far_as_they_can_be(changes: list[Change]) -> None:
    old = {f"2213{number}": 100.0 for number in range(1, 8)}
    found = carry(changes, old, ["22138", "22139", "22140"], ("2020-10-01", "2024-06-01"))
    # 北区 22135 was divided between 中央区 and 浜名区; 天竜区 only got another code
    assert found == pytest.approx([np.nan, np.nan, 100.0], nan_ok=True)


def test_the_new_wards_of_hamamatsu_do_not_fit_older_boundaries(changes: list[Change]) -> None:
    new = {"22138": 607_923.0, "22139": 156_069.0, "22140": 26_726.0}
    old = [f"2213{number}" for number in range(1, 8)]
    found = carry(changes, new, old, ("2024-06-01", "2021-01-01"))
    assert np.isnan(found[:6]).all()


def test_an_absorbed_town_does_not_get_the_figure_of_the_city(changes: list[Change]) -> None:
    # 1970-07-01: 西谷村 18341 joined 大野市 18205
    found = carry(changes, {"18205": 41_000.0}, ["18205", "18341"], ("1975-10-01", "1970-04-01"))
    assert np.isnan(found).all()


def test_an_absorbing_city_without_its_absorbed_town_is_missing(changes: list[Change]) -> None:
    found = carry(changes, {"18205": 41_000.0}, ["18205"], ("1970-04-01", "1975-10-01"))
    assert np.isnan(found).all()


def test_no_codes_or_no_areas_give_nothing(changes: list[Change]) -> None:
    assert carry(changes, {}, ["01100"], ("2020-10-01", "2021-01-01")) == pytest.approx([np.nan], nan_ok=True)
    assert carry(changes, {"01100": 1.0}, [], ("2020-10-01", "2021-01-01")) == []


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [("40305", "2018-09-30", "2018-10-01"), ("22202", "2007-03-31", "2007-04-01")],
)
def test_a_code_is_absent_from_the_day_it_ends(
    changes: list[Change], code: str, before: str, after: str
) -> None:
    assert code not in absent(dt.date.fromisoformat(before), changes)
    assert code in absent(dt.date.fromisoformat(after), changes)


@pytest.mark.parametrize("code", ["40231", "04216", "15100"])
def test_a_code_is_absent_until_it_is_made(changes: list[Change], code: str) -> None:
    assert code in absent(dt.date(2000, 10, 1), changes)
    assert code not in absent(dt.date(2021, 1, 1), changes)


@pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
def test_half_a_century_of_changes_ends_in_the_official_list_of_codes(changes: list[Change]) -> None:
    def listed(name: str) -> set[str]:
        with (Path(str(REAL)) / "codes" / name).open(encoding="utf-8", newline="") as opened:
            return {row["city_code"] for row in csv.DictReader(opened)}

    ends = set().union(*lineages(FIRST, NEWEST, changes).values())
    assert ends <= listed("areacode_end.csv")
    assert not absent(NEWEST, changes) & listed("areacode_end.csv")
    assert not absent(FIRST, changes) & listed("areacode_start.csv")


def test_a_code_is_located_on_later_and_on_earlier_boundaries() -> None:
    changes = [
        Change(dt.date(2006, 3, 1), "分割", "19341", "19201"),
        Change(dt.date(2006, 3, 1), "分割", "19341", "19430"),
    ]
    before, after = dt.date(2005, 1, 1), dt.date(2010, 1, 1)
    assert located(before, after, changes)["19341"] == {"19201", "19430"}
    assert located(after, before, changes)["19430"] == {"19341"}
    assert "20201" not in located(before, after, changes)


def test_origins_of_an_area_are_what_it_was() -> None:
    changes = [
        Change(dt.date(2016, 10, 10), "市制施行", "04423", "04216"),
        Change(dt.date(2018, 1, 1), "新設合併", "11001", "11003"),
        Change(dt.date(2018, 1, 1), "新設合併", "11002", "11003"),
    ]
    before, after = dt.date(2015, 10, 1), dt.date(2021, 1, 1)
    assert origins("04216", before, after, changes) == {"04423"}
    assert origins("11003", before, after, changes) == {"11001", "11002"}
    assert origins("13101", before, after, changes) == {"13101"}
    assert origins("04423", after, before, changes) == {"04216"}
    assert origins("11001", after, before, changes) == frozenset()


def test_a_part_of_an_area_has_no_origins() -> None:
    changes = [
        Change(dt.date(2018, 1, 1), "分割", "11001", "11002"),
        Change(dt.date(2018, 1, 1), "分割", "11001", "11003"),
    ]
    assert origins("11002", dt.date(2015, 10, 1), dt.date(2021, 1, 1), changes) == frozenset()


def divided(changes: list[Change], figures: dict[str, float], known: dict[str, float]) -> list[float]:
    """甲府市 and 富士河口湖町 in 2010, given what is known of the parts of 上九一色村 19341."""
    wanted = np.array(["19201", "19430"], "U5")
    dates = dt.date(2006, 2, 1), dt.date(2010, 1, 1)
    walk = crosswalk(*dates, wanted, changes, additive=True, parts=lambda codes: {"19341": known})
    values = np.full((len(walk.codes), 1), np.nan)
    places, given = placed(np.array(list(figures), "U5"), walk.codes)
    values[places, 0] = np.array(list(figures.values()))[given]
    found: list[float] = walk.carried(values)[:, 0].tolist()
    return found


# the register of 2005-03-31: 甲府市, 中道町, 上九一色村, 富士河口湖町
VILLAGE = {"19201": 188_002.0, "19326": 5_676.0, "19341": 1_606.0, "19430": 24_166.0}
QUARTERS = {"19201": 0.25, "19430": 0.75}


def test_a_divided_area_goes_over_in_whole_persons_where_its_parts_are_known(changes: list[Change]) -> None:
    found = divided(changes, VILLAGE, QUARTERS)
    assert found == [188_002 + 5_676 + 402, 24_166 + 1_204]  # 401.5 and 1,204.5
    assert sum(found) == sum(VILLAGE.values())


def test_what_is_known_of_one_part_alone_tells_that_one(changes: list[Change]) -> None:
    found = divided(changes, VILLAGE, {"19430": 0.75})
    assert np.isnan(found[0])
    assert found[1] in (24_166 + 1_204, 24_166 + 1_205)


def test_figures_that_are_no_whole_numbers_are_divided_as_they_are(changes: list[Change]) -> None:
    assert divided(changes, {**VILLAGE, "19341": 10.5}, QUARTERS) == [193_678 + 2.625, 24_166 + 7.875]


def test_going_back_what_merged_is_named_and_parted_only_by_what_is_known(changes: list[Change]) -> None:
    # 西谷村 18341 joined 大野市 18205 on 1970-07-01
    wanted = np.array(["18205", "18206", "18341"], "U5")
    dates = dt.date(1975, 10, 1), dt.date(1970, 4, 1)
    refused = crosswalk(*dates, wanted, changes, additive=True)
    assert refused.merged == (0, 2)
    known = {"18205": {"18205": 0.99, "18341": 0.01}}
    walk = crosswalk(*dates, wanted, changes, additive=True, parts=lambda codes: known)
    assert walk.merged == ()
    assert walk.carried(np.array([[41_918.0], [30_000.0]]))[:, 0].tolist() == [41_499, 30_000, 419]
    assert walk.parted.tolist() == [0, 2]
    alone = crosswalk(*dates, wanted, changes, additive=False, parts=lambda codes: known)
    assert alone.merged == (0, 2)


def test_going_back_an_area_is_the_sum_of_what_was_cut_out_of_it_alone() -> None:
    day = dt.date(1990, 4, 1)
    cut = [Change(day, "分離", "a0001", "a0002")]
    walk = crosswalk(dt.date(2000, 1, 1), dt.date(1980, 1, 1), np.array(["a0001"], "U5"), cut, additive=True)
    assert walk.codes.tolist() == ["a0001", "a0002"]
    assert walk.carried(np.array([[100.0], [20.0]])).tolist() == [[120.0]]


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=12),
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5),
    st.booleans(),
)
def test_whole_numbers_are_divided_into_whole_numbers_that_sum_to_them(
    amounts: list[int], figures: list[int], has_rest: bool
) -> None:
    weights = np.array(amounts[1:] if has_rest else amounts, np.float64) / sum(amounts)
    others = [Divided(1, np.array([0.5, 0.25])), Divided(0, weights)]
    values = np.array([figures, [7] * len(figures)], np.float64)
    parts = parts_of(others, values)[2:]
    assert (parts == np.floor(parts)).all()
    assert (np.abs(parts - np.outer(weights, figures)) < 1 + 1e-6).all()
    if not has_rest:
        assert parts.sum(axis=0).tolist() == figures


def test_what_moved_to_another_prefecture_is_of_the_one_that_it_was_in(changes: list[Change]) -> None:
    # 2005-02-13: 山口村 20431 of 長野県 joined 中津川市 21206 of 岐阜県
    members, wholes = np.array(["20201", "20431", "21206"], "U5"), np.array(["20000", "21000"], "U5")
    dates = dt.date(2006, 1, 1), dt.date(2004, 1, 1)
    walk = gathered(*dates, members, wholes, changes, prefecture_of)
    assert len(walk.rows) == 0  # neither can be told: the village is in the figure of the city
    forward = gathered(dates[1], dates[0], np.array(["20201", "21206"], "U5"), wholes, changes, prefecture_of)
    assert [wholes[row] for row in forward.rows] == ["20000", "21000"]
    assert "20431" in forward.codes[forward.columns[forward.starts[1] :]]
