"""What a pasted link shows: the view that an address names, as title, words, citation, picture and files.

The head of the page, its text for readers without JavaScript and its oEmbed are all made of one preview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TypedDict
from urllib.parse import parse_qsl, urlencode

from pydantic import TypeAdapter, ValidationError

from geo.codes import area_code, prefecture_of
from geo.errors import Finding, InvalidParameter, NotFound
from geo.figures.indicators import Indicator
from geo.layers.words import Named, credits_in_words
from geo.periods import period_label
from geo.strategy import cards
from geo.text import Language, Text
from service.areas.forms import full_name
from service.areas.geometry import bbox_of
from service.figures.forms import credits_of
from service.figures.series import lines_in_words, lines_of
from service.layers.readings import words_and_citation
from service.layers.views import Picture, ViewQuery, picture, resolve
from service.memory.atlas import Atlas
from service.memory.catalogue import Vintage
from service.planning.profiles import Asked as AskedArea
from service.planning.profiles import profile_of
from service.planning.profiles import words_of as profile_words

#: The layer of an address that names none, as in web/src/view.ts.
DEFAULT_LAYER = "register-population-change"
#: Width and height of a picture in pixels: 1.91 to 1, as the services that show previews cut it.
PICTURE = (1200, 630)
NATION = "00000"
#: So many lines of a chart are named in its title.
NAMED = 3

OF_STRATEGY = ("kpi", "logic", "roadmap")
KINDS = ("map", "chart", "ranking", "profile", *OF_STRATEGY)
#: The embed that shows a view of the explorer, as in web/src/share.ts; a map for every other view.
#: `table` is what addresses of before call the ranking.
KIND_OF_VIEW = {
    **{"compare": "chart", "ranking": "ranking", "table": "ranking"},
    **{view: view for view in OF_STRATEGY},
}

_WISHED = tuple(field.name for field in fields(ViewQuery))
_ALWAYS = ("lang", "layer", *_WISHED, "area", "areas")
#: page → the parameters that it reads
READ = {
    "/": (*_ALWAYS, "view", "layer2", "period2", "year", "overlay"),
    **{f"/embed/{kind}": (*_ALWAYS, "parent", "bbox", "limit", "theme", "height") for kind in KINDS},
    **{f"/embed/{kind}": ("lang", "area", "theme", "height") for kind in OF_STRATEGY},
}
#: What a view of the strategy reads of the explorer's address: it shows no layer.
_READ_BY_STRATEGY = ("lang", "area", "view")
_WISH = TypeAdapter(ViewQuery)

SITE = {"ja": "chiiki 地域｜地方創生を地図で見る", "en": "chiiki | Regional revitalisation on the map"}
SITE_WORDS = {
    "ja": "日本の都道府県・市区町村の統計と地方創生の施策を、地図・グラフ・順位・データで見られます。",
    "en": "Statistics of Japan's prefectures and municipalities, and measures of regional revitalisation, "
    "as maps, charts, rankings and data.",
}
#: The view of mergers, as in web/src/stages/mergers.ts.
MERGERS: Text = {"ja": "市町村の合併の歩み", "en": "Municipal mergers"}
MERGERS_WORDS: Text = {
    "ja": "市町村がいつ、どのように合併したかを、1980年から年ごとに、地図と文章と市町村数の推移で示します。",
    "en": "Which municipalities merged when and how, year by year from 1980: on a map, in words, and by how "
    "many there were.",
}
TABLE = {"ja": "表（CSV）", "en": "Table (CSV)"}
IMAGE = {"ja": "画像（PNG）", "en": "Picture (PNG)"}


@dataclass(frozen=True)
class Address:
    """An address of a page: its path, and what it says of the parameters that the page reads."""

    path: str
    asked: Mapping[str, str]
    reader: Language = "ja"

    @classmethod
    def of(cls, path: str, query: str, reader: Language = "ja") -> Address:
        """Return the address of a path and a query, read as the page itself reads them.

        Parameters
        ----------
        reader : the language where the address names none

        Raises
        ------
        NotFound : the path is not that of a page
        """
        if path not in READ:
            raise NotFound(f"There is no page at {path[:80]}; there are: {', '.join(READ)}")
        said: dict[str, str] = {}
        for name, value in parse_qsl(query):
            if name in READ[path]:
                said.setdefault(name, value)  # as URLSearchParams.get: the first counts
        read = _READ_BY_STRATEGY if said.get("view") in OF_STRATEGY else READ[path]
        return cls(path, {name: said[name] for name in read if name in said}, reader)

    @property
    def lang(self) -> Language:
        """The language of the page."""
        if "lang" not in self.asked:
            return self.reader
        return "en" if self.asked["lang"] == "en" else "ja"

    @property
    def kind(self) -> str:
        """The kind of what the page shows."""
        if self.path == "/":
            return KIND_OF_VIEW.get(self.asked.get("view", ""), "map")
        return self.path.rpartition("/")[2]

    def embed(self, kind: str) -> Address:
        """Return the address of the embed of a kind that shows this view."""
        path = f"/embed/{kind}"
        return Address(path, {name: value for name, value in self.asked.items() if name in READ[path]})

    def link(self, lang: str) -> str:
        """Return path and query in a language, the same for the same view; without it where it is empty."""
        said = {name: value for name, value in self.asked.items() if name != "lang"}
        query = {"lang": lang, **said} if lang else said
        return f"{self.path}?{urlencode(query, safe=',:')}" if query else self.path


@dataclass(frozen=True)
class Preview:
    """What a link shows; ``picture`` and the addresses of ``files`` begin with a slash.

    Attributes
    ----------
    kind : of the embed that shows it
    picture : address of a map without its size; None where the address names no view that exists
    files : name and address of what can be loaded
    heading, description, credits : of the layer shown, as the explorer writes them around its map
    """

    address: Address
    kind: str
    title: str
    words: str
    citation: str = ""
    picture: str | None = None
    files: tuple[tuple[str, str], ...] = ()
    heading: str = ""
    description: str = ""
    credits: tuple[str, ...] = ()

    def picture_of(self, width: int, height: int) -> str | None:
        """Return the address of the picture in a size."""
        return self.picture and f"{self.picture}&width={width}&height={height}"


class _Around(TypedDict):
    heading: str
    description: str
    credits: tuple[str, ...]


def site(address: Address) -> Preview:
    """Return the preview of the whole service, for an address that names no view."""
    return Preview(address, address.kind, SITE[address.lang], SITE_WORDS[address.lang])


def preview(atlas: Atlas, address: Address) -> Preview:
    """Return the preview of the view that an address names.

    Raises
    ------
    InvalidAreaCode, InvalidParameter, NotFound : there is no such view
    """
    make = _mergers if address.asked.get("view") == "mergers" else _MADE[address.kind]
    made = make(atlas, address)
    image = made.picture_of(*PICTURE)
    return replace(made, files=(*made.files, *([(IMAGE[address.lang], image)] if image else [])))


def _wish(asked: Mapping[str, str]) -> ViewQuery:
    try:
        return _WISH.validate_python({name: asked[name] for name in _WISHED if name in asked})
    except ValidationError as error:
        finding = Finding("query", "k", asked.get("k", ""), "a number from 2 to 12")
        raise InvalidParameter("k must be 2 to 12", [finding]) from error


def _picture(atlas: Atlas, asked: Mapping[str, str]) -> Picture:
    return picture(atlas, resolve(atlas, asked.get("layer", DEFAULT_LAYER), _wish(asked)))


def _name(indicator: Indicator, lang: Language) -> str:
    name, unit = (
        (indicator.name_ja, indicator.unit_ja) if lang == "ja" else (indicator.name_en, indicator.unit_en)
    )
    if not unit:
        return name
    return f"{name}（{unit}）" if lang == "ja" else f"{name} ({unit})"


def _joined(parts: Iterable[str], lang: Language) -> str:
    return ("・" if lang == "ja" else ", ").join(part for part in parts if part)


def _label(picture: Picture, lang: Language) -> str:
    return period_label(picture.view.period, picture.view.indicator.period_kind)[lang]


def _place(atlas: Atlas, vintage: Vintage, code: str) -> Named:
    level, area = atlas.area(vintage, area_code(code))
    if level == "prefecture":
        return full_name(area, None)
    return full_name(area, atlas.gazetteer(vintage.date, "prefecture").area(area.prefecture))


def _credits(atlas: Atlas, sources: Iterable[str], vintage: Vintage, lang: Language) -> str:
    return credits_in_words(credits_of(atlas, dict.fromkeys(sources), vintage))[lang]


def map_picture(picture: Picture, lang: Language, area: str | None = None, bbox: str | None = None) -> str:
    """Return the address of the picture of a map, without its size."""
    # The revision makes a service that keeps the picture ask for it again after the data have changed.
    query = picture.view.parameters | {"lang": lang, "rev": picture.revision}
    if bbox is not None:
        query["bbox"] = ",".join(map(str, bbox_of(bbox)))
    elif area is not None:
        query["area"] = area_code(area)
    return f"/v1/layers/{picture.view.indicator.id}/map.png?{urlencode(query, safe=',:')}"


def _around(atlas: Atlas, picture: Picture, lang: Language) -> _Around:
    """Return what the explorer writes around a map."""
    indicator, vintage = picture.view.indicator, picture.view.vintage
    *of_figures, of_boundaries = credits_of(atlas, picture.vector.sources, vintage)
    return {
        "heading": _name(indicator, lang),
        "description": indicator.description_ja if lang == "ja" else indicator.description_en,
        "credits": tuple(dict.fromkeys(credit[lang] for credit in (of_boundaries, *of_figures))),
    }


def _table(picture: Picture, lang: Language, **more: str) -> tuple[str, str]:
    query = urlencode(picture.view.parameters | more | {"bom": "true"}, safe=",:")
    return TABLE[lang], f"/v1/layers/{picture.view.indicator.id}/values.csv?{query}"


def _map(atlas: Atlas, address: Address) -> Preview:
    asked, lang = address.asked, address.lang
    shown = _picture(atlas, asked)
    told, cited = words_and_citation(atlas, shown)
    parent = _parent(asked)
    area = asked.get("area", parent)
    place = getattr(_place(atlas, shown.view.vintage, area), lang) if area else ""
    names, periods = [_name(shown.view.indicator, lang)], [_label(shown, lang)]
    words, citation = [told[lang]], [cited[lang]]
    if asked.get("view") in ("two", "bivariate"):
        other = _picture(atlas, _beside(asked))
        told, cited = words_and_citation(atlas, other)
        names.append(_name(other.view.indicator, lang))
        periods.append(_label(other, lang))
        words.append(told[lang])
        citation.append(cited[lang])
    title = _joined([" × ".join(dict.fromkeys(names)), " / ".join(dict.fromkeys(periods)), place], lang)
    gap = "" if lang == "ja" else " "
    return Preview(
        address,
        "map",
        title,
        gap.join(dict.fromkeys(words)),
        gap.join(dict.fromkeys(citation)),
        map_picture(shown, lang, parent if "parent" in asked else area, asked.get("bbox")),
        (_table(shown, lang),),
        **_around(atlas, shown, lang),
    )


def _parent(asked: Mapping[str, str]) -> str | None:
    """Return the prefecture that is shown alone; None for the nation."""
    parent = asked.get("parent")
    return None if parent == NATION else parent


def _beside(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what the map beside the first one shows, as in web/src/view.ts."""
    layer = asked.get("layer", DEFAULT_LAYER)
    other = asked.get("layer2", layer)
    own = () if other == layer else ("scheme", "k", "breaks", "palette", "period")
    period = {"period": asked["period2"]} if "period2" in asked else {}
    return {name: value for name, value in asked.items() if name not in own} | {"layer": other} | period


