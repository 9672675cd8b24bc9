"""The figures that ship: chosen from the published files, one Parquet table, each with its source."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.csv import WriteOptions, write_csv
from sqlalchemy import Connection, select

from geo.areas.boundaries import read_boundaries
from geo.codes import BLOCS, DESIGNATED_CITIES, area_code, kind_of
from geo.figures.indicators import items as items_of
from geo.figures.indicators import prefectural as prefectural_of
from geo.figures.indicators import read_catalogue
from geo.figures.layouts import LAYOUT, Line, Part, read_by_layout, read_layout
from geo.figures.observations import Row, number
from geo.figures.ssds import read_ssds
from geo.figures.ssdse import read_ssdse
from geo.files.archives import text_of
from service.areas.past import finder
from service.db.tables import audit
from service.figures.load import load_csv

FILE = "observations.parquet"
EDITIONS = range(2018, 2027)

#: Figures of prefectures alone ship from this year on: half of the 51 years; ``chiiki ingest ssds`` has all.
FIRST_OF_PREFECTURES = "2000"

#: The municipalities of 福島県 since 2008: the projection of 2018 has the prefecture alone.
FUKUSHIMA = (
    *(f"072{n:02d}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14)),
    *("07301", "07303", "07308", "07322", "07342", "07344", "07362", "07364", "07367", "07368"),
    *("07402", "07405", "07407", "07408", "07421", "07422", "07423", "07444", "07445", "07446", "07447"),
    *("07461", "07464", "07465", "07466", "07481", "07482", "07483", "07484"),
    *(f"075{n:02d}" for n in (1, 2, 3, 4, 5, 21, 22)),
    *(f"075{n:02d}" for n in (41, 42, 43, 44, 45, 46, 47, 48, 61, 64)),
)

SCHEMA = pa.schema(
    [
        ("indicator", pa.dictionary(pa.int16(), pa.string())),
        ("area_code", pa.dictionary(pa.int16(), pa.string())),
        ("period", pa.dictionary(pa.int16(), pa.string())),
        ("value", pa.float64()),
        ("status", pa.dictionary(pa.int8(), pa.string())),
        ("raw", pa.dictionary(pa.int8(), pa.string())),
        ("boundary_date", pa.date32()),
        ("source", pa.dictionary(pa.int8(), pa.string())),
    ]
)


@dataclass
class Collected:
    """Figures by their key; a later source wins, and where it says otherwise that is counted."""

    figures: dict[tuple[str, str, str], tuple[Row, str, dt.date]] = field(default_factory=dict)
    replaced: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, rows: Iterator[Row] | list[Row], source: str, boundary_date: dt.date) -> None:
        """Add the rows of one source."""
        for row in rows:
            key = (row.indicator, row.period, row.area_code)
            before = self.figures.get(key)
            if before is not None and row.value is None and before[0].value is not None:
                continue  # a figure is not replaced by its absence
            if before is not None and before[0].value != row.value:
                self.replaced[row.indicator, row.period, before[1], source] += 1
            self.figures[key] = (row, source, boundary_date)

    def begin(self, source: str, first: str) -> None:
        """Leave out what is older than ``first`` of indicators that no other source has."""
        others = {row.indicator for row, whose, _ in self.figures.values() if whose != source}
        self.figures = {
            key: told
            for key, told in self.figures.items()
            if told[0].period >= first or told[0].indicator in others
        }

    def report(self) -> list[str]:
        """Return a line for each (indicator, period) on which two sources disagree."""
        return [
            f"{indicator} {period}: {count} areas differ, {new} replaces {old}"
            for (indicator, period, old, new), count in sorted(self.replaced.items())
        ]


def _row(indicator: str, code: str, period: str, cell: str, line: int) -> Row:
    value, status = number(cell)
    return Row(indicator, code, period, value, status, "" if value is not None else cell, line)


def _columns(path: Path, columns: Mapping[str, str], code: str, year: str) -> Iterator[Row]:
    """Yield the figures of a plain table: one row per area and year, one column per indicator."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        for line, cells in enumerate(csv.DictReader(opened), 2):
            period = cells[year][:4]
            for column, indicator in columns.items():
                if cells[column] != "":
                    yield _row(indicator, area_code(cells[code]), period, cells[column], line)


AGE_CLASSES = {
    "total": "population",
    "age0_14": "population-under-15",
    "age15_64": "population-15-64",
    "age65_plus": "population-65-plus",
    "age75_plus": "population-75-plus",
    "female_20_39": "women-20-39",
}
CENSUS_2020 = {
    "ALL": "population",
    "U14": "population-under-15",
    "A15.64": "population-15-64",
    "O65": "population-65-plus",
}
PROJECTED = {
    "total": "projected-population",
    "age0_14": "projected-population-under-15",
    "age65_plus": "projected-population-65-plus",
    "female_20_39": "projected-women-20-39",
}
ACCOUNTS_2011 = {
    "gpp_nominal": "gpp-2011-base",
    "gpp_real_chained_2011": "gpp-real-2011-base",
    "employed_by_place_of_work": "employed-by-workplace-2011-base",
}
ACCOUNTS_2015 = {
    "gpp_nominal_mil_yen": "gpp-2015-base",
    "gpp_real_chained2015_mil_yen": "gpp-real-2015-base",
    "income_per_head_thousand_yen": "income-per-head-2015-base",
}
#: Sex → indicator of net migration at ages 15 to 29 (three classes of the migration report are added up).
YOUNG_MIGRATION = {
    "総数": "net-migration-15-29",
    "男": "net-migration-men-15-29",
    "女": "net-migration-women-15-29",
}
YOUNG = ("15歳～19歳", "20歳～24歳", "25歳～29歳")
KINDS = {"designated_city": 1, "ward": 1, "special_ward": 2, "city": 3, "town": 4, "village": 5}


