"""The catalogue for people: everything that a map can show, by topic and family, and found by words."""

from __future__ import annotations

from dataclasses import dataclass

from geo.errors import NotFound
from geo.figures.families import Family
from geo.figures.indicators import TOPICS, Indicator
from geo.layers.words import LEVELS
from geo.periods import period_label
from geo.text import Language, Text, name_of
from service.figures.families import as_looked_for
from service.http.html import Frame, page
from service.memory.atlas import Atlas
from service.strategy.policy import DEPLOYMENTS

#: Layers of a page.
LISTED = 30
#: Sources that are named of a layer.
SOURCES = 2
#: Topics whose layers show the policy; measures have pages of their own.
OF_POLICY = ("measures", "progress")


@dataclass(frozen=True)
class AskedCatalog:
    """Which layers are looked for: by words, of a topic, of a family."""

    q: str = ""
    topic: str | None = None
    family: str | None = None
    offset: int = 0

    @property
    def is_overview(self) -> bool:
        """Whether nothing is looked for yet."""
        return not (self.q.strip() or self.topic or self.family)


def catalog_page(atlas: Atlas, frame: Frame, asked: AskedCatalog) -> bytes:
    """Return the overview of topics and families, else a page of the layers that are looked for.

    Raises
    ------
    NotFound : there is no such topic or family
    """
    told = [one for one in atlas.catalogue.layers.values() if atlas.levels(one)]
    if asked.is_overview:
        return _overview(atlas, frame, told)
    lang, family = frame.lang, _family(told, asked.family)
    if asked.topic is not None and asked.topic not in TOPICS:
        raise NotFound(f"No topic is called {asked.topic[:80]!r}; there are: {', '.join(TOPICS)}")
    topic = asked.topic or (next(one.topic for one in told if one.family == family) if family else None)
    found = _found(atlas, told, asked)
    shown = found[asked.offset : asked.offset + LISTED]
    following = asked.offset + LISTED
    name = _title(asked.q.strip(), topic, family)
    return page(
        "catalog.html",
        frame,
        name[lang],
        q=asked.q,
        topic=topic and {"id": topic, "name": _topic(topic)},
        family=family and {"id": family.id, "name": name_of(family)},
        families=_families(told, topic) if topic and not family else [],
        rows=[_row(atlas, one, lang) for one in shown],
        total=len(found),
        first=asked.offset + 1,
        last=asked.offset + len(shown),
        before=max(asked.offset - LISTED, 0) if asked.offset else None,
        after=following if following < len(found) else None,
        topics=_topics(told),
    )


def _overview(atlas: Atlas, frame: Frame, told: list[Indicator]) -> bytes:
    return page(
        "catalogs.html",
        frame,
        {"ja": "指標の一覧", "en": "Catalogue"}[frame.lang],
        topics=[{**one, "families": _families(told, str(one["id"]))} for one in _topics(told)],
        total=sum(one.topic not in OF_POLICY for one in told),
        measures=len(atlas.catalogue.policy.version.measures) if atlas.catalogue.policy.version else 0,
    )


def _found(atlas: Atlas, told: list[Indicator], asked: AskedCatalog) -> list[Indicator]:
    """Return the layers that are looked for: of words the best first, else by family."""
    named = {
        one.id: one
        for one in told
        if asked.topic in (None, one.topic)
        and (asked.family is None or (one.family is not None and one.family.id == asked.family))
    }
    if asked.q.strip():
        return [named[name] for name in atlas.catalogue.index.found(named, asked.q)]
    return sorted(
        named.values(), key=lambda one: (one.family.kana, one.family.id) if one.family else ("", "")
    )


def _family(told: list[Indicator], asked: str | None) -> Family | None:
    if asked is None:
        return None
    found = next((one.family for one in told if one.family and one.family.id == asked), None)
    if found is None:
        raise NotFound(f"No family is called {asked[:80]!r}; /v1/layers?limit=0 lists all")
    return found


def _title(q: str, topic: str | None, family: Family | None) -> Text:
    if q:
        return {"ja": f"「{q}」の検索結果", "en": f"Results for “{q}”"}
    if family:
        return name_of(family)
    return _topic(topic or "")


def _topic(id: str) -> Text:
    ja, en = TOPICS[id]
    return {"ja": ja, "en": en}


def _topics(told: list[Indicator]) -> list[dict[str, object]]:
    """Return the topics of indicators, with how many each has."""
    counts = {id: sum(one.topic == id for one in told) for id in TOPICS if id not in OF_POLICY}
    return [{"id": id, "name": _topic(id), "count": count} for id, count in counts.items() if count]


def _families(told: list[Indicator], topic: str) -> list[dict[str, object]]:
    """Return the families of a topic, what people look for first, with how many each has.

    One that has a single indicator leads straight to it.
    """
    members: dict[Family, list[Indicator]] = {}
    for one in told:
        if one.topic == topic and one.family is not None:
            members.setdefault(one.family, []).append(one)
    ordered = sorted(members.items(), key=lambda each: as_looked_for(each[0]))
    return [
        {
            "name": name_of(family),
            "count": len(ones),
            "address": f"/catalog?family={family.id}" if len(ones) > 1 else f"/indicators/{ones[0].id}",
        }
        for family, ones in ordered
    ]


def _row(atlas: Atlas, one: Indicator, lang: Language) -> dict[str, object]:
    """Return what a list tells of a layer, and where its page and its map are."""
    levels = atlas.levels(one)
    periods = sorted({period for level in levels for period in atlas.periods(one, level)})
    labels = [period_label(each, one.period_kind)[lang] for each in (periods[0], periods[-1])]
    kind, _, name = one.id.partition(":")
    is_measure = kind == DEPLOYMENTS
    used = dict.fromkeys(source for each in atlas.catalogue.sources_of(one).values() for source in each)
    sources = [atlas.catalogue.sources[source] for source in used]
    own = f"/indicators/{one.id}" if one.id in atlas.catalogue.indicators else ""
    return {
        "id": one.id,
        "name": name_of(one),
        "unit": {"ja": one.unit_ja, "en": one.unit_en},
        "description": {"ja": one.description_ja, "en": one.description_en},
        "address": f"/measures/{name}" if is_measure else own,
        "map": f"/?layer={one.id}",
        "topic": _topic(one.topic),
        "levels": [LEVELS[level] for level in levels],
        "span": ("〜" if lang == "ja" else " to ").join(dict.fromkeys(labels)),
        "sources": [{"ja": row.title_ja, "en": row.title_en} for row in sources[:SOURCES]],
        "more_sources": max(len(sources) - SOURCES, 0),
    }
