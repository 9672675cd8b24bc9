"""All layers as a data catalogue for harvesters: DCAT 3 with the terms of DCAT-AP 3, as JSON-LD.

The context stands in the document, so that reading it takes nothing from another host.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from typing_extensions import TypedDict

from geo.figures.indicators import TOPICS, Indicator
from geo.files.formats import FORMATS
from geo.layers.words import credits_in_words
from geo.text import Text
from service.figures.forms import credits_of
from service.http.responses import JSON, MVT, written
from service.layers.forms import reservations
from service.memory.atlas import Atlas
from service.memory.cache import digest
from service.ogc.collections import LEVEL_NAMES, Collection, collections
from service.ogc.documents import ABOUT as ABOUT_OGC
from service.ogc.documents import FEATURES
from service.strategy.progress import SOURCE as KPI_SOURCE

Node = dict[str, object]

#: ``@context`` and ``@graph`` are no names of Python.
Catalogue = TypedDict("Catalogue", {"@context": dict[str, str], "@graph": list[Node]})
"""The layers as DCAT 3 in JSON-LD: the catalogue and the page of it, as nodes of a graph."""

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geosparql": "http://www.opengis.net/ont/geosparql#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"
#: That what is told here stays (DCAT-AP 3, planned availability).
STABLE = {"@id": f"{AUTHORITY}/planned-availability/STABLE"}
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
    "work": "SOCI",
    "finance": "GOVE",
    "health": "HEAL",
    "education": "EDUC",
    "living": "SOCI",
    "budget": "ECON",
    "safety": "JUST",
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


@dataclass(frozen=True)
class Host:
    """The service as a catalogue names it.

    Attributes
    ----------
    base : its address
    contact : of who runs it, ``mailto:`` or a page; the service's own address where there is none
    """

    base: str
    contact: str = ""

    @property
    def point(self) -> Node:
        """Where to turn to."""
        is_mail = self.contact.startswith("mailto:")
        return {
            "@id": f"{self.base}/#contact",
            "@type": "vcard:Organization",
            "vcard:fn": "chiiki 地域",
            "vcard:hasEmail" if is_mail else "vcard:hasURL": {"@id": self.contact or f"{self.base}/"},
        }


def catalogue(atlas: Atlas, host: Host, offset: int, limit: int, following: str | None) -> Catalogue:
    """Return the catalogue with a page of its datasets.

    Parameters
    ----------
    offset, limit : which datasets
    following : address of the page after this one, if there is one
    """
    base = host.base
    found = layers(atlas)
    page = f"{base}/catalog.jsonld"
    shown = found[offset : offset + limit]
    catalog: Node = {
        "@id": page,
        "@type": "dcat:Catalog",
        "dct:title": _texts(TITLE),
        "dct:description": _texts(ABOUT),
        "dct:publisher": _publisher(base),
        "dcat:contactPoint": host.point,
        **_changed(atlas),
        "dct:license": _licence(base, _terms(atlas)),
        "dct:spatial": _japan(atlas, base, found[0][0]) if found else [],
        "foaf:homepage": {"@id": f"{base}/", "@type": "foaf:Document"},
        "dct:language": LANGUAGES,
        "dcat:themeTaxonomy": _taxonomy(base),
        "dcat:service": [one | _of_services(base, atlas) for one in (_ogc_service(base), _api_service(base))],
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


def _terms(atlas: Atlas) -> list[str]:
    """Return the terms of use of all figures and boundaries."""
    figures = (one.licence for one in atlas.catalogue.sources.values())
    return list(dict.fromkeys([*figures, *(one.licence for one in atlas.catalogue.vintages.values())]))


def _licence(base: str, terms: Sequence[str]) -> Node:
    return {
        "@id": f"{base}/catalog.jsonld#licence-{digest(terms)}",
        "@type": "dct:LicenseDocument",
        "rdfs:label": " / ".join(terms),
    }


def _changed(atlas: Atlas) -> Node:
    """Return when the catalogue began and when anything in it changed last."""
    first = min((one.retrieved_on for one in atlas.catalogue.sources.values()), default=None)
    kinds = {subject.partition(":")[0] for subject in atlas.catalogue.numbers}
    at = dt.datetime.fromtimestamp(atlas.changed_at(*kinds), dt.UTC)
    return {
        **({"dct:issued": _date(first)} if first else {}),
        "dct:modified": {"@type": "xsd:dateTime", "@value": at.isoformat()},
    }


def _date(day: dt.date) -> Node:
    return {"@type": "xsd:date", "@value": str(day)}


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


def _of_services(base: str, atlas: Atlas) -> Node:
    """Return what both services have in common."""
    return {
        "dct:publisher": {"@id": f"{base}/#publisher"},
        "dcat:contactPoint": {"@id": f"{base}/#contact"},
        "dct:license": {"@id": _licence(base, _terms(atlas))["@id"]},
        "dct:accessRights": {"@id": f"{AUTHORITY}/access-right/PUBLIC"},
        "dcatap:availability": STABLE,
    }


def _ogc_service(base: str) -> Node:
    return {
        "@id": f"{base}/ogc",
        "@type": "dcat:DataService",
        "dct:title": _texts({"ja": "OGC API（地物・タイル）", "en": "OGC API (features, tiles)"}),
        "dct:description": _texts(ABOUT_OGC),
        "dcat:endpointURL": {"@id": f"{base}/ogc"},
        "dcat:endpointDescription": {"@id": f"{base}/ogc/api"},
        "dct:conformsTo": {"@id": OGC_FEATURES, "@type": "dct:Standard"},
    }


def _api_service(base: str) -> Node:
    return {
        "@id": f"{base}/v1",
        "@type": "dcat:DataService",
        "dct:title": _texts({"ja": "地図と統計の API", "en": "API of maps and figures"}),
        "dct:description": _texts(ABOUT),
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


def _dates(atlas: Atlas, layer: Indicator, retrieved: Sequence[dt.date]) -> Node:
    """Return when a layer came and last changed: the policy when edited, figures when they were taken."""
    if layer.id not in atlas.catalogue.indicators:
        at = dt.datetime.fromtimestamp(atlas.changed_at("deployments", "kpi", "strategy"), dt.UTC)
        return {"dct:modified": {"@type": "xsd:dateTime", "@value": at.isoformat()}}
    if not retrieved:
        return {}
    return {"dct:issued": _date(min(retrieved)), "dct:modified": _date(max(retrieved))}


def _dataset(atlas: Atlas, base: str, collected: Sequence[Collection]) -> Node:
    """Return a layer as a dataset, with a distribution for each level and form."""
    first = collected[0]
    layer, vintage = first.indicator, first.vintage
    if layer is None:
        raise TypeError(f"{first.id} is no layer")
    sources = [atlas.catalogue.sources[name] for name in _sources(atlas, layer)]
    credits = credits_of(atlas, _sources(atlas, layer), vintage)
    terms = list(dict.fromkeys([*(one.licence for one in sources), vintage.licence]))
    licence = _licence(base, terms)
    dates = _dates(atlas, layer, [one.retrieved_on for one in sources])
    makers = dict.fromkeys(one.publisher for one in sources if one.publisher != "chiiki")
    topic_ja, topic_en = TOPICS[layer.topic]
    told = reservations(atlas, layer, first.periods[-1]).values()
    words = dict.fromkeys([*(word for word in layer.keywords.split(";") if word), topic_ja, topic_en])
    return {
        "@id": f"{base}/catalog.jsonld#{layer.id}",
        "@type": "dcat:Dataset",
        "dct:identifier": layer.id,
        "dct:title": _texts(_titled(layer)),
        "dct:description": _texts(
            {
                "ja": "".join([layer.description_ja, *(one["ja"] for one in told)]),
                "en": " ".join([layer.description_en, *(one["en"] for one in told)]),
            }
        ),
        "dct:publisher": {"@id": f"{base}/#publisher"},
        "dct:creator": [_maker(base, name) for name in makers],
        "dcat:contactPoint": {"@id": f"{base}/#contact"},
        **dates,
        "dcat:version": atlas.revision(layer, vintage.date),
        "dct:language": LANGUAGES,
        "dcat:keyword": [{"@language": "en" if w.isascii() else "ja", "@value": w} for w in words],
        "dcat:theme": [
            {"@id": f"{AUTHORITY}/data-theme/{THEMES[layer.topic]}"},
            {"@id": _topic(base, layer.topic)},
        ],
        "dct:license": licence,
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": _texts(credits_in_words(credits)),
        },
        "dct:spatial": _japan(atlas, base, first),
        "dct:temporal": _time(collected),
        "dcat:landingPage": {"@id": f"{base}/?layer={layer.id}", "@type": "foaf:Document"},
        "dcat:distribution": [
            one | dates | {"dct:license": {"@id": licence["@id"]}}
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
                "dct:format": _format("GEOJSON"),
                "dct:conformsTo": {"@id": OGC_FEATURES, "@type": "dct:Standard"},
            },
        ),
        (
            "TileJSON",
            f"{own}/tiles.json?level={level}",
            MVT,
            {
                "dcat:accessService": {"@id": f"{base}/v1"},
                "dct:format": _format("JSON"),
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
            "dct:description": _texts(_described(layer, form, names)),
            "dcatap:availability": STABLE,
            "dcat:accessURL": {"@id": address},
            "dcat:mediaType": {"@id": IANA + media_type},
            **more,
        }
        for number, (form, address, media_type, more) in enumerate(forms)
    ]


def _described(layer: Indicator, form: str, names: Mapping[str, str]) -> Text:
    """Return what a form of a layer is, in words."""
    return {
        "ja": f"{layer.name_ja}の最新の値と{names['ja']}の境界。形式は{form}。期間・列・座標系は選べます。",
        "en": f"{layer.name_en}: newest figures on the boundaries of {names['en']}, as {form}; periods, "
        "columns and CRS can be chosen.",
    }


def _format(name: str) -> Node:
    return {"@id": f"{AUTHORITY}/file-type/{name}", "@type": "dct:MediaTypeOrExtent"}


def _file(suffix: str, address: str) -> tuple[str, str, str, Node]:
    told, form = _format(FILE_TYPES[suffix]), FORMATS[suffix]
    return form.name, address, form.media_type, {"dcat:downloadURL": {"@id": address}, "dct:format": told}
