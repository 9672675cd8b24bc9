"""What was answered: how many of which kind, with which status, and how long each took until it began.

The kinds are few (``docs/operations.md`` lists them), whatever strangers ask for. A tile at hand costs so
little that it is counted in plain numbers, not in the objects of the Prometheus client.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

#: Seconds until an answer begins; those that are promised (docs/operations.md) are among them.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: They tell how the process is, above all when it is full.
ALWAYS = {"/healthz", "/readyz", "/metrics"}
READING = {"GET", "HEAD", "OPTIONS"}

#: Path → kind; the first that fits. What is written, and what was at hand, is told apart before.
_KINDS = (
    (re.compile(r".*/tiles/.*\d(?:@2x)?(?:\.(?:mvt|mlt|png))?"), "tile"),
    (re.compile(r".*/download\.\w+|/v1/deployments\.xlsx"), "download"),
    (re.compile(r".*\.(?:png|svg|pdf)"), "picture"),
    (
        re.compile(
            r"/v1/transport-gap/(?:scenario|[^/]+/(?:bands|cells\.geojson))|/v1/correlation|/ogc/joins"
            r"|/v1/measures/[^/]+/effect(?:\.csv)?|/v1/layers/[^/]+/spatial\.json"
        ),
        "scenario",
    ),
    (re.compile(r".*\.geojson|/ogc/collections/[^/]+/items(?:/.*)?"), "areas"),
    (re.compile(r"/(?:v1|ogc|resas|api)(?:/.*)?|/openapi\.json|/catalog\.jsonld|/catalog\.ttl"), "json"),
    (re.compile(r"/(?:assets|embed)/.*\.\w+|/[^/]+\.\w+"), "file"),
)
#: docs/operations.md says what each is.
KINDS = (
    *("tile_at_hand", "tile", "at_hand", "areas", "json", "page", "file"),
    *("picture", "download", "scenario", "write", "health", "refused"),
)


def kind_of(method: str, path: str) -> str:
    """Return what a request asks for.

    >>> kind_of("GET", "/v1/layers/births/tiles/4/14/6.mvt"), kind_of("GET", "/v1/layers")
    ('tile', 'json')
    >>> kind_of("PUT", "/v1/kpis/a"), kind_of("POST", "/v1/transport-gap/scenario"), kind_of("GET", "/about")
    ('write', 'scenario', 'page')
    """
    if path in ALWAYS:
        return "health"
    found = next((kind for form, kind in _KINDS if form.fullmatch(path)), "page")
    return "write" if method not in READING and found != "scenario" else found


class Kind:
    """What was answered of one kind; it is counted on the event loop alone."""

    __slots__ = ("by_status", "in_bounds", "seconds")

    def __init__(self) -> None:
        self.by_status = {200: 0}
        #: how many took longer than the bound before, and no longer than this one
        self.in_bounds = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def count(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.by_status[status] = self.by_status.get(status, 0) + 1
        self.in_bounds[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Answers(Collector):
    """All that was answered by this process."""

    def __init__(self, kinds: Sequence[str]) -> None:
        self._kinds = {name: Kind() for name in kinds}

    def __getitem__(self, kind: str) -> Kind:
        return self._kinds[kind]

    def collect(self) -> Iterable[Metric]:
        """Give the numbers as Prometheus has them."""
        requests = CounterMetricFamily(
            "chiiki_requests", "Answers by kind and status", labels=["kind", "status"]
        )
        took = HistogramMetricFamily(
            "chiiki_request_duration_seconds", "Seconds until an answer began, by kind", labels=["kind"]
        )
        bounds = [*map(floatToGoString, BOUNDS), "+Inf"]
        for name, kind in self._kinds.items():
            for status, count in dict(kind.by_status).items():
                requests.add_metric([name, str(status)], count)
            buckets = [*zip(bounds, accumulate(list(kind.in_bounds)), strict=True)]
            took.add_metric([name], buckets, kind.seconds)
        return requests, took


ANSWERS = Answers(KINDS)
REGISTRY.register(ANSWERS)