def _ranking(atlas: Atlas, address: Address) -> Preview:
    lang = address.lang
    shown = _picture(atlas, address.asked)
    has_order = shown.view.indicator.kind != "category"
    if not has_order and address.path != "/":  # the explorer's table lists categories too
        finding = Finding("query", "layer", shown.view.indicator.id, "a layer of numbers")
        raise InvalidParameter(f"{shown.view.indicator.id} has categories, which have no order", [finding])
    parent = _parent(address.asked)
    inside = parent and area_code(parent)
    told, cited = words_and_citation(atlas, shown, inside)
    place = getattr(_place(atlas, shown.view.vintage, inside), lang) if inside else ""
    return Preview(
        address,
        "ranking" if has_order else "map",
        _joined([_name(shown.view.indicator, lang), _label(shown, lang), place], lang),
        told[lang],
        cited[lang],
        map_picture(shown, lang, inside),
        (_table(shown, lang, **({"parent": inside} if inside else {})),),
        **_around(atlas, shown, lang),
    )


def _chart(atlas: Atlas, address: Address) -> Preview:
    asked, lang = address.asked, address.lang
    shown = _picture(atlas, asked)
    indicator, vintage = atlas.indicator(shown.view.indicator.id), shown.view.vintage
    areas = ",".join(asked[name] for name in ("area", "areas") if name in asked) or NATION
    lines = lines_of(atlas, indicator, vintage, areas)
    names = [line.name_ja if lang == "ja" else line.name_en for line, _points in lines]
    if len(names) > NAMED:
        names = [*names[:NAMED], "ほか" if lang == "ja" else "…"]
    sources = [source for _line, points in lines for point in points for source in point.sources]
    query = urlencode({"indicator": indicator.id, "areas": areas, "bom": "true"}, safe=",:")
    return Preview(
        address,
        "chart",
        _joined([_name(indicator, lang), *names], lang),
        lines_in_words(indicator, lines)[lang],
        _credits(atlas, sources, vintage, lang),
        map_picture(shown, lang, asked.get("area")),
        ((TABLE[lang], f"/v1/series.csv?{query}"),),
        **_around(atlas, shown, lang),
    )


