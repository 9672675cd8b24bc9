"""What a crew works out is, to the last bit, what one process works out; here workers are threads."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
import shapely
from distributed import LocalCluster
from sqlalchemy import Connection, text

from geo.errors import InvalidParameter, NotFound
from geo.figures.observations import Row
from service.analysis.spatial import write_spatial
from service.figures.load import Figures, load_observations
from service.figures.vectors import write_all
from service.operations import crew as crews
from service.operations.crew import Crew, Job, answers, crew_of
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.boundaries import put_areas
from service.tests.databases import Database

VECTORS = text("select * from vector order by layer, level, vintage, period")
BREAKS = text("select * from class_breaks order by layer, level, vintage")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a scheduler with two workers in this process."""
    with LocalCluster(  # type: ignore[no-untyped-call]  # Dask is not typed
        n_workers=2, threads_per_worker=1, processes=False, protocol="inproc", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def crew(address: str) -> Iterator[Crew]:
    with crew_of(address) as found:
        assert found is not None
        yield found


def twice(number: int) -> int:
    return 2 * number


def failing() -> None:
    raise NotFound("There is none")


def test_answers_come_in_the_order_of_their_jobs_and_few_are_handed_out(crew: Crew) -> None:
    made: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(50):
            made.append(number)
            yield twice, number

    most = 0
    for place, answer in enumerate(answers(crew, jobs())):
        assert answer == 2 * place
        most = max(most, len(made) - place)
    assert most == crew.at_once == 4
    assert list(answers(None, jobs())) == list(range(0, 100, 2))


def test_what_is_promised_may_be_an_argument_and_what_is_raised_comes_back(crew: Crew) -> None:
    four = crew.submit(twice, crew.submit(twice, 1))
    assert four.result() == 4
    assert crew.submit(dict, {"four": four}).result() == {"four": 4}
    with pytest.raises(NotFound, match="There is none"):
        list(answers(crew, [(failing,)]))


def test_no_scheduler_and_workers_of_another_edition_are_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crew_of(None) as nobody, crew_of("") as nobody_either:
        assert nobody is nobody_either is None
    monkeypatch.setattr(crews, "ANSWERS_S", 1)
    with pytest.raises(NotFound, match="No Dask scheduler"), crew_of("tcp://127.0.0.1:1"):
        pass
    monkeypatch.setattr(crews, "edition", lambda: threading.current_thread().name)
    with pytest.raises(InvalidParameter, match="another edition") as refused, crew_of(address):
        pass
    assert len(refused.value.findings) == 2


def written(conn: Connection, crew: Crew | None) -> list[object]:
    """All vectors and class breaks, worked out anew."""
    for table in ("vector", "class_breaks"):
        conn.execute(text(f"delete from {table}"))
    report = write_all(conn, crew=crew)
    assert report["vectors"] > 50
    return [tuple(row) for asked in (VECTORS, BREAKS) for row in conn.execute(asked)]


def test_vectors_of_all_boundaries_are_those_of_one_process(migrated_database: Database, crew: Crew) -> None:
    codes = ["10000", *(f"102{number:02d}" for number in range(1, 13)), "10344", "10366"]
    outlines = {code: shapely.box(139, place, 140, place + 1) for place, code in enumerate(codes)}
    observed = (
        "population",
        "population-65-plus",
        "births",
        "deaths",
        "in-migrants",
        "out-migrants",
        "taxable-income",
    )
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
        known = set(conn.scalars(text("select id from indicator")))
        names = [name for name in observed if name in known]
        assert len(names) > 3
        for date in (dt.date(2015, 1, 1), dt.date(2025, 1, 1)):
            put_areas(conn, date, outlines)
        for date in (dt.date(2010, 10, 1), dt.date(2020, 10, 1)):
            rows = [
                Row(
                    name,
                    code,
                    str(date.year),
                    float(crc32(f"{name} {code} {date}".encode()) % 10_007) / 7,
                    "ok",
                    "",
                    0,
                )
                for name in names
                for code in codes[1:]
            ]
            load_observations(conn, [Figures(rows, "census-2020", date)], actor="tests", subject="rows")
        alone = written(conn, None)
        assert written(conn, crew) == alone
        conn.rollback()


def test_spatial_statistics_are_those_of_one_process(
    shipped_database: Database, crew: Crew, tmp_path: Path
) -> None:
    asked = {"level": "prefecture", "layers": ["ageing-rate", "birth-rate"]}
    with shipped_database.begin() as conn:
        alone = write_spatial(conn, tmp_path / "alone.csv", **asked)  # type: ignore[arg-type]  # a dict of options
        shared = write_spatial(conn, tmp_path / "shared.csv", **asked, crew=crew)  # type: ignore[arg-type]
    assert shared == alone
    lines = (tmp_path / "alone.csv").read_text().splitlines()
    assert (tmp_path / "shared.csv").read_text().splitlines() == lines
    assert len(lines) > 5
    assert lines[1].startswith("ageing-rate,prefecture,")


def test_maps_of_counts_are_not_compared(shipped_database: Database, tmp_path: Path) -> None:
    with shipped_database.begin() as conn:
        for wrong in ({"layers": ["population"]}, {"level": "town"}):
            with pytest.raises(InvalidParameter):
                write_spatial(conn, tmp_path / "x.csv", **wrong)
        for nothing in ({"layers": ["x"]}, {"date": dt.date(1900, 1, 1)}):
            with pytest.raises(NotFound):
                write_spatial(conn, tmp_path / "x.csv", **nothing)
    assert list(tmp_path.iterdir()) == []
