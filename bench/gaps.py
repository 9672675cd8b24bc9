"""Transport gaps of a country: chiiki beside a plain geopandas run of the same definition.

    scripts/bench gaps [--cells 470000] [--stops 250000] [--seed 1] [--prefecture 10]

The input is made up on the real municipalities: inhabited cells of 500 m lie around centres of settlement,
people by the census, stops where people are. geopandas (buffer, dissolve, overlay) is timed on one
prefecture, because for the whole country it does not end; chiiki on the same prefecture with one core, and on
the country with four. With circles of 2,880 sides geopandas says the same to a millionth; that run takes one
municipality.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import geopandas
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from geo.areas.boundaries import read_boundaries
from geo.areas.outlines import areas_of
from geo.transit import mesh
from geo.transit.access import Definition, covered_shares, in_plane, is_covered, plane_of
from geo.transit.gaps import Gap, Partition, gap_of
from geo.transit.stops import Stops, without_timetable
from service.settings import HOME

DEFINITION = Definition("bench", "", "", {"rail": 1000.0, "bus": 500.0})
PROCESSES = 4


def municipalities() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return codes, outlines and people (census 2020) of the shipped boundaries."""
    levels, _ = areas_of(read_boundaries(HOME / "data/boundaries/2025-01-01/areas.topojson.gz"))
    found = levels["municipality"]
    table = pq.read_table(HOME / "data/statistics/observations.parquet")
    chosen = pc.and_(
        pc.equal(table["indicator"].cast("string"), "population"),
        pc.equal(table["period"].cast("string"), "2020"),
    )
    rows = table.filter(chosen)
    people = dict(zip(rows["area_code"].cast("string").to_pylist(), rows["value"].to_pylist(), strict=True))
    outlines = np.array([area.outlines["high"] for area in found], object)
    return [area.code for area in found], outlines, np.array([people.get(area.code) or 0.0 for area in found])


def settled(
    outlines: np.ndarray, people: np.ndarray, cells: int, random: np.random.Generator
) -> tuple[list[str], np.ndarray]:
    """Return inhabited cells and their people: around a few centres in each municipality."""
    codes: list[str] = []
    counts: list[np.ndarray] = []
    land = np.array([max(shapely.area(outline) * 9_400_000_000 / 261_000, 1) for outline in outlines])
    share = np.sqrt(people * land)
    wanted = np.minimum((cells * 1.15 * share / share.sum()).astype(int) + 1, land.astype(int) + 1)
    for outline, number, total in zip(outlines, wanted, people, strict=True):
        if total <= 0:
            continue
        west, south, east, north = shapely.bounds(outline)
        lats = np.arange(np.floor(south * 240), np.ceil(north * 240)) / 240 + 1 / 480
        lons = np.arange(np.floor(west * 160), np.ceil(east * 160)) / 160 + 1 / 320
        x, y = (axis.ravel() for axis in np.meshgrid(lons, lats))
        inside = shapely.contains_xy(outline, x, y)
        x, y = x[inside], y[inside]
        if not len(x):
            continue
        seeds = random.choice(len(x), min(4, len(x)), replace=False)
        away = np.min([np.hypot((x - x[s]) * 0.8, y - y[s]) for s in seeds], axis=0)
        kept = np.argsort(away + random.exponential(0.01, len(x)))[: int(number)]
        weight = np.exp(-away[kept] / 0.015) * random.gamma(1.0, 1.0, len(kept)) + 1e-9
        codes += [mesh.code_at(float(b), float(a), 9) for a, b in zip(x[kept], y[kept], strict=True)]
        counts.append(weight / weight.sum() * total)
    joined = np.concatenate(counts)
    order = np.argsort(codes)
    unique, first = np.unique(np.array(codes)[order], return_index=True)
    return unique[:cells].tolist(), joined[order][first][:cells]


def placed(codes: list[str], people: np.ndarray, number: int, random: np.random.Generator) -> Stops:
    """Return stops in cells, more where more people live; one of 25 is a station."""
    chance = np.sqrt(people)
    chosen = random.choice(len(codes), number, p=chance / chance.sum())
    box = mesh.bounds(codes)[chosen]
    lat = random.uniform(box[:, 0], box[:, 2])
    lon = random.uniform(box[:, 1], box[:, 3])
    modes = np.where(random.random(number) < 0.04, "rail", "bus").tolist()
    names = [str(place) for place in range(number)]
    return without_timetable(names, names, modes, [""] * number, names, lon, lat)


def within(
    lon: np.ndarray, lat: np.ndarray, box: tuple[float, float, float, float], margin: float
) -> np.ndarray:
    """Return which places lie in a box with a margin, degrees."""
    west, south, east, north = box
    across = (lon >= west - margin) & (lon <= east + margin)
    return across & (lat >= south - margin) & (lat <= north + margin)


