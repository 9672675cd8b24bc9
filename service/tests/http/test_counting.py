from __future__ import annotations

import pytest
from prometheus_client.core import Metric

from service.app import create_api
from service.http.counting import ANSWERS, BOUNDS, KINDS, Answers, kind_of
from service.settings import Settings


def numbers(answers: Answers) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the samples by name and labels, without those that are 0."""
    metrics: list[Metric] = [*answers.collect()]
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for metric in metrics:
        for sample in metric.samples:
            if sample.value:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_answers_are_counted_by_kind_status_and_seconds() -> None:
    answers = Answers(["tile", "json"])
    for status, seconds in ((200, 0.0004), (200, 0.001), (200, 0.03), (503, 100.0)):
        answers["tile"].count(status, seconds)
    found = numbers(answers)
    assert found["chiiki_requests_total"] == {("tile", "200"): 3, ("tile", "503"): 1}
    buckets = found["chiiki_request_duration_seconds_bucket"]
    told = {bound: buckets[("tile", bound)] for bound in ("0.001", "0.025", "0.05", "30.0", "+Inf")}
    assert told == {"0.001": 2, "0.025": 2, "0.05": 3, "30.0": 3, "+Inf": 4}
    assert found["chiiki_request_duration_seconds_count"] == {("tile",): 4}
    assert found["chiiki_request_duration_seconds_sum"] == {("tile",): pytest.approx(100.0314)}


def test_what_is_promised_of_tiles_is_a_bound_of_the_histogram() -> None:
    assert 0.05 in BOUNDS


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/layers/births/tiles/4/14/6.mvt", "tile"),
        ("GET", "/v1/layers/births/tiles/4/14/6@2x.png", "tile"),
        ("GET", "/ogc/collections/births.prefecture/tiles/WebMercatorQuad/4/6/14", "tile"),
        ("GET", "/ogc/collections/births.prefecture/tiles/WebMercatorQuad", "json"),
        ("GET", "/v1/layers/births/tiles.json", "json"),
        ("GET", "/v1/layers/births/areas.geojson", "areas"),
        ("GET", "/ogc/collections/births.prefecture/items/10201", "areas"),
        ("GET", "/v1/layers/births/map.svg", "picture"),
        ("GET", "/v1/areas/10201/profile.pdf", "picture"),
        ("GET", "/v1/layers/births/download.csv", "download"),
        ("POST", "/ogc/joins", "scenario"),
        ("POST", "/v1/transport-gap/scenario", "scenario"),
        ("PUT", "/v1/indicators/libraries/observations", "write"),
        ("DELETE", "/v1/deployments/a", "write"),
        ("GET", "/healthz", "health"),
        ("GET", "/resas/api/v1/cities", "json"),
        ("GET", "/areas/10201", "page"),
        ("GET", "/", "page"),
        ("GET", "/assets/index-abc.js", "file"),
        ("GET", "/wp-login.php", "file"),
        ("PROPFIND", "/" + "a" * 20_000, "write"),
    ],
)
def test_a_request_is_of_a_kind(method: str, path: str, kind: str) -> None:
    assert kind_of(method, path) == kind


def test_every_route_is_of_a_kind_that_there_is() -> None:
    paths = create_api(Settings()).openapi()["paths"]
    found = {kind_of(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert found <= {*KINDS}
    assert {"areas", "json", "page", "picture", "download", "scenario", "write", "health"} <= found
    assert [ANSWERS[kind] for kind in KINDS]
