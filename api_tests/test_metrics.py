"""What ``/metrics`` tells, of all workers, and what is built on it: documents, alerts, dashboard."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
import yaml

from api_tests.conftest import START_DEADLINE_S, serving
from api_tests.test_outage import until
from geo.tests.promises import Promise
from service.http.counting import KINDS
from service.settings import HOME
from service.tests.databases import Database

OPERATIONS = HOME / "docs" / "operations.md"
RULES = HOME / "deploy" / "prometheus"
DASHBOARD = HOME / "deploy" / "grafana" / "chiiki.json"
PROMTOOL = shutil.which("promtool")
#: A metric in an expression; that of Prometheus itself, and those that rules record, are not ours.
NAME = re.compile(r"\b(?:chiiki|process|python)_\w+\b")
ROW = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)


def samples(text: str) -> dict[str, dict[str, float]]:
    """Return the numbers by name and labels."""
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            told, _, value = line.rpartition(" ")
            name, _, labels = told.partition("{")
            found.setdefault(name, {})[labels.rstrip("}")] = float(value)
    return found


def declared(text: str) -> dict[str, str]:
    """Return the type of every metric by the name under which the documents have it."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


@pytest.fixture(scope="module")
def told(client: httpx.Client) -> str:
    """What the service on the shipped data tells after a request of some kinds."""
    paths = ("/v1/layers/births/tiles/6/57/24.mvt?period=2020", "/v1/layers?limit=2", "/about")
    for path in paths:
        for _ in range(2):
            assert client.get(path).status_code == 200
    return client.get("/metrics").text


def test_every_metric_is_documented_and_every_documented_one_is_there(told: str) -> None:
    table = OPERATIONS.read_text(encoding="utf-8").partition("| metric |")[2].partition("\n\n")[0]
    assert {*ROW.findall(table)} == {*declared(told)}, "the table of metrics in docs/operations.md"


def test_every_kind_of_answer_is_documented() -> None:
    table = OPERATIONS.read_text(encoding="utf-8").partition("| kind | what")[2].partition("\n\n")[0]
    assert tuple(ROW.findall(table)) == KINDS


def test_names_are_as_prometheus_wants_them(told: str) -> None:
    for name, kind in declared(told).items():
        if name.startswith("chiiki_"):
            assert name.endswith("_total") == (kind == "counter"), name
            assert not re.search(r"_(?:ms|kb|mb|minutes|percent|count|sum|bucket)(?:_total)?$", name), name


def test_the_numbers_are_of_what_was_asked(told: str) -> None:
    found = samples(told)
    for kind in ("tile", "tile_at_hand", "json", "at_hand", "page"):
        assert found["chiiki_requests_total"][f'kind="{kind}",status="200"'] >= 1, kind
        assert found["chiiki_request_duration_seconds_count"][f'kind="{kind}"'] >= 1, kind
    assert found["chiiki_pour_seconds_count"]['format="mvt"'] >= 1
    assert found["chiiki_cold_load_seconds_count"]['kind="vectors"'] >= 1
    assert found["chiiki_database_up"] == {'worker="1"': 1.0}
    assert found["chiiki_workers"] == {"": 1.0}
    assert found["chiiki_worker_starts_total"] == {"": 1.0}
    assert found["chiiki_loop_late_seconds_count"][""] >= 1
    assert sum(found["chiiki_memory_bytes"].values()) > 0
    assert 0 <= found["chiiki_revisions_age_seconds"]['worker="1"'] < 60
    loaded = found["chiiki_ingest_last_change_timestamp_seconds"]
    assert {'source="boundaries"', 'source="census-2020"'} <= {*loaded}
    assert min(loaded.values()) > 1.7e9
    assert found["chiiki_ingest_last_change_rows"]['source="census-2020"'] > 1000


def test_nothing_that_strangers_choose_becomes_a_name(client: httpx.Client) -> None:
    client.get("/metrics")
    before = {name: {*found} for name, found in samples(client.get("/metrics").text).items()}
    for path in ("/sesame", "/v1/layers/sesame", "/v1/sesame/tiles/1/1/1.mvt", "/v1/layers?sesame=1"):
        client.get(path)
        client.request("SESAME", path)
    after = samples(client.get("/metrics").text)
    assert "sesame" not in str(after).lower()
    more = {label for name, found in after.items() for label in {*found} - before.get(name, set())}
    assert all(re.fullmatch(r'kind="\w+",status="\d{3}"', label) for label in more), more