def _profile(atlas: Atlas, address: Address) -> Preview:
    asked, lang = address.asked, address.lang
    if "area" not in asked:
        finding = Finding("query", "area", "", "an area code such as 10201")
        raise InvalidParameter("A profile needs an area", [finding])
    vintage = atlas.vintage(None)
    level, area = atlas.area(vintage, area_code(asked["area"]))
    told = profile_of(atlas, AskedArea(atlas.at(vintage, level), level, area))
    date = told.vintage.date
    leaves = [card.leaf for cards in told.cards.values() for card in cards]
    vectors = [atlas.vector(one.indicator, one.period, one.level, date) for one in leaves]
    place = _place(atlas, told.vintage, told.area.code)
    shown = _picture(atlas, {})
    return Preview(
        address,
        "profile",
        f"{place.ja}のすがた" if lang == "ja" else f"Profile of {place.en}",
        profile_words(atlas, told)[lang],
        _credits(atlas, [source for vector in vectors for source in vector.sources], told.vintage, lang),
        map_picture(shown, lang, told.area.code),
        ((TABLE[lang], f"/v1/areas/{told.area.code}/profile.csv?bom=true"),),
    )


def _strategy(atlas: Atlas, address: Address) -> Preview:
    lang, strategy = address.lang, atlas.catalogue.policy.strategy
    view: cards.View = address.kind  # type: ignore[assignment]  # one of OF_STRATEGY, by which it is found
    name, title = cards.NAMES[view][lang], strategy.title_ja if lang == "ja" else strategy.title_en
    gist = cards.entries(strategy, view, lang)
    stop = "。" if lang == "ja" else ". "
    words = stop.join(f"{one.head}{'：' if lang == 'ja' else ': '}{one.words}" for one in gist)
    source: Text = {"ja": strategy.source_title, "en": strategy.source_title}
    return Preview(
        address,
        view,
        f"{name}｜{title}" if lang == "ja" else f"{name}: {title}",
        f"{words}{stop}".strip(),
        credits_in_words([source])[lang],
        f"/v1/strategy/{view}.png?lang={lang}",
    )


def _mergers(atlas: Atlas, address: Address) -> Preview:
    lang, asked = address.lang, address.asked
    shown = _picture(atlas, asked)
    vintage = shown.view.vintage
    code = prefecture_of(area_code(asked["area"])) if "area" in asked else ""
    place = getattr(_place(atlas, vintage, code), lang) if code else ""
    return Preview(
        address,
        "map",
        _joined([MERGERS[lang], place], lang),
        MERGERS_WORDS[lang],
        _credits(atlas, (), vintage, lang),
        map_picture(shown, lang, code or None),
    )


_MADE: dict[str, Callable[[Atlas, Address], Preview]] = {
    "map": _map,
    "chart": _chart,
    "ranking": _ranking,
    "profile": _profile,
    **dict.fromkeys(OF_STRATEGY, _strategy),
}
