"""All layers as a data catalogue for harvesters: DCAT 3 with the terms of DCAT-AP 3, as JSON-LD.

The context stands in the document, so that reading it takes nothing from another host.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

from typing_extensions import TypedDict

from geo.figures.indicators import TOPICS, Indicator
from geo.files.formats import FORMATS
from geo.layers.words import credits_in_words
from geo.text import Text
from service.figures.forms import credits_of
from service.http.responses import JSON, MVT, written
from service.memory.atlas import Atlas
from service.memory.cache import digest
from service.ogc.collections import LEVEL_NAMES, Collection, collections
from service.ogc.documents import FEATURES
from service.strategy.progress import SOURCE as KPI_SOURCE

Node = dict[str, object]

#: ``@context`` and ``@graph`` are no names of Python.
Catalogue = TypedDict("Catalogue", {"@context": dict[str, str], "@graph": list[Node]})
"""The layers as DCAT 3 in JSON-LD: the catalogue and the page of it, as nodes of a graph."""

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"
LANGUAGES = [{"@id": f"{AUTHORITY}/language/{code}"} for code in ("JPN", "ENG")]
IANA = "https://www.iana.org/assignments/media-types/"
OGC_FEATURES = f"{FEATURES}1/1.0"
TILEJSON = "https://github.com/mapbox/tilejson-spec/tree/master/3.0.0"
#: The downloads that are told → what the Publications Office calls their format.
FILE_TYPES = {"geojson": "GEOJSON", "gpkg": "GPKG", "csv": "CSV", "xlsx": "XLSX"}
#: Topic → data theme of the Publications Office, by which DCAT-AP portals sort.
THEMES = {
    "population": "SOCI",
    "migration": "SOCI",
    "households": "SOCI",
    "economy": "ECON",
    "finance": "GOVE",
    "health": "HEAL",
    "living": "SOCI",
    "land": "REGI",
    "projection": "SOCI",
    "transport": "TRAN",
    "measures": "REGI",
    "progress": "GOVE",
}
TITLE: Text = {
    "ja": "chiiki 地域：地域の統計と施策",
    "en": "chiiki: regional figures and policy measures of Japan",
}
ABOUT: Text = {
    "ja": "日本の都道府県・市区町村の統計と地方創生の施策。地図の層ごとに一つのデータセット。",
    "en": "Statistics of Japan's prefectures and municipalities, and measures of regional revitalisation: "
    "a dataset for each layer of the map.",
}


def catalogue(atlas: Atlas, base: str, offset: int, limit: int, following: str | None) -> Catalogue:
    """Return the catalogue with a page of its datasets.

    Parameters
    ----------
    base : address of the service
    offset, limit : which datasets
    following : address of the page after this one, if there is one
    """
    found = layers(atlas)
    page = f"{base}/catalog.jsonld"
    shown = found[offset : offset + limit]
    catalog: Node = {
        "@id": page,
        "@type": "dcat:Catalog",
        "dct:title": _texts(TITLE),
        "dct:description": _texts(ABOUT),
        "dct:publisher": _publisher(base),
        "foaf:homepage": {"@id": f"{base}/", "@type": "foaf:Document"},
        "dct:language": LANGUAGES,
        "dcat:themeTaxonomy": _taxonomy(base),
        "dcat:service": [_ogc_service(base), _api_service(base)],
        # each is written by itself: a tree of all of them would take long to build and to take down
        "dcat:dataset": [written(_dataset(atlas, base, collected)) for collected in shown],
    }
    # "next" is of hydra:PartialCollectionView; harvesters look for it at the older hydra:PagedCollection.
    paging: Node = {
        "@id": f"{page}?offset={offset}&limit={limit}",
        "@type": ["hydra:PagedCollection", "hydra:PartialCollectionView"],
        "hydra:totalItems": len(found),
        "hydra:itemsPerPage": limit,
        **({"hydra:next": {"@id": following}} if following else {}),
    }
    return {"@context": CONTEXT, "@graph": [catalog, paging]}


def layers(atlas: Atlas) -> list[list[Collection]]:
    """Return every layer that has figures, as its collections by level."""
    of_layers = [one for one in collections(atlas) if one.indicator is not None]
    return [list(group) for _, group in groupby(of_layers, key=lambda one: one.indicator)]


def _texts(texts: Text) -> list[Node]:
    return [{"@language": lang, "@value": texts[lang]} for lang in ("ja", "en") if texts[lang]]


def _publisher(base: str) -> Node:
    name = [{"@language": "ja", "@value": "chiiki 地域"}, {"@language": "en", "@value": "chiiki"}]
    return {"@id": f"{base}/#publisher", "@type": "foaf:Agent", "foaf:name": name}


def _topic(base: str, topic: str) -> str:
    return f"{base}/catalog.jsonld#topic-{topic}"


def _taxonomy(base: str) -> Node:
    concepts = [
        {
            "@id": _topic(base, topic),
            "@type": "skos:Concept",
            "skos:prefLabel": _texts({"ja": ja, "en": en}),
            "skos:broadMatch": {"@id": f"{AUTHORITY}/data-theme/{THEMES[topic]}"},
        }
        for topic, (ja, en) in TOPICS.items()
    ]
    return {
        "@id": f"{base}/catalog.jsonld#topics",
        "@type": "skos:ConceptScheme",
        "dct:title": _texts({"ja": "分野", "en": "Topics"}),
        "skos:hasTopConcept": concepts,
    }


def _ogc_service(base: str) -> Node:
    return {
        "@id": f"{base}/ogc",
        "@type": "dcat:DataService",
        "dct:title": _texts({"ja": "OGC API（地物・タイル）", "en": "OGC API (features, tiles)"}),
        "dcat:endpointURL": {"@id": f"{base}/ogc"},
        "dcat:endpointDescription": {"@id": f"{base}/ogc/api"},
        "dct:conformsTo": {"@id": OGC_FEATURES, "@type": "dct:Standard"},
    }


def _api_service(base: str) -> Node:
    return {
        "@id": f"{base}/v1",
        "@type": "dcat:DataService",
        "dct:title": _texts({"ja": "地図と統計の API", "en": "API of maps and figures"}),
        "dcat:endpointURL": {"@id": f"{base}/v1"},
        "dcat:endpointDescription": {"@id": f"{base}/openapi.json"},
        "foaf:page": {"@id": f"{base}/docs", "@type": "foaf:Document"},
    }


def _sources(atlas: Atlas, layer: Indicator) -> list[str]:
    """Return the sources of a layer's figures in all periods."""
    if layer.topic == "measures":
        return ["deployments"]
    if layer.topic == "progress":
        return [KPI_SOURCE]
    return sorted({name for names in atlas.catalogue.sources_of(layer).values() for name in names})