def workers_of(pid: int) -> list[int]:
    """Return the processes that serve for one that looks after them."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {int(one): Path(f"/proc/{one}/cmdline").read_bytes() for one in found}
    return [one for one, told in commands.items() if b"spawn_main" in told or b"workers.worker" in told]


def health(text: str) -> float:
    return samples(text)["chiiki_requests_total"]['kind="health",status="200"']


@pytest.mark.prove("half a minute")
def test_any_worker_tells_of_all_and_nothing_is_lost_with_one(
    database: Database, tmp_path: Path, promise: Promise
) -> None:
    kills = promise.times(1, 8)
    with serving(database, tmp_path / "log", CHIIKI_WORKERS="2") as server:

        def asked(path: str) -> httpx.Response:
            return httpx.get(f"{server.url}{path}", timeout=30)  # a connection of its own, to either worker

        def are_there(starts: float) -> bool:
            try:
                found = samples(asked("/metrics").text)
            except httpx.TransportError:  # the connection was to the one that was killed
                return False
            return found["chiiki_workers"] == {"": 2.0} and found["chiiki_worker_starts_total"] == {
                "": starts
            }

        until(lambda: are_there(2.0), START_DEADLINE_S)
        before = health(asked("/metrics").text)
        for _ in range(40):
            assert asked("/healthz").status_code == 200
        counts = [health(asked("/metrics").text) for _ in range(12)]
        assert counts == sorted(counts)
        # what the other worker counted is told a few seconds later at the latest
        until(lambda: health(asked("/metrics").text) >= before + 40 + 12)
        states = samples(asked("/metrics").text)["chiiki_memory_limit_bytes"]
        assert {*states} == {'worker="1"', 'worker="2"'}
        fallen = 0
        for kill in range(kills):
            counted = health(asked("/metrics").text)
            os.kill(workers_of(server.process.pid)[kill % 2], signal.SIGKILL)
            until(partial(are_there, 3.0 + kill), START_DEADLINE_S)
            fallen += health(asked("/metrics").text) < counted
        promise.told("what was counted outlives a killed worker", tried=kills, failed=fallen)


def expressions() -> Iterator[tuple[str, str]]:
    """Give every expression of the rules and of the dashboard, and where it stands."""
    for group in yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def test_alerts_and_dashboard_ask_for_what_is_there(told: str) -> None:
    there = {*samples(told), *declared(told)}
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    recorded = {rule["record"] for group in rules for rule in group["rules"] if "record" in rule}
    wanted = dict[str, set[str]]()
    for where, expression in expressions():
        wanted.setdefault(where, set()).update(NAME.findall(expression))
        assert {*re.findall(r"\bchiiki:[\w:]+", expression)} <= recorded, where
    assert {where: names - there for where, names in wanted.items() if names - there} == {}
    assert len(wanted) > 30


def test_labels_that_alerts_and_dashboard_name_are_there(told: str) -> None:
    labels = {name: {*re.findall(r'(\w+)="', " ".join(found))} for name, found in samples(told).items()}
    given = {"job", "instance"}  # by Prometheus
    for where, expression in expressions():
        for name, inside in re.findall(r"\b(chiiki_\w+|process_\w+)\{([^}]*)\}", expression):
            assert {*re.findall(r"(\w+)[=!]~?\"", inside)} <= labels[name] | given, where


def test_every_alert_belongs_to_a_promise_of_the_documents() -> None:
    page = OPERATIONS.read_text(encoding="utf-8")
    promises = page.partition("## Promises")[2].partition("\n## ")[0]
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    alerts = [rule for group in rules for rule in group["rules"] if "alert" in rule]
    assert len(alerts) >= 10
    for alert in alerts:
        (row,) = re.findall(rf"^\| `{alert['labels']['promise']}` \|.*$", promises, re.MULTILINE)
        assert f"`{alert['alert']}`" in row
        assert alert["labels"]["severity"] in ("page", "ticket")
        assert {"summary", "description"} == {*alert["annotations"]}
    assert {*re.findall(r"`(Chiiki\w+)`", promises)} == {alert["alert"] for alert in alerts}
    for rule in [rule for group in rules for rule in group["rules"] if "record" in rule]:
        assert rule["record"].startswith("chiiki:")


def test_every_alert_is_tried() -> None:
    tried = yaml.safe_load((RULES / "alerts.test.yml").read_text(encoding="utf-8"))["tests"]
    fires = {one["alertname"] for test in tried for one in test["alert_rule_test"] if one.get("exp_alerts")}
    quiet = {one["alertname"] for test in tried for one in test["alert_rule_test"] if "exp_alerts" not in one}
    rules = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    alerts = {rule["alert"] for group in rules for rule in group["rules"] if "alert" in rule}
    assert fires == quiet == alerts


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")
@pytest.mark.parametrize(
    "words", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")], ids=" ".join
)
def test_prometheus_takes_the_rules_and_they_tell_what_they_should(words: tuple[str, ...]) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus")
def test_prometheus_finds_no_fault_with_the_metrics(told: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=told, capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if line.startswith("chiiki_")] == [], done.stderr
    assert done.returncode in (0, 3), done.stderr  # 3: what is to be said of names is said of others' alone


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert (board["title"], board["uid"]) == ("chiiki", "chiiki")
    assert board["schemaVersion"] >= 36
    assert "id" not in board  # Grafana gives it
    variables = {one["name"] for one in board["templating"]["list"]}
    assert variables == {"datasource", "instance"}
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["type"] in ("timeseries", "stat"), panel["title"]
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert [target["refId"] for target in panel["targets"]] == [
                *"ABCDEFGH"[: len(panel["targets"])]
            ], panel["title"]
            sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert {one["uid"] for one in sources} == {"${datasource}"}, panel["title"]
