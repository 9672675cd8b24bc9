"""The catalogue as harvesters read it: parsed as RDF, its addresses asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

# rdflib's own reader of JSON-LD still uses it
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

ADDRESS = "/catalog.jsonld"
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
IANA = "https://www.iana.org/assignments/media-types/"


def parsed(client: httpx.Client, address: str = ADDRESS) -> Graph:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/ld+json"
    return Graph().parse(data=answer.text, format="json-ld")


def pages(client: httpx.Client, address: str = ADDRESS) -> Iterator[Graph]:
    """Give the pages of the catalogue, each found by the link of the one before."""
    while address:
        page = parsed(client, address)
        yield page
        (paging,) = page.subjects(RDF.type, HYDRA.PagedCollection)
        address = str(page.value(paging, HYDRA.next) or "")


@pytest.fixture(scope="module")
def graph(client: httpx.Client) -> Graph:
    """All pages of the catalogue, as a harvester joins them."""
    joined = Graph()
    for page in pages(client):
        joined += page
    return joined


@pytest.fixture(scope="module")
def datasets(graph: Graph) -> dict[str, Node]:
    return {str(graph.value(one, DCTERMS.identifier)): one for one in graph.subjects(RDF.type, DCAT.Dataset)}


def languages(graph: Graph, subject: Node, term: URIRef) -> set[str | None]:
    return {one.language for one in graph.objects(subject, term) if isinstance(one, Literal)}


def test_every_layer_with_figures_is_a_dataset_of_the_one_catalogue(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client
) -> None:
    layers = client.get("/v1/layers").json()["layers"]
    told: list[str] = []
    address = ADDRESS
    while address:
        catalog, paging = client.get(address).json()["@graph"]
        told += [one["dct:identifier"] for one in catalog["dcat:dataset"]]
        address = paging.get("hydra:next", {}).get("@id", "")
    assert sorted(told) == sorted(one["id"] for one in layers if one["levels"])
    assert datasets.keys() == set(told)  # read as RDF
    (catalog,) = graph.subjects(RDF.type, DCAT.Catalog)
    assert set(graph.objects(catalog, DCAT.dataset)) == set(datasets.values())


def test_every_dataset_has_title_description_and_keywords_in_japanese_and_english(
    graph: Graph, datasets: dict[str, Node]
) -> None:
    for dataset in datasets.values():
        for term in (DCTERMS.title, DCTERMS.description, DCAT.keyword):
            assert languages(graph, dataset, term) == {"ja", "en"}, (dataset, term)


@pytest.mark.parametrize(
    ("layer", "ja", "en"),
    [
        # 30,358 nurseries of 2022 did not become 23,726
        (
            "nurseries",
            "2023年（令和5年）以降は、それより前と比べられません。",
            "Figures from 2023 on are not to be",
        ),
        (
            "transport-gap:mlit-handbook-rural",
            "日本中央バス、永井運輸の停留所は含まれません。",
            "Without the stops of Nihon Chuo Bus, Nagai Unyu.",
        ),
    ],
)
def test_a_dataset_and_its_collection_say_what_to_know_before_figures_are_used(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client, layer: str, ja: str, en: str
) -> None:
    texts = {
        one.language: str(one)
        for one in graph.objects(datasets[layer], DCTERMS.description)
        if isinstance(one, Literal)
    }
    assert ja in texts["ja"]
    assert en in texts["en"]
    address = f"/ogc/collections/{layer}.municipality"
    for lang, words in (("ja", ja), ("en", en)):
        told = client.get(address, headers={"Accept-Language": lang, "Accept": "application/json"})
        assert words in told.json()["description"]


def test_every_dataset_has_publisher_licence_credit_theme_place_and_time(
    graph: Graph, datasets: dict[str, Node]
) -> None:
    for dataset in datasets.values():
        publisher = graph.value(dataset, DCTERMS.publisher)
        assert publisher is not None
        assert graph.value(publisher, FOAF.name) is not None
        licence = graph.value(dataset, DCTERMS.license)
        assert (licence, RDF.type, DCTERMS.LicenseDocument) in graph
        assert "CC BY 4.0" in str(graph.value(licence, RDFS.label))
        credit = graph.value(dataset, DCTERMS.provenance)
        assert credit is not None
        assert languages(graph, credit, RDFS.label) == {"ja", "en"}
        assert any("/data-theme/" in str(theme) for theme in graph.objects(dataset, DCAT.theme))
        bbox = graph.value(graph.value(dataset, DCTERMS.spatial), DCAT.bbox)
        assert str(bbox).startswith("POLYGON((122.9")
        assert graph.value(graph.value(dataset, DCTERMS.temporal), DCAT.startDate) is not None


def test_all_that_dcat_ap_recommends_is_told(graph: Graph, datasets: dict[str, Node]) -> None:
    """DCAT-AP 3.0, the properties that are mandatory or recommended, class by class."""
    (catalog,) = graph.subjects(RDF.type, DCAT.Catalog)
    dated = (DCTERMS.issued, DCTERMS.modified)
    of_catalog = (DCTERMS.license, DCTERMS.spatial, FOAF.homepage, DCTERMS.language, DCAT.themeTaxonomy)
    for term in (*of_catalog, *dated, DCTERMS.publisher, DCAT.service, DCAT.contactPoint):
        assert graph.value(catalog, term) is not None, term
    point = graph.value(catalog, DCAT.contactPoint)
    assert (point, RDF.type, VCARD.Organization) in graph
    assert graph.value(point, VCARD.fn) is not None
    assert isinstance(graph.value(point, VCARD.hasURL), URIRef)
    for service in graph.objects(catalog, DCAT.service):
        described = (DCTERMS.title, DCTERMS.description, DCTERMS.license, DCTERMS.accessRights)
        for term in (*described, DCAT.endpointURL, DCAT.endpointDescription, DCTERMS.publisher):
            assert graph.value(service, term) is not None, (service, term)
        assert graph.value(service, DCAT.contactPoint) == point
    availability = URIRef("http://data.europa.eu/r5r/availability")
    for name, dataset in datasets.items():
        assert graph.value(dataset, DCAT.contactPoint) == point
        for one in graph.objects(dataset, DCAT.distribution):
            assert languages(graph, one, DCTERMS.description) == {"ja", "en"}, name
            assert "/planned-availability/" in str(graph.value(one, availability))
            assert "/file-type/" in str(graph.value(one, DCTERMS.format))
            assert graph.value(one, DCTERMS.license) is not None
            assert graph.value(one, DCTERMS.modified) == graph.value(dataset, DCTERMS.modified)
        issued, modified = (graph.value(dataset, term) for term in dated)
        assert issued is None or str(issued) <= str(modified), name


def test_the_licence_of_figures_from_several_sources_names_the_terms_of_each(
    graph: Graph, datasets: dict[str, Node]
) -> None:
    label = str(graph.value(graph.value(datasets["ageing-rate"], DCTERMS.license), RDFS.label))
    assert "CC BY 4.0" in label
    assert "公表者の利用条件による" in label


def test_a_fiscal_year_lasts_until_march(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client
) -> None:
    layers = {one["id"]: one for one in client.get("/v1/layers").json()["layers"]}
    measure = layers["deployments:smart-cities"]
    time = graph.value(datasets[measure["id"]], DCTERMS.temporal)
    first, last = measure["periods"][0], int(measure["periods"][-1])
    assert graph.value(time, DCAT.startDate) == Literal(f"{first}-04-01", datatype=XSD.date)
    assert graph.value(time, DCAT.endDate) == Literal(f"{last + 1}-03-31", datatype=XSD.date)


def test_a_dataset_was_modified_when_the_newest_of_its_figures_were_taken(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client
) -> None:
    sources = client.get("/v1/indicators/population").json()["sources"]
    newest = max(one["retrieved_on"] for one in sources)
    assert graph.value(datasets["population"], DCTERMS.modified) == Literal(newest, datatype=XSD.date)
    edited = graph.value(datasets["deployments:smart-cities"], DCTERMS.modified)
    assert isinstance(edited, Literal)
    assert isinstance(edited.value, dt.datetime)


def test_every_dataset_has_its_forms_at_every_level_under_its_licence(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client
) -> None:
    layers = {one["id"]: one for one in client.get("/v1/layers").json()["layers"]}
    for name, dataset in datasets.items():
        found = list(graph.objects(dataset, DCAT.distribution))
        assert len(found) == 6 * len(layers[name]["levels"]), name
        for one in found:
            assert isinstance(graph.value(one, DCAT.accessURL), URIRef)
            assert graph.value(one, DCTERMS.license) == graph.value(dataset, DCTERMS.license)


@pytest.mark.parametrize("layer", ["population", "deployments:smart-cities"])
def test_what_a_dataset_hands_out_is_there_in_the_form_it_names(
    graph: Graph, datasets: dict[str, Node], client: httpx.Client, layer: str
) -> None:
    forms = {}
    for one in graph.objects(datasets[layer], DCAT.distribution):
        media_type = str(graph.value(one, DCAT.mediaType)).removeprefix(IANA)
        answer = client.get(str(graph.value(one, DCAT.accessURL)))
        assert answer.status_code == 200
        download = graph.value(one, DCAT.downloadURL)
        if download is not None:
            assert answer.headers["Content-Type"].partition(";")[0] == media_type
        forms[media_type] = answer
    assert {"application/geo+json", "text/csv", "application/json"} < forms.keys()
    assert "{z}/{x}/{y}.mvt" in forms["application/vnd.mapbox-vector-tile"].json()["tiles"][0]
    landing = client.get(str(graph.value(datasets[layer], DCAT.landingPage)))
    assert landing.headers["Content-Type"].startswith("text/html")


def test_its_pages_joined_by_their_links_hold_every_dataset_once(
    datasets: dict[str, Node], client: httpx.Client
) -> None:
    """By its JSON; as RDF they are joined for all tests here."""
    address, found, read = f"{ADDRESS}?limit=100", [], 0
    while address:
        catalog, paging = client.get(address).json()["@graph"]
        found += [one["@id"] for one in catalog["dcat:dataset"]]
        assert paging["hydra:totalItems"] == len(datasets)
        address, read = paging.get("hydra:next", {}).get("@id", ""), read + 1
    assert len(found) == len(set(found))
    assert set(found) == {str(one) for one in datasets.values()}
    assert read == -(-len(datasets) // 100)


def test_its_context_is_in_the_document(client: httpx.Client) -> None:
    context = client.get(ADDRESS).json()["@context"]
    assert all(address.endswith(("#", "/")) for address in context.values())


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "offset=-1", "page=2"])
def test_a_page_that_cannot_be_is_a_problem(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_it_is_linked_from_the_explorer_and_the_landing_page(client: httpx.Client) -> None:
    page = client.get("/").text
    address = client.base_url.join(ADDRESS)
    assert f'<link rel="alternate" type="application/ld+json" href="{address}"' in page
    links = client.get("/ogc").json()["links"]
    (link,) = [one for one in links if one["rel"] == "service-meta"]
    assert link["type"] == "application/ld+json"
    assert client.get(link["href"]).status_code == 200
