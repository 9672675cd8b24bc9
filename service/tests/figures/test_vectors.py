"""Values in area order: written with the figures, and with all that follows from them."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection, select, text

from geo.figures.observations import Row
from service.db.tables import class_breaks, observed, vector
from service.figures import vectors
from service.figures.carrying import Carrying
from service.figures.load import Figures, load_observations
from service.figures.values import STATUS_OF_MARK, STATUSES, TOLD, Vector
from service.tests.databases import Database, DatabaseServer

VINTAGE = dt.date(2021, 1, 1)


@pytest.fixture(scope="module")
def shipped(database_server: DatabaseServer) -> Iterator[Database]:
    """The shipped data, for tests that undo what they write."""
    with database_server.new_database(database_server.template()) as database:
        yield database


@pytest.fixture
def conn(shipped: Database) -> Iterator[Connection]:
    with shipped.begin() as conn:
        yield conn
        conn.rollback()


def load(conn: Connection, *rows: Row, date: dt.date = dt.date(2020, 10, 1)) -> None:
    load_observations(conn, [Figures(rows, "census-2020", date)], actor="tests", subject="test")


def figure(indicator: str, code: str, period: str, value: float | None, status: str = "ok") -> Row:
    return Row(indicator, code, period, value, status, "", 0)


def stored(conn: Connection, layer: str, period: str, level: str = "municipality") -> Vector:
    row = conn.execute(
        select(vector).where(
            vector.c.layer == layer,
            vector.c.period == period,
            vector.c.level == level,
            vector.c.vintage == VINTAGE,
        )
    ).one()
    return Vector.of(row.values, row.statuses, row.sources)


def carrying(conn: Connection, layer: str, period: str, level: str = "municipality") -> Carrying:
    row = conn.execute(
        select(vector).where(
            vector.c.layer == layer,
            vector.c.period == period,
            vector.c.level == level,
            vector.c.vintage == VINTAGE,
        )
    ).one()
    return Carrying.of(row.carried, row.boundaries)


def at(conn: Connection, code: str, level: str = "municipality") -> int:
    asked = text("select position from area where code = :code and level = :level and vintage = :vintage")
    return int(conn.execute(asked, {"code": code, "level": level, "vintage": VINTAGE}).scalar_one())


def value(conn: Connection, layer: str, period: str, code: str, level: str = "municipality") -> float:
    return float(stored(conn, layer, period, level).values[at(conn, code, level)])


def test_a_figure_stands_in_its_vector_at_the_place_of_its_area(conn: Connection) -> None:
    # published: 札幌市 1,973,395 in the census of 2020
    assert value(conn, "population", "2020", "01100") == 1_973_395
    load(conn, figure("population", "01100", "2020", 5.0))
    assert value(conn, "population", "2020", "01100") == 5


def test_what_is_missing_says_why(conn: Connection) -> None:
    load(conn, figure("doctors", "01202", "2020", None, "secret"))
    found, place = stored(conn, "doctors", "2020"), at(conn, "01202")
    assert np.isnan(found.values[place])
    assert STATUSES[found.statuses[place]] == "secret"


def test_what_follows_from_a_figure_is_written_with_it(conn: Connection) -> None:
    load(
        conn,
        figure("population", "01202", "2020", 200.0),
        figure("population-65-plus", "01202", "2020", 50.0),
    )
    assert value(conn, "ageing-rate", "2020", "01202") == 25.0


def test_periods_that_no_figure_touched_stay_as_they_are(conn: Connection) -> None:
    rows = text("select ctid::text, period from vector where layer = 'population' and level = 'municipality'")
    before = {row.period: row.ctid for row in conn.execute(rows)}
    load(conn, figure("population", "01100", "2020", 5.0))
    after = {row.period: row.ctid for row in conn.execute(rows)}
    assert {period for period in before if before[period] != after[period]} == {"2020"}


def test_a_new_period_is_observed_where_its_figures_can_be_told(conn: Connection) -> None:
    load(conn, figure("population", "01100", "2099", 5.0))
    asked = select(observed.c.level, observed.c.sources).where(
        observed.c.indicator == "population", observed.c.period == "2099"
    )
    told = {row.level: row.sources for row in conn.execute(asked)}
    # prefectures are sums of municipalities; 札幌市 alone makes no sum of 北海道
    assert told == {level: ["census-2020"] for level in ("prefecture", "municipality")}
    assert np.isnan(value(conn, "population", "2099", "01000", "prefecture"))
    assert value(conn, "population", "2099", "01100") == 5


def test_a_level_at_which_nothing_was_published_is_not_offered(conn: Connection) -> None:
    asked = text("select period from observed where indicator = :name and level = 'ward' order by period")
    assert conn.scalars(asked, {"name": "doctors"}).all() == []
    assert conn.scalars(asked, {"name": "population"}).all() == ["2020"]
    load(conn, figure("doctors", "01101", "2020", 7.0))
    assert conn.scalars(asked, {"name": "doctors"}).all() == ["2020"]


def test_class_breaks_over_all_periods_follow_a_figure(conn: Connection) -> None:
    asked = select(class_breaks.c.bounds).where(
        class_breaks.c.layer == "population",
        class_breaks.c.level == "municipality",
        class_breaks.c.vintage == VINTAGE,
    )
    load(conn, figure("population", "01100", "2020", 9e9))
    assert conn.execute(asked).scalar_one()[-1] == 9e9


def test_the_breaks_of_a_period_are_of_its_own_values(conn: Connection) -> None:
    # quantiles of 1 … 5 in five classes: numpy's linear method, by hand
    conn.execute(text("delete from observation where indicator = 'libraries'"))
    load(conn, *(figure("libraries", f"0120{n}", "2020", float(n)) for n in (2, 3, 4, 5, 6)))
    row = conn.execute(
        select(vector.c.lowest, vector.c.bounds).where(
            vector.c.layer == "libraries",
            vector.c.period == "2020",
            vector.c.level == "municipality",
            vector.c.vintage == VINTAGE,
        )
    ).one()
    assert row.lowest == 2
    assert row.bounds == pytest.approx([2.8, 3.6, 4.4, 5.2, 6.0])


def test_two_writers_at_once_leave_the_vectors_of_both(database_server: DatabaseServer) -> None:
    with database_server.new_database(database_server.template()) as database:
        both_loaded = threading.Barrier(2)

        def write(indicator: str, amount: float) -> None:
            with database.begin() as conn:
                both_loaded.wait(20)
                load(conn, figure(indicator, "01202", "2020", amount))

        writers = [
            threading.Thread(target=write, args=pair)
            for pair in (("population", 200.0), ("population-65-plus", 50.0))
        ]
        for one in writers:
            one.start()
        for one in writers:
            one.join()
        with database.begin() as conn:
            assert value(conn, "ageing-rate", "2020", "01202") == 25.0


@pytest.mark.prove("a minute")
def test_vectors_that_other_code_wrote_are_written_anew_and_count_as_changed(conn: Connection) -> None:
    assert vectors.is_current(conn)
    numbers = text("select n from revision where subject = 'indicator:population'")
    before = conn.scalar(numbers)
    conn.execute(text("update revision set n = 1 where subject = 'derivation'"))
    conn.execute(text("update vector set statuses = '' where layer = 'population'"))
    assert not vectors.is_current(conn)
    assert vectors.renew(conn)
    assert value(conn, "population", "2020", "01100") == 1_973_395
    assert (conn.scalar(numbers) or 0) > (before or 0)
    assert not vectors.renew(conn)


def reason(conn: Connection, layer: str, period: str, code: str, level: str = "municipality") -> str:
    return STATUSES[stored(conn, layer, period, level).statuses[at(conn, code, level)]]


def test_who_moved_into_a_merged_town_is_not_the_sum_and_the_net_is(conn: Connection) -> None:
    # 岩舟町 joined 栃木市 on 2014-04-05: those who moved from the one to the other moved inside
    moves = {"09203": (4_000.0, 4_500.0), "09367": (600.0, 700.0)}
    rows = [
        figure(name, code, "2013", both[place])
        for code, both in moves.items()
        for place, name in enumerate(("in-migrants", "out-migrants"))
    ]
    load(conn, *rows, date=dt.date(2013, 10, 1))
    assert reason(conn, "in-migrants", "2013", "09203") == "not_additive"
    assert value(conn, "net-migration", "2013", "09203") == -600
    assert reason(conn, "net-migration", "2013", "09203") == "ok"
    # one that did not change keeps its own
    load(conn, figure("in-migrants", "09202", "2013", 9.0), date=dt.date(2013, 10, 1))
    assert value(conn, "in-migrants", "2013", "09202") == 9


def test_who_moved_into_a_designated_city_is_not_the_sum_of_its_wards_and_the_net_is(
    conn: Connection,
) -> None:
    wards = [f"2213{n}" for n in range(1, 8)]  # 浜松市
    load(
        conn,
        *(figure("in-migrants", code, "2099", 100.0) for code in wards),
        *(figure("out-migrants", code, "2099", 110.0) for code in wards),
    )
    assert reason(conn, "in-migrants", "2099", "22130") == "not_additive"
    assert value(conn, "net-migration", "2099", "22130") == -70
    load(conn, figure("in-migrants", "22130", "2099", 400.0))
    assert value(conn, "in-migrants", "2099", "22130") == 400
    # those who came are the city's own now, those who left those of the wards: no difference of the two
    assert reason(conn, "net-migration", "2099", "22130") == "not_additive"


def test_figures_of_a_bloc_are_those_of_no_area(conn: Connection) -> None:
    load(conn, figure("in-migrants", "51000", "2099", 5.0))
    told = conn.execute(select(observed).where(observed.c.period == "2099")).all()
    assert told == []


@pytest.mark.parametrize(("code", "residents"), [("17461", 12_890), ("17204", 39_882)])
def test_towns_whose_district_changed_have_the_residents_of_their_old_codes(
    conn: Connection, code: str, residents: int
) -> None:
    # the register of 1995-03-31: 穴水町 17421 had 12,890, 輪島市 17204 30,010 and 門前町 17422 9,872
    assert value(conn, "register-population", "1995", code) == residents


@pytest.mark.parametrize(
    ("city", "residents"),
    # the register of 2000-03-31, and what joined a ward of the city since, which the list of changes names
    [
        ("22100", 471_044 + 237_457 + 13_688 + 10_369),  # 静岡市, 清水市, 蒲原町, 由比町
        ("26100", 1_388_267 + 7_116),  # 京都市, 京北町
        ("34100", 1_106_922 + 8_227),  # 広島市, 湯来町
    ],
)
def test_a_city_has_the_residents_of_the_towns_that_joined_its_wards(
    conn: Connection, city: str, residents: int
) -> None:
    assert value(conn, "register-population", "2000", city) == residents


def test_every_value_says_how_it_was_carried_and_no_missing_one_does(conn: Connection) -> None:
    rows = conn.execute(select(vector)).all()
    assert len(rows) > 3_000
    for row in rows:
        made, carried = (
            Vector.of(row.values, row.statuses, row.sources),
            Carrying.of(row.carried, row.boundaries),
        )
        is_told = np.isfinite(made.values)
        assert ((carried.marks > 0) == is_told).all()
        assert (np.isin(made.statuses, TOLD) == is_told).all()
        assert (STATUS_OF_MARK[carried.marks] == made.statuses)[is_told].all()
        assert bool(carried.dates) == is_told.any()


def test_how_values_were_carried_takes_little_beside_them(conn: Connection) -> None:
    asked = text("""select sum(length(carried)) as carried, sum(length("values")) as held from vector""")
    sizes = conn.execute(asked).one()
    assert sizes.carried < sizes.held / 80


@pytest.mark.parametrize(
    ("layer", "period", "code", "how", "published_on"),
    [
        # the census by the codes of 2015: 上九一色村 19341 was split in 2006, and its people divided
        ("population", "2005", "19201", "apportioned", "2015-10-01"),
        ("population", "2005", "19430", "apportioned", "2015-10-01"),
        ("population", "2010", "19201", "as_published", "2015-10-01"),
        ("ageing-rate", "1980", "19430", "apportioned", "2015-10-01"),
        ("population", "2005", "19202", "as_published", "2015-10-01"),
        ("population", "2005", "04216", "renumbered", "2015-10-01"),  # 富谷町 04423 until 2016
        # the register by the codes of the day: 新潟市, 浜松市, 高山市 of their mergers, 穴水町 17421
        ("register-population", "1995", "15100", "summed", "1995-03-31"),
        ("register-population", "2005", "22130", "summed", "2005-03-31"),
        ("register-population", "1995", "21203", "summed", "1995-03-31"),
        ("register-population", "1995", "17461", "renumbered", "1995-03-31"),
        ("register-population", "1995", "19201", None, "1995-03-31"),
        ("register-population", "2007", "22130", "renumbered", "2007-03-31"),  # 22202 until the day after
    ],
)
def test_a_value_says_how_it_came_to_stand_on_its_boundaries(
    conn: Connection, layer: str, period: str, code: str, how: str | None, published_on: str
) -> None:
    found = carrying(conn, layer, period)
    assert found.told(np.array([at(conn, code)])) == [how]
    assert list(map(str, found.dates)) == [published_on]
    status = STATUSES[stored(conn, layer, period).statuses[at(conn, code)]]
    assert status == {"apportioned": "apportioned", None: "boundary_changed"}.get(how, "ok")


def test_people_that_were_divided_are_whole_again_in_their_prefecture(conn: Connection) -> None:
    # 山梨県 2005: 884,515 by the census
    assert value(conn, "population", "2005", "19000", "prefecture") == 884_515
    place = np.array([at(conn, "19000", "prefecture")])
    assert carrying(conn, "population", "2005", "prefecture").told(place) == ["as_published"]
    conn.execute(text("delete from observation where indicator = 'population' and area_code = '19000'"))
    vectors.write_vectors(conn, {"population": ["2005"]})
    assert value(conn, "population", "2005", "19000", "prefecture") == 884_515
    assert carrying(conn, "population", "2005", "prefecture").told(place) == ["summed"]