def _modified(atlas: Atlas, layer: Indicator, retrieved: Sequence[dt.date]) -> Node:
    """Return when a layer last changed: the policy when it was edited, figures when they were last taken."""
    if layer.id not in atlas.catalogue.indicators:
        at = dt.datetime.fromtimestamp(atlas.changed_at("deployments", "kpi", "strategy"), dt.UTC)
        return {"dct:modified": {"@type": "xsd:dateTime", "@value": at.isoformat()}}
    if not retrieved:
        return {}
    return {"dct:modified": {"@type": "xsd:date", "@value": str(max(retrieved))}}


def _dataset(atlas: Atlas, base: str, collected: Sequence[Collection]) -> Node:
    """Return a layer as a dataset, with a distribution for each level and form."""
    first = collected[0]
    layer, vintage = first.indicator, first.vintage
    if layer is None:
        raise TypeError(f"{first.id} is no layer")
    sources = [atlas.catalogue.sources[name] for name in _sources(atlas, layer)]
    credits = credits_of(atlas, _sources(atlas, layer), vintage)
    terms = list(dict.fromkeys([*(one.licence for one in sources), vintage.licence]))
    licence: Node = {"@id": f"{base}/catalog.jsonld#licence-{digest(terms)}"}
    makers = dict.fromkeys(one.publisher for one in sources if one.publisher != "chiiki")
    topic_ja, topic_en = TOPICS[layer.topic]
    words = dict.fromkeys([*(word for word in layer.keywords.split(";") if word), topic_ja, topic_en])
    return {
        "@id": f"{base}/catalog.jsonld#{layer.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": layer.id,
        "dct:title": _texts(_titled(layer)),
        "dct:description": _texts({"ja": layer.description_ja, "en": layer.description_en}),
        "dct:publisher": {"@id": f"{base}/#publisher"},
        "dct:creator": [_maker(base, name) for name in makers],
        **_modified(atlas, layer, [one.retrieved_on for one in sources]),
        "dcat:version": atlas.revision(layer, vintage.date),
        "dct:language": LANGUAGES,
        "dcat:keyword": [{"@language": "en" if w.isascii() else "ja", "@value": w} for w in words],
        "dcat:theme": [
            {"@id": f"{AUTHORITY}/data-theme/{THEMES[layer.topic]}"},
            {"@id": _topic(base, layer.topic)},
        ],
        "dct:license": licence | {"@type": "dct:LicenseDocument", "rdfs:label": " / ".join(terms)},
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": _texts(credits_in_words(credits)),
        },
        "dct:spatial": _japan(atlas, base, first),
        "dct:temporal": _time(collected),
        "dcat:landingPage": {"@id": f"{base}/?layer={layer.id}", "@type": "foaf:Document"},
        "dcat:distribution": [
            one | {"dct:license": licence}
            for collection in collected
            for one in _distributions(base, layer, collection)
        ],
    }


