"""What areas were called and who lived in them when: ``area_history.csv``, ``area_shares.csv``."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, replace
from functools import cache
from pathlib import Path

from geo.areas.events import changes_of, is_district, read_published
from geo.areas.history import Basis, History, Share, Spell
from geo.areas.names import AreaNames
from geo.codes import NORTHERN_TERRITORIES, WARD_CITY
from service.areas.names import KANA, Name, read_names, roman

HISTORY, SHARES = "area_history.csv", "area_shares.csv"
HISTORY_HEADER = ("code", "since", "until", "name_ja", "name_kana", "name_en", "district")
SHARES_HEADER = ("date", "from_code", "to_code", "basis", "amount", "as_of")
#: Until when the list of codes with English names goes; what is newer is told by the events.
LISTED_UNTIL = dt.date(2016, 10, 10)
#: Okinawa returned, and its codes began.
RETURN, OKINAWA_CODES = dt.date(1972, 5, 15), dt.date(1972, 6, 7)
_FOREVER = "9999"
#: The census of 2020 on the wards that 浜松市 has had since 2024, as published; the three are the whole city.
HAMAMATSU, HAMAMATSU_CENSUS = dt.date(2024, 1, 1), dt.date(2020, 10, 1)
HAMAMATSU_WARDS = {"22138": 607_923, "22139": 156_069, "22140": 26_726}


def ship_history(real_data: Path, catalog: Path) -> int:
    """Write ``area_history.csv``: what each code was called, and when; return the number of rows.

    To 2016 by the standard area codes of the statistics LOD, after that by the events since.
    """
    codes = real_data / "codes"
    names = read_names(catalog)
    spells = _merged(_listed(codes / "StandardAreaCodeList.json", names))
    spells = _newer(spells, codes / "absorption_separation.csv", names)
    with (catalog / HISTORY).open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(HISTORY_HEADER)
        table.writerows(sorted((*map(_written, astuple(spell)),) for spell in spells))
    return len(spells)


def read_spells(catalog: Path) -> list[Spell]:
    """Return what codes were called, in the order of the table."""

    def date(written: str) -> dt.date | None:
        return dt.date.fromisoformat(written) if written else None

    with (catalog / HISTORY).open(encoding="utf-8", newline="") as opened:
        _, *rows = csv.reader(opened)
    return [
        Spell(code, dt.date.fromisoformat(since), date(until), *texts) for code, since, until, *texts in rows
    ]


def finder(catalog: Path) -> Callable[[str, str, dt.date], str]:
    """Return what tells the code of an area by its prefecture, its name and a day on which it was called so.

    It raises ``UnmatchedName`` where no area was, or several. The villages of the Northern Territories, of
    which one shares its name with a village of Hokkaido, are not among them.
    """
    spells = [spell for spell in read_spells(catalog) if spell.code not in NORTHERN_TERRITORIES]
    prefectures = {code: (name.ja, "") for code, name in read_names(catalog).items() if code.endswith("000")}

    @cache
    def names(date: dt.date) -> AreaNames:
        called = {spell.code: (spell.ja, spell.district) for spell in spells if spell.holds(date)}
        return AreaNames(prefectures | called)

    return lambda prefecture, name, date: names(date).place(prefecture + name).code


def _written(value: object) -> str:
    return "" if value is None else str(value)


def _listed(path: Path, names: Mapping[str, Name]) -> list[Spell]:
    """Return the spells of the list: those of prefectures, districts and subprefectures are left out."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    called = {f"{entry['id']:05d}": entry["名称"] or "" for entry in entries}
    found = []
    for entry in entries:
        code, ja = f"{entry['id']:05d}", entry["名称"] or ""
        since, until = (dt.date.fromisoformat(entry[name][:10]) for name in ("施行年月日", "廃止年月日"))
        if code.endswith("000") or is_district(ja) or since == until:
            continue
        if code.startswith("47"):
            if until <= OKINAWA_CODES:
                continue  # listed with hindsight, under codes that were given later
            since = max(since, RETURN)
        parent = called.get(f"{entry['所属']:05d}", "")
        district = entry.get("郡名称") or (parent if parent.endswith("郡") else "")
        kana = KANA.get(code, entry["ふりがな"] or "")
        end = None if str(until).startswith(_FOREVER) else until
        spell = Spell(code, since, end, ja, kana, roman(entry["英語名"] or ""), district)
        found.append(_with_city(spell, names))
    return found


