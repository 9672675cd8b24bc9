"""What areas were and became, and counts carried from one date to another."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.areas.events import Event, changes_of, read_codes
from geo.areas.history import History, Link, Share, Spell, Walk, apportioned
from geo.areas.lineage import Change
from geo.codes import NORTHERN_TERRITORIES, WARD_CITY

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
REAL = os.environ.get("CHIIKI_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="CHIIKI_REAL_DATA is not set")
FIRST, TODAY = dt.date(1970, 4, 1), dt.date(2025, 1, 1)
#: 上九一色村 was divided between 甲府市 and 富士河口湖町 on 2006-03-01.
KAMIKUISHIKI, DIVIDED = "19341", dt.date(2006, 3, 1)


def rows(name: str) -> list[dict[str, str]]:
    with (CATALOG / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def day(written: str) -> dt.date:
    return dt.date.fromisoformat(written)


@cache
def shipped() -> History:
    changes = changes_of(
        Event(day(r["date"]), r["from_code"], r["to_code"], r["kind"], r["from_name"], r["to_name"])
        for r in rows("area_changes.csv")
    )
    spells = [
        Spell(
            r["code"],
            day(r["since"]),
            day(r["until"]) if r["until"] else None,
            *(r[name] for name in ("name_ja", "name_kana", "name_en", "district")),
        )
        for r in rows("area_history.csv")
    ]
    shares = [
        Share(
            day(r["date"]),
            r["from_code"],
            r["to_code"],
            "population",
            int(r["amount"]),
            day(r["as_of"]),
        )
        for r in rows("area_shares.csv")
    ]
    return History(changes, spells, shares)


def weights(links: Mapping[str, Link]) -> dict[str, Fraction | None]:
    return {code: link.weight for code, link in links.items()}


# The worked cases of the domain reference, 4.5 and 7.6


def test_the_wards_of_hamamatsu_since_2024_are_the_whole_city() -> None:
    census = {  # 2020, of the wards until 2023
        **{"22131": 235_240, "22132": 129_356, "22133": 108_160, "22134": 99_769},
        **{"22135": 92_688, "22136": 98_779, "22137": 26_726},
    }
    walk = shipped().walk(dt.date(2020, 10, 1), TODAY, estimate=True)
    found = walk.carried(census)
    assert {code: found[code].value for code in found} == {
        "22138": 607_923,
        "22139": 156_069,
        "22140": 26_726,
    }
    assert sum(walk.people(census).values()) == 790_718  # 浜松市 22130
    assert [found[code].quality for code in ("22138", "22139", "22140")] == [
        "estimated",
        "estimated",
        "exact",
    ]
    assert found["22138"].bases == {("population", dt.date(2020, 10, 1))}


def test_a_divided_ward_is_not_spread_by_a_guess_unless_asked() -> None:
    walk = shipped().walk(dt.date(2020, 10, 1), TODAY)
    assert weights(walk.of("22135")) == {"22138": None, "22139": None}
    assert {link.broken_on for link in walk.of("22135").values()} == {dt.date(2024, 1, 1)}
    found = walk.carried({"22135": 92_688, "22136": 98_779, "22137": 26_726})
    assert [found[code].quality for code in ("22138", "22139", "22140")] == ["refused", "refused", "exact"]
    assert walk.people({"22135": 92_688, "22136": 98_779, "22137": 26_726}) == {"22140": 26_726}


def test_niigata_has_the_fifteen_predecessors_of_1970() -> None:
    expected = {"15201", "15207", "15220", "15305", "15321", "15323", "15324", "15341"}
    expected |= {f"153{number}" for number in range(45, 52)}
    history = shipped()
    assert set(history.walk(dt.date(2020, 10, 1), FIRST).of("15100")) == expected
    assert all(history.heirs(code, FIRST, dt.date(2020, 10, 1)) == ["15100"] for code in expected)


@pytest.mark.parametrize(
    ("old", "date", "new"),
    [
        ("22202", "2006-10-01", "22130"),
        ("22201", "2004-10-01", "22100"),
        ("03305", "2013-10-01", "03216"),
        ("11445", "2010-10-01", "11246"),
        ("12402", "2010-10-01", "12239"),
        ("04423", "2015-10-01", "04216"),
        ("40305", "2017-10-01", "40231"),
        ("27101", "1980-10-01", "27127"),
        ("28221", "2015-10-01", "28221"),
        ("17421", "2004-10-01", "17461"),
    ],
)
def test_a_renumbered_area_is_wholly_in_its_new_code(old: str, date: str, new: str) -> None:
    assert shipped().walk(day(date), TODAY).of(old) == {new: Link()}


def test_a_town_that_was_divided_is_no_plain_sum() -> None:
    walk = shipped().walk(dt.date(2005, 10, 1), TODAY, estimate=True)
    assert weights(walk.of(KAMIKUISHIKI)) == {"19201": None, "19430": None}
    register = {"19201": 188_002, "19326": 5_676, KAMIKUISHIKI: 1_606, "19430": 24_166}
    found = walk.carried(register)
    assert [(found[code].value, found[code].quality) for code in ("19201", "19430")] == [
        (None, "refused")
    ] * 2


def test_a_divided_town_is_estimated_by_area_where_no_people_are_known() -> None:
    amounts = {"19201": 1, "19430": 3}
    shares = [Share(DIVIDED, KAMIKUISHIKI, new, "area", n, DIVIDED) for new, n in amounts.items()]
    history = History(shipped().changes, shipped().spells, [*shipped().shares, *shares])
    walk = history.walk(dt.date(2005, 10, 1), TODAY, estimate=True)
    assert weights(walk.of(KAMIKUISHIKI)) == {"19201": Fraction(1, 4), "19430": Fraction(3, 4)}
    register = {"19201": 188_002, "19326": 5_676, KAMIKUISHIKI: 1_606, "19430": 24_166}
    assert walk.carried(register)["19201"].value == 188_002 + 5_676 + Fraction(1_606, 4)
    assert walk.people(register) == {"19201": 194_080, "19430": 25_370}  # 401.5, 1,204.5


def test_people_weigh_before_square_metres() -> None:
    people = [Share(DIVIDED, "a", new, "population", n, DIVIDED) for new, n in (("b", 9), ("c", 1))]
    area = [Share(DIVIDED, "a", new, "area", 5, DIVIDED) for new in ("b", "c")]
    changes = [Change(DIVIDED, "分割", "a", new) for new in ("b", "c")]
    walk = History(changes, (), [*people, *area]).walk(FIRST, TODAY, estimate=True)
    assert weights(walk.of("a")) == {"b": Fraction(9, 10), "c": Fraction(1, 10)}
    only_one = History(changes, (), [people[0], *area]).walk(FIRST, TODAY, estimate=True)
    assert weights(only_one.of("a")) == {"b": Fraction(1, 2), "c": Fraction(1, 2)}


def test_what_merged_is_parted_by_the_last_register_before_only_where_that_is_asked() -> None:
    # 浜松市 took up eleven towns on 2005-07-01; the register of 2005-03-31 had 783,748 people in all
    parts = shipped().walk(TODAY, dt.date(2005, 4, 1), estimate=True).of("22130")
    assert parts["22202"].weight == Fraction(581_162, 783_748)
    assert len(parts) == 12
    assert parts["22202"].bases == {("population", dt.date(2005, 3, 31))}
    refused = shipped().walk(TODAY, dt.date(2005, 4, 1)).of("22130")
    assert {link.quality for link in refused.values()} == {"refused"}
    assert parts.keys() == refused.keys()


def test_an_area_that_was_renumbered_only_goes_back_exactly() -> None:
    assert shipped().walk(TODAY, dt.date(2010, 1, 1)).of("40231") == {"40305": Link()}


def test_a_town_that_joined_a_ward_is_of_its_city_among_municipalities() -> None:
    # 京北町 26381 joined 右京区 of 京都市 on 2005-04-01
    history, before = shipped(), dt.date(2005, 3, 31)
    assert history.heirs("26381", before, TODAY) == ["26108"]
    assert history.municipal.heirs("26381", before, TODAY) == ["26100"]
    back = history.municipal.walk(TODAY, before, estimate=True).of("26100")
    assert back.keys() == {"26100", "26381"}
    assert {kin.code for kin in history.of("26100").kin("26100", TODAY, forward=False)} >= {"26381"}


def test_a_ward_that_did_not_exist_then_has_no_way_from_there() -> None:
    assert "22131" not in shipped().walk(dt.date(2000, 1, 1), TODAY).links


def test_the_kin_of_an_area_are_told_with_the_days() -> None:
    history = shipped()
    before = [(kin.code, str(kin.date)) for kin in history.kin("22130", TODAY, forward=False)]
    assert before[0] == ("22202", "2007-04-01")
    assert ("22217", "2005-07-01") in before  # 天竜市
    assert before[-1] == ("22501", "1991-05-01")  # 可美村
    after = [(kin.code, str(kin.date)) for kin in history.kin("22501", FIRST, forward=True)]
    assert after == [("22202", "1991-05-01"), ("22130", "2007-04-01")]


def test_a_name_is_that_of_the_day() -> None:
    history = shipped()
    called = [history.name("28221", day(date)) for date in ("1998-01-01", "2019-04-30", "2019-05-01")]
    assert [spell.kana if spell else None for spell in called] == [None, "ささやまし", "たんばささやまし"]
    assert history.last_day("22202", TODAY) == dt.date(2007, 3, 31)
    assert history.last_day("22130", FIRST) == dt.date(2007, 4, 1)
    assert history.last_day("22130", TODAY) == TODAY
    assert history.last_day("99999", TODAY) == TODAY


def test_two_areas_that_change_codes_on_one_day_keep_their_own_kin() -> None:
    changes = [Change(DIVIDED, "名称変更", "a", "b"), Change(DIVIDED, "名称変更", "b", "c")]
    # as all lists do: those of one day happen one into the other
    assert [kin.code for kin in History(changes).kin("a", FIRST, forward=True)] == ["c"]


# All of Japan


def municipalities(date: dt.date) -> list[str]:
    """The areas with a mayor: no wards of cities, no villages of the Northern Territories."""
    return [c for c in shipped().in_force(date) if c not in WARD_CITY and c not in NORTHERN_TERRITORIES]


@real
@pytest.mark.parametrize(
    ("name", "date"), [("areacode_start.csv", FIRST), ("areacode_end.csv", dt.date(2024, 5, 26))]
)
def test_names_in_force_are_those_of_the_code_lists(name: str, date: dt.date) -> None:
    listed = read_codes(Path(str(REAL)) / "codes" / name)
    assert listed.keys() - set(shipped().in_force(date)) == {"13100"}  # 特別区部 is no area
    assert set(shipped().in_force(date)) <= listed.keys()
    for code, written in listed.items():
        spell = shipped().name(code, date)
        assert code == "13100" or (spell is not None and spell.ja.endswith(written))


def round_trips(codes: list[str], then: dt.date) -> dict[str, set[str]]:
    """Code today → what holds today the land of all that it was made of."""
    history = shipped().municipal
    back, forth = history.walk(TODAY, then), history.walk(then, TODAY)
    assert {old for code in codes for old in back.of(code)} <= set(history.in_force(then))
    return {code: {heir for old in back.of(code) for heir in forth.of(old)} for code in codes}


def test_the_way_back_to_1970_and_forth_is_total_but_for_two_towns() -> None:
    today = municipalities(TODAY)
    assert len(today) == 1_741
    okinawa = [code for code in today if code.startswith("47")]
    assert len(okinawa) == 41
    # returned on 1972-05-15, and has had its codes since 1972-06-07
    ends = round_trips(okinawa, dt.date(1972, 6, 7))
    ends |= round_trips([code for code in today if code not in okinawa], FIRST)
    assert len(ends) == 1_741
    # each holds a part of 上九一色村
    assert {code for code, heirs in ends.items() if heirs != {code}} == {"19201", "19430"}
    assert ends["19201"] == ends["19430"] == {"19201", "19430"}


Registers = dict[dt.date, dict[str, dict[str, int]]]


@pytest.fixture(scope="module")
def registers() -> Registers:
    found: Registers = {}
    path = Path(str(REAL)) / "stats/juki-age/juki_japanese_age5_sex_1995_2024.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            level = found.setdefault(day(row["ref_date"]), {}).setdefault(row["level"], {})
            code = "00000" if row["level"] == "national" else row["code"]
            if not code:
                continue  # the villages of the Northern Territories in 2009, without people
            level[code] = level.get(code, 0) + int(row["total"])
    return found


def followed(code: str, date: dt.date, linked: Mapping[dt.date, Mapping[str, str]]) -> str:
    """Where the other list, read by hand, has a code in the end."""
    for when, moves in linked.items():
        for _ in range(len(moves) if when > date else 0):
            if moves.get(code, code) == code:
                break
            code = moves[code]
    return code


@real
def test_the_residents_of_thirty_years_are_the_sums_of_their_parts(registers: Registers) -> None:
    linked: dict[dt.date, dict[str, str]] = {}
    changes = json.loads((Path(str(REAL)) / "codes/municipal_changes.json").read_text(encoding="utf-8"))
    for change in sorted(changes["changes"], key=lambda one: str(one["date"])):
        heir = change["new"]["code"]
        if change["old"]["code"] not in WARD_CITY:  # a town comes into a ward, and so into its city
            linked.setdefault(day(change["date"]), {})[change["old"]["code"]] = WARD_CITY.get(heir, heir)
    divided = {"19201", "19430"}
    assert len(registers) == 30
    for date, levels in registers.items():
        counts = levels["municipality"]
        walk = shipped().municipal.walk(date, TODAY)
        carried = walk.carried(counts)
        expected: dict[str, int] = {}
        for code, count in counts.items():
            heir = followed(code, date, linked)
            expected[heir] = expected.get(heir, 0) + count
        refused = {code for code, told in carried.items() if told.quality == "refused"}
        assert refused == (divided if date < DIVIDED else set()), date
        exact = {code: told.value for code, told in carried.items() if code not in refused}
        assert exact == {code: count for code, count in expected.items() if code not in refused}, date
        held = {old for code in refused for old in walk.origins[code]}
        rest = sum(counts[old] for old in held)
        (nation,) = levels["national"].values()
        assert sum(count or 0 for count in exact.values()) + rest == nation
        assert set(municipalities(TODAY)) <= carried.keys()


@real
def test_the_residents_of_prefectures_differ_by_the_one_village_that_changed_its_own(
    registers: Registers,
) -> None:
    # 山口村 20431 of 長野県 joined 中津川市 of 岐阜県 on 2005-02-13
    for date, levels in registers.items():
        counts, walk = levels["municipality"], shipped().municipal.walk(date, TODAY)
        sums: dict[str, int] = {}
        for code, count in counts.items():
            (prefecture,) = {heir[:2] for heir in walk.of(code)}
            sums[f"{prefecture}000"] = sums.get(f"{prefecture}000", 0) + count
        gone = counts.get("20431", 0)
        assert bool(gone) is (date < dt.date(2005, 2, 13))
        expected = {**levels["pref"]}
        expected["20000"] -= gone
        expected["21000"] += gone
        assert sums == expected, date


# Properties


dates = st.dates(dt.date(1970, 4, 1), dt.date(2024, 12, 31))


def chained(code: str, first: Mapping[str, Mapping[str, Link]], second: Walk) -> dict[str, Fraction | None]:
    """The product of two ways, multiplied out here."""
    found: dict[str, Fraction | None] = {}
    for between, link in first.get(code, {code: Link()}).items():
        for target, more in second.of(between).items():
            way = None if link.weight is None or more.weight is None else link.weight * more.weight
            before = found.get(target, Fraction(0))
            found[target] = None if way is None or before is None else before + way
    return found


@settings(max_examples=25, deadline=None)
@given(st.tuples(dates, dates, dates).map(sorted), st.booleans(), st.booleans())
def test_a_way_over_a_date_between_is_the_product_of_both_ways(
    three: list[dt.date], estimate: bool, is_back: bool
) -> None:
    start, between, end = three[::-1] if is_back else three
    history = shipped()
    first = history.walk(start, between, estimate=estimate)
    second = history.walk(between, end, estimate=estimate)
    whole = history.walk(start, end, estimate=estimate)
    for code in history.in_force(start):
        assert chained(code, first.links, second) == weights(whole.of(code)), code


@settings(max_examples=25, deadline=None)
@given(dates, dates)
def test_weights_sum_to_one_and_reach_areas_in_force(start: dt.date, end: dt.date) -> None:
    history = shipped()
    existing = set(history.in_force(end))
    for code, links in history.walk(start, end, estimate=True).links.items():
        known = [link.weight for link in links.values() if link.weight is not None]
        whole = sum(known, Fraction(0))
        assert whole == 1 if len(known) == len(links) else whole < 1, code
        # going back, Okinawa and wards began within: they go back to themselves
        assert existing >= links.keys() or end < start


@settings(max_examples=25, deadline=None)
@given(dates, dates, st.randoms(use_true_random=False))
def test_nobody_is_lost_on_the_way(start: dt.date, end: dt.date, random: Random) -> None:
    history = shipped()
    walk = history.walk(start, end, estimate=True)
    counts = {code: random.randint(0, 10**6) for code in history.in_force(start)}
    known = {code for code in counts if all(link.weight is not None for link in walk.of(code).values())}
    mixed = {target for code in counts.keys() - known for target in walk.of(code)}
    whole = {code: counts[code] for code in known if mixed.isdisjoint(walk.of(code))}
    assert sum(walk.people(counts).values()) == sum(whole.values())
    assert sum(told.value or 0 for told in walk.carried(whole).values()) == sum(whole.values())


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_whole_parts_sum_to_the_count_and_are_off_by_less_than_one(count: int, amounts: list[int]) -> None:
    links = {str(n): Link(Fraction(amount, sum(amounts))) for n, amount in enumerate(amounts)}
    parts = apportioned(count, links)
    assert sum(parts.values()) == count
    assert all(abs(parts[code] - count * (link.weight or Fraction(0))) < 1 for code, link in links.items())


@settings(max_examples=15, deadline=None)
@given(dates, dates, st.booleans(), st.randoms(use_true_random=False))
def test_the_way_of_some_areas_needs_only_the_events_that_concern_them(
    start: dt.date, end: dt.date, estimate: bool, random: Random
) -> None:
    history = shipped()
    whole = history.walk(start, end, estimate=estimate)
    codes = random.sample(sorted(whole.links), min(5, len(whole.links)))
    around = history.around(codes)
    assert len(around.changes) < len(history.changes) / 4
    part = around.walk(start, end, estimate=estimate)
    assert {code: part.of(code) for code in codes} == {code: whole.of(code) for code in codes}


def test_areas_were_together_on_certain_days() -> None:
    history = shipped()
    # 上九一色村 until 2006-03-01; 浜松市 as a designated city since 2007-04-01
    assert history.together({"19341", "22202"}) == (FIRST, DIVIDED)
    assert history.together({"22130"}) == (dt.date(2007, 4, 1), None)
    assert history.together({"19341", "22130"}) is None
