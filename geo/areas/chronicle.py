"""What happened to municipalities as people tell it: who merged into what, and on which day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from geo.areas.lineage import ABSORPTION, SEPARATION, Change, lineages
from geo.text import Text

_DAY = dt.timedelta(1)
_NEW = "新設合併"
_DIVISION = "分割"
#: Where several changes of a day are one entry, it is called by the first of these among them.
_FIRST = (_NEW, ABSORPTION, "区の再編", _DIVISION, SEPARATION, "政令指定都市施行", "市制施行", "町制施行")
#: More areas than these are counted, not named.
_MOST_NAMED = 3

#: What a code is called on a day.
Names = Callable[[str, dt.date], Text]


@dataclass(frozen=True)
class Entry:
    """What happened on a day to areas that hang together.

    Attributes
    ----------
    kind : what the published list calls it
    origins : the codes before it, ascending; who took up the others is one of them
    targets : the codes after it, ascending
    parts : those of the origins of which only a part went to the targets
    taker : who took up the others and stayed what it was; empty where nobody did
    """

    date: dt.date
    kind: str
    origins: tuple[str, ...]
    targets: tuple[str, ...]
    parts: frozenset[str] = frozenset()
    taker: str = ""


def entries(changes: Iterable[Change]) -> tuple[Entry, ...]:
    """Return the entries of municipal changes, oldest first.

    Areas of a day are one entry where they are made of the same areas: a merger is, and so are the parts of
    an area that was divided and of nothing else.
    """
    ordered = sorted(changes, key=lambda change: change.date)
    return tuple(
        entry
        for day, group in groupby(ordered, key=lambda change: change.date)
        for entry in _of_day(day, list(group))
    )


def _of_day(day: dt.date, today: Sequence[Change]) -> list[Entry]:
    heirs = lineages(day - _DAY, day, today)
    made_of: dict[str, set[str]] = {}
    for old, codes in heirs.items():
        for new in codes:
            made_of.setdefault(new, set()).add(old)
    together: dict[frozenset[str], list[str]] = {}
    for new in sorted(made_of):
        together.setdefault(frozenset(made_of[new]), []).append(new)
    found = []
    for olds, news in together.items():
        own = [c for c in today if c.from_code in olds and c.to_code in {*olds, *news}]
        if not own:
            continue  # it gave up a part and stayed: what became of the part is told
        kinds = {change.kind for change in own}
        taken = {change.from_code for change in own if change.kind == ABSORPTION}
        takers = sorted(olds - taken) if taken else []
        found.append(
            Entry(
                day,
                next((kind for kind in _FIRST if kind in kinds), own[0].kind),
                tuple(sorted(olds)),
                tuple(news),
                frozenset(old for old in olds if not heirs[old] <= set(news)),
                takers[0] if len(takers) == 1 else "",
            )
        )
    return found


def touching(told: Sequence[Entry], code: str, on: dt.date) -> list[Entry]:
    """Return the entries that the land of an area took part in, oldest first.

    Parameters
    ----------
    told : oldest first
    on : the day on which the code means the area; entries after it are what became of its land
    """
    before = [entry for entry in told if entry.date <= on]
    after = [entry for entry in told if entry.date > on]
    earlier = _followed(reversed(before), code, lambda entry: (entry.targets, entry.origins))
    later = _followed(after, code, lambda entry: (entry.origins, entry.targets))
    return [*reversed(earlier), *later]


def _followed(
    told: Iterable[Entry], code: str, ends: Callable[[Entry], tuple[Sequence[str], Sequence[str]]]
) -> list[Entry]:
    """Return the entries met by who begins with a code and goes from one of their ends to the other."""
    held, found = {code}, []
    for _, group in groupby(told, key=lambda entry: entry.date):
        met = [entry for entry in group if not held.isdisjoint(ends(entry)[0])]
        for entry in met:
            held.difference_update(ends(entry)[0])
        for entry in met:
            held.update(ends(entry)[1])
        found += met
    return found


def words(entry: Entry, names: Names) -> Text:
    """Return what happened as a line, without its day.

    >>> merger = Entry(dt.date(2004, 11, 1), "新設合併", ("15463", "15464"), ("15226",))
    >>> called = {"15463": "六日町", "15464": "大和町", "15226": "南魚沼市"}
    >>> words(merger, lambda code, _day: {"ja": called[code], "en": code})
    {'ja': '六日町と大和町が合併して南魚沼市に', 'en': '15463 and 15464 merged into 15226'}
    """
    olds = [_called(code, names(code, entry.date - _DAY), entry) for code in entry.origins]
    news = [names(code, entry.date) for code in entry.targets]
    tell = _TOLD.get(entry.kind, _becomes)
    return tell(entry, olds, news)


def _called(code: str, name: Text, entry: Entry) -> Text:
    if code not in entry.parts or entry.kind in (SEPARATION, _DIVISION):
        return name
    return {"ja": f"{name['ja']}の一部", "en": f"part of {name['en']}"}


def _listed(names: Sequence[Text]) -> Text:
    """Return names in a row: two with a word between them, three with a sign."""
    *first, last = [name["en"] for name in names]
    ja = "と" if len(names) == 2 else "・"
    return {
        "ja": ja.join(name["ja"] for name in names),
        "en": f"{', '.join(first)} and {last}" if first else last,
    }


def _summed(names: Sequence[Text]) -> Text:
    """Return the names of a few areas; of more how many there are: 2市8町1村."""
    if len(names) <= _MOST_NAMED:
        return _listed(names)
    sizes = Counter(name["ja"].removesuffix("の一部")[-1] for name in names)
    ja = "".join(f"{sizes[size]}{size}" for size in "市区町村" if sizes[size])
    return {"ja": ja, "en": f"{len(names)} {'wards' if set(sizes) == {'区'} else 'municipalities'}"}


def _merged(entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    if len(olds) == 1:
        return _becomes(entry, olds, news)
    who, what = _summed(olds), _listed(news)
    return {"ja": f"{who['ja']}が合併して{what['ja']}に", "en": f"{who['en']} merged into {what['en']}"}


def _taken_up(entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    if not entry.taker:
        return _merged(entry, olds, news)
    who = olds[entry.origins.index(entry.taker)]
    taken = [name for code, name in zip(entry.origins, olds, strict=True) if code != entry.taker]
    if not taken:
        return _becomes(entry, olds, news)
    what, new = _summed(taken), _listed(news)
    is_other = new["ja"] != who["ja"]
    return {
        "ja": f"{who['ja']}が{what['ja']}を編入" + (f"し、{new['ja']}に" if is_other else ""),
        "en": f"{who['en']} took in {what['en']}" + (f", becoming {new['en']}" if is_other else ""),
    }


def _reorganised(_entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    who, what = _summed(olds), _listed(news)
    if who == what:
        what = {"ja": f"新しい{what['ja']}", "en": f"the new {what['en']}"}
    be = "was" if len(olds) == 1 else "were"
    return {
        "ja": f"{who['ja']}が再編されて{what['ja']}に",
        "en": f"{who['en']} {be} reorganised into {what['en']}",
    }


def _divided(_entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    who, what = _listed(olds), _listed(news)
    be = "was" if len(olds) == 1 else "were"
    return {"ja": f"{who['ja']}が{what['ja']}に分かれる", "en": f"{who['en']} {be} divided into {what['en']}"}


def _separated(entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    begun = [name for code, name in zip(entry.targets, news, strict=True) if code not in entry.origins]
    who, what = _listed(olds), _listed(begun or news)
    be = "was" if len(begun or news) == 1 else "were"
    return {
        "ja": f"{who['ja']}から{what['ja']}が分かれる",
        "en": f"{what['en']} {be} separated from {who['en']}",
    }


def _designated(_entry: Entry, olds: Sequence[Text], _news: Sequence[Text]) -> Text:
    who = _listed(olds)
    return {"ja": f"{who['ja']}が政令指定都市に", "en": f"{who['en']} became a designated city"}


#: What tells an entry, with the names of what there was and of what there is.
_Sentence = Callable[[Entry, Sequence[Text], Sequence[Text]], Text]


def _raised(status_ja: str, status_en: str) -> _Sentence:
    """Return what tells that places were given the status of a city or town."""

    def told(_entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
        who, what = _listed(olds), _listed(news)
        return {
            "ja": f"{who['ja']}が{status_ja}を施行し、{what['ja']}に",
            "en": f"{who['en']} gained {status_en} status as {what['en']}",
        }

    return told


_city, _town = _raised("市制", "city"), _raised("町制", "town")


def _district(_entry: Entry, _olds: Sequence[Text], news: Sequence[Text]) -> Text:
    who = _listed(news)
    return {"ja": f"{who['ja']}の属する郡が変わる", "en": f"{who['en']} moved to another district"}


def _becomes(entry: Entry, olds: Sequence[Text], news: Sequence[Text]) -> Text:
    who, what = _listed(olds), _listed(news)
    if what["ja"].endswith("市") and not who["ja"].endswith("市"):
        return _city(entry, olds, news)
    is_same = who["ja"] == what["ja"]
    return {
        "ja": f"{who['ja']}が名称の表記を変更" if is_same else f"{who['ja']}が{what['ja']}に名称変更",
        "en": f"{what['en']} changed how its name is written"
        if who["en"] == what["en"]
        else f"{who['en']} was renamed {what['en']}",
    }


#: What an event is called → how it is told; by its names alone where it is not here.
_TOLD: dict[str, _Sentence] = {
    _NEW: _merged,
    ABSORPTION: _taken_up,
    "区の再編": _reorganised,
    _DIVISION: _divided,
    SEPARATION: _separated,
    "政令指定都市施行": _designated,
    "市制施行": _city,
    "町制施行": _town,
    "郡の区域変更": _district,
}
