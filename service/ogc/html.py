"""The OGC API for people: each document as a plain page, with its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from geo.text import Language

HOME = {"ja": "chiiki 地域", "en": "chiiki"}
COLLECTIONS = {"ja": "コレクション", "en": "Collections"}
ROWS = 200
#: A longer list is folded.
LONG = 8
#: Member of a document → what people call it.
LABELS = {
    "attribution": ("出典", "Attribution"),
    "boundingBox": ("範囲", "Bounding box"),
    "conformsTo": ("適合クラス", "Conformance classes"),
    "crs": ("座標参照系", "Coordinate reference systems"),
    "description": ("説明", "Description"),
    "extent": ("範囲", "Extent"),
    "properties": ("属性", "Properties"),
    "storageCrs": ("保存している座標参照系", "CRS as stored"),
    "styles": ("スタイル", "Styles"),
    "tileMatrices": ("タイルマトリクス", "Tile matrices"),
    "tileMatrixSets": ("タイルマトリクスセット", "Tile matrix sets"),
    "tilesets": ("タイルセット", "Tilesets"),
}
#: Last part of a link relation → what it leads to; others have their title.
RELATIONS = {
    "alternate": ("HTML", "As HTML"),
    "collection": ("コレクション", "The collection"),
    "conformance": ("適合クラス", "Conformance classes"),
    "data": ("コレクション（層の一覧）", "Collections: all layers"),
    "describedby": ("属性の一覧", "What a feature has"),
    "joins": ("手元の表を地図に（POST）", "Join a table to areas (POST)"),
    "next": ("次のページ", "Next page"),
    "queryables": ("絞り込みに使える属性", "What can be filtered by"),
    "schema": ("属性の一覧", "What a feature has"),
    "self": ("この文書", "This document"),
    "service-desc": ("API 定義（OpenAPI 3.0）", "API definition (OpenAPI 3.0)"),
    "service-doc": ("API の説明", "API documentation"),
    "service-meta": ("データカタログ（DCAT）", "Catalogue of all layers (DCAT)"),
    "styles": ("スタイル", "Styles"),
    "tiling-schemes": ("タイルマトリクスセット", "Tile matrix sets"),
    "tilesets-map": ("画像タイル", "Map tiles"),
    "tilesets-vector": ("ベクトルタイル", "Vector tiles"),
}


def _in(lang: Language, texts: tuple[str, str]) -> str:
    return texts[0] if lang == "ja" else texts[1]


def _value(value: object) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f'<a href="{escape(value)}">{escape(value)}</a>'
    if isinstance(value, Mapping):
        rows = "".join(f"<dt>{escape(str(key))}</dt><dd>{_value(one)}</dd>" for key, one in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(one, int | float) for one in value):
            return ", ".join(f"{one:.10g}" for one in value)
        items = f"<ul>{''.join(f'<li>{_value(one)}</li>' for one in value)}</ul>"
        return f"<details><summary>{len(value)}</summary>{items}</details>" if len(value) > LONG else items
    return escape("—" if value is None else str(value))


def _links(links: object, lang: Language) -> str:
    """Return the links as a list, each address once."""
    if not isinstance(links, Sequence):
        return ""
    told = {one["href"]: one for one in reversed(links) if isinstance(one, Mapping)}
    listed = []
    for href, one in reversed(told.items()):
        relation = str(one["rel"]).rsplit("/", 1)[-1]
        title = _in(lang, RELATIONS.get(relation, (one["title"], one["title"])))
        if relation in ("items", "item"):
            title += f" ({one['type']})"
        listed.append(
            f'<li><a href="{escape(href)}">{escape(title)}</a> <small>{escape(relation)}</small></li>'
        )
    return f"<h2>{_in(lang, ('リンク', 'Links'))}</h2><ul>{''.join(listed)}</ul>"


def page(title: str, body: str, lang: Language, root: str) -> bytes:
    """Return a page of the OGC API; ``body`` is HTML."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}｜{HOME[lang]}</title>"
        '<link rel="stylesheet" href="/ogc.css"><link rel="icon" href="/icon.svg" type="image/svg+xml">'
        f'</head><body><header><a href="/">{HOME[lang]}</a> <a href="{escape(root)}?f=html">OGC API</a> '
        f'<a href="{escape(root)}/collections?f=html">{COLLECTIONS[lang]}</a></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def document(title: str, told: Mapping[str, object], lang: Language, root: str) -> bytes:
    """Return a JSON document as a page."""
    body = "".join(
        f"<h2>{escape(_in(lang, LABELS.get(key, (key, key))))}</h2>{_value(value)}"
        for key, value in told.items()
        if key not in ("links", "title")
    )
    return page(title, body + _links(told.get("links"), lang), lang, root)


def listed(title: str, told: Mapping[str, object], lang: Language, root: str) -> bytes:
    """Return a page of the collections; where there are more, it links to the next."""
    collections = told["collections"]
    if not isinstance(collections, Sequence):
        raise TypeError("collections is no list")
    rows = "".join(
        f'<tr><th scope="row"><a href="{escape(root)}/collections/{escape(str(one["id"]))}?f=html">'
        f"{escape(str(one['title']))}</a></th><td>{escape(str(one['id']))}</td>"
        f"<td>{escape(str(one['description']))}</td></tr>"
        for one in collections
    )
    links = told["links"]
    further = [one for one in links if one["rel"] == "next"] if isinstance(links, Sequence) else []
    following = _links(further, lang) if further else ""
    return page(title, f"<table><tbody>{rows}</tbody></table>{following}", lang, root)


def features(
    title: str,
    names: Sequence[str],
    told: Mapping[str, object],
    lang: Language,
    root: str,
) -> bytes:
    """Return a FeatureCollection as a table, with its counts and links."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("id", *names))
    rows = []
    found = told["features"]
    for one in found[:ROWS] if isinstance(found, Sequence) else ():
        properties = one["properties"]
        values = properties if isinstance(properties, Mapping) else {}
        cells = "".join(f"<td>{_value(values.get(name))}</td>" for name in names)
        rows.append(f'<tr><th scope="row">{escape(str(one["id"]))}</th>{cells}</tr>')
    matched, returned = told["numberMatched"], told["numberReturned"]
    shown = (f"{matched:,} 件のうち {returned:,} 件", f"{returned:,} of {matched:,} features")
    counts = f"<p>{_in(lang, shown)}</p>"
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return page(title, counts + table + _links(told["links"], lang), lang, root)
