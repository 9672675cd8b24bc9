"""Pages that the service writes: templates whose values are escaped, whoever wrote them.

A page extends ``page.html``, which gives it the head, the bar, the foot and the styles of
``web/public/page.css``. Its blocks: ``main``, and where there are any ``head``, ``credits`` (in the foot) and
``links`` (to itself; a page that is not to be found again empties it).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from geo.text import Language, Text, by_language
from service.http.addresses import base_url

_TEMPLATES = Environment(
    loader=PackageLoader("service"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

#: What else a page depends on than its address.
VARY = "Accept-Language"

#: Where the bar of a page leads: a name for the place, its address, what it is called.
PLACES: tuple[tuple[str, str, Text], ...] = (
    ("map", "/", {"ja": "地図", "en": "Map"}),
    ("measures", "/measures", {"ja": "施策", "en": "Measures"}),
    ("catalog", "/catalog", {"ja": "指標", "en": "Indicators"}),
    ("strategy", "/?view=kpi", {"ja": "戦略とKPI", "en": "Strategy"}),
    ("docs", "/docs", {"ja": "API", "en": "API"}),
)
#: Where the foot of a page leads.
ENDS: tuple[tuple[str, Text], ...] = (
    ("/about", {"ja": "このサイトについて", "en": "About"}),
    ("/terms", {"ja": "利用条件", "en": "Terms of use"}),
    ("/about#contact", {"ja": "問い合わせ", "en": "Contact"}),
    ("/docs", {"ja": "APIリファレンス", "en": "API reference"}),
    ("/ogc?f=html", {"ja": "OGC API", "en": "OGC API"}),
)
#: Words of every page.
SITE: dict[str, Text] = {
    "name": {"ja": "chiiki 地域", "en": "chiiki"},
    "skip": {"ja": "本文へ移動", "en": "Skip to the content"},
    "nav": {"ja": "サイト内", "en": "Site"},
    "more": {"ja": "このサイトの案内", "en": "More of this site"},
    "find": {"ja": "指標・施策を探す", "en": "Find indicators and measures"},
    "search": {"ja": "検索", "en": "Search"},
    "language": {"ja": "English", "en": "日本語"},
    "other": {"ja": "en", "en": "ja"},
}


@dataclass(frozen=True)
class Frame:
    """What a page needs of the request for all that stands around its own text.

    Attributes
    ----------
    address : the whole address of the page without its query
    query : the parameters of the page but for the language
    place : which of ``PLACES`` the page belongs to
    """

    lang: Language
    address: str
    query: tuple[tuple[str, str], ...] = ()
    place: str = ""

    def link(self, address: str) -> str:
        """Return an address of this site in the language of the page.

        >>> Frame("en", "").link("/?view=kpi"), Frame("ja", "").link("/about#contact")
        ('/?view=kpi&lang=en', '/about?lang=ja#contact')
        """
        address, mark, fragment = address.partition("#")
        return f"{address}{'&' if '?' in address else '?'}lang={self.lang}{mark}{fragment}"

    def in_lang(self, lang: Language, **others: object) -> str:
        """Return the query of this page in a language, with other values of ``others``; a link by itself."""
        query = dict(self.query) | {name: str(value) for name, value in others.items()}
        return f"?{urlencode({'lang': lang} | {name: value for name, value in query.items() if value})}"


def language_of(request: Request) -> Language:
    """Return the language of a page: as its address says, else as the reader's browser is set."""
    if named := request.query_params.get("lang"):
        return "en" if named == "en" else "ja"
    told = request.headers.get("accept-language", "").strip().lower()  # tags know no case (RFC 5646 2.1.1)
    return (
        "ja" if told.startswith(("ja", "*")) or not told else "en"
    )  # who reads neither, rather reads English


def frame_of(request: Request, place: str = "") -> Frame:
    """Return the frame of the page that a request asks for."""
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    return Frame(language_of(request), base_url(request) + quote(path), tuple(query.items()), place)


def in_language(words: object, lang: Language) -> Markup:
    """Return a text as HTML in which Japanese words say that they are, on a page in another language."""
    if lang == "ja":
        return escape(words)
    parts = (
        escape(part) if language is None else Markup('<span lang="{}">{}</span>').format(language, part)
        for part, language in by_language(str(words))
    )
    return Markup("").join(parts)


@pass_context
def said(context: Context, ja: str, en: str) -> str:
    """Return the one of two texts that is in the language of the page."""
    return ja if context["lang"] == "ja" else en


@pass_context
def told(context: Context, text: Text) -> Markup:
    """Return a text as HTML in the language of the page; what it has not is marked as Japanese."""
    lang: Language = context["lang"]
    return in_language(text[lang] or text["ja"], lang)


_TEMPLATES.filters |= {"in_language": in_language, "told": told}
_TEMPLATES.globals["said"] = said


def filled(template: str, **values: object) -> str:
    """Return a template of ``service/templates`` with these values."""
    return _TEMPLATES.get_template(template).render(**values)


def page(template: str, frame: Frame, title: str, **values: object) -> bytes:
    """Return a page whose template extends ``page.html``.

    Parameters
    ----------
    values : what the template names; ``description`` is told to those who search the web
    """
    lang = frame.lang
    brand = Markup("chiiki <span>地域</span>") if lang == "ja" else "chiiki"
    site = {name: text[lang] for name, text in SITE.items()} | {
        "brand": brand,
        "places": [(place, address, name[lang]) for place, address, name in PLACES],
        "ends": [(address, name[lang]) for address, name in ENDS],
    }
    return filled(template, frame=frame, title=title, site=site, lang=lang, **values).encode()
