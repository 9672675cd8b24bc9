"""People by sex and five-year age class: shipped from the published tables, and loaded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, delete, insert

from geo.figures.ages import CLASSES, read_ages
from service.db.tables import age_structure, audit
from service.memory import revisions

FILE = "ages.parquet"
#: Published table → its source, the date whose area codes it uses, and the first year taken from it. 富谷 is
#: the town 04423 in the first and the city 04216 in the second, which repeats the census of 2015.
TABLES = {
    "stats/population-age/census_age5_sex_1980_2015.csv.gz": (
        "census-age5-1980-2015",
        dt.date(2015, 10, 1),
        1980,
    ),
    "projection/ipss2018_age5_sex_2015_2045.csv.gz": ("ipss-2018", dt.date(2017, 10, 1), 2020),
}

SCHEMA = pa.schema(
    [
        ("area_code", pa.dictionary(pa.int16(), pa.string())),
        ("year", pa.int16()),
        ("source", pa.dictionary(pa.int8(), pa.string())),
        ("boundary_date", pa.date32()),
        ("men", pa.list_(pa.int32(), len(CLASSES))),
        ("women", pa.list_(pa.int32(), len(CLASSES))),
    ]
)


def ship_ages(published: Path, data: Path) -> dict[str, int]:
    """Write the people by age that ship, by area and year; return the rows of each source."""
    rows = sorted(
        (code, year, source, date, men, women)
        for name, (source, date, first) in TABLES.items()
        for code, year, men, women in read_ages(published / name)
        if year >= first
    )
    columns = [list(column) for column in zip(*rows, strict=True)]
    arrays = [
        pa.array(column, kind.value_type).cast(kind)
        if pa.types.is_dictionary(kind)
        else pa.array(column, kind)
        for column, kind in zip(columns, SCHEMA.types, strict=True)
    ]
    (data / "population").mkdir(exist_ok=True)
    table = pa.Table.from_arrays(arrays, schema=SCHEMA)
    pq.write_table(table, data / "population" / FILE, compression="zstd", compression_level=19)
    return {source: columns[2].count(source) for source, _, _ in TABLES.values()}


def load_ages(
    conn: Connection, folder: Path, actor: str, progress: Callable[[int, int, str], None]
) -> dict[str, object]:
    """Replace the people by age with those that ship, in the caller's transaction."""
    table = pq.read_table(folder / FILE)
    progress(0, 1, f"{table.num_rows:,} areas and years by age")
    conn.execute(delete(age_structure))
    conn.execute(insert(age_structure), table.to_pylist())
    report: dict[str, object] = {"rows": table.num_rows}
    conn.execute(insert(audit).values(actor=actor, action="load ages", subject=FILE, detail=report))
    revisions.changed(conn, revisions.AGES)
    progress(1, 1, "people by age loaded")
    return report
