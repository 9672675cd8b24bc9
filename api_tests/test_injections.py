"""Texts made to be taken for something else, in every parameter that there is: they stay texts."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import text

from api_tests.conftest import Server, serving
from api_tests.payloads import ELEMENT, HEADER, PAYLOADS, PRODUCT, SLOW_S, Payload
from api_tests.test_writes import DEPLOYMENT, KPI
from api_tests.test_writes import HEADER as COLUMNS
from geo.tests.promises import PROVING, Promise
from service.app import create_api
from service.http import auth
from service.settings import HOME, Settings
from service.tests.databases import Database, DatabaseServer

SEED = 22
SECRET = "chiiki-secret-5f0c"
#: What no answer tells: secrets, and what only the inside of a service has.
INSIDE = (SECRET, str(HOME), "Traceback (most", "psycopg", "sqlalchemy", "pg_catalog", "root:x:0:0", PRODUCT)
#: What no page has: an element, an attribute or an address of a script that was sent.
IN_PAGES = (f"<{ELEMENT}", '" onmouseover="', 'href="javascript:', f"onerror={ELEMENT}>")
#: Nobody asks for longer.
UNLIMITED = {f"CHIIKI_{lane}_PER_MINUTE": "0" for lane in ("READS", "HEAVY", "WRITES")}
HEADERS = (
    *(
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "If-None-Match",
        "If-Modified-Since",
        "Range",
        "If-Range",
    ),
    *(
        "User-Agent",
        "Referer",
        "Origin",
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "Cookie",
    ),
    *("X-API-Key", "Authorization", "Content-Type", "X-HTTP-Method-Override", "Forwarded", "X-Original-URL"),
    *("Idempotency-Key", "Host", "X-Request-Id", "Traceparent"),
)
ASKED = {
    "definition": "mlit-handbook-rural",
    "area": "10201",
    "add": [{"lon": 139.05, "lat": 36.39, "mode": "bus", "departures": 12}],
    "remove": [],
}
FIGURE = {"indicator": "libraries", "area_code": "10201", "period": "2025", "value": 7, "status": ""}
ACTUAL = {"area": "10201", "period": "2025", "value": -1080, "source_title": "x"}
OBSERVATIONS = "/v1/indicators/libraries/observations?source=ssdse-a-2026&boundary_date=2024-10-01"
#: Bodies that are read, and where they are sent.
BODIES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/transport-gap/scenario", ASKED),
    ("PUT", f"{OBSERVATIONS}&dry_run=true", [FIGURE]),
    ("POST", "/v1/deployments?dry_run=true", [{**DEPLOYMENT, "deployment_id": "list-1"}]),
    ("PUT", "/v1/deployments/maebashi?dry_run=true", DEPLOYMENT),
    ("PUT", "/v1/kpis/maebashi?dry_run=true", KPI),
    ("PUT", "/v1/kpis/goal-1-productivity-growth/actuals?dry_run=true", [ACTUAL]),
)


@dataclass(frozen=True)
class Place:
    """Where a text is put: ``§`` stands for it.

    Attributes
    ----------
    body : JSON, or a table, in which the text is escaped as such
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    kind: str = "application/json"


def _members(value: Any) -> Iterator[Any]:
    """Yield a document as often as it has values and names, one of them marked each time."""
    if isinstance(value, dict):
        for name, inner in value.items():
            for marked in _members(inner):
                yield {**value, name: marked}
            yield {("§" if other == name else other): kept for other, kept in value.items()}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for marked in _members(inner):
                yield [*value[:at], marked, *value[at + 1 :]]
        yield ["§"]
    else:
        yield "§"


def _filled(path: str, operation: Mapping[str, Any], marked: str = "") -> tuple[str, list[str]]:
    """Return path and query of an operation as its document shows them, one parameter marked."""
    query = []
    for one in operation.get("parameters", ()):
        name, value = one["name"], quote(str(one.get("example", "")), safe="")
        value = "§" if name == marked else value
        if one["in"] == "path":
            path = path.replace(f"{{{name}}}", value)
        elif one["in"] == "query" and (one.get("required") or name == marked):
            query.append(f"{name}={value}")
    return path, query


