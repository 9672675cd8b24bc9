"""Pages that the service writes: templates whose values are escaped, whoever wrote them."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES = Environment(
    loader=PackageLoader("service"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def filled(template: str, **values: object) -> str:
    """Return a template of ``service/templates`` with these values."""
    return _TEMPLATES.get_template(template).render(**values)
