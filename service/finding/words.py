"""What is found for the words of a line: places, what is told of them, stations, postcodes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from geo.errors import Finding, InvalidParameter
from geo.figures.indicators import Indicator
from geo.spelling import Names, folded
from service.areas.former import Former
from service.areas.placenames import Place
from service.finding import postcodes
from service.finding.forms import Group
from service.finding.postcodes import Postcode
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.transit.stations import FILE, Station, read_stations

#: Words of a line at most.
MOST_WORDS = 8
MOST_PLACES, MOST_FORMER, MOST_LAYERS, MOST_STATIONS = 8, 6, 8, 6
#: Places and layers that are told together at most.
MOST_AREAS, MOST_OF_AREA = 3, 3
#: Layers of one family in a list at most, where there are others.
MOST_OF_FAMILY = 3
#: A layer that has the words in its description alone.
_TOLD_OF = 5
_STATION = re.compile(r"\s*(?:駅|えき|eki|station|sta\.?)$", re.IGNORECASE)
#: What a municipality is called without its kind.
_KIND = re.compile(r"(?<=.)[都府県市区町村]$")


@dataclass(frozen=True)
class Finds:
    """What was found in each group, the best first."""

    together: Sequence[tuple[Place, Indicator]]
    places: Sequence[Place]
    former: Sequence[Former]
    layers: Sequence[Indicator]
    stations: Sequence[Station]
    postcodes: Sequence[Postcode]
    order: Sequence[Group]


def found(atlas: Atlas, vintage: Vintage, q: str) -> Finds:
    """Return what the words of a line lead to.

    A word that is the name of an area tells where, the others what is asked for. What is written in other
    ways is understood (``geo.spelling``); slips are put right only where nothing has the words as they are.

    Raises
    ------
    InvalidParameter : more words than :data:`MOST_WORDS`
    """
    words = q.split()
    if len(words) > MOST_WORDS:
        finding = Finding("query", "q", q[:80], f"at most {MOST_WORDS} words")
        raise InvalidParameter(f"q has {len(words)} words, expected at most {MOST_WORDS}", [finding])
    names = vintage.place_names
    if not folded(q):
        return Finds((), (), (), (), (), (), ())
    digits = postcodes.written(q)
    codes = postcodes.find(digits) if digits else []
    stations = _stations_of(atlas, vintage, q)
    asks_station = bool(_STATION.search(q)) and bool(stations)
    named, topic = _parted(vintage, words)
    if named and topic and not asks_station:
        layers = _layers(atlas, topic, slips=False) or _layers(atlas, topic, slips=True)
        if layers:
            return _together(named, layers)
    places, rank = (named, 0) if named and not topic else names.search(q)
    former = atlas.catalogue.former_names.search(q, vintage.date)
    layers = _layers(atlas, q, slips=False)
    if not (places or former or stations or codes or layers):
        layers = _layers(atlas, q, slips=True)
        places = [] if layers else names.nearest(q)
    if asks_station or rank == 0:
        layers = [one for one in layers if one[0] < _TOLD_OF]
    is_place = (rank < 2 and (not layers or layers[0][0] > 1)) or (bool(former) and not layers)
    ordered: list[Group] = ["places", "former", "layers"] if is_place else ["layers", "places", "former"]
    if codes:
        ordered = ["postcodes", *ordered, "stations"]
    elif asks_station:
        ordered = ["stations", *ordered]
    else:
        ordered = [*ordered, "stations"]
    return _listed(ordered, places=places, former=former, layers=layers, stations=stations, codes=codes)


def _listed(
    ordered: Sequence[Group],
    *,
    places: Sequence[Place],
    former: Sequence[Former],
    layers: Sequence[tuple[int, Indicator]],
    stations: Sequence[Station],
    codes: Sequence[Postcode],
) -> Finds:
    groups: dict[Group, Sequence[object]] = {
        "places": places,
        "former": former,
        "layers": layers,
        "stations": stations,
        "postcodes": codes,
    }
    return Finds(
        (),
        places[:MOST_PLACES],
        former[:MOST_FORMER],
        _varied(layer for _, layer in layers),
        stations[:MOST_STATIONS],
        codes,
        [name for name in ordered if groups[name]],
    )


def _together(named: Sequence[Place], layers: Sequence[tuple[int, Indicator]]) -> Finds:
    best = _varied(layer for rank, layer in layers if rank == layers[0][0])
    both = [(place, layer) for layer in best[:MOST_OF_AREA] for place in named[:MOST_AREAS]]
    shown = _varied(layer for _, layer in layers)
    return Finds(both, named[:MOST_PLACES], (), shown, (), (), ("together", "layers", "places"))


def _parted(vintage: Vintage, words: Sequence[str]) -> tuple[list[Place], str]:
    """Return the areas that a line names, and its other words.

    Of several places that are named, those are meant that lie in another of them: 長野県 松本市. A name
    that stands alone is left to the search by parts of names.
    """
    names = vintage.place_names
    named: list[list[Place]] = []
    others: list[str] = []
    for word in words:
        places, rest = names.called(word), ""
        if not places:
            places, rest = names.parted(word)
        if places:
            named.append(places)
        if rest or not places:
            others.append(rest or word)
    if not named or (len(words) == 1 and not others):
        return [], " ".join(others)
    inside = [
        one
        for places in named
        for one in places
        if all(places is other or any(_holds(around, one) for around, _ in other) for other in named)
    ]
    return inside or named[-1], " ".join(others)


def _holds(around: object, place: Place) -> bool:
    area, _ = place
    code = getattr(around, "code", None)
    return code in (area.prefecture, area.parent) and code != area.code


def _layers(atlas: Atlas, q: str, *, slips: bool) -> list[tuple[int, Indicator]]:
    """Return the layers with figures that have the words, each with how well it has them."""
    listed = atlas.catalogue.layers
    ranked = atlas.catalogue.index.ranked(listed, q, slips=slips)
    return [(rank, listed[name]) for rank, name in ranked if atlas.levels(listed[name])]


def _varied(layers: Iterable[Indicator]) -> list[Indicator]:
    """Return the first layers, of each family a few."""
    counted: Counter[str] = Counter()
    first: list[Indicator] = []
    later: list[Indicator] = []
    for layer in layers:
        family = layer.family.id if layer.family else layer.id
        counted[family] += 1
        (first if counted[family] <= MOST_OF_FAMILY else later).append(layer)
    return list(islice([*first, *later], MOST_LAYERS))


@cache
def _stations(data: Path) -> tuple[tuple[Station, ...], Names]:
    stations = read_stations(data) if (data / FILE).is_file() else ()
    return stations, Names([folded(station.name)] for station in stations)


def _stations_of(atlas: Atlas, vintage: Vintage, q: str) -> list[Station]:
    """Return the stations that are called so, and with 駅 those that begin so.

    The register has Japanese names alone: one in kana or Roman letters is that of the municipality which
    is called so.
    """
    stations, names = _stations(atlas.settings.data)
    stem = _STATION.sub("", q.strip())
    wanted = folded(stem)
    if stem == q.strip():
        return [stations[place] for place in names.called(wanted)]
    found = [match.place for match in names.find(wanted) if match.rank < 2]
    if not found:
        towns = {_KIND.sub("", area.name_ja) for area, _ in vintage.place_names.called(stem)}
        found = [place for town in sorted(towns) for place in names.called(folded(town))]
    return [stations[place] for place in found]
