"""Traces as a receiver of OpenTelemetry gets them over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from api_tests.conftest import serving
from api_tests.test_outage import until
from service.http.auth import create_key
from service.tests.databases import Database

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Receiver(ThreadingHTTPServer):
    """Takes what is sent to ``/v1/traces`` and keeps it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        resources = [one for request in requests for one in request.resource_spans]
        names = {a.value.string_value for one in resources for a in one.resource.attributes}
        assert not resources or "chiiki" in names
        return [span for one in resources for scope in one.scope_spans for span in scope.spans]


class Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces"
        is_gzip = self.headers.get("Content-Encoding") == "gzip"
        self.server.bodies.append(gzip.decompress(body) if is_gzip else body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_told: object) -> None:
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def attributes(span: Span) -> dict[str, object]:
    return {a.key: a.value.int_value or a.value.string_value for a in span.attributes}


def test_a_request_is_a_trace_of_its_id_and_tells_nobodys_text(database: Database, tmp_path: Path) -> None:
    with database.begin() as conn:
        key = create_key(conn, "a test of traces", ["write"], None, "a test")
    secret = key.rpartition("_")[2]
    with receiving() as receiver:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        with (
            serving(database, tmp_path / "log", **settings) as server,
            httpx.Client(base_url=server.url, timeout=30) as client,
        ):
            sampled = {"traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": "told=sesame"}
            tile = client.get(
                "/v1/layers/births/tiles/6/57/24.mvt?period=2015&level=prefecture", headers=sampled
            )
            assert tile.status_code == 200
            assert tile.headers["x-request-id"] == TRACE
            values = client.get("/v1/layers/births/values.json?period=2010&level=prefecture")
            unsampled = {"traceparent": f"00-{TRACE[::-1]}-{PARENT}-00"}
            assert client.get("/v1/layers?limit=3", headers=unsampled).status_code == 200
            strangers = [
                client.get("/v1/areas?q=sesame", headers={"X-API-Key": key, "Host": f"{secret}.example"}),
                client.get(f"/v1/layers/{key}/legend.json?api_key={key}"),
                client.get(f"/sesame/{key}"),
                client.post("/ogc/joins", content=f"code,sesame\n10201,{key}\n"),
            ]
            assert [one.status_code for one in strangers] == [200, 400, 404, 200]
            ids = {one.headers["x-request-id"] for one in (tile, values, *strangers)}
            until(lambda: ids <= {span.trace_id.hex() for span in receiver.spans()})
        spans = receiver.spans()
        told = b"".join(receiver.bodies)
    for text in (secret.encode(), b"sesame", b"2010", b"select", b"SELECT"):
        assert text not in told, text
    of = {span.trace_id.hex(): span for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    assert TRACE[::-1] not in of
    assert of[TRACE].parent_span_id.hex() == PARENT
    assert (of[TRACE].name, attributes(of[TRACE])["chiiki.kind"]) == ("GET tile", "tile")
    asked = of[values.headers["x-request-id"]]
    assert not asked.parent_span_id
    assert asked.name == "GET /v1/layers/{layer}/values.json"
    assert attributes(asked) == {
        "http.request.method": "GET",
        "http.route": "/v1/layers/{layer}/values.json",
        "http.response.status_code": 200,
        "chiiki.kind": "json",
    }
    within = [span for span in spans if span.trace_id == asked.trace_id and span is not asked]
    assert {"database", "bring vectors"} <= {span.name for span in within}
    known = {asked.span_id} | {span.span_id for span in within}
    assert all(span.parent_span_id in known for span in within)
    names = {span.name for span in of.values()}
    assert {"POST /ogc/joins", "GET /v1/areas"} <= names


@pytest.mark.prove("ten seconds")
def test_a_receiver_that_is_away_holds_nobody_up(database: Database, tmp_path: Path) -> None:
    with receiving() as receiver:
        url = receiver.url
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "CHIIKI_LOG_FORMAT": "json"}
    with serving(database, tmp_path / "log", **settings) as server:
        assert httpx.get(f"{server.url}/v1/layers?limit=2").status_code == 200
        server.process.terminate()
        server.process.wait(timeout=20)
