"""The JSON of answers in the OpenAPI document: each noun's forms, and what all nouns share.

A form is a ``TypedDict``: mypy checks what makes it, the document describes it, and nothing looks at it
while the service answers. FastAPI is told of it as a reference, never as a model to validate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from geo.text import Text

TEMPLATE = "#/components/schemas/{model}"

#: Name → form of an answer, of every route that has been read.
FORMS: dict[str, type] = {}
#: Name → form of a body that a route reads by itself.
BODIES: dict[str, type[BaseModel]] = {}


@dataclass(frozen=True)
class As:
    """Says of a value, in ``Annotated``, as which other type it is written."""

    written: object

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of what is written."""
        del source
        return handler.generate_schema(self.written)


#: A column of numbers; NaN is written as null.
Numbers = Annotated[NDArray[np.float64], As(list[float | None])]


class FeatureCollection(TypedDict):
    """The features of RFC 7946, 3.3, with members of our own beside them."""

    type: Literal["FeatureCollection"]


class ProblemType(TypedDict):
    """What a type of problem is called."""

    type: str
    title: Text


class Credited(TypedDict):
    """Where something was published."""

    title: str
    url: str


class Geometry(TypedDict):
    """A geometry in WGS 84 (RFC 7946, 3.1)."""

    type: str
    coordinates: list[object]


class Feature(TypedDict):
    """A feature of RFC 7946, 3.2."""

    type: str
    geometry: Geometry | None


def answers(*media_types: str, form: type | tuple[type, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """Return what a route gives to ``responses``: the media types of its answer, and the forms of JSON.

    Raises
    ------
    ValueError : two forms have one name
    """
    references = [{"$ref": _known(one)} for one in (form if isinstance(form, tuple) else (form,))]
    several: dict[str, Any] = {"anyOf": references}
    schema = several if len(references) > 1 else next(iter(references), {})
    content = {kind: {"schema": schema if _is_json(kind) else _bytes(kind)} for kind in media_types}
    return {200: {"content": content}}


def asks(form: type[BaseModel]) -> dict[str, Any]:
    """Return what a route that reads its body by itself gives to ``openapi_extra``: the form of that body."""
    BODIES[form.__name__] = form
    reference = {"$ref": TEMPLATE.format(model=form.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


def _known(form: type) -> str:
    """Return the reference to a form, which the document will have."""
    if FORMS.setdefault(form.__name__, form) is not form:
        raise ValueError(f"Two forms are called {form.__name__}")
    return TEMPLATE.format(model=form.__name__)


def _is_json(media_type: str) -> bool:
    """Return whether bodies of a media type are one JSON value; a sequence of them is a text."""
    return "json" in media_type and not media_type.endswith("-seq")


def _bytes(media_type: str) -> dict[str, Any]:
    is_text = media_type.startswith("text/") or media_type.endswith(("+xml", "-seq"))
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


class _Untitled(GenerateJsonSchema):
    """The schemas of pydantic without a title for each member, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas() -> dict[str, Any]:
    """Return the schema of every form, and of the forms inside them, by name."""
    asked: list[tuple[type, Literal["validation", "serialization"], TypeAdapter[object]]] = [
        (form, "serialization", TypeAdapter(form)) for form in FORMS.values()
    ]
    for form in BODIES.values():
        asked.append((form, "validation", TypeAdapter(form)))
    _, told = TypeAdapter.json_schemas(asked, schema_generator=_Untitled, ref_template=TEMPLATE)
    defined: dict[str, Any] = told["$defs"]
    return defined
