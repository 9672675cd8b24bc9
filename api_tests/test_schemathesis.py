"""Every operation of the OpenAPI document, called as the document says and as it forbids (schemathesis)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from api_tests.conftest import Server, serving
from geo.tests.promises import Promise
from service.tests.databases import Database

PROGRAM = Path(sys.executable).with_name("schemathesis")
#: oEmbed 1.0, 2.3.4: a format that a provider does not have is answered with 501.
SETTINGS = """
[[operations]]
include-name = "GET /oembed"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 501]

# the examples are those of the document: what answers tell, such as the id of a measure without figures, may
# be refused for the data's sake
[phases.examples.extra-data-sources]
responses = false
"""


#: A run makes some requests of each operation; the next ones have other seeds.
EXAMPLES, SEED = 40, 22
#: At a time: schemathesis takes a core, and the service another.
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
UNLIMITED = {f"CHIIKI_{lane}_PER_MINUTE": "0" for lane in ("READS", "HEAVY", "WRITES")}
MOST_TOLD = 8000


def answered(server: Server) -> int:
    """Return how many requests a service has answered, as it counts them."""
    told = httpx.get(f"{server.url}/metrics").text
    found = re.findall(r"^chiiki_requests_total\{.*\} ([\d.e+]+)$", told, re.MULTILINE)
    return int(sum(map(float, found)))


def begun(server: Server, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Begin a run of schemathesis in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "schemathesis.toml").write_text(SETTINGS)
    command = [str(PROGRAM), "run", f"{server.url}/openapi.json", "--checks=all", *arguments]
    more = ["--no-shrink", "--continue-on-failure", "--warnings=off"]
    return subprocess.Popen(
        [*command, *more], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.mark.parametrize(
    "arguments",
    [
        # the values that the document gives as examples are answered, never refused
        pytest.param(["--phases=examples"], id="examples"),
        # each value in and out of bounds, methods that are not there, and random values; which codes, periods
        # and layers there are depends on the data, so a value may fit its schema and yet be refused
        pytest.param(
            [
                "--phases=coverage,fuzzing,stateful",
                "--exclude-checks=positive_data_acceptance",
                "--max-examples=4",
            ],
            id="values",
            marks=pytest.mark.prove("a minute and a half"),
        ),
    ],
)
def test_the_service_does_what_its_document_says(
    server: Server, tmp_path: Path, arguments: list[str]
) -> None:
    """All checks of schemathesis hold for all operations; the same requests are made each time."""
    run = begun(server, tmp_path, "--generation-deterministic", *arguments)
    said, _ = run.communicate()
    assert run.returncode == 0, said


@pytest.mark.prove("half an hour")
@pytest.mark.timeout(3 * 3600)
def test_the_service_does_so_a_hundred_thousand_times(
    database: Database, tmp_path: Path, promise: Promise
) -> None:
    """Run after run with seeds of their own, until the service has answered so many (``CHIIKI_REQUESTS``)."""
    wanted, failures = int(os.environ.get("CHIIKI_REQUESTS", "100000")), list[str]()
    with serving(database, tmp_path / "log", **UNLIMITED) as server:
        runs, before = 0, answered(server)
        while (sent := answered(server) - before) < wanted:
            running = [
                begun(
                    server,
                    tmp_path / f"run{runs + place}",
                    "--phases=fuzzing,stateful",
                    "--exclude-checks=positive_data_acceptance",
                    f"--max-examples={EXAMPLES}",
                    f"--seed={SEED + runs + place}",
                )
                for place in range(AT_ONCE)
            ]
            said = [one.communicate()[0] for one in running]
            failures += [told for one, told in zip(running, said, strict=True) if one.returncode]
            runs += AT_ONCE
            assert answered(server) - before > sent, said
        assert server.process.poll() is None
    assert failures == [], "\n".join(told[-MOST_TOLD:] for told in failures)
    promise.told(
        "any request that the document allows or forbids is answered as it says",
        tried=sent,
        failed=0,
        worst=f"{runs} runs",
        seed=SEED,
    )
