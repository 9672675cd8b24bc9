"""A small feed of three trips, whole or with tables changed."""

from __future__ import annotations

import zipfile
from pathlib import Path

from geo.transit.gtfs import read_gtfs
from geo.transit.stops import departures_between, of_feed

FEED = {
    "agency.txt": "agency_id,agency_name\n1,地域バス\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "A,役場,36.1,139.1,1,\n"
    "A1,役場,36.1001,139.1,0,A\n"
    "A2,役場,36.0999,139.1,0,A\n"
    "B,駅前,36.12,139.12,0,\n"
    "C,病院,36.14,139.14,0,\n"
    "X,廃止,36.2,139.2,0,\n",
    "routes.txt": "route_short_name,route_long_name,route_id,route_type\n12,役場線,R,3\n",
    "trips.txt": "route_id,service_id,trip_id\nR,平日,T1\nR,平日,T2\nR,土曜,T3\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type\n"
    "T1,7:00:00,7:00:00,A1,1,0\nT1,,,B,2,0\nT1,7:20:00,7:20:00,C,3,0\n"
    "T2,25:10:00,25:10:00,C,1,0\nT2,25:20:00,25:20:00,B,2,1\nT2,25:30:00,25:30:00,A2,3,0\n"
    "T3,9:00:00,9:00:00,A2,1,0\nT3,9:30:00,9:30:00,C,2,0\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\n"
    "平日,1,1,1,1,1,0,0,20190401,20190630\n土曜,0,0,0,0,0,1,0,20190401,20190630\n",
    "calendar_dates.txt": "service_id,date,exception_type\n平日,20190401,2\n土曜,20190401,1\n",
}


def feed(folder: Path, **changed: str) -> Path:
    path = folder / "feed.zip"
    tables = FEED | {name.replace("_txt", ".txt"): text for name, text in changed.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in tables.items():
            if text:
                archive.writestr(name, "\ufeff" + text)
    return path


def departures(path: Path, day: str, first: int = 0, last: int = 30) -> dict[str, int]:
    stops = of_feed(read_gtfs(path))
    counts = departures_between(stops, day, first, last)
    return dict(zip(stops.ids.tolist(), counts.tolist(), strict=True))