def _titled(layer: Indicator) -> Text:
    unit_ja, unit_en = layer.unit_ja, layer.unit_en
    return {
        "ja": layer.name_ja + (f"（{unit_ja}）" if unit_ja else ""),
        "en": layer.name_en + (f" ({unit_en})" if unit_en else ""),
    }


def _maker(base: str, name: str) -> Node:
    return {
        "@id": f"{base}/catalog.jsonld#agent-{digest(name)}",
        "@type": "foaf:Agent",
        "foaf:name": {"@language": "ja", "@value": name},
    }


def _japan(atlas: Atlas, base: str, found: Collection) -> Node:
    west, south, east, north = atlas.gazetteer(found.vintage.date, found.level).bounds
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    ring = ", ".join(f"{longitude:.5f} {latitude:.5f}" for longitude, latitude in corners)
    return {
        "@type": "dct:Location",
        "skos:prefLabel": _texts({"ja": "日本", "en": "Japan"}),
        "dct:identifier": f"{AUTHORITY}/country/JPN",
        "dcat:bbox": {"@type": "geosparql:wktLiteral", "@value": f"POLYGON(({ring}))"},
    }


def _time(collected: Sequence[Collection]) -> Node:
    days = [one.days(period) for one in collected for period in one.periods]
    return {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": {"@type": "xsd:date", "@value": str(min(first for first, _ in days))},
        "dcat:endDate": {"@type": "xsd:date", "@value": str(max(last for _, last in days))},
    }


def _distributions(base: str, layer: Indicator, found: Collection) -> list[Node]:
    """Return the forms in which a layer at a level can be had; those of its newest period are files."""
    own, level = f"{base}/v1/layers/{layer.id}", found.level
    collection = f"{base}/ogc/collections/{found.id}"
    forms: list[tuple[str, str, str, Node]] = [
        *(_file(suffix, f"{own}/download.{suffix}?level={level}") for suffix in FILE_TYPES),
        (
            "OGC API",
            collection,
            JSON,
            {
                "dcat:accessService": {"@id": f"{base}/ogc"},
                "dct:conformsTo": {"@id": OGC_FEATURES, "@type": "dct:Standard"},
            },
        ),
        (
            "TileJSON",
            f"{own}/tiles.json?level={level}",
            MVT,
            {
                "dcat:accessService": {"@id": f"{base}/v1"},
                "dct:conformsTo": {"@id": TILEJSON, "@type": "dct:Standard"},
            },
        ),
    ]
    names = LEVEL_NAMES[level]
    return [
        {
            "@id": f"{base}/catalog.jsonld#{layer.id}-{level}-{number}",
            "@type": "dcat:Distribution",
            "dct:title": _texts({"ja": f"{form}（{names['ja']}）", "en": f"{form} ({names['en']})"}),
            "dcat:accessURL": {"@id": address},
            "dcat:mediaType": {"@id": IANA + media_type},
            **more,
        }
        for number, (form, address, media_type, more) in enumerate(forms)
    ]


def _file(suffix: str, address: str) -> tuple[str, str, str, Node]:
    told = {"@id": f"{AUTHORITY}/file-type/{FILE_TYPES[suffix]}", "@type": "dct:MediaTypeOrExtent"}
    form = FORMATS[suffix]
    return form.name, address, form.media_type, {"dcat:downloadURL": {"@id": address}, "dct:format": told}
