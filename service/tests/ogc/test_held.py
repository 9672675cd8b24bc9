"""Filters over the columns in memory find what PostGIS finds, row by row; what only it can say goes there."""

from __future__ import annotations

import pytest

from geo.columns import Undecided
from geo.errors import InvalidParameter
from service.memory.atlas import Atlas
from service.ogc.collections import Collection, Frame, collection, frame
from service.ogc.items import matching_held, matching_stored, read

#: A layer with missing values, one of categories, one below 0, one of fiscal years; areas without periods.
COLLECTIONS = (
    "population.municipality",
    "municipality-type.municipality",
    "population-change.prefecture",
    "local-tax-per-head.municipality",
    "areas.ward",
)
OF_ALL = (
    "code = '10201'",
    "code <> '10201'",
    "code IN ('10201', '10203', 'nowhere')",
    "code NOT IN ('10201')",
    "code >= '10201' AND code < '10300'",
    "code BETWEEN '10201' AND '10210'",
    "code NOT BETWEEN '02000' AND '46000'",
    "prefecture > '46000'",
    "'46000' < prefecture",
    "code = prefecture",
    "code > prefecture",
    "code <= prefecture",
    "name = name_en",
    "name <> name_en",
    "name = '府中市'",
    "NOT name = '府中市'",
    "name LIKE '府中%'",
    "name LIKE '%市'",
    "name NOT LIKE '%市'",
    "name LIKE '%島%'",
    "name LIKE '_市'",
    "name LIKE '__'",
    "name LIKE '%_島%_'",
    "name LIKE '%'",
    "name LIKE ''",
    "name_en LIKE '%a%a%a%-s%'",
    "name_en LIKE 'Mae%shi'",
    "name_en LIKE '%shi%shi'",
    "name_en LIKE '%\\_%'",
    "name_en LIKE '%.%'",
    "name_en LIKE 'M[a-e]%'",
    "CASEI(name_en) = casei('MAEBASHI-SHI')",
    "CASEI(name_en) LIKE casei('%KAWA%')",
    "CASEI(name) = casei('前橋市')",
    "CASEI(name) IN (casei('前橋市'), casei('ABC'))",
    "ACCENTI(name_en) = accenti('Māebashi-shì')",
    "ACCENTI(CASEI(name_en)) LIKE accenti(casei('MAEBASHI%'))",
    "ACCENTI(name) = accenti('つがる市')",
    "ACCENTI(name) LIKE accenti('%が%')",
    "true",
    "false",
    "NOT true",
    "true AND code = '10201'",
    "false OR code = '10201'",
    "name IS NULL",
    "name IS NOT NULL",
    "1 = 1",
    "1 = 2",
    "'a' = 'a'",
    "'1' < '2' AND code = '10201'",
    "(code = '10201') = true",
    "(code = '10201') = (prefecture = '10000')",
    "(code = '10201') <> (prefecture = '10000')",
    "(code = '10201') < (prefecture = '10000')",
    "CASEI('ABC') = 'abc' AND code = '10201'",
    "2 ^ 3 = 8",
    "7 / 2 = 3.5 AND -7 div 2 = -3 AND -7 % 3 = -1",
    "1 / 0 IS NULL",
    "NOT (1 / 0 = 1)",
    "DATE('2020-01-01') < TIMESTAMP('2020-01-01T00:00:01Z')",
    "T_DURING(DATE('2020-01-01'), INTERVAL('2019-01-01', '..'))",
)
OF_LAYERS = (
    "value IS NULL",
    "value IS NOT NULL",
    "NOT (value IS NULL)",
    "value > 0",
    "NOT (value > 0)",
    "value > 0 OR NOT (value > 0)",
    "value > 0 OR value IS NULL",
    "value > 0 AND value IS NULL",
    "value > 100000 AND name LIKE '%市'",
    "value <= 100000",
    "value <> 0",
    "value = value",
    "value <> value",
    "NOT (value = value)",
    "value IN (0, 1, 332149)",
    "value NOT IN (0, 1)",
    "value BETWEEN -1.5 AND 20000",
    "value NOT BETWEEN -1.5 AND 20000",
    "NOT (value BETWEEN 0 AND 1 OR value IS NULL)",
    "value * 2 = value + value",
    "value + 1 > value",
    "value - 100 > 0",
    "value / 3 > 10000",
    "value / value = 1",
    "1 / value > 0.00001",
    "value / 0 IS NULL",
    "NOT (value / 0 = 1)",
    "value div 1000 > 30",
    "value div -7 < -1000",
    "value * 0.1 + 0.2 > 3000.3",
    "value ^ 3 > 1000",
    "value ^ 2 > 1000000",
    "(value > 0) = true",
    "(value > 0) = (value < 100)",
    "(value > 0) IS NULL",
    "status = 'ok'",
    "carried = 'as_published'",
    "carried <> 'summed'",
    "carried IN ('summed', 'renumbered')",
    "carried IS NULL",
    "boundary_dates LIKE '2015-%'",
    "boundary_dates IS NOT NULL",
    "status <> 'ok'",
    "NOT (status = 'ok')",
    "status LIKE 'not%'",
    "status IN ('secret', 'not_available', 'unknown')",
    "period = '2020'",
    "period > '2014'",
    "start = '2020-01-01'",
    "start >= DATE('2015-01-01') AND \"end\" < TIMESTAMP('2021-04-01T00:00:00Z')",
    'start < "end"',
    "start IS NULL",
    "start BETWEEN DATE('2010-01-01') AND DATE('2020-04-01')",
    "start IN (DATE('2015-01-01'), DATE('2020-04-01'))",
    "T_AFTER(start, DATE('2014-06-01'))",
    "T_BEFORE(INTERVAL(start, \"end\"), DATE('2016-01-01'))",
    "T_DISJOINT(INTERVAL(start, \"end\"), INTERVAL('..', '2015-01-01'))",
    "T_DURING(INTERVAL(start, \"end\"), INTERVAL('2009-12-31', '..'))",
    "T_INTERSECTS(INTERVAL(start, \"end\"), INTERVAL('2010-12-31', '2015-01-01'))",
    "T_OVERLAPS(INTERVAL(start, \"end\"), INTERVAL('2020-06-01', '2022-12-31'))",
    'T_EQUALS(start, "end")',
    "value > 1000 AND (name LIKE '%市' OR NOT (code > '20000')) AND NOT (status <> 'ok')",
)
OF_CATEGORIES = (
    "label IS NULL",
    "label LIKE '%市%'",
    "NOT (label LIKE '%市%')",
    "label_en <> 'x'",
    "label = label_en",
)
OF_AREAS = (
    "parent IS NULL",
    "parent = '01100'",
    "NOT (parent = '01100')",
    "parent > '14000'",
    "parent = code",
    "area_km2 > 1000.5",
    "area_km2 / 3 < 10",
    "kind IN ('town', 'village')",
    "name_kana LIKE 'あ%'",
    "CASEI(kind) = 'ward'",
)
#: What goes to PostGIS: shapes, the order of words, capitals beyond ASCII, what ends in an error there.
FOR_POSTGIS = (
    "S_INTERSECTS(geometry, POINT(139.06 36.39))",
    "S_INTERSECTS(geometry, BBOX(139, 36, 140, 37)) AND value > 0",
    "geometry IS NOT NULL",
    "name < '前橋市'",
    "name_en BETWEEN 'A' AND 'C'",
    "CASEI(name_en) = casei('MÀEBASHI-SHI')",
    "name LIKE name_en",
    "value % 0.3 > 0.1",
    "A_CONTAINS(('a', 'b'), ('a'))",
)
FAIL_IN_POSTGIS = (
    "value ^ 99999 > 1",
    "10 ^ value > 1e300",
    "0 ^ -1 = 1",
    "1e303 * value > 1",
    "name LIKE 'a\\'",
)


