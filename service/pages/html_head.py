"""The head of a page and its words before and without JavaScript, filled in where the build left room."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from geo.errors import NotFound
from service.http.html import filled, in_language
from service.http.responses import JSON_LD
from service.pages.previews import PICTURE, Preview

NAME = {"ja": "chiiki 地域", "en": "chiiki"}
LOCALES = {"ja": "ja_JP", "en": "en_GB"}
FIRST_MAP = {"ja": "最初の地図", "en": "The first map"}
SEPARATOR = {"ja": "｜", "en": " | "}
#: Between two credits, as in web/src/texts.ts.
BETWEEN = {"ja": " ｜ ", "en": " | "}

#: The places that a request fills: the language, the title and head, and what a comment names.
_PLACES = re.compile(
    r'(?<=<html lang=")(ja)(?=">)|<title>[^<]*</title>\s*<!-- chiiki:(head) -->|<!-- chiiki:([a-z]+) -->'
)


@dataclass(frozen=True)
class Template:
    """A built page: its parts, and between each two of them the name of what a request fills in."""

    parts: tuple[str, ...]
    places: tuple[str, ...]

    def filled(self, lang: str, **said: str) -> bytes:
        """Return the page in a language, with HTML in its places; else they stay empty."""
        given = {"ja": lang, **said}
        filled = [given.get(place, "") for place in self.places]
        return "".join(
            [*(one for pair in zip(self.parts, filled, strict=False) for one in pair), self.parts[-1]]
        ).encode()


@cache
def template(file: Path) -> Template:
    """Return a page of the built front-end; it is read once.

    Raises
    ------
    NotFound : the front-end is not built
    """
    if not file.is_file():
        raise NotFound("The front-end is not built: run scripts/serve. /openapi.json describes the API")
    page = file.read_text(encoding="utf-8")
    found = list(_PLACES.finditer(page))
    edges = [0, *(edge for one in found for edge in one.span()), len(page)]
    parts = tuple(page[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return Template(parts, tuple(one[one.lastindex or 0] for one in found))


def head(preview: Preview, base: str, *, has_background: bool = False) -> str:
    """Return title, description, Open Graph, Twitter card, and the links of a page.

    Parameters
    ----------
    base : the address that links begin with
    has_background : whether the explorer may offer the map of the Geospatial Information Authority
    """
    address, lang = preview.address, preview.address.lang
    other = "en" if lang == "ja" else "ja"
    picture = preview.picture_of(*PICTURE)
    page = base + (address.link(lang) if picture else address.path)
    title = preview.title if picture is None else preview.title + SEPARATOR[lang] + NAME[lang]
    graph = {
        "og:type": "website",
        "og:site_name": NAME[lang],
        "og:title": preview.title,
        "og:description": preview.words,
        "og:url": page,
        "og:locale": LOCALES[lang],
        "og:locale:alternate": LOCALES[other],
    }
    card = {"twitter:card": "summary", "twitter:title": preview.title, "twitter:description": preview.words}
    if picture:
        width, height = map(str, PICTURE)
        graph |= {
            "og:image": base + picture,
            "og:image:type": "image/png",
            "og:image:width": width,
            "og:image:height": height,
            "og:image:alt": preview.words,
        }
        card |= {
            "twitter:card": "summary_large_image",
            "twitter:image": base + picture,
            "twitter:image:alt": preview.words,
        }
    links: list[dict[str, str]] = []
    if picture:
        links.append({"rel": "canonical", "href": page})
        for code, said in (("ja", "ja"), ("en", "en"), ("x-default", "")):
            links.append({"rel": "alternate", "hreflang": code, "href": base + address.link(said)})
        for suffix, kind in (("json", "application/json+oembed"), ("xml", "text/xml+oembed")):
            oembed = f"{base}/oembed?{urlencode({'url': page, 'format': suffix})}"
            links.append({"rel": "alternate", "type": kind, "href": oembed, "title": preview.title})
    if address.path == "/":
        catalogue = f"{base}/catalog.jsonld"
        links.append({"rel": "alternate", "type": JSON_LD, "href": catalogue, "title": "DCAT"})
    metas = [{"name": "description", "content": preview.words}]
    metas += [{"property": name, "content": content} for name, content in graph.items()]
    metas += [{"name": name, "content": content} for name, content in card.items()]
    if has_background:
        metas.append({"name": "chiiki-gsi", "content": "on"})
    tags = [*(("meta", one) for one in metas), *(("link", one) for one in links)]
    return filled("page_head.html", title=title, tags=tags).strip()


def without_script(preview: Preview) -> str:
    """Return what readers without JavaScript see: the picture, the words, the citation, the files."""
    lang = preview.address.lang
    picture, (width, height) = preview.picture_of(*PICTURE), PICTURE
    return filled(
        "unscripted.html",
        lang=lang,
        title=preview.title,
        picture=picture and {"src": picture, "width": width, "height": height},
        words=preview.words,
        citation=preview.citation,
        files=preview.files or ((FIRST_MAP[lang], f"/?lang={lang}"),),
    ).strip()


def first_words(preview: Preview) -> dict[str, str]:
    """Return the title, description and sources that a page shows before its program has come, by place.

    They are what the program will write there too, so that nothing moves.
    """
    lang = preview.address.lang
    said = {
        "title": preview.heading,
        "description": preview.description,
        "credit": BETWEEN[lang].join(preview.credits),
    }
    return {place: in_language(words, lang) for place, words in said.items()}
