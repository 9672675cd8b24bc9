"""Which columns of a table name its areas, told by their headers as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

#: Headers that are known, as a refusal lists them.
EXAMPLES = (
    "code",
    "団体コード",
    "市区町村コード",
    "name",
    "市区町村名",
    "地域",
    "都道府県コード",
    "都道府県名",
)

_AREA = (
    "(?:全国)?(?:地方公共団体|地方自治体|市区町村|区市町村|市町村|市区|自治体|団体|行政区域|行政|標準地域|統計地域|地域|"
    "area|region|city|municipality|municipal|muni|localgov|lg|jis|admin)"
)
_CODE = re.compile(rf"{_AREA}?(?:コード|cd|code)(?:jis)?|{_AREA}番号|jis|n03007")
_NAME = re.compile(rf"{_AREA}(?:名|名称|name)?(?:ja|jp|en)?|name(?:ja|jp|en)?|n03004")
_PREFECTURE = re.compile(
    "(?:都道府県|道府県|府県|県|prefecture|pref)(?:名|名称|name)?(?:コード|cd|code|番号)?(?:ja|jp|en)?|n03001"
)
_BRACKETS = re.compile(r"[(\[【「<].*?[)\]】」>]")
_CODE_LIKE = re.compile("コード|code|cd|番号|jis")


@dataclass(frozen=True)
class Keys:
    """The places of columns that name areas by code or by name, and of those that name prefectures."""

    codes: tuple[int, ...]
    names: tuple[int, ...]
    prefectures: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """All of them, in the order in which they are taken for the key."""
        return self.codes + self.names + self.prefectures


def keys_of(header: Sequence[str]) -> Keys:
    """Return the columns whose headers say that they name areas.

    >>> keys_of(["都道府県名", "市区町村名", "団体コード（6桁）", "人口"])
    Keys(codes=(2,), names=(1,), prefectures=(0,))
    """
    found: dict[re.Pattern[str], list[int]] = {_PREFECTURE: [], _CODE: [], _NAME: []}
    for at, name in enumerate(header):
        plain = _plain(name)
        for pattern, places in found.items():
            if pattern.fullmatch(plain):
                places.append(at)
                break
    return Keys(tuple(found[_CODE]), tuple(found[_NAME]), tuple(found[_PREFECTURE]))


def may_hold_codes(header: str) -> bool:
    """Return whether digits below a header may be codes: 行政コード, and not 人口."""
    return _CODE_LIKE.search(_plain(header)) is not None


def _plain(header: str) -> str:
    """Return a header as it is compared: NFKC, lower case, without brackets, spaces and _."""
    composed = unicodedata.normalize("NFKC", header).casefold()
    return re.sub(r"[\s_\-・:#.]", "", _BRACKETS.sub("", composed))