def _laid_out(real_data: Path, data: Path) -> Iterator[Part]:
    """Yield the figures of the published tables that ``mappings/tables.csv`` tells how to read."""
    by_file: dict[str, list[tuple[int, Line]]] = {}
    for at, line in read_layout(data / "mappings" / LAYOUT):
        by_file.setdefault(line.file, []).append((at, line))
    find = finder(data / "catalog")
    for name, lines in by_file.items():
        (path,) = real_data.rglob(name)
        yield from read_by_layout(*text_of(path), lines, find)


def _not_projected(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield that nothing was published for the municipalities of 福島県, which the projection leaves out."""
    periods = sorted({(row.indicator, row.period) for row in rows})
    for indicator, period in periods:
        for code in FUKUSHIMA:
            yield Row(indicator, code, period, None, "not_available", "", 0)


def _young_migration(path: Path, names: Path) -> Iterator[Row]:
    """Yield the net migration of 15- to 29-year-olds of each prefecture; the table has names, no codes."""
    with names.open(encoding="utf-8-sig", newline="") as opened:
        codes = {row["pref"]: area_code(row["pid"]) for row in csv.DictReader(opened)}
    totals: Counter[tuple[str, str, str]] = Counter()
    with path.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["種別"] == "転入超過数" and row["年齢階級"] in YOUNG and row["都道府県"] in codes:
                key = (YOUNG_MIGRATION[row["性別"]], codes[row["都道府県"]], row["年次"][:4])
                totals[key] += int(row["人数"])
    for (indicator, code, year), total in sorted(totals.items()):
        yield Row(indicator, code, year, float(total), "ok", "", 0)


#: Item and sex of table 1 of the migration report → indicator.
MOVES_OF_BLOCS = {
    ("02", "0"): "in-migrants",
    ("02", "1"): "in-migrants-men",
    ("02", "2"): "in-migrants-women",
    ("03", "0"): "out-migrants",
    ("03", "1"): "out-migrants-men",
    ("03", "2"): "out-migrants-women",
}
#: Japanese movers (日本人移動者), as the figures of prefectures are.
JAPANESE = "61000"


def _bloc_moves(path: Path) -> Iterator[Row]:
    """Yield who moved into and out of the metropolitan blocs; moves inside one are in neither figure."""
    with path.open(encoding="cp932", newline="") as opened:
        lines = list(csv.reader(opened))
    heads = {row[9]: row[10:] for row in lines if len(row) > 10 and row[9].startswith("/")}
    columns = list(zip(heads["/表章項目 コード"], heads["/性別 コード"], strict=True))
    for line, row in enumerate(lines, 1):
        if len(row) <= 10 or row[0] != JAPANESE or row[6] not in BLOCS:
            continue
        for column, cell in zip(columns, row[10:], strict=True):
            if column in MOVES_OF_BLOCS:
                yield _row(MOVES_OF_BLOCS[column], row[6], row[3][:4], cell, line)


def _kinds(boundaries: Path) -> Iterator[Row]:
    """Yield the type of each municipality and ward of the boundaries that ship."""
    parts = read_boundaries(boundaries)
    names = {code: name for code, name in zip(parts["code"], parts["name"], strict=True) if code}
    for code, name in sorted((names | dict.fromkeys(DESIGNATED_CITIES, "")).items()):
        yield Row("municipality-type", code, "2021", float(KINDS[kind_of(code, name)]), "ok", "", 0)


def collect(real_data: Path, data: Path) -> Collected:
    """Return all figures that ship, gathered from the published files."""
    catalogue = read_catalogue(data / "catalog" / "indicators.csv")
    items, prefectural = items_of(catalogue), prefectural_of(catalogue)
    stats, day = real_data / "stats", dt.date
    found = Collected()
    prefectures = read_ssds(stats / "ssds-pref/ssds_pref_all_items.csv.gz", prefectural)
    found.add(prefectures, "ssds-prefectures", day(2020, 10, 1))
    ssdse_b = read_ssdse((stats / "ssdse-b/SSDSE-B-2025.csv").read_bytes(), items, prefectural)
    found.add(ssdse_b, "ssdse-b-2025", day(2020, 10, 1))
    for edition in EDITIONS:
        rows = read_ssdse((stats / f"ssdse-a/SSDSE-A-{edition}.csv").read_bytes(), items, prefectural)
        # The editions of 2018 and 2019 still have 那珂川町 40305, which became a city on 2018-10-01.
        found.add(rows, f"ssdse-a-{edition}", day(max(edition - 2, 2017) if edition > 2019 else 2017, 10, 1))
    ages = stats / "population-age"
    # 富谷町 04423 became a city on 2016-10-10: the codes are those of the census of 2015.
    census = _columns(ages / "census_3class_1980_2015.csv", AGE_CLASSES, "code", "year")
    found.add(census, "census-age-1980-2015", day(2015, 10, 1))
    census = _columns(
        ages / "census2020_3class_municipalities_wards.csv", CENSUS_2020, "JCODE", "調査年 コード"
    )
    found.add(census, "census-2020", day(2020, 10, 1))
    ipss = _columns(real_data / "projection/ipss2018_3class_2015_2045.csv", PROJECTED, "code", "year")
    # 富谷 is the city 04216 there, 那珂川 still the town 40305.
    projected = list(ipss)
    found.add(projected, "ipss-2018", day(2017, 10, 1))
    found.add(_not_projected(projected), "ipss-2018", day(2017, 10, 1))
    for part in _laid_out(real_data, data):
        found.add(part.rows, part.source, part.boundary_date)
    accounts = real_data / "accounts"
    base_2011 = _columns(
        accounts / "prefectural_accounts_h23base_fy2006_2018.csv", ACCOUNTS_2011, "pref_code", "fiscal_year"
    )
    found.add(base_2011, "accounts-2011-base", day(2018, 10, 1))
    # 佐賀県 2022 is corrected in this copy
    base_2015 = _columns(
        accounts / "prefectural_accounts_h27base_ed2022_fy2011_2022.csv",
        ACCOUNTS_2015,
        "pref_code",
        "fiscal_year",
    )
    found.add(base_2015, "accounts-2015-base", day(2020, 10, 1))
    young = _young_migration(
        real_data / "migration/migration_age5_sex_pref_2025.csv", real_data / "codes/prefjp-utf8.csv"
    )
    found.add(young, "migration-report-2025", day(2025, 10, 1))
    blocs = _bloc_moves(real_data / "migration/estat_migration_table1_sex_2010_2025.csv")
    found.add(blocs, "migration-report-blocs", day(2025, 10, 1))
    found.add(_kinds(data / "boundaries/2021-01-01/areas.topojson.gz"), "area-kinds", day(2021, 1, 1))
    found.begin("ssds-prefectures", FIRST_OF_PREFECTURES)
    return found


def ship_statistics(real_data: Path, data: Path) -> list[str]:
    """Write the figures that ship; return where sources disagree."""
    found = collect(real_data, data)
    ordered = [found.figures[key] for key in sorted(found.figures)]
    columns = [
        [r.indicator for r, _, _ in ordered],
        [r.area_code for r, _, _ in ordered],
        [r.period for r, _, _ in ordered],
        [r.value for r, _, _ in ordered],
        [r.status for r, _, _ in ordered],
        [r.raw for r, _, _ in ordered],
        [date for _, _, date in ordered],
        [source for _, source, _ in ordered],
    ]
    arrays = [pa.array(column).cast(kind) for column, kind in zip(columns, SCHEMA.types, strict=True)]
    (data / "statistics").mkdir(exist_ok=True)
    table = pa.Table.from_arrays(arrays, schema=SCHEMA)
    # counts of people side by side have their bytes alike, not their eight bytes together: a sixth less
    pq.write_table(
        table,
        data / "statistics" / FILE,
        row_group_size=table.num_rows,
        use_dictionary=[one for one in SCHEMA.names if one != "value"],
        column_encoding={"value": "BYTE_STREAM_SPLIT"},
        compression="zstd",
        compression_level=19,
    )
    return found.report()


def load_shipped_statistics(
    conn: Connection, folder: Path, actor: str, progress: Callable[[int, int, str], None]
) -> Mapping[str, object]:
    """Load the figures that ship, in the caller's transaction; what was loaded once is not loaded again."""
    subject = f"{FILE} {hashlib.sha256((folder / FILE).read_bytes()).hexdigest()[:16]}"
    if conn.execute(select(audit.c.id).where(audit.c.subject == subject).limit(1)).scalar():
        return {"unchanged": True}
    table = pq.read_table(folder / FILE)
    progress(0, 1, f"{table.num_rows:,} figures")
    report = load_csv(conn, table.column_names, _as_csv(table), actor=actor, subject=subject)
    progress(1, 1, "figures loaded")
    return report


def _as_csv(table: pa.Table) -> Iterator[bytes]:
    """Yield the rows of a table as CSV, some at a time: as text they are forty times the file."""
    plain = pa.schema(
        [(one.name, pa.string() if pa.types.is_dictionary(one.type) else one.type) for one in table.schema]
    )
    for batch in table.to_batches(max_chunksize=100_000):
        rows = pa.BufferOutputStream()
        write_csv(pa.table(batch).cast(plain), rows, WriteOptions(include_header=False))
        yield rows.getvalue().to_pybytes()
