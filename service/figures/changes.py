"""What loads changed of figures, and when: as a JSON feed and as Atom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypedDict

from geo.text import Text, name_of
from service.db.tables import figure_change
from service.memory.atlas import Atlas

#: So many revised values of a change are told one by one.
VALUES_TOLD = 50

_REVISED = text(
    """
    select c.id, s.period, s.area_code, s.value, s.status,
           case when n.status is null then o.value else n.value end as value_after,
           coalesce(n.status, o.status) as status_after
    from figure_change c
    cross join lateral (
        select * from superseded b
        where b.indicator = c.indicator and b.period = any(c.periods) and b.until = c.at
          and b.status <> 'not_loaded'
        order by period desc, area_code limit :most
    ) s
    left join lateral (
        select value, status from superseded a
        where (a.indicator, a.period, a.area_code) = (s.indicator, s.period, s.area_code)
          and a.until > s.until
        order by a.until limit 1
    ) n on true
    left join observation o
        on (o.indicator, o.period, o.area_code) = (s.indicator, s.period, s.area_code)
    where c.id = any(:changes)
    order by c.id, s.period desc, s.area_code
    """
)


class RevisedFigure(TypedDict):
    """A published figure before and after; the area has the code that it was published under."""

    area: str
    period: str
    before: float | None
    before_status: str
    after: float | None
    after_status: str


class FigureChange(TypedDict):
    """What one load changed of an indicator.

    `first_periods` had no figure before; `withdrawn` of the figures `changed` have none any more. `revised`
    are the first of those that changed.
    """

    about: str
    indicator: str
    name: Text
    periods: list[str]
    first_periods: list[str]
    added: int
    changed: int
    withdrawn: int
    sources: list[str]
    revised: list[RevisedFigure]


class ChangeItem(TypedDict):
    """An entry of the feed."""

    id: str
    url: str
    title: str
    content_text: str
    date_published: str
    tags: list[str]
    _chiiki: FigureChange


class ChangeFeed(TypedDict):
    """Changes of figures, the newest first, as JSON Feed 1.1; `next_url` leads to those before."""

    version: str
    title: str
    description: str
    language: str
    home_page_url: str
    feed_url: str
    next_url: str | None
    items: list[ChangeItem]


@dataclass(frozen=True)
class Asked:
    """Which changes: of an indicator, after a moment, before a number; the newest ``limit`` of them."""

    indicator: str | None
    since: dt.datetime | None
    before: int | None
    limit: int


@dataclass(frozen=True)
class Changes:
    """The changes asked for, their revised values by their numbers, and whether there are more."""

    rows: Sequence[Row[Any]]
    revised: dict[int, list[RevisedFigure]]
    has_more: bool


async def read_changes(conn: AsyncConnection, asked: Asked) -> Changes:
    """Return changes, the newest first."""
    query = select(figure_change).order_by(figure_change.c.id.desc()).limit(asked.limit + 1)
    if asked.indicator is not None:
        query = query.where(figure_change.c.indicator == asked.indicator)
    if asked.since is not None:
        query = query.where(figure_change.c.at >= asked.since)
    if asked.before is not None:
        query = query.where(figure_change.c.id < asked.before)
    found = (await conn.execute(query)).all()
    rows = found[: asked.limit]
    revised: dict[int, list[RevisedFigure]] = {}
    given = {"changes": [row.id for row in rows if row.changed], "most": VALUES_TOLD}
    for row in await conn.execute(_REVISED, given):
        one: RevisedFigure = {
            "area": row.area_code,
            "period": row.period,
            "before": row.value,
            "before_status": row.status,
            "after": row.value_after,
            "after_status": row.status_after,
        }
        revised.setdefault(row.id, []).append(one)
    return Changes(rows, revised, len(found) > len(rows))


async def newest(conn: AsyncConnection, indicators: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """Return the newest changes of some indicators, the newest first."""
    query = select(figure_change).where(figure_change.c.indicator.in_(indicators))
    return (await conn.execute(query.order_by(figure_change.c.id.desc()).limit(limit))).all()


def in_words(atlas: Atlas, row: Row[Any]) -> Text:
    """Return what one load changed of an indicator."""
    name = name_of(atlas.catalogue.indicators[row.indicator])
    when = row.periods[0] if len(row.periods) == 1 else f"{row.periods[0]}–{row.periods[-1]}"
    return {
        "ja": f"{name['ja']}（{when}）：追加{row.added:,}件、修正{row.changed:,}件、"
        f"うち取り下げ{row.withdrawn:,}件",
        "en": f"{name['en']} ({when}): {row.added:,} added, {row.changed:,} revised, "
        f"{row.withdrawn:,} of them withdrawn",
    }


def feed(atlas: Atlas, changes: Changes, base: str, address: str, following: str | None) -> ChangeFeed:
    """Return changes as a JSON feed.

    Parameters
    ----------
    base : what links begin with
    address, following : of the feed, and of the changes before, where there are some
    """
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "chiiki: 数値の変更 / Changes of figures",
        "description": "読み込みのたびに、どの指標のどの期の値が加わり、修正され、取り下げられたか。"
        " What each load added, revised and withdrew, by indicator.",
        "language": "ja",
        "home_page_url": f"{base}/",
        "feed_url": address,
        "next_url": following,
        "items": [_item(atlas, row, changes.revised.get(row.id, []), base) for row in changes.rows],
    }


def _item(atlas: Atlas, row: Row[Any], revised: list[RevisedFigure], base: str) -> ChangeItem:
    name = name_of(atlas.catalogue.indicators[row.indicator])
    words = in_words(atlas, row)
    values = [
        f"{one['area']} {one['period']}: {_shown(one['before'], one['before_status'])} → "
        f"{_shown(one['after'], one['after_status'])}"
        for one in revised
    ]
    return {
        "id": f"{base}/v1/changes?before={row.id + 1}&limit=1",
        "url": f"{base}/v1/series?indicator={row.indicator}&areas=00000",
        "title": words["ja"],
        "content_text": "\n".join([words["ja"], words["en"], *values]),
        "date_published": row.at.astimezone(dt.UTC).isoformat(),
        "tags": [row.indicator],
        "_chiiki": {
            "about": f"{base}/docs",
            "indicator": row.indicator,
            "name": name,
            "periods": row.periods,
            "first_periods": row.first_periods,
            "added": row.added,
            "changed": row.changed,
            "withdrawn": row.withdrawn,
            "sources": row.sources,
            "revised": revised,
        },
    }


def _shown(value: float | None, status: str) -> str:
    return status if value is None else f"{value:.15g}"


#: When nothing has changed yet.
_NEVER = "1970-01-01T00:00:00+00:00"


def atom(told: ChangeFeed) -> bytes:
    """Return a feed as Atom (RFC 4287)."""
    items = told["items"]
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="ja">',
        *_elements(("id", told["feed_url"]), ("title", told["title"]), ("subtitle", told["description"])),
        *_elements(("updated", items[0]["date_published"] if items else _NEVER)),
        "<author><name>chiiki</name></author>",
        _link("self", told["feed_url"]),
        *([_link("next", told["next_url"])] if told["next_url"] else ()),
    ]
    for item in items:
        parts += [
            "<entry>",
            *_elements(("id", item["id"]), ("title", item["title"]), ("updated", item["date_published"])),
            _link("alternate", item["url"]),
            *(f"<category term={quoteattr(tag)}/>" for tag in item["tags"]),
            *_elements(("content", item["content_text"])),
            "</entry>",
        ]
    return "\n".join([*parts, "</feed>\n"]).encode()


def _elements(*named: tuple[str, str]) -> Iterable[str]:
    return [f"<{name}>{escape(value)}</{name}>" for name, value in named]


def _link(rel: str, address: str) -> str:
    return f'<link rel="{rel}" href={quoteattr(address)}/>'
