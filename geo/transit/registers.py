"""A register of GTFS feeds: where each is published, and under which licence."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from geo.errors import Finding, InvalidFile, InvalidRows

COLUMNS = ("feed_id", "prefcode", "label", "Management", "fixed_current_url", "license_name")
#: Licences that let anybody change and pass on what is made of a feed, where the source is named.
OPEN = ("CC 0", "CC BY 2.1", "CC BY 4.0")
MOST_FEEDS = 20_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Listed:
    """A feed of a register; of one with several addresses the first in ``order`` counts."""

    line: int
    id: str
    prefecture: str
    label: str
    order: int
    url: str
    licence: str


@dataclass(frozen=True)
class Choice:
    """The feeds of a register that may be taken, and how many may not, by licence."""

    feeds: Sequence[Listed]
    refused: Counter[str]


def read_register(path: Path) -> list[Listed]:
    """Return the feeds of a register (``GTFS_fixedURL.csv``).

    Raises
    ------
    InvalidFile : no such table
    InvalidRows : every wrong cell with line, column, value and what was expected
    """
    findings: list[Finding] = []
    found: list[Listed] = []
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            told = ",".join(reader.fieldnames or ())
            finding = Finding("line 1", "header", told, ",".join(COLUMNS))
            raise InvalidFile(f"{path.name} is no register of feeds", [finding])
        for row in reader:
            cells = {name: (row[name] or "").strip() for name in COLUMNS}
            faults = _faults(f"line {reader.line_num}", cells)
            findings += faults
            if not faults:
                found.append(_listed(reader.line_num, cells))
            if len(found) > MOST_FEEDS:
                finding = Finding(f"line {reader.line_num}", "rows", "more", f"at most {MOST_FEEDS:,} feeds")
                raise InvalidFile(f"{path.name} is too long", [finding])
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return found


def _faults(where: str, cells: dict[str, str]) -> list[Finding]:
    address = urlsplit(cells["fixed_current_url"])
    is_address = address.scheme in ("http", "https") and bool(address.hostname) and not address.username
    checks = (
        ("feed_id", bool(_ID.fullmatch(cells["feed_id"])), "at most 40 letters and digits"),
        ("prefcode", cells["prefcode"] in _PREFECTURES, "two digits, 01 to 47"),
        ("label", bool(cells["label"]), "what the feed is called"),
        ("Management", cells["Management"] in _ORDERS, "1 to 99: which address comes first"),
        ("fixed_current_url", is_address, "an address that begins with http:// or https://"),
        ("license_name", bool(cells["license_name"]), "the name of a licence"),
    )
    return [
        Finding(where, name, cells[name], expected) for name, is_right, expected in checks if not is_right
    ]


_PREFECTURES = {f"{number:02d}" for number in range(1, 48)}
_ORDERS = {str(number) for number in range(1, 100)}


def _listed(line: int, cells: dict[str, str]) -> Listed:
    return Listed(
        line,
        cells["feed_id"],
        cells["prefcode"],
        cells["label"],
        int(cells["Management"]),
        cells["fixed_current_url"],
        cells["license_name"],
    )


def choice(
    register: Sequence[Listed],
    *,
    licences: Collection[str] = (),
    prefectures: Collection[str] = (),
    ids: Collection[str] = (),
) -> Choice:
    """Return the feeds that may be taken: each once, at its first address whose licence allows it.

    Parameters
    ----------
    licences : names of licences besides ``OPEN``
    prefectures, ids : these alone, where there are some
    """
    wanted = [
        one
        for one in register
        if (not prefectures or one.prefecture in prefectures) and (not ids or one.id in ids)
    ]
    allowed = [one for one in wanted if one.licence in (*OPEN, *licences)]
    first: dict[str, Listed] = {}
    for one in sorted(allowed, key=lambda one: (one.order, one.line)):
        first.setdefault(one.id, one)
    refused = {one.id: one.licence for one in wanted if one.id not in first}
    return Choice([first[name] for name in sorted(first)], Counter(refused.values()))