def _with_city(spell: Spell, names: Mapping[str, Name]) -> Spell:
    """Return a ward with its city's name before its own, as all wards are called here."""
    city = names.get(WARD_CITY.get(spell.code, ""))
    if city is None or spell.ja.startswith(city.ja):
        return spell
    return replace(spell, ja=city.ja + spell.ja, kana=city.kana + spell.kana, en=f"{spell.en}, {city.en}")


def _merged(spells: Iterable[Spell]) -> list[Spell]:
    """Return the spells with those of one name that follow each other made one."""
    found: list[Spell] = []
    for spell in sorted(set(spells), key=lambda one: (one.code, one.since)):
        last = found[-1] if found else None
        if last is not None and _is_more_of(spell, last):
            found[-1] = replace(last, until=spell.until)
        else:
            found.append(spell)
    return found


def _is_more_of(spell: Spell, last: Spell) -> bool:
    return last.until == spell.since and replace(spell, since=last.since, until=last.until) == last


def _newer(spells: list[Spell], events: Path, names: Mapping[str, Name]) -> list[Spell]:
    """Return the spells with what happened after the list: codes that ended, codes that began, new names."""
    found = {(spell.code, spell.since): spell for spell in spells}
    for event in read_published(events):
        if event.date <= LISTED_UNTIL or not (event.from_code and event.to_code):
            continue
        begun = names[event.to_code]
        if event.from_code != event.to_code or event.from_name != event.to_name:
            for key, spell in list(found.items()):
                if spell.code == event.from_code and spell.until is None and spell.since < event.date:
                    found[key] = replace(spell, until=event.date)
            new = Spell(event.to_code, event.date, None, begun.ja, begun.kana, begun.en, begun.district)
            found[new.code, new.since] = new
    return [_newest(spell, names[spell.code]) if spell.until is None else spell for spell in found.values()]


def _newest(spell: Spell, name: Name) -> Spell:
    """Return a name in use, as the table of names has it."""
    return replace(spell, ja=name.ja, kana=name.kana, en=name.en, district=name.district)


def ship_shares(real_data: Path, catalog: Path) -> int:
    """Write ``area_shares.csv``: who lived in areas just before they merged; return the number of rows.

    The last register before the day counts, summed over what had merged since. A division is known where one
    census was published on both sides of it: the wards of 浜松市.
    """
    history = History(changes_of(read_published(real_data / "codes/absorption_separation.csv")))
    registers = _registers(real_data / "stats/juki-age/juki_japanese_age5_sex_1995_2024.csv.gz")
    census = _census(real_data / "stats/population-age/census2020_3class_municipalities_wards.csv")
    of_both = {*_mergers(history, registers), *_mergers(history.municipal, registers)}
    shares = [*of_both, *_hamamatsu(census)]
    with (catalog / SHARES).open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(SHARES_HEADER)
        table.writerows(sorted((*map(str, astuple(share)),) for share in shares))
    return len(shares)


def _registers(path: Path) -> dict[dt.date, dict[str, int]]:
    """Return the Japanese residents on the register by date and code, of municipalities and wards."""
    found: dict[dt.date, dict[str, int]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened):
            if row["code"] and row["level"] in ("municipality", "ward"):
                register = found.setdefault(dt.date.fromisoformat(row["ref_date"]), {})
                register[row["code"]] = register.get(row["code"], 0) + int(row["total"])
    return found


def _census(path: Path) -> dict[str, int]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return {row["JCODE"]: int(row["ALL"].replace(",", "")) for row in csv.DictReader(opened)}


def _mergers(history: History, registers: Mapping[dt.date, Mapping[str, int]]) -> Iterable[Share]:
    for step in history.steps:
        before = max((date for date in registers if date < step.date), default=None)
        if before is None:
            continue
        counts = history.walk(before, step.date - dt.timedelta(1)).carried(registers[before])
        for new, origins in step.origins.items():
            people = {
                old: counts[old].value for old in origins if old in counts and len(step.heirs[old]) == 1
            }
            if len(origins) < 2 or len(people) < len(origins):
                continue
            for old, count in people.items():
                if count is not None:
                    yield Share(step.date, old, new, "population", int(count), before)


def _hamamatsu(census: Mapping[str, int]) -> Iterable[Share]:
    """Yield the people of the old wards in the new ones: 北区 was divided, all others were not."""
    into = {"22138": ("22131", "22132", "22133", "22134"), "22139": ("22136",)}
    basis: Basis = "population"
    for new, wholes in into.items():
        rest = HAMAMATSU_WARDS[new] - sum(census[old] for old in wholes)
        for old, people in (*((old, census[old]) for old in wholes), ("22135", rest)):
            yield Share(HAMAMATSU, old, new, basis, people, HAMAMATSU_CENSUS)
