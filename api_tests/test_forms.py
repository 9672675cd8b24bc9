"""The schemas of the OpenAPI document are those of the answers: each has one, and real answers fit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.app import create_api
from service.http import auth
from service.resas.routes import EMPTY_LISTS
from service.settings import Settings
from service.tests.databases import Database

#: Path of the document → addresses whose answers are compared with it; the first answers 200.
ASKED = {
    "/healthz": ["/healthz"],
    "/readyz": ["/readyz"],
    "/problems/{slug}": ["/problems/not-found"],
    "/catalog.jsonld": ["/catalog.jsonld?limit=3"],
    "/v1/areas": ["/v1/areas?q=前橋", "/v1/areas?q=浜北", "/v1/areas?level=ward&limit=3"],
    "/v1/areas.geojson": ["/v1/areas.geojson?parent=10000&detail=low"],
    "/v1/areas/{code}": ["/v1/areas/01100", "/v1/areas/10000", "/v1/areas/99999"],
    "/v1/areas/{code}/history": [
        "/v1/areas/22130/history",
        "/v1/areas/19341/history",
        "/v1/areas/10000/history",
    ],
    "/v1/crosswalk": [
        "/v1/crosswalk?from=2005-01-01&to=2010-03-29&prefecture=19000",
        "/v1/crosswalk?from=2024-06-01&to=2005-04-01&prefecture=22000&estimate=population&areas=all",
    ],
    "/v1/mergers": ["/v1/mergers?prefecture=19000"],
    "/v1/areas/{code}/neighbours": ["/v1/areas/10201/neighbours?limit=3"],
    "/v1/areas/{code}/peers": ["/v1/areas/10201/peers?k=3"],
    "/v1/areas/{code}/profile": ["/v1/areas/10201/profile", "/v1/areas/10000/profile"],
    "/v1/vintages": ["/v1/vintages"],
    "/v1/region-sets": ["/v1/region-sets"],
    "/v1/indicators": ["/v1/indicators?limit=5"],
    "/v1/indicators/{indicator}": ["/v1/indicators/ageing-rate"],
    "/v1/layers": ["/v1/layers?q=人口&limit=5", "/v1/layers?id=population&id=nothing", "/v1/layers?limit=0"],
    "/v1/layers/{layer}": ["/v1/layers/population", "/v1/layers/deployments:smart-cities"],
    "/v1/layers/{layer}/change": [
        "/v1/layers/population/change?from=2015&to=2020",
        "/v1/layers/population/change?from=2020&to=2015",
    ],
    "/v1/layers/{layer}/spatial.json": [
        "/v1/layers/ageing-rate/spatial.json?level=prefecture",
        "/v1/layers/population/spatial.json",
    ],
    "/v1/correlation": [
        "/v1/correlation?x=ageing-rate&y=birth-rate&level=prefecture",
        "/v1/correlation?x=ageing-rate&y=ageing-rate&x_period=2015&y_period=2020",
    ],
    "/v1/sources": ["/v1/sources"],
    "/v1/palettes": ["/v1/palettes"],
    "/v1/series": [
        "/v1/series?indicator=population&areas=10201,tokyo-area",
        "/v1/series?indicator=ageing-rate&areas=10201&as_of=2020-01-01",
    ],
    "/v1/changes": ["/v1/changes?limit=3"],
    "/v1/layers/{layer}/legend.json": [
        "/v1/layers/population/legend.json",
        "/v1/layers/deployments:smart-cities/legend.json",
        "/v1/layers/population/legend.json?k=99",
    ],
    "/v1/layers/{layer}/values.json": ["/v1/layers/population/values.json?level=ward"],
    "/v1/layers/{layer}/periods.json": ["/v1/layers/population/periods.json?level=prefecture"],
    "/v1/layers/{layer}/summary.json": [
        "/v1/layers/population/summary.json",
        "/v1/layers/deployments:smart-cities/summary.json",
    ],
    "/v1/layers/{layer}/ranking.json": ["/v1/layers/population/ranking.json?limit=3"],
    "/v1/layers/{layer}/statistics.json": ["/v1/layers/population/statistics.json?parent=10000"],
    "/v1/layers/{layer}/tiles.json": ["/v1/layers/population/tiles.json"],
    "/v1/layers/{layer}/style.json": ["/v1/layers/population/style.json"],
    "/v1/layers/{layer}/areas.geojson": [
        "/v1/layers/population/areas.geojson?parent=10000&detail=low",
        "/v1/layers/deployments:smart-cities/areas.geojson?parent=10000&detail=low",
    ],
    "/v1/layers/{layer}/download.{format}": [
        "/v1/layers/population/download.geojson?parent=10000",
        "/v1/layers/population/download.topojson?parent=10000",
    ],
    "/v1/families/{family}": ["/v1/families/births", "/v1/families/transport-gaps"],
    "/v1/search": [
        "/v1/search?q=長野県 スマートシティ",
        "/v1/search?q=清水",
        "/v1/search?q=松本駅",
        "/v1/search?q=380-0803",
    ],
    "/v1/goals": ["/v1/goals"],
    "/v1/goals/{goal}": ["/v1/goals/goal-1"],
    "/v1/measures": ["/v1/measures"],
    "/v1/measures/{measure}": ["/v1/measures/smart-cities"],
    "/v1/measures/{measure}/candidates": ["/v1/measures/smart-cities/candidates?limit=3"],
    "/v1/measures/{measure}/deployments.geojson": [
        "/v1/measures/smart-cities/deployments.geojson?detail=low"
    ],
    "/v1/measures/{measure}/effect": ["/v1/measures/smart-cities/effect"],
    "/v1/logic-model.json": ["/v1/logic-model.json?area=10201"],
    "/v1/roadmap": ["/v1/roadmap"],
    "/v1/kpis": ["/v1/kpis"],
    "/v1/kpis/{kpi}": ["/v1/kpis/goal-1-gpp-growth"],
    "/v1/kpis/{kpi}/progress": [
        "/v1/kpis/goal-1-productivity-growth/progress",
        "/v1/kpis/ccrc-sites/progress",
    ],
    "/v1/deployments": ["/v1/deployments?limit=50"],
    "/v1/deployments.geojson": ["/v1/deployments.geojson?measure=smart-cities&detail=low"],
    "/v1/deployments/{deployment}": ["/v1/deployments/dep-148f48a743"],
    "/v1/deployments/{deployment}/history": ["/v1/deployments/dep-148f48a743/history"],
    "/v1/transport-gap": ["/v1/transport-gap"],
    "/v1/transport-gap/{definition}/bands": ["/v1/transport-gap/mlit-handbook-rural/bands?area=10201"],
    "/v1/transport-gap/{definition}/clusters": ["/v1/transport-gap/mlit-handbook-rural/clusters?area=10201"],
    "/v1/transport-gap/{definition}/cells.geojson": [
        "/v1/transport-gap/mlit-handbook-rural/cells.geojson?area=10201"
    ],
    "/v1/transport-gap/{definition}/gap.geojson": [
        "/v1/transport-gap/mlit-handbook-rural/gap.geojson?area=10201"
    ],
    "/v1/stops.geojson": ["/v1/stops.geojson?area=10201"],
    "/v1/stops/departures": [
        "/v1/stops/departures?stop=gunma-1019-maebashishi-com/S00001AGC9000020102016H001",
        "/v1/stops/departures?stop=n02-25/n02-8190",
    ],
    "/ogc": ["/ogc"],
    "/ogc/api": ["/ogc/api"],
    "/ogc/conformance": ["/ogc/conformance"],
    "/ogc/tileMatrixSets": ["/ogc/tileMatrixSets"],
    "/ogc/tileMatrixSets/{tile_matrix_set}": ["/ogc/tileMatrixSets/WebMercatorQuad"],
    "/ogc/collections": ["/ogc/collections?limit=20"],
    "/ogc/collections/{collection_id}": ["/ogc/collections/population.municipality"],
    "/ogc/collections/{collection_id}/items": ["/ogc/collections/population.municipality/items?limit=2"],
    "/ogc/collections/{collection_id}/items/{feature_id}": [
        "/ogc/collections/population.municipality/items/10201-2020"
    ],
    "/ogc/collections/{collection_id}/schema": ["/ogc/collections/population.municipality/schema"],
    "/ogc/collections/{collection_id}/queryables": ["/ogc/collections/population.municipality/queryables"],
    "/ogc/collections/{collection_id}/styles": ["/ogc/collections/population.municipality/styles"],
    "/ogc/collections/{collection_id}/styles/default": [
        "/ogc/collections/population.municipality/styles/default"
    ],
    "/ogc/collections/{collection_id}/tiles": ["/ogc/collections/population.municipality/tiles"],
    "/ogc/collections/{collection_id}/map/tiles": ["/ogc/collections/population.municipality/map/tiles"],
    "/ogc/collections/{collection_id}/map/tiles/{tile_matrix_set}": [
        "/ogc/collections/population.municipality/map/tiles/WebMercatorQuad"
    ],
    "/ogc/collections/{collection_id}/tiles/{tile_matrix_set}": [
        "/ogc/collections/population.municipality/tiles/WebMercatorQuad"
    ],
    "/ogc/collections/{collection_id}/schemas/feature": [
        "/ogc/collections/population.municipality/schemas/feature"
    ],
    "/ogc/tiles": ["/ogc/tiles"],
    "/ogc/map/tiles": ["/ogc/map/tiles"],
    "/ogc/tiles/{tile_matrix_set}": [
        "/ogc/tiles/WebMercatorQuad?collections=population.prefecture,ageing-rate.prefecture"
    ],
    "/ogc/map/tiles/{tile_matrix_set}": ["/ogc/map/tiles/WebMercatorQuad"],
    "/ogc/styles": ["/ogc/styles"],
    "/ogc/styles/{style_id}": ["/ogc/styles/population.municipality"],
    "/resas/api/v1/prefectures": ["/resas/api/v1/prefectures"],
    "/resas/api/v1/cities": ["/resas/api/v1/cities?prefCode=10", "/resas/api/v1/cities?prefCode=99"],
    "/resas/api/v1/population/composition/perYear": [
        "/resas/api/v1/population/composition/perYear?prefCode=10&cityCode=10201"
    ],
    "/resas/api/v1/population/composition/pyramid": [
        "/resas/api/v1/population/composition/pyramid?prefCode=10&cityCode=10201&yearLeft=2015&yearRight=2045"
    ],
    "/resas/api/v1/municipality/{figure}/perYear": [
        "/resas/api/v1/municipality/plant/perYear?prefCode=10&cityCode=10201&sicCode=-&simcCode=-",
        "/resas/api/v1/municipality/wages/perYear?prefCode=10&sicCode=-&simcCode=-",
    ],
    "/resas/api/v1/population/sum/perYear": [
        "/resas/api/v1/population/sum/perYear?prefCode=10&cityCode=10201"
    ],
    "/resas/api/v1/population/sum/estimate": [
        "/resas/api/v1/population/sum/estimate?prefCode=10&cityCode=10201"
    ],
    "/resas/api/v1/population/future/cities": [
        "/resas/api/v1/population/future/cities?prefCode=10&year=2045"
    ],
    "/resas/api/v1/industries/broad": ["/resas/api/v1/industries/broad"],
    "/resas/api/v1/industries/middle": ["/resas/api/v1/industries/middle?sicCode=E"],
    **{f"/resas/api/v1/{path}": [f"/resas/api/v1/{path}"] for path in EMPTY_LISTS},
    "/oembed": ["/oembed?url={here}/?layer=population"],
}


#: Asked for by a test of their own, with a key.
WITH_KEY = {"/v1/embargoes"}


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    """The OpenAPI document of the service."""
    return create_api(Settings()).openapi()


def _at(node: object, *names: str) -> dict[str, object]:
    for name in names:
        assert isinstance(node, dict)
        node = node[name]
    assert isinstance(node, dict)
    return node


def _closed(node: object) -> object:
    """Return a schema whose objects have no member but those it names, where it names any."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    closed = {name: _closed(value) for name, value in node.items()}
    is_described = closed.get("type") == "object" and isinstance(closed.get("properties"), dict)
    return {"additionalProperties": False, **closed} if is_described else closed


