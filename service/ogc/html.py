"""The OGC API for people: each document as a plain page, with its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geo.text import Language
from service.http.html import Frame, page

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


def _links(links: object, lang: Language) -> list[dict[str, str]]:
    """Return the links with what people call them, each address once."""
    if not isinstance(links, Sequence):
        return []
    told = {one["href"]: one for one in reversed(links) if isinstance(one, Mapping)}
    listed = []
    for href, one in reversed(told.items()):
        relation = str(one["rel"]).rsplit("/", 1)[-1]
        title = _in(lang, RELATIONS.get(relation, (one["title"], one["title"])))
        if relation in ("items", "item"):
            title += f" ({one['type']})"
        listed.append({"href": href, "title": title, "relation": relation})
    return listed


def _page(title: str, frame: Frame, root: str, links: object, counts: str = "", **values: object) -> bytes:
    told = _links(links, frame.lang)
    return page("ogc.html", frame, title, root=root, counts=counts, links=told, LONG=LONG, **values)


def document(title: str, told: Mapping[str, object], frame: Frame, root: str) -> bytes:
    """Return a JSON document as a page."""
    members = [
        (_in(frame.lang, LABELS.get(key, (key, key))), value)
        for key, value in told.items()
        if key not in ("links", "title")
    ]
    return _page(title, frame, root, told.get("links"), members=members)


def listed(title: str, told: Mapping[str, object], frame: Frame, root: str) -> bytes:
    """Return a page of the collections; where there are more, it links to the next."""
    links = told["links"]
    further = [one for one in links if one["rel"] == "next"] if isinstance(links, Sequence) else []
    return _page(title, frame, root, further, collections=told["collections"])


def features(
    title: str,
    names: Sequence[str],
    told: Mapping[str, object],
    frame: Frame,
    root: str,
) -> bytes:
    """Return a FeatureCollection as a table, with its counts and links."""
    found = told["features"]
    shown = found[:ROWS] if isinstance(found, Sequence) else []
    matched, returned = told["numberMatched"], told["numberReturned"]
    counts = _in(
        frame.lang, (f"{matched:,} 件のうち {returned:,} 件", f"{returned:,} of {matched:,} features")
    )
    return _page(title, frame, root, told["links"], counts, features=shown, names=names)
