"""The tables, as SQLAlchemy Core sees them; ``migrations/`` creates them.

An area is (vintage, level, code). Observations know nothing of geometry: they carry the area code as
published and the date of the boundaries that code belongs to.
"""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

#: What has changed: see ``service.memory.revisions``.
revision = Table(
    "revision",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

#: A dated boundary set.
vintage = Table(
    "vintage",
    metadata,
    Column("vintage", Date, primary_key=True),
    Column("title_ja", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("credit_ja", Text, nullable=False),
    Column("credit_en", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("report", JSONB, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

#: ``position`` is the area's place in every value vector and stored tile of its (vintage, level).
area = Table(
    "area",
    metadata,
    Column("vintage", Date, ForeignKey("vintage.vintage", ondelete="CASCADE"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("code", String(5), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prefecture", String(5), nullable=False),
    Column("parent", String(5)),
    Column("name_ja", Text, nullable=False),
    Column("name_kana", Text, nullable=False, server_default=""),
    Column("name_en", Text, nullable=False, server_default=""),
    Column("area_km2", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("bbox", ARRAY(Float), nullable=False),
    Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
    UniqueConstraint("vintage", "level", "position"),
    CheckConstraint("level in ('prefecture', 'municipality', 'ward')", name="area_level"),
    Index("area_geom", "geom", postgresql_using="gist"),
)

#: An area's outline at one level of detail, as geometry (for tiles) and as GeoJSON text (to splice).
outline = Table(
    "outline",
    metadata,
    Column("vintage", Date, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("detail", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("geojson", Text, nullable=False),
    Column("geom", Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), nullable=False),
    ForeignKeyConstraint(
        ["vintage", "level", "position"],
        ["area.vintage", "area.level", "area.position"],
        ondelete="CASCADE",
    ),
    CheckConstraint("detail in ('low', 'medium', 'high')", name="outline_detail"),
    Index("outline_geom", "geom", postgresql_using="gist"),
)

#: The geometry of one tile as PostGIS encodes it: one MVT layer whose feature ids are area positions.
encoded_tile = Table(
    "encoded_tile",
    metadata,
    Column("vintage", Date, ForeignKey("vintage.vintage", ondelete="CASCADE"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("z", SmallInteger, primary_key=True),
    Column("x", Integer, primary_key=True),
    Column("y", Integer, primary_key=True),
    Column("mvt", LargeBinary, nullable=False),
)

#: Who published a figure: edition, licence, where and when it was read.
source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title_ja", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("credit_ja", Text, nullable=False),
    Column("credit_en", Text, nullable=False),
    Column("retrieved_on", Date, nullable=False),
)

#: The catalogue row of a layer, as JSON of ``geo.figures.indicators.Indicator``.
indicator = Table(
    "indicator",
    metadata,
    Column("id", Text, primary_key=True),
    Column("definition", JSONB, nullable=False),
)

#: One published figure. Missing is a null value with a status other than ``ok``.
observation = Table(
    "observation",
    metadata,
    Column("indicator", Text, ForeignKey("indicator.id", ondelete="CASCADE"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("area_code", String(5), primary_key=True),
    Column("value", Float),
    Column("status", Text, nullable=False),
    Column("raw", Text),
    Column("boundary_date", Date, nullable=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    CheckConstraint("(value is null) = (status <> 'ok')", name="observation_missing_has_status"),
    CheckConstraint(
        "value <> 'NaN' and value < 'Infinity' and value > '-Infinity'", name="observation_finite"
    ),
    # the few figures of metropolitan blocs (``geo.codes.BLOCS``), which every process holds
    Index("observation_bloc", "indicator", postgresql_where=text("area_code >= '48'")),
)

#: What stood in place of a figure ``until`` a load changed it; ``not_loaded`` is the status where none did.
superseded = Table(
    "superseded",
    metadata,
    Column("indicator", Text, ForeignKey("indicator.id", ondelete="CASCADE"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("area_code", String(5), primary_key=True),
    Column("until", DateTime(timezone=True), primary_key=True),
    Column("value", Float),
    Column("status", Text, nullable=False),
    Column("raw", Text),
    Column("boundary_date", Date),
    Column("source", Text),
)

#: That a load changed figures of an indicator; of ``first_periods`` there was none before.
figure_change = Table(
    "figure_change",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("indicator", Text, ForeignKey("indicator.id", ondelete="CASCADE"), nullable=False),
    Column("periods", ARRAY(Text), nullable=False),
    Column("first_periods", ARRAY(Text), nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Index("figure_change_indicator", "indicator", "at"),
)

#: Figures that are held until a moment, as CSV of what a load stages (gzip): see ``service.figures.embargo``.
#: ``refused`` says why they could not be published at it.
embargo = Table(
    "embargo",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("release_at", DateTime(timezone=True), nullable=False),
    Column("held_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("indicators", ARRAY(Text), nullable=False),
    Column("periods", ARRAY(Text), nullable=False),
    Column("areas", ARRAY(Text), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("refused", Text),
)

#: What was fetched last from a table of e-Stat or of a feed, by ``estat:ID`` or ``gtfs:ID``.
fetched = Table(
    "fetched",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("body", JSONB, nullable=False),
)

#: The periods for which an observed indicator has figures at a level, and whose figures they are.
observed = Table(
    "observed",
    metadata,
    Column("indicator", Text, ForeignKey("indicator.id", ondelete="CASCADE"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("sources", ARRAY(Text), nullable=False),
)

#: The values of an indicator in the order of the areas of (vintage, level), as little-endian doubles, NaN
#: where missing, and a status each (``STATUSES``); with the class breaks of this period. How each was carried
#: (a byte each, deflated), and from which boundaries, stands apart: no tile reads it.
vector = Table(
    "vector",
    metadata,
    Column("layer", Text, ForeignKey("indicator.id", ondelete="CASCADE"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("vintage", Date, ForeignKey("vintage.vintage", ondelete="CASCADE"), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("values", LargeBinary, nullable=False),
    Column("statuses", LargeBinary, nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("lowest", Float),
    Column("bounds", ARRAY(Float)),
    Column("carried", LargeBinary, nullable=False, server_default=""),
    Column("boundaries", ARRAY(Date), nullable=False, server_default="{}"),
)

#: The class breaks of an indicator over all its periods, by its own scheme.
class_breaks = Table(
    "class_breaks",
    metadata,
    Column("layer", Text, ForeignKey("indicator.id", ondelete="CASCADE"), primary_key=True),
    Column("level", Text, primary_key=True),
    Column("vintage", Date, ForeignKey("vintage.vintage", ondelete="CASCADE"), primary_key=True),
    Column("lowest", Float),
    Column("bounds", ARRAY(Float)),
)

#: People of a census year, or of a projected one, by ``geo.figures.ages.CLASSES``.
age_structure = Table(
    "age_structure",
    metadata,
    Column("area_code", String(5), primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", Text, ForeignKey("source.id"), nullable=False),
    Column("boundary_date", Date, nullable=False),
    Column("men", ARRAY(Integer), nullable=False),
    Column("women", ARRAY(Integer), nullable=False),
    CheckConstraint("cardinality(men) = 20 and cardinality(women) = 20", name="age_structure_classes"),
)

#: Industries (日本標準産業分類): major groups (中分類), each in its division (大分類).
industry = Table(
    "industry",
    metadata,
    Column("code", String(2), primary_key=True),
    Column("name_ja", Text, nullable=False),
    Column("division", String(1), nullable=False),
    Column("division_ja", Text, nullable=False),
)

#: Municipal changes (廃置分合): which code became which, and when.
area_change = Table(
    "area_change",
    metadata,
    Column("date", Date, primary_key=True),
    Column("from_code", String(5), primary_key=True),
    Column("to_code", String(5), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("from_name", Text, nullable=False),
    Column("to_name", Text, nullable=False),
)

#: What a code was called, since when and until when.
area_history = Table(
    "area_history",
    metadata,
    Column("code", String(5), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date),
    Column("name_ja", Text, nullable=False),
    Column("name_kana", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("district", Text, nullable=False),
)

#: How much of an area went to another on a date: people, or square metres.
area_share = Table(
    "area_share",
    metadata,
    Column("date", Date, primary_key=True),
    Column("from_code", String(5), primary_key=True),
    Column("to_code", String(5), primary_key=True),
    Column("basis", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("as_of", Date, nullable=False),
    CheckConstraint("basis in ('population', 'area')", name="area_share_basis"),
    CheckConstraint("amount >= 0", name="area_share_amount"),
)

#: A named list of areas, such as the Tokyo area, with the dates between which it holds.
region_set = Table(
    "region_set",
    metadata,
    Column("id", Text, primary_key=True),
    Column("area_code", String(5), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("name_ja", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)

#: A version of the national strategy, as JSON of ``geo.strategy.plan.Strategy``.
strategy = Table(
    "strategy",
    metadata,
    Column("id", Text, primary_key=True),
    Column("body", JSONB, nullable=False),
)


def _versions(name: str, *columns: Column[object]) -> Table:
    """Return a table that keeps every state of a thing: the one without ``valid_to`` is current."""
    ends = CheckConstraint("valid_to > valid_from", name=f"{name}_ends_after_it_begins")
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("valid_from", DateTime(timezone=True), primary_key=True),
        Column("valid_to", DateTime(timezone=True)),
        Column("actor", Text, nullable=False),
        Column("body", JSONB, nullable=False),
        *columns,
        ends,
        Index(f"{name}_current", "id", unique=True, postgresql_where=text("valid_to is null")),
    )


#: Deployments as JSON of ``geo.strategy.deployments.Deployment``; the own geometry of one stands beside it.
deployment = _versions("deployment", Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False)))
Index("deployment_geom", deployment.c.geom, postgresql_using="gist")

#: KPIs with their targets and actuals, as JSON of ``geo.strategy.kpis.Kpi``.
kpi = _versions("kpi")

#: Where stops were read from; ``dates`` tells the day taken for each kind of day of a timetable.
stop_source = Table(
    "stop_source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("title_ja", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("dates", JSONB, nullable=False),
    Column("credit_ja", Text, nullable=False),
    Column("credit_en", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    CheckConstraint("kind in ('gtfs', 'p11', 'n02', 'table')", name="stop_source_kind"),
)

#: A stop; ``departures`` are 3 kinds of day × 30 hours of its group, null where no timetable is known.
stop = Table(
    "stop",
    metadata,
    Column("source", Text, ForeignKey("stop_source.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("classes", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("departures", ARRAY(SmallInteger)),
    Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
    Index("stop_geom", "geom", postgresql_using="gist"),
)

#: A line at a stop, in its order; ``departures`` by kind of day, null where no timetable is known.
stop_line = Table(
    "stop_line",
    metadata,
    Column("source", Text, ForeignKey("stop_source.id", ondelete="CASCADE"), primary_key=True),
    Column("group", Text, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("number", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("departures", ARRAY(Integer)),
)

#: A population grid: cells of one size and year. ``prefectures`` are those whose residents alone it tells;
#: of a grid with none, cells tell everybody in them.
grid = Table(
    "grid",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digits", SmallInteger, nullable=False),
    Column("year", Text, nullable=False),
    Column("columns", ARRAY(Text), nullable=False),
    Column("title_ja", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("credit_ja", Text, nullable=False),
    Column("credit_en", Text, nullable=False),
    Column("licence", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("report", JSONB, nullable=False),
    Column("prefectures", ARRAY(Text), nullable=False, server_default="{}"),
)

#: A cell; ``status`` says why its population is missing, as an observation's does.
cell = Table(
    "cell",
    metadata,
    Column("grid", Text, ForeignKey("grid.id", ondelete="CASCADE"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("population", Float),
    Column("status", Text, nullable=False),
    Column("population_65_plus", Float),
    Column("population_75_plus", Float),
    Column("geom", Geometry("POLYGON", srid=4326, spatial_index=False), nullable=False),
    CheckConstraint("(population is null) = (status <> 'ok')", name="cell_missing_has_status"),
    Index("cell_geom", "geom", postgresql_using="gist"),
)

#: What counts as within reach, as JSON of ``geo.transit.access.Definition``.
gap_definition = Table(
    "gap_definition",
    metadata,
    Column("id", Text, primary_key=True),
    Column("body", JSONB, nullable=False),
)

#: What gaps of a prefecture were counted from: ``year`` of the people, ``stops`` in reach with their dates.
gap_basis = Table(
    "gap_basis",
    metadata,
    Column("definition", Text, ForeignKey("gap_definition.id", ondelete="CASCADE"), primary_key=True),
    Column("grid", Text, primary_key=True),
    Column("prefecture", String(5), primary_key=True),
    Column("body", JSONB, nullable=False),
)

#: An operator of which no stops are known here.
missing_operator = Table(
    "missing_operator",
    metadata,
    Column("prefecture", String(5), primary_key=True),
    Column("name_ja", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("reason_ja", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("as_of", Date, nullable=False),
)

#: A cell counted under a definition; ``area`` is the municipality of its centre.
gap_cell = Table(
    "gap_cell",
    metadata,
    Column("definition", Text, ForeignKey("gap_definition.id", ondelete="CASCADE"), primary_key=True),
    Column("grid", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("area", String(5), nullable=False),
    Column("distance_m", Float),
    Column("covered", Boolean, nullable=False),
    Column("covered_share", Float, nullable=False),
    ForeignKeyConstraint(["grid", "code"], ["cell.grid", "cell.code"], ondelete="CASCADE"),
    Index("gap_cell_area", "area"),
)

#: Keys are 256 random bits; only their SHA-256 is stored.
api_key = Table(
    "api_key",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("areas", ARRAY(Text)),
    Column("indicators", ARRAY(Text)),
    Column("last_used_at", DateTime(timezone=True)),
)

#: What a write was answered, for whoever asks again under the same Idempotency-Key: ``service.http.writes``.
kept_answer = Table(
    "kept_answer",
    metadata,
    Column("key", String(12), ForeignKey("api_key.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("request", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("kept_answer_at", "at"),
)

#: Every load and every write, in the transaction that made it. Triggers refuse to change or remove a row.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
)

#: The chain of the audit, which a trigger forges as transactions commit: see ``service.db.audit``.
audit_link = Table(
    "audit_link",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("audit", BigInteger, ForeignKey("audit.id"), nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
)