def _faults(document: dict[str, object], path: str, method: str, told: httpx.Response) -> list[str]:
    """Return where an answer is other than the document says of it."""
    kind = told.headers["content-type"]
    described = _at(document, "paths", path, method, "responses", str(told.status_code), "content", kind)
    closed = _closed({"components": document["components"], **_at(described, "schema")})
    assert isinstance(closed, Mapping)
    faults = OAS31Validator(closed).iter_errors(told.json())
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in faults][:5]


def _json_answers(document: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Give the place and the content of every answer in JSON."""
    for path, methods in _at(document, "paths").items():
        for method, operation in _at(methods).items():
            for status, answer in _at(operation, "responses").items():
                for kind, content in _at({"content": {}} | _at(answer), "content").items():
                    if "json" in kind:
                        yield f"{method} {path} {status} {kind}", _at(content)


def test_every_json_answer_has_a_schema(document: dict[str, object]) -> None:
    without = [place for place, content in _json_answers(document) if not content.get("schema")]
    assert without == [], "these routes lack responses=answers(…, form=…)"


def test_every_json_answer_is_asked_for(document: dict[str, object]) -> None:
    answers = (place.split() for place, _ in _json_answers(document))
    paths = {path for method, path, status, *_ in answers if (method, status) == ("get", "200")}
    assert paths - ASKED.keys() - WITH_KEY == set(), "ASKED lacks an address of each of these routes"


def test_the_document_is_valid_openapi(document: dict[str, object]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_no_answer_passes_through_a_model() -> None:
    """A response model would be validated and serialised for every request; forms are told of, no more."""
    routes = [
        one for one in iter_route_contexts(create_api(Settings()).routes) if hasattr(one, "response_model")
    ]
    assert len(routes) > 100
    assert [one.path_format for one in routes if one.response_model is not None] == []


@pytest.mark.parametrize("path", ASKED)
def test_answers_are_as_the_document_says(
    client: httpx.Client, document: dict[str, object], path: str
) -> None:
    for number, address in enumerate(ASKED[path]):
        told = client.get(address.format(here=client.base_url))
        assert told.status_code == 200 or number, address
        assert _faults(document, path, "get", told) == [], address


def test_what_is_held_is_told_as_the_document_says(
    client: httpx.Client, database: Database, document: dict[str, object]
) -> None:
    with database.begin() as conn:
        key = {"X-API-Key": auth.create_key(conn, "forms", ["write"], None, "tests")}
    path = "/v1/indicators/{indicator}/observations"
    address = path.format(indicator="libraries") + "?source=ssdse-a-2026&boundary_date=2024-10-01"
    rows = [{"indicator": "libraries", "area_code": "10201", "period": "2040", "value": 7}]
    for further in ("&dry_run=true", "&embargo=2028-12-25T08:50Z"):
        answer = client.put(address + further, json=rows, headers=key)
        assert _faults(document, path, "put", answer) == []
    told = client.get("/v1/embargoes", headers=key)
    assert _faults(document, "/v1/embargoes", "get", told) == []
    (held,) = told.json()["embargoes"]
    assert held == answer.json()["embargo"]
    assert client.delete(f"/v1/embargoes/{held['id']}", headers=key).status_code == 204


def test_what_is_sent_is_answered_as_the_document_says(
    client: httpx.Client, document: dict[str, object]
) -> None:
    asked = {"definition": "mlit-handbook-rural", "area": "10201", "least_departures": 30}
    gap = client.post("/v1/transport-gap/scenario", json=asked)
    assert _faults(document, "/v1/transport-gap/scenario", "post", gap) == []
    table = b"code,visitors\n10201,12\n99999,3\n"
    joined = client.post("/ogc/joins?detail=low", content=table, headers={"Content-Type": "text/csv"})
    assert len(joined.json()["unmatched"]) == 1
    assert _faults(document, "/ogc/joins", "post", joined) == []


def test_a_member_that_the_document_does_not_name_is_a_fault(document: dict[str, object]) -> None:
    told = httpx.Response(200, json={"status": "ok", "more": 1}, headers={"content-type": "application/json"})
    assert len(_faults(document, "/healthz", "get", told)) == 1
