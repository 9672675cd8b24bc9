"""Names of areas in kana and Roman letters: the table ``data/catalog/area_names.csv``."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from geo.codes import WARD_CITY, area_code, prefecture_of

FILE = "area_names.csv"
HEADER = ("code", "name_ja", "kana", "name_en", "district")
#: The date of the codes that Okinawa has had since its return.
OKINAWA_CODES = "1972-06-07"
#: Newer than the list of English names, or otherwise in it than its kana; romanised here.
ROMANISED = {
    **{"22138": "Chuo-ku", "22139": "Hamana-ku", "22140": "Tenryu-ku", "40231": "Nakagawa-shi"},
    "28221": "Tambasasayama-shi",  # 篠山市 until 2019-05-01
    "46223": "Minamikyushu-shi",  # Minamikyusyu-shi in the list
}
#: A slip in the kana of the list: 多賀城町 until 1971.
KANA = {"04402": "たがじょうまち"}


@dataclass(frozen=True)
class Name:
    """The newest name of an area code; ``district`` is the 郡 that a town or village lies in."""

    ja: str
    kana: str
    en: str
    district: str = ""


def read_names(catalog: Path) -> dict[str, Name]:
    """Return the names by code."""
    with (catalog / FILE).open(encoding="utf-8", newline="") as opened:
        return {
            row["code"]: Name(row["name_ja"], row["kana"], row["name_en"], row["district"])
            for row in csv.DictReader(opened)
        }


def ship_names(real_data: Path, catalog: Path) -> int:
    """Write the table from the code lists; return the number of rows.

    Japanese and kana names come from the newest list that has the code, English ones from the standard
    area codes of the statistics LOD (to 2016); a ward carries its city's name.
    """
    codes = real_data / "codes"
    districts = _districts(codes / "areacode_start.csv") | _districts(codes / "areacode_end.csv")
    names = _standard_areas(codes / "StandardAreaCodeList.json", districts)
    names |= _local_governments(codes / "localgovjp-utf8.csv", names)
    names |= _new_wards(codes / "areacode_end.csv", names)
    names |= _prefectures(codes / "prefjp-utf8.csv")
    with (catalog / FILE).open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened, lineterminator="\n")
        rows.writerow(HEADER)
        rows.writerows((code, n.ja, n.kana, n.en, n.district) for code, n in sorted(names.items()))
    return len(names)


def _districts(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        named = {row["city_code"]: row["city_desig_name"] for row in csv.DictReader(opened)}
    return {code: name for code, name in named.items() if name.endswith("郡")}


def _standard_areas(path: Path, districts: Mapping[str, str]) -> dict[str, Name]:
    newest: dict[str, tuple[str, Name]] = {}
    entries = json.loads(path.read_text(encoding="utf-8"))
    for entry in entries:
        code = f"{int(entry['id']):05d}"
        # the lists have subprefectures in place of districts for Hokkaido
        district = entry.get("郡名称") or districts.get(code, "")
        kana = KANA.get(code, entry["ふりがな"] or "")
        name = Name(entry["名称"] or "", kana, roman(entry["英語名"] or ""), district)
        if code.endswith("000") or (code[2:3] == "3" and entry["名称"].endswith(("郡", "局", "庁"))):
            continue  # 郡 and subprefectures are no areas here
        if code.startswith("47") and entry["廃止年月日"][:10] <= OKINAWA_CODES:
            continue  # listed with hindsight
        if code not in newest or entry["施行年月日"] > newest[code][0]:
            newest[code] = (entry["施行年月日"], name)
    plain = {code: name for code, (_, name) in newest.items()}
    return {code: _with_city(code, name, plain) for code, name in plain.items()}


def roman(name: str) -> str:
    """Return an English name without its parenthesised district."""
    return name.split(",")[0].strip()


def _with_city(code: str, name: Name, names: Mapping[str, Name]) -> Name:
    city = names.get(WARD_CITY.get(code, ""))
    if city is None or name.ja.startswith(city.ja):
        return name
    return Name(city.ja + name.ja, city.kana + name.kana, f"{name.en}, {city.en}")


def _local_governments(path: Path, known: Mapping[str, Name]) -> dict[str, Name]:
    names = {}
    with path.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.DictReader(opened):
            code = area_code(row["lgcode"])
            before = known.get(code, Name("", "", ""))
            ja, kana = row["city"].replace(" ", ""), row["citykana"].replace(" ", "")
            names[code] = replace(before, ja=ja, kana=kana, en=ROMANISED.get(code, before.en))
    return names


def _new_wards(path: Path, known: Mapping[str, Name]) -> dict[str, Name]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return {
            row["city_code"]: Name(
                row["city_desig_name"] + row["city_name"],
                row["city_desig_name_kana"] + row["city_name_kana"],
                f"{ROMANISED[row['city_code']]}, {known[WARD_CITY[row['city_code']]].en}",
            )
            for row in csv.DictReader(opened)
            if row["city_code"] in ROMANISED and row["city_code"] in WARD_CITY
        }


def _prefectures(path: Path) -> dict[str, Name]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return {
            prefecture_of(f"{int(row['pid']):02d}000"): Name(row["pref"], row["prefkana"], row["pref_en"])
            for row in csv.DictReader(opened)
        }