def shown(atlas: Atlas, name: str, datetime: str | None) -> tuple[Collection, Frame]:
    found = collection(atlas, name)
    return found, frame(atlas, found, read(found, {"datetime": datetime} if datetime else {}).periods)


def same(atlas: Atlas, found: Collection, held: Frame, asked: dict[str, str]) -> int:
    """Return how many rows match, once both have found the same in the same order."""
    wanted = read(found, asked)
    in_memory = matching_held(held, wanted).tolist()
    assert in_memory == matching_stored(atlas, held, wanted).tolist(), asked
    return len(in_memory)


@pytest.mark.parametrize("name", COLLECTIONS)
@pytest.mark.parametrize("datetime", [None, "2014/.."])
def test_a_filter_finds_in_memory_what_it_finds_in_postgis(
    atlas: Atlas, name: str, datetime: str | None
) -> None:
    found, held = shown(atlas, name, datetime)
    filters = [*OF_ALL, *(OF_AREAS if found.indicator is None else OF_LAYERS)]
    if "label" in found.names:
        filters += OF_CATEGORIES
    matched = [same(atlas, found, held, {"filter": one}) for one in filters]
    assert 0 in matched
    assert len(held) in matched
    assert len(set(matched)) > 10  # the table tells rows apart


def test_a_remainder_of_whole_numbers_is_that_of_postgis(atlas: Atlas) -> None:
    found, held = shown(atlas, "population.municipality", None)
    assert same(atlas, found, held, {"filter": "value % 1000 = 149 AND value div 1000 = 332"}) == 1
    assert same(atlas, found, held, {"filter": "(0 - value) % 7 < -3"}) > 300
    assert same(atlas, found, held, {"filter": "value % 0 IS NULL"}) == len(held)