def places() -> list[Place]:
    """Return every parameter of every operation, headers, members of bodies, columns and cells of tables."""
    found = [
        Place("GET", "/§"),
        Place("GET", "/v1/§/x"),
        Place("GET", "/?§=1"),
        Place("GET", "/embed/map?layer=§"),
    ]
    for path, methods in create_api(Settings()).openapi()["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                if one["in"] != "header":
                    address, query = _filled(path, operation, one["name"])
                    found.append(Place(method.upper(), "?".join([address, "&".join(query)]).rstrip("?")))
            address, query = _filled(path, operation)
            found.append(Place(method.upper(), f"{address}?{'&'.join([*query, '§=1'])}"))
            found += [
                Place(method.upper(), address, {name: "§"})
                for name in HEADERS[:: 1 if method != "get" else 6]
            ]
    found += [
        Place(method, path, body=json.dumps(marked))
        for method, path, body in BODIES
        for marked in _members(body)
    ]
    found += [
        Place("POST", "/ogc/joins", body=body, kind="text/csv")
        for body in ("code,§\n10201,1\n", "code,n\n10201,§\n", "code,n\n§,1\n", "§")
    ]
    found.append(
        Place(
            "PUT", f"{OBSERVATIONS}&dry_run=true", body=f"{COLUMNS}libraries,10201,2025,§,\n", kind="text/csv"
        )
    )
    found += [
        Place("GET", f"/{page}?{name}=§")
        for page in ("", "embed/chart", "embed/ranking", "areas/10201")
        for name in ("layer", "area", "period", "lang", "title", "level", "vintage", "areas", "with")
    ]
    return found


@dataclass
class Attack:
    """Sends texts to a service, on a connection that is kept, and notes what was answered wrongly."""

    server: Server
    key: str | None
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def send(self, place: Place, payload: Payload) -> None:
        """Send one request and look at its answer."""
        begun = time.monotonic()
        for left in (1, 0):
            answer, body = self._asked(place, payload)
            if answer.status != 503 or not left:  # who is told to come again does
                break
        self.slowest_s = max(self.slowest_s, took := time.monotonic() - begun)
        wrong = [*_wrong(answer, body, self.server.url)]
        if took >= SLOW_S:
            wrong.append(f"{took:.0f} s")
        if answer.status >= 500 and (answer.status, urlsplit(place.path).path) != (501, "/oembed"):
            wrong.append(str(answer.status))
        if wrong:
            told = f"{wrong} {place.method} {place.path} {dict(place.headers)} {(place.body or '')[:200]}"
            self.faults.append(f"{told} § = {payload.text[:200]!r}")

    def _asked(self, place: Place, payload: Payload) -> tuple[http.client.HTTPResponse, bytes]:
        address = urlsplit(self.server.url)
        sent = payload.text.encode("utf-8", "surrogatepass")
        in_header = quote(sent, safe=" !\"#$&'()*+,/:;<=>?@[]^`{|}~%")
        headers = {name: value.replace("§", in_header) for name, value in place.headers.items()}
        if self.key and not {"X-API-Key", "Authorization"} & headers.keys():
            headers["X-API-Key"] = self.key
        body = place.body
        if body is not None:
            headers.setdefault("Content-Type", place.kind)
            escaped = json.dumps(payload.text)[1:-1] if place.kind != "text/csv" else payload.text
            body = body.replace("§", escaped)
        with closing(
            http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        ) as connection:
            connection.putrequest(
                place.method, place.path.replace("§", quote(sent, safe="")), skip_host="Host" in headers
            )
            content = None if body is None else body.encode("utf-8", "surrogatepass")
            for name, value in headers.items():
                connection.putheader(name, value)
            if content is not None:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            answer = connection.getresponse()
            return answer, answer.read()


def _wrong(answer: http.client.HTTPResponse, body: bytes, own: str) -> Iterator[str]:
    """Yield what is wrong with an answer."""
    told = body.decode("utf-8", "replace")
    kind = answer.headers.get_content_type()
    yield from (f"tells {inside!r}" for inside in INSIDE if inside in told)
    if answer.getheader(HEADER) is not None:
        yield "a header that was sent"
    if answer.getheader("x-content-type-options") != "nosniff" and answer.status != 400:
        yield "may be taken for a page"
    if kind in ("text/html", "image/svg+xml"):
        yield from (f"has {part!r}" for part in IN_PAGES if part in told)
    if kind.endswith("json") and body:
        try:
            json.loads(body, parse_constant=lambda name: pytest.fail(name))
        except ValueError:
            yield "no JSON"
    to = answer.getheader("location")
    if to is not None and not to.startswith(f"{own}/") and (not to.startswith("/") or to[1:2] in ("/", "\\")):
        yield f"leads to {to}"


@pytest.fixture(scope="module")
def attacked(
    request: pytest.FixtureRequest, database_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Attack, Database]]:
    """A service with a secret; in the proof one of its own, with a steward's key that was stolen."""
    if not PROVING:
        yield Attack(request.getfixturevalue("server"), None), request.getfixturevalue("database")
        return
    with database_server.new_database(request.getfixturevalue("template")) as database:
        with database.begin() as conn:
            key = auth.create_key(conn, "stolen", ["write", "steward"], None, "tests")
        log = tmp_path_factory.mktemp("attacked") / "log"
        with serving(database, log, CHIIKI_SECRET=SECRET, **UNLIMITED) as server:
            yield Attack(server, key), database


def test_there_are_many_payloads_of_every_kind() -> None:
    assert len({payload.text for payload in PAYLOADS}) >= 150
    assert len(places()) > 1_000


def test_a_text_stays_a_text_in_every_parameter(attacked: tuple[Attack, Database], promise: Promise) -> None:
    attack, database = attacked
    draw = random.Random(SEED)
    tables = text("select count(*), string_agg(relname, ',' order by relname) from pg_class")
    with database.begin() as conn:
        before = conn.execute(tables).one()
    everywhere = places()
    draw.shuffle(everywhere)
    tried, said = promise.times(300, 12_000), attack.server.log.stat().st_size
    for number in range(tried):
        attack.send(everywhere[number % len(everywhere)], draw.choice(PAYLOADS))
    with database.begin() as conn:
        assert conn.execute(tables).one() == before
    log = attack.server.log.read_bytes()[said:].decode()
    assert attack.server.process.poll() is None
    assert SECRET not in log
    assert "Traceback" not in log, log[log.index("Traceback") :][:3000]
    told = "\n".join(attack.faults[:20])
    try:
        promise.told(
            "a text in any parameter is not run, told back as markup or an error of the service",
            tried=tried,
            failed=len(attack.faults),
            worst=f"{attack.slowest_s:.2f} s for an answer, {len(everywhere):,} places",
            seed=SEED,
        )
    except AssertionError as error:
        raise AssertionError(f"{error}\n{told}") from None
