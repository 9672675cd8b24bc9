"""Pages that the service writes: templates whose values are escaped, whoever wrote them."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from geo.text import Language, by_language

_TEMPLATES = Environment(
    loader=PackageLoader("service"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def in_language(words: object, lang: Language) -> Markup:
    """Return a text as HTML in which Japanese words say that they are, on a page in another language."""
    if lang == "ja":
        return escape(words)
    parts = (
        escape(part) if language is None else Markup('<span lang="{}">{}</span>').format(language, part)
        for part, language in by_language(str(words))
    )
    return Markup("").join(parts)


_TEMPLATES.filters["in_language"] = in_language


def filled(template: str, **values: object) -> str:
    """Return a template of ``service/templates`` with these values."""
    return _TEMPLATES.get_template(template).render(**values)