@pytest.mark.parametrize(
    "asked",
    [
        {"code": "10201"},
        {"prefecture": "10000", "name": "前橋市"},
        {"value": "332149"},
        {"value": "1e3"},
        {"status": "ok", "sortby": "value"},
        {"sortby": "-value"},
        {"sortby": "value,code"},
        {"sortby": "-period,prefecture,-value"},
        {"sortby": "-start,end"},
        {"sortby": "-code", "filter": "value > 100000"},
    ],
)
def test_properties_and_order_are_those_of_postgis(atlas: Atlas, asked: dict[str, str]) -> None:
    found, held = shown(atlas, "population.municipality", "2010/..")
    assert same(atlas, found, held, asked) > 0


@pytest.mark.parametrize("condition", FOR_POSTGIS)
def test_what_only_postgis_can_say_is_left_to_it(atlas: Atlas, condition: str) -> None:
    found, held = shown(atlas, "ageing-rate.municipality", None)
    wanted = read(found, {"filter": condition})
    with pytest.raises(Undecided):
        matching_held(held, wanted)
    assert matching_stored(atlas, held, wanted).size >= 0


@pytest.mark.parametrize("condition", FAIL_IN_POSTGIS)
def test_what_ends_in_an_error_there_is_no_answer_here(atlas: Atlas, condition: str) -> None:
    found, held = shown(atlas, "population.municipality", None)
    with pytest.raises(Undecided):
        matching_held(held, read(found, {"filter": condition}))


@pytest.mark.parametrize(
    "condition", ["value > 'a'", "happiness = 1", "name > 3", "value", "frobnicate(value) = 1"]
)
def test_a_filter_that_means_nothing_is_refused_in_memory_too(atlas: Atlas, condition: str) -> None:
    found, held = shown(atlas, "population.municipality", None)
    with pytest.raises(InvalidParameter):
        matching_held(held, read(found, {"filter": condition}))


def test_a_box_and_the_order_of_names_are_left_to_postgis(atlas: Atlas) -> None:
    found, held = shown(atlas, "population.municipality", None)
    for asked in ({"bbox": "139,36,140,37"}, {"sortby": "name"}, {"start": "2020-01-01"}):
        with pytest.raises(Undecided):
            matching_held(held, read(found, asked))