def partitions(
    areas: list[str], outlines: np.ndarray, codes: list[str], people: np.ndarray, stops: Stops
) -> Mapping[str, Partition]:
    """Return a partition for each prefecture, with its margin."""
    boxes = shapely.bounds(outlines)
    lon, lat = mesh.centres(codes)
    found = {}
    for prefecture in sorted({code[:2] for code in areas}):
        own = np.array([code[:2] == prefecture for code in areas])
        west, south = boxes[own][:, :2].min(axis=0)
        east, north = boxes[own][:, 2:].max(axis=0)
        near = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        inside = np.flatnonzero(
            (lon >= west - 0.01) & (lon <= east + 0.01) & (lat >= south - 0.01) & (lat <= north + 0.01)
        )
        around = (
            (stops.lon > west - 0.03)
            & (stops.lon < east + 0.03)
            & (stops.lat > south - 0.03)
            & (stops.lat < north + 0.03)
        )
        found[prefecture] = Partition(
            areas=tuple(code for code, kept in zip(areas, near, strict=True) if kept),
            outlines=outlines[near],
            own=own[near],
            cells=tuple(codes[place] for place in inside.tolist()),
            people={"population": people[inside]},
            stops=stops.take(around),
        )
    return found


def by_area(partition: Partition) -> Gap:
    """Return the gap of a partition, without its land."""
    return gap_of(partition, DEFINITION, with_land=False)


def plain_geopandas(
    partition: Partition, which: np.ndarray, epsg: int, quad_segs: int
) -> tuple[float, float]:
    """Return seconds and the people in the gap of some parts, by buffer, dissolve and overlay."""
    parts = partition.parts
    people = partition.people["population"][parts.cell[which]] * parts.share[which]
    outlines = in_plane(parts.outline[which], epsg)
    cells = geopandas.GeoDataFrame({"people": people}, geometry=outlines, crs=epsg)
    box = tuple(shapely.total_bounds(parts.outline[which]).tolist())
    stops = partition.stops.take(within(partition.stops.lon, partition.stops.lat, box, 0.02))
    points = geopandas.GeoSeries(shapely.points(stops.lon, stops.lat), crs=6668).to_crs(epsg)
    reach = np.where(stops.modes == "rail", 1000.0, 500.0)
    begun = time.perf_counter()
    discs = geopandas.GeoDataFrame(geometry=points.buffer(reach, quad_segs=quad_segs)).dissolve()
    whole = cells.area
    left = geopandas.overlay(cells.assign(whole=whole), discs, how="difference", keep_geom_type=True)
    gap = float((left["people"] * left.area / left["whole"]).sum())
    return time.perf_counter() - begun, gap


def peak_mb() -> float:
    """Return the largest resident memory of this process or one of its children."""
    own, children = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(own, children) / 1024


def main() -> None:
    """Make the input, run both sides and print ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=470_000)
    parser.add_argument("--stops", type=int, default=250_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prefecture", default="10")
    asked = parser.parse_args()
    random = np.random.default_rng(asked.seed)
    areas, outlines, census = municipalities()
    codes, people = settled(outlines, census, asked.cells, random)
    stops = placed(codes, people, asked.stops, random)
    print(f"{len(codes):,} cells, {people.sum():,.0f} people, {len(stops):,} stops")
    lon, lat = mesh.centres(codes)
    begun = time.perf_counter()
    covered = is_covered(lon, lat, stops, DEFINITION, workers=-1)
    print(
        f"country, cell_centroid: {time.perf_counter() - begun:.1f} s, "
        f"gap {people[~covered].sum():,.0f} people"
    )
    split = partitions(areas, outlines, codes, people, stops)
    begun = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        every = list(pool.map(by_area, split.values()))
    gap = sum(counts["population"].gap for one in every for counts in one.by_area.values())
    print(
        f"country, both methods, cells cut at boundaries, {PROCESSES} processes: "
        f"{time.perf_counter() - begun:.1f} s, gap by area {gap:,.0f} people, "
        f"peak {peak_mb():,.0f} MB a process"
    )
    one = replace(split[asked.prefecture])
    epsg = plane_of(int(asked.prefecture), float(np.median(one.stops.lon)))
    one = replace(one, own=np.ones(len(one.areas), bool))
    parts = one.parts
    weights = one.people["population"][parts.cell] * parts.share
    planes = np.full(len(parts), epsg)
    begun = time.perf_counter()
    _, shares = covered_shares(parts.outline, planes, one.stops, DEFINITION)
    own_s, own_gap = time.perf_counter() - begun, float((weights * (1 - shares)).sum())
    print(f"prefecture {asked.prefecture}: {len(parts):,} parts, {len(one.stops):,} stops")
    seconds, other = plain_geopandas(one, np.arange(len(parts)), epsg, 16)
    told(64, seconds, other, own_s, own_gap)
    few = np.flatnonzero(parts.area == np.bincount(parts.area).argmax())
    begun = time.perf_counter()
    _, shares = covered_shares(parts.outline[few], planes[few], one.stops, DEFINITION)
    own_s, own_gap = time.perf_counter() - begun, float((weights[few] * (1 - shares)).sum())
    seconds, other = plain_geopandas(one, few, epsg, 720)
    print(f"one municipality: {len(few):,} parts")
    told(2880, seconds, other, own_s, own_gap)


def told(sides: int, seconds: float, gap: float, own_s: float, own_gap: float) -> None:
    """Print one run of geopandas beside ours."""
    print(
        f"  chiiki (exact arcs)          {own_s:8.2f} s  gap {own_gap:,.3f}\n"
        f"  geopandas, {sides:>4} sides a circle {seconds:8.2f} s  gap {gap:,.3f}  {seconds / own_s:6.1f} x  "
        f"relative difference {abs(gap - own_gap) / own_gap:.1e}"
    )


if __name__ == "__main__":
    main()
