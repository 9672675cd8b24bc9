"""Layers as datasets of DCAT, as harvesters read them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.http.responses import to_json
from service.memory.atlas import Atlas
from service.publish.dcat import Host, catalogue, layers

BASE = "https://chiiki.example.jp"


Node = dict[str, Any]  # JSON-LD, as a harvester parses it


def graph(atlas: Atlas, offset: int, limit: int, following: str | None = None) -> tuple[Node, Node]:
    body = to_json(catalogue(atlas, Host(BASE), offset, limit, following))
    catalog, paging = orjson.loads(body)["@graph"]
    return catalog, paging


def ids_of(atlas: Atlas) -> list[str]:
    return [one[0].indicator.id for one in layers(atlas) if one[0].indicator]


def dataset(atlas: Atlas, layer: str) -> Node:
    catalog, _ = graph(atlas, ids_of(atlas).index(layer), 1)
    (found,) = catalog["dcat:dataset"]
    return dict(found)


def test_a_layer_is_one_dataset_with_its_levels_beside_each_other(atlas: Atlas) -> None:
    of_layers = layers(atlas)
    ids = ids_of(atlas)
    assert len(set(ids)) == len(ids) == len(of_layers)
    assert [one.level for one in of_layers[ids.index("population")]] == ["prefecture", "municipality", "ward"]
    assert [one.level for one in of_layers[ids.index("total-fertility-rate")]] == ["prefecture"]


@pytest.mark.parametrize(("offset", "limit"), [(0, 2), (3, 1), (10_000, 5)])
def test_a_page_has_its_datasets_and_tells_how_many_there_are(atlas: Atlas, offset: int, limit: int) -> None:
    catalog, paging = graph(atlas, offset, limit, f"{BASE}/next" if offset == 0 else None)
    shown = layers(atlas)[offset : offset + limit]
    told = catalog["dcat:dataset"]
    assert isinstance(told, list)
    assert [one["dct:identifier"] for one in told] == [
        one[0].indicator.id for one in shown if one[0].indicator
    ]
    assert paging["hydra:totalItems"] == len(layers(atlas))
    assert paging.get("hydra:next") == ({"@id": f"{BASE}/next"} if offset == 0 else None)


def test_a_dataset_is_titled_with_its_unit_and_dated_by_its_periods(atlas: Atlas) -> None:
    found = dataset(atlas, "population")
    assert found["dct:title"] == [
        {"@language": "ja", "@value": "総人口（人）"},
        {"@language": "en", "@value": "Population (persons)"},
    ]
    newest = max(period for one in layers(atlas)[ids_of(atlas).index("population")] for period in one.periods)
    assert found["dct:temporal"] == {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@type": "xsd:date", "@value": "1975-01-01"},
        "dcat:endDate": {"@type": "xsd:date", "@value": f"{newest}-12-31"},
    }


def test_a_dataset_without_a_unit_is_titled_with_its_name_alone(atlas: Atlas) -> None:
    titles = dataset(atlas, "municipality-type")["dct:title"]
    assert titles == [
        {"@language": "ja", "@value": "市区町村の種類"},
        {"@language": "en", "@value": "Type of municipality"},
    ]


def test_every_distribution_has_an_address_and_an_id_of_its_own(atlas: Atlas) -> None:
    forms = dataset(atlas, "population")["dcat:distribution"]
    assert len({one["@id"] for one in forms}) == len(forms)
    assert len({one["dcat:accessURL"]["@id"] for one in forms}) == len(forms)
    assert f"{BASE}/v1/layers/population/download.gpkg?level=ward" in {
        one["dcat:accessURL"]["@id"] for one in forms
    }


def test_keywords_are_told_in_their_language_and_once(atlas: Atlas) -> None:
    words = dataset(atlas, "population")["dcat:keyword"]
    assert {"@language": "ja", "@value": "住民"} in words
    assert {"@language": "en", "@value": "residents"} in words
    assert len({one["@value"] for one in words}) == len(words)


def test_figures_are_dated_by_their_sources_and_the_policy_by_its_last_edit(atlas: Atlas) -> None:
    assert dataset(atlas, "population")["dct:modified"]["@type"] == "xsd:date"
    measure = next(name for name in atlas.catalogue.layers if name.startswith("deployments:"))
    assert dataset(atlas, measure)["dct:modified"]["@type"] == "xsd:dateTime"


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("", {"vcard:hasURL": {"@id": f"{BASE}/"}}),
        ("https://town.example/contact", {"vcard:hasURL": {"@id": "https://town.example/contact"}}),
        ("mailto:maps@town.example", {"vcard:hasEmail": {"@id": "mailto:maps@town.example"}}),
    ],
)
def test_a_catalogue_says_where_to_turn_to(atlas: Atlas, contact: str, told: Node) -> None:
    body = orjson.loads(to_json(catalogue(atlas, Host(BASE, contact), 0, 1, None)))
    point = body["@graph"][0]["dcat:contactPoint"]
    assert point.items() >= told.items()
    assert body["@graph"][0]["dcat:dataset"][0]["dcat:contactPoint"] == {"@id": point["@id"]}
