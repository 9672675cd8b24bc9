"""What transport gaps were counted from, as the catalogue knows it and as JSON."""

from __future__ import annotations

from typing_extensions import TypedDict

from geo.text import Text
from geo.transit.basis import Basis, MissingOperator, StopsUsed
from geo.transit.gap_definitions import definition_shown
from service.memory.catalogue import Catalogue


class StopsInReach(TypedDict):
    """A source of stops in reach; `date` is the one taken from its timetable, null where it has none."""

    id: str
    kind: str
    title: str
    title_en: str
    date: str | None
    valid_from: str | None
    valid_to: str | None


class AbsentOperator(TypedDict):
    """An operator of a prefecture of which no stops are known here."""

    prefecture: str
    name: Text
    reason: Text
    as_of: str


class CountedFrom(TypedDict):
    """What a transport gap follows from: `year` is that of the people, not of the timetables."""

    day: str
    year: str
    grids: list[str]
    stops: list[StopsInReach]
    missing_operators: list[AbsentOperator]


def bases_of(catalogue: Catalogue, layer: str, period: str) -> dict[str, Basis]:
    """Return what a layer's figures of a period were counted from, by prefecture."""
    name = definition_shown(layer, catalogue.definitions)
    told = {row.prefecture for row in catalogue.gap_bases.get(name or "", ())}
    found = {one: basis_of(catalogue, layer, period, one) for one in sorted(told)}
    return {one: basis for one, basis in found.items() if basis is not None}


def basis_of(catalogue: Catalogue, layer: str, period: str, prefecture: str | None = None) -> Basis | None:
    """Return what the figures of a layer and period were counted from; None for what is no transport gap.

    Parameters
    ----------
    prefecture : of its figures alone
    """
    name = definition_shown(layer, catalogue.definitions)
    rows = [
        row
        for row in catalogue.gap_bases.get(name or "", ())
        if row.body["year"] == period and prefecture in (None, row.prefecture)
    ]
    if name is None or not rows:
        return None
    stops = {one["id"]: StopsUsed(**one) for row in rows for one in row.body["stops"]}
    prefectures = {row.prefecture for row in rows}
    return Basis(
        day=catalogue.definitions[name].day,
        year=period,
        grids=tuple(sorted({row.grid for row in rows})),
        stops=tuple(stops[one] for one in sorted(stops)),
        missing=tuple(one for one in catalogue.missing_operators if one.prefecture in prefectures),
    )


def counted_from(basis: Basis) -> CountedFrom:
    """Return what figures were counted from, as JSON."""
    return {
        "day": basis.day,
        "year": basis.year,
        "grids": list(basis.grids),
        "stops": [
            {
                "id": one.id,
                "kind": one.kind,
                "title": one.title_ja,
                "title_en": one.title_en,
                "date": one.date,
                "valid_from": one.valid_from,
                "valid_to": one.valid_to,
            }
            for one in basis.stops
        ],
        "missing_operators": [operator_described(one) for one in basis.missing],
    }


def operator_described(one: MissingOperator) -> AbsentOperator:
    """Return an operator whose stops are missing, as JSON."""
    return {
        "prefecture": one.prefecture,
        "name": {"ja": one.name_ja, "en": one.name_en},
        "reason": {"ja": one.reason_ja, "en": one.reason_en},
        "as_of": one.as_of,
    }
