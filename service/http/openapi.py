"""The OpenAPI document: what FastAPI reads from the routes, and what every answer has in common.

A route that answers something else than the end of its path says declares its media types itself, with
:func:`service.http.responses.answers`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.http import forms
from service.http.forms import answers
from service.http.problems import FOR_PROGRAMS, OGC, RESAS
from service.http.problems import MEDIA_TYPE as PROBLEM
from service.http.responses import CSV, GEOJSON, HTML, JSON, MLT, MVT, PNG, SVG, TEXT

#: How a path ends → media type of its answer; the first that fits. All others answer JSON.
ENDINGS = {".csv": CSV, ".geojson": GEOJSON, ".svg": SVG, ".png": PNG, ".mvt": MVT, ".mlt": MLT, ".mmd": TEXT}

#: A value for each parameter that is required, from the shipped data: the documentation shows it.
EXAMPLES: dict[str, str | int] = {
    "area": "10201",
    "areas": "01100,13000",
    "boundary_date": "2020-10-01",
    "code": "10201",
    "collection_id": "population.municipality",
    "definition": "mlit-handbook-rural",
    "deployment": "dep-148f48a743",
    "embargo": "0123456789ab",
    "family": "births",
    "feature_id": "10201-2020",
    "figure": "taxes",
    "format": "gpkg",
    "goal": "goal-1",
    "indicator": "population",
    "kpi": "goal-1-productivity-growth",
    "layer": "population",
    "measure": "smart-cities",
    "slug": "not-found",
    "source": "census-2020",
    "style_id": "population.municipality",
    "tile_col": 28,
    "tile_matrix": 5,
    "tile_matrix_set": "WebMercatorQuad",
    "tile_row": 12,
    "url": "https://chiiki.example/?layer=population",
    "x": 28,
    "y": 12,
    "z": 5,
}
#: Where a route wants another value than all the others.
EXAMPLES_OF = {
    "/v1/correlation": {"x": "ageing-rate", "y": "birth-rate"},
    "/v1/layers/{layer}/spatial.json": {"layer": "ageing-rate"},
    "/v1/crosswalk": {"from": "2005-01-01", "to": "2020-01-01"},
    "/v1/crosswalk.csv": {"from": "2005-01-01", "to": "2020-01-01"},
    "/v1/mergers": {"prefecture": "15000"},
    "/v1/stops/departures": {"stop": "gunma-1019-maebashishi-com/S00001AGC9000020102016H001"},
    "/v1/strategy/{view}.png": {"view": "kpi"},
}

_STRING = {"type": "string"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": {
        "title": "Problem",
        "description": "What was wrong, and what is expected (RFC 9457)",
        "type": "object",
        "required": ["type", "title", "title_ja", "status", "detail"],
        "properties": {
            "type": {
                **_STRING,
                "format": "uri-reference",
                "description": "Its last part is listed in docs/api.md",
            },
            "title": _STRING,
            "title_ja": _STRING,
            "status": {"type": "integer"},
            "detail": _STRING,
            "request_id": {
                **_STRING,
                "pattern": "^[0-9a-f]{32}$",
                "description": "That of the header `X-Request-Id`, which logs have too",
            },
            "errors_total": {"type": "integer", "description": "How many `errors` there are; 100 are told"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["where", "field", "value", "expected"],
                    "properties": {"where": _STRING, "field": _STRING, "value": _STRING, "expected": _STRING},
                },
            },
        },
    },
    "ResasError": {
        "title": "ResasError",
        "description": "An error as the RESAS API wrote it",
        "type": "object",
        "required": ["statusCode", "message", "description"],
        "properties": {"statusCode": _STRING, "message": _STRING, "description": _STRING},
    },
}

REFUSED = {
    "400": "A parameter or the body is not valid",
    "401": "An API key is needed",
    "403": "The API key does not allow this",
    "404": "What is asked for does not exist",
    "413": "The body is too large",
    "422": "A parameter or the body is not valid",
    "429": "More was asked for than is answered in a minute",
    "503": "The database cannot be reached, or the service is starting or full",
}


def _refusals(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    """Give the statuses an operation can refuse with."""
    if "pages" not in operation["tags"] or operation.get("parameters"):
        yield "400" if path.startswith((OGC, RESAS)) else "422"
        yield "404"
    if operation.get("security"):
        yield from ("401", "403")
    if method in ("post", "put"):
        yield "413"
    yield from ("429", "503")


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Write the answers of one operation into it."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("required"):
            parameter["example"] = {**EXAMPLES, **EXAMPLES_OF.get(path, {})}[parameter["name"]]
    told = operation["responses"]
    told.pop("422", None)  # FastAPI's own shape of a refusal, which no client of this service sees
    success = told.get("200")
    if success is not None and "content" not in success:
        ending = next((kind for end, kind in ENDINGS.items() if path.endswith(end)), JSON)
        success["content"] = answers(ending)[200]["content"]
    if "operation" in operation["tags"]:
        return
    if method == "get" and not operation.get("security"):
        told["304"] = {"description": "What the client has (If-None-Match) is still current"}
    is_resas = path.startswith(RESAS)
    shape = {"$ref": f"#/components/schemas/{'ResasError' if is_resas else 'Problem'}"}
    for status in _refusals(path, method, operation):
        told.setdefault(status, {"description": REFUSED[status]})
    for status, answered in told.items():
        if status >= "400":
            content = {JSON if is_resas else PROBLEM: {"schema": shape}}
            page = {} if path.startswith((FOR_PROGRAMS, RESAS)) else answers(HTML)[200]["content"]
            answered.setdefault("content", content | page)


class Api(FastAPI):
    """FastAPI with the answers of every operation in its document."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of the service."""
        told = super().openapi()
        schemas = told["components"]["schemas"]
        if SCHEMAS.keys() <= schemas.keys():
            return told  # FastAPI keeps it
        for path, methods in told["paths"].items():
            for method, operation in methods.items():
                _complete(path, method, operation)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas |= SCHEMAS | forms.schemas()
        return told
