"""Where public transport can be boarded: stops as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.transit.calendars import DAYS
from geo.transit.gtfs import HOURS, Feed
from geo.transit.lines import Line, Lines

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

MODES = ("rail", "bus", "demand", "ferry", "other")
#: Classes of P11 (P11_004).
CLASSES = {
    "1": ("路線バス（民間）", "private bus"),
    "2": ("路線バス（公営）", "public bus"),
    "3": ("コミュニティバス", "community bus"),
    "4": ("デマンドバス", "demand bus"),
    "5": ("その他", "other"),
}
UNKNOWN = -1


@dataclass(frozen=True)
class Stops:
    """n stops as columns.

    Attributes
    ----------
    modes : each of ``MODES``
    classes : class codes of P11, joined by ``;``, else empty
    groups : poles of one stop share it
    departures : (n, 3, 30) of the group, by kind of day and hour; -1 where no timetable is known
    lines : each a tuple of lines; those of a group are its poles' together
    """

    ids: Texts
    names: Texts
    modes: Texts
    classes: Texts
    groups: Texts
    lon: Floats
    lat: Floats
    departures: NDArray[np.int32]
    lines: Texts

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Stops:
        """Return some of the stops."""
        return Stops(**{name: column[which] for name, column in vars(self).items()})


def joined(parts: Sequence[Stops]) -> Stops:
    """Return the stops of several sources together."""
    return Stops(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def departures_between(stops: Stops, day: str, first: int, last: int) -> NDArray[np.int64]:
    """Return the departures of each stop's group on a kind of day from hour ``first`` to before ``last``.

    Returns
    -------
    (n,) -1 where no timetable is known
    """
    chosen = stops.departures[:, list(DAYS).index(day), first:last]
    total: NDArray[np.int64] = chosen.sum(axis=1)
    return np.where(stops.departures[:, 0, 0] == UNKNOWN, UNKNOWN, total)


def of_feed(feed: Feed) -> Stops:
    """Return the poles of a GTFS feed."""
    n = len(feed.stops)
    counts = np.stack([stop.departures for stop in feed.stops]) if n else np.zeros((0, 3, HOURS), np.int32)
    return Stops(
        ids=_texts(stop.id for stop in feed.stops),
        names=_texts(stop.name for stop in feed.stops),
        modes=_texts(stop.mode for stop in feed.stops),
        classes=_texts("" for _ in feed.stops),
        groups=_texts(stop.group for stop in feed.stops),
        lon=np.array([stop.lon for stop in feed.stops]),
        lat=np.array([stop.lat for stop in feed.stops]),
        departures=counts,
        lines=column_of_lines(stop.lines for stop in feed.stops),
    )


def without_timetable(
    ids: Sequence[str],
    names: Sequence[str],
    modes: Sequence[str],
    classes: Sequence[str],
    groups: Sequence[str],
    lon: Floats,
    lat: Floats,
) -> Stops:
    """Return stops of which no timetable is known."""
    return Stops(
        ids=_texts(ids),
        names=_texts(names),
        modes=_texts(modes),
        classes=_texts(classes),
        groups=_texts(groups),
        lon=lon,
        lat=lat,
        departures=np.full((len(ids), len(DAYS), HOURS), UNKNOWN, np.int32),
        lines=column_of_lines(() for _ in ids),
    )


def with_lines(stops: Stops, names: Sequence[str]) -> Stops:
    """Return stops without a timetable, each on the line of a name; an empty one is none."""
    told = zip(names, stops.modes, strict=True)
    return replace(
        stops, lines=column_of_lines((Line("", name, mode, None),) if name else () for name, mode in told)
    )


def column_of_lines(values: Iterable[Lines]) -> Texts:
    """Return lines as a column: an array of tuples, which numpy would take for more dimensions."""
    listed = list(values)
    found = np.empty(len(listed), object)
    for place, lines in enumerate(listed):
        found[place] = lines
    return found


def _texts(values: Iterable[str]) -> Texts:
    listed = list(values)
    found = np.empty(len(listed), object)
    found[:] = listed
    return found
