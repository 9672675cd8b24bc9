"""Tiles encoded by PostGIS, once, when boundaries come in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas.outlines import LEVELS

TOP_ZOOM = 12
#: MVT units beyond the tile's edge, so that borders do not break there.
BUFFER = 64
EXTENT = 4096
#: Zoom from which a detail is used.
DETAIL_FROM = {0: "low", 6: "medium", 9: "high"}

#: A new detail is first cut this many zooms above the one that uses it.
ZOOMS_ABOVE = 4

#: What is kept of an outline for a tile and those below it: a whole tile more on each side. A cut nearer by
#: would put a vertex of its own on a border, which moves by a grid unit when PostGIS snaps and cuts again.
MARGIN = 1.0

# PostgreSQL works on these statements with several processes: what they make is no temporary table, which
# other processes could not read, and no row of a table that stays, which only one process writes.

#: The outlines of all levels, each once: a code that two levels have is the same area in both.
_PROJECTED = """
    create unlogged table {projected} as
    select code, ST_Transform(outline.geom, 3857) as geom
    from outline join area using (vintage, level, position)
    where vintage = :vintage and detail = :detail and (
        level <> 'municipality'
        or code not in (select code from area where vintage = :vintage and level = 'ward')
    )
"""
_START = """
    create unlogged table {clipped} as
    with scaled as (
        select code, geom, 2 * 20037508.342789244 / (1 << :z) as side, cast(:margin as float8) as margin
        from {projected}
    ), spans as (
        select code, geom, (1 << :z) - 1 as last, margin,
               floor((ST_XMin(geom) + 20037508.342789244) / side - margin)::int as west,
               floor((ST_XMax(geom) + 20037508.342789244) / side + margin)::int as east,
               floor((20037508.342789244 - ST_YMax(geom)) / side - margin)::int as north,
               floor((20037508.342789244 - ST_YMin(geom)) / side + margin)::int as south
        from scaled
    )
    select * from (
        select code, :z as z, x, y, ST_ClipByBox2D(geom, ST_TileEnvelope(:z, x, y, margin => margin)) as geom
        from spans, generate_series(greatest(west, 0), least(east, last)) as x,
            generate_series(greatest(north, 0), least(south, last)) as y
        offset 0
    ) as pieces
    where not ST_IsEmpty(geom)
"""
_DEEPER = """
    create unlogged table {deeper} as
    select * from (
        select code, z, x, y,
               ST_ClipByBox2D(geom, ST_TileEnvelope(z, x, y, margin => cast(:margin as float8))) as geom
        from (
            select code, geom, z + 1 as z, 2 * x + dx as x, 2 * y + dy as y
            from {clipped}, generate_series(0, 1) as dx, generate_series(0, 1) as dy
        ) as addressed
        offset 0
    ) as pieces
    where not ST_IsEmpty(geom)
"""
_DRAWN = """
    create unlogged table {drawn} as
    select code, z, x, y, ST_AsMVTGeom(geom, ST_TileEnvelope(z, x, y), :extent, :buffer, true) as geom
    from {clipped}
"""
# A tile has its areas in their order, however many processes have drawn them.
_ENCODE = """
    insert into encoded_tile (vintage, level, z, x, y, mvt)
    select :vintage, :level, z, x, y,
           ST_AsMVT(feature, 'areas', :extent, 'geom', 'position' order by feature.position)
    from {drawn} as drawn join area using (code)
        cross join lateral (select area.position, drawn.geom) as feature
    where vintage = :vintage and level = :level and drawn.geom is not null
    group by z, x, y
"""
_ONE = text(
    f"""
    select ST_AsMVT(feature, 'areas', {EXTENT}, 'geom', 'position') as mvt
    from (
        select position, ST_AsMVTGeom(
            ST_Transform(geom, 3857), ST_TileEnvelope(:z, :x, :y), {EXTENT}, {BUFFER}, true
        ) as geom
        from outline
        where vintage = :vintage and level = :level and detail = 'high'
          and geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => {BUFFER / EXTENT}), 4326)
        order by position
    ) as feature
    where geom is not null
    """  # noqa: S608 - constants
)


def encode_tiles(conn: Connection, vintage: dt.date, done: Callable[[int], None]) -> dict[str, int]:
    """Encode every tile of a vintage that has something to draw; return their number by level.

    Each zoom is cut from the pieces of the zoom above, so an outline of a million vertices is walked a
    few times and not once per tile. What two levels share is cut and drawn once.
    """
    # PostGIS functions are costed so high that PostgreSQL compiles every statement, which takes longer than
    # most of them run; and it takes processes for a table by its size without what is stored apart, outlines.
    for setting in ("jit = off", "min_parallel_table_scan_size = 0", "parallel_setup_cost = 0"):
        conn.execute(text(f"set local {setting}"))
    cutting = _Cutting(conn, vintage)
    counts = dict.fromkeys(LEVELS, 0)
    for z in range(TOP_ZOOM + 1):
        if z in DETAIL_FROM:
            cutting.start(z)
        else:
            cutting.deeper(MARGIN)
        for level, count in cutting.encode().items():
            counts[level] += count
        done(z)
    cutting.drop("clipped")
    return counts


class _Cutting:
    """The pieces of a vintage's outlines, in tables of a transaction of its own."""

    def __init__(self, conn: Connection, vintage: dt.date) -> None:
        self.conn = conn
        self.vintage = vintage
        number = conn.scalar(text("select pg_backend_pid()"))
        #: another load may run at the same time
        self.tables = {name: f"{name}_{number}" for name in ("projected", "clipped", "deeper", "drawn")}

    def start(self, z: int) -> None:
        """Cut the outlines of a detail for the tiles of a zoom, coming down from large pieces."""
        self.drop("clipped")
        self._run(_PROJECTED, vintage=self.vintage, detail=DETAIL_FROM[z])
        above = max(z - ZOOMS_ABOVE, 0)
        self._run(_START, z=above, margin=MARGIN / (1 << z - above))
        self.drop("projected")
        for zoom in range(above + 1, z + 1):
            self.deeper(MARGIN / (1 << z - zoom))

    def deeper(self, margin: float) -> None:
        """Cut every piece into those of the next zoom."""
        self._run(_DEEPER, margin=margin)
        self.drop("clipped")
        self._run("alter table {deeper} rename to {clipped}")

    def encode(self) -> dict[str, int]:
        """Encode the tiles of the pieces' zoom; return their number by level."""
        self._run(_DRAWN, extent=EXTENT, buffer=BUFFER)
        counts = {
            level: self._run(_ENCODE, vintage=self.vintage, level=level, extent=EXTENT) for level in LEVELS
        }
        self.drop("drawn")
        return counts

    def drop(self, name: str) -> None:
        """Drop a table, where it is there."""
        self._run(f"drop table if exists {{{name}}}")

    def _run(self, statement: str, **values: object) -> int:
        return self.conn.execute(text(statement.format_map(self.tables)), values).rowcount


async def encode_tile(
    conn: AsyncConnection, vintage: dt.date, level: str, z: int, x: int, y: int
) -> bytes | None:
    """Return one tile beyond the stored zooms, encoded now."""
    where = {"vintage": vintage, "level": level, "z": z, "x": x, "y": y}
    return (await conn.execute(_ONE, where)).scalar_one_or_none()
