"""Every operation of the OpenAPI document, called as the document says and as it forbids (schemathesis)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.conftest import Server

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
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    command = [
        str(PROGRAM),
        "run",
        f"{server.url}/openapi.json",
        "--checks=all",
        "--generation-deterministic",
    ]
    more = ["--no-shrink", "--continue-on-failure", "--warnings=off"]
    ended = subprocess.run(
        [*command, *more, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
