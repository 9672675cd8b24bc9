"""Published lists of municipal changes (廃置分合): what each says, where two differ, what the codes say."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from geo.areas.lineage import SEPARATION, Change, lineages
from geo.text import Text

#: What an event is called in the published lists → what it is called in English.
KINDS: Mapping[str, str] = {
    "新設合併": "merger into a new municipality",
    "編入合併": "absorption",
    "分割": "division",
    "分離": "separation of a part",
    "市制施行": "city status",
    "町制施行": "town status",
    "政令指定都市施行": "designated city",
    "区の再編": "reorganisation of wards",
    "区の新設": "new ward",
    "名称変更": "new name",
    "境界変更": "boundary change",
    "郡の区域変更": "change of district",
    "郡の廃止": "end of a district",
    "沖縄返還": "return of Okinawa",
    "北方領土": "Northern Territories",
}

#: The words of the linked list (統計LOD) → those of the published one.
_LINKED = {
    "establishmentOfNewMunicipalityByMerging": "新設合併",
    "absorption": "編入合併",
    "abolishmentOfDistrict": "郡の廃止",
    "changesOfBoundaries": "境界変更",
    "changesOfBoundariesOfDistrict": "郡の区域変更",
    "changesOfNames": "名称変更",
    "changesToCity": "市制施行",
    "changesToTown": "町制施行",
    "divisionIntoSeveralMunicipalities": "分割",
    "establishmentOfNewDistrict": "郡の新設",
    "establishmentOfWard": "区の新設",
    "reorganizationOfWards": "区の再編",
    "separation": SEPARATION,
    "shiftToDesignatedCity": "政令指定都市施行",
}
_OF_DISTRICTS = "郡の区域変更"
_DISTRICT_ENDS = "郡の廃止"
_STATUS = frozenset({"市制施行", "名称変更"})


@dataclass(frozen=True, order=True)
class Event:
    """One pair of a published change; a code is empty where the list has none on that side."""

    date: dt.date
    from_code: str
    to_code: str
    kind: str
    from_name: str
    to_name: str

    @property
    def pair(self) -> tuple[dt.date, str, str]:
        """What two lists have in common."""
        return self.date, self.from_code, self.to_code


def kind_described(kind: str) -> Text:
    """Return what an event is called in both languages.

    >>> kind_described("分割")
    {'ja': '分割', 'en': 'division'}
    """
    return {"ja": kind, "en": KINDS.get(kind, kind)}


def read_published(path: Path) -> tuple[Event, ...]:
    """Return the events of 廃置分合等情報 (e-Stat) as a table of pairs, in order, each once."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return tuple(
            sorted(
                {
                    Event(
                        dt.date.fromisoformat(row["date"]),
                        row["from_city_code"],
                        row["to_city_code"],
                        row["type"],
                        row["from_city_name"] or row["from_city_desig_name"],
                        row["to_city_name"] or row["to_city_desig_name"],
                    )
                    for row in csv.DictReader(opened)
                }
            )
        )


def read_linked(path: Path) -> tuple[Event, ...]:
    """Return the events of the linked list of standard area codes (統計LOD), in order, each once."""
    changes = json.loads(path.read_text(encoding="utf-8"))["changes"]
    return tuple(
        sorted(
            {
                Event(
                    dt.date.fromisoformat(change["date"]),
                    change["old"]["code"],
                    change["new"]["code"],
                    _LINKED[change["reason"]],
                    change["old"]["name"],
                    change["new"]["name"],
                )
                for change in changes
            }
        )
    )


def changes_of(events: Iterable[Event]) -> list[Change]:
    """Return the changes between municipalities, in order: pairs of districts and one-sided rows are none.

    Where several towns change their district at once, the list pairs each of them with all (穴水町 with
    門前町, 2005-03-01): such a change divides none, and only pairs of one name are of one town.
    """
    return [
        Change(event.date, event.kind, event.from_code, event.to_code)
        for event in sorted(events)
        if event.from_code and event.to_code and not _is_of_districts(event)
    ]


def _is_of_districts(event: Event) -> bool:
    if is_district(event.from_name) or is_district(event.to_name):
        return True
    return event.kind == _OF_DISTRICTS and event.from_name != event.to_name


def is_district(name: str) -> bool:
    """Return whether a name is that of a 郡 or a subprefecture, which hold municipalities and are none.

    >>> is_district("鳳至郡"), is_district("網走支庁"), is_district("郡上市")
    (True, True, False)
    """
    return name.endswith(("郡", "支庁", "振興局"))


