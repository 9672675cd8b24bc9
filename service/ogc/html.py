"""The OGC API for people: each document as a plain page, with its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from service.views import Language

HOME = {"ja": "chiiki 地域", "en": "chiiki"}
ROWS = 200


def _value(value: object) -> str:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return f'<a href="{escape(value)}">{escape(value)}</a>'
    if isinstance(value, Mapping):
        rows = "".join(f"<dt>{escape(str(key))}</dt><dd>{_value(one)}</dd>" for key, one in value.items())
        return f"<dl>{rows}</dl>"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"<ul>{''.join(f'<li>{_value(one)}</li>' for one in value)}</ul>"
    return escape("—" if value is None else str(value))


def _links(links: object) -> str:
    if not isinstance(links, Sequence):
        return ""
    listed = "".join(
        f'<li><a href="{escape(one["href"])}">{escape(one["title"])}</a> '
        f"<small>{escape(one['rel'].rsplit('/', 1)[-1])}</small></li>"
        for one in links
        if isinstance(one, Mapping)
    )
    return f"<h2>Links</h2><ul>{listed}</ul>"


def page(title: str, body: str, lang: Language, root: str) -> bytes:
    """Return a page of the OGC API; ``body`` is HTML."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}｜{HOME[lang]}</title>"
        '<link rel="stylesheet" href="/ogc.css"><link rel="icon" href="/icon.svg" type="image/svg+xml">'
        f'</head><body><header><a href="/">{HOME[lang]}</a> <a href="{escape(root)}?f=html">OGC API</a> '
        f'<a href="{escape(root)}/collections?f=html">Collections</a></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def document(title: str, told: Mapping[str, object], lang: Language, root: str) -> bytes:
    """Return a JSON document as a page."""
    body = "".join(
        f"<h2>{escape(key)}</h2>{_value(value)}"
        for key, value in told.items()
        if key not in ("links", "title")
    )
    return page(title, body + _links(told.get("links")), lang, root)


def listed(title: str, collections: Sequence[Mapping[str, object]], lang: Language, root: str) -> bytes:
    """Return the collections as a page."""
    rows = "".join(
        f'<tr><th scope="row"><a href="{escape(root)}/collections/{escape(str(one["id"]))}?f=html">'
        f"{escape(str(one['title']))}</a></th><td>{escape(str(one['id']))}</td>"
        f"<td>{escape(str(one['description']))}</td></tr>"
        for one in collections
    )
    return page(title, f"<table><tbody>{rows}</tbody></table>", lang, root)


def features(
    title: str,
    names: Sequence[str],
    told: Sequence[Mapping[str, object]],
    head: Mapping[str, object],
    lang: Language,
    root: str,
) -> bytes:
    """Return features as a table; ``head`` has the counts and links."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in ("id", *names))
    rows = []
    for one in told[:ROWS]:
        properties = one["properties"]
        values = properties if isinstance(properties, Mapping) else {}
        cells = "".join(f"<td>{_value(values.get(name))}</td>" for name in names)
        rows.append(f'<tr><th scope="row">{escape(str(one["id"]))}</th>{cells}</tr>')
    counts = f"<p>numberMatched {head['numberMatched']}, numberReturned {head['numberReturned']}</p>"
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return page(title, counts + table + _links(head["links"]), lang, root)