def read_codes(path: Path) -> dict[str, str]:
    """Return the municipalities and wards of a code list (標準地域コード of one date): code → name."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        named = {
            row["city_code"]: row["city_name"] or row["city_desig_name"] for row in csv.DictReader(opened)
        }
    return {code: name for code, name in named.items() if name and not is_district(name)}


@dataclass(frozen=True)
class Difference:
    """A pair that one list has and the other has not, or has of another kind, and why."""

    event: Event
    other_kind: str
    reason: str


def _keeps_code(event: Event, _theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return event.from_code == event.to_code


def _separates(event: Event, _theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return event.kind == SEPARATION


def _pairs_across(event: Event, _theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return event.kind == _OF_DISTRICTS and event.from_name != event.to_name


def _divides_as_listed(event: Event, theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return event.kind == "分割" and any(pair[:2] == event.pair[:2] for pair in theirs)


def _ends_district(event: Event, _theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return is_district(event.from_name)


def _one_sided(event: Event, _theirs: Collection[tuple[dt.date, str, str]]) -> bool:
    return not (event.from_code and event.to_code)


#: Why the published list has a pair that the linked one has not; the first that holds.
ONLY_PUBLISHED: Sequence[tuple[str, Callable[[Event, Collection[tuple[dt.date, str, str]]], bool]]] = (
    ("one-sided: the linked list has pairs only", _one_sided),
    ("keeps its code: the linked list has changes of code only", _keeps_code),
    ("separation: the linked list leaves out parts whose giver keeps its code", _separates),
    ("pairs towns of one district with each other: a fault of the published list", _pairs_across),
    ("division: the linked list has the other part only", _divides_as_listed),
)
#: The same the other way round.
ONLY_LINKED = (("of a district, which is no municipality", _ends_district),)
#: Where both have the pair.
TWO_EVENTS = "two events of one day: a town becomes or joins a city, or its district ends, as one list has it"
UNEXPLAINED = "unexplained"


def differences(published: Sequence[Event], linked: Sequence[Event]) -> list[Difference]:
    """Return every pair in which two lists differ, with the reason; ``UNEXPLAINED`` where no rule has one."""
    ours = {event.pair: event for event in published}
    theirs = {event.pair: event for event in linked}
    told = [
        Difference(event, "", _reason(event, theirs, ONLY_PUBLISHED))
        for pair, event in ours.items()
        if pair not in theirs
    ]
    told += [
        Difference(event, "", _reason(event, ours, ONLY_LINKED))
        for pair, event in theirs.items()
        if pair not in ours
    ]
    kinds: dict[tuple[dt.date, str, str], set[str]] = {}
    for event in linked:
        kinds.setdefault(event.pair, set()).add(event.kind)
    told += [
        Difference(event, "・".join(sorted(kinds[pair])), _reason_of_kinds(event, kinds[pair]))
        for pair, event in ours.items()
        if pair in kinds and event.kind not in kinds[pair]
    ]
    return sorted(told, key=lambda difference: difference.event)


def _reason(
    event: Event,
    theirs: Collection[tuple[dt.date, str, str]],
    reasons: Sequence[tuple[str, Callable[[Event, Collection[tuple[dt.date, str, str]]], bool]]],
) -> str:
    return next((reason for reason, holds in reasons if holds(event, theirs)), UNEXPLAINED)


def _reason_of_kinds(event: Event, theirs: Collection[str]) -> str:
    ends = {_DISTRICT_ENDS, "編入合併", *_STATUS}
    return TWO_EVENTS if event.kind in {*_STATUS, _OF_DISTRICTS} and set(theirs) <= ends else UNEXPLAINED


@dataclass(frozen=True)
class Unexplained:
    """A code that the events and the code lists tell differently."""

    code: str
    date: dt.date
    what: str


def unexplained(
    start: Collection[str], end: Collection[str], events: Sequence[Event], until: dt.date
) -> list[Unexplained]:
    """Return the codes in force that a list of events does not explain, from one code list to the other.

    The codes of ``start`` are followed through the events, one-sided ones too: a code that changes must be
    in force, and those in force in the end must be those of ``end``.

    Parameters
    ----------
    start, end : the municipalities and wards in force before the first event, and on ``until``
    """
    existing = set(start)
    told: list[Unexplained] = []
    counted = sorted(event for event in events if event.date <= until)
    for day, group in groupby(counted, key=lambda event: event.date):
        today = [event for event in group if not _is_of_districts(event)]
        born = {event.to_code for event in today if not event.from_code}
        heirs = lineages(day - dt.timedelta(1), day, changes_of(today))
        unknown = heirs.keys() - existing - born - {event.to_code for event in today}
        told += [Unexplained(code, day, "changes and was not in force") for code in sorted(unknown)]
        existing = (existing - heirs.keys()) | born | {new for codes in heirs.values() for new in codes}
    wanted = set(end)
    told += [Unexplained(code, until, "in force by the events only") for code in sorted(existing - wanted)]
    told += [Unexplained(code, until, "in force by the code list only") for code in sorted(wanted - existing)]
    return told
