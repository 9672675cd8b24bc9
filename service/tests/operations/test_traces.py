from __future__ import annotations

import subprocess
import sys

import pytest

from service.operations.traces import NoTraces, are_wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_SERVICE_NAME": "chiiki"},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "true"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_traces_are_off_unless_asked_for(environment: dict[str, str]) -> None:
    assert not are_wanted(environment)


@pytest.mark.parametrize(
    "environment",
    [
        ENDPOINT,
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    ],
)
def test_traces_are_on_where_it_is_told_whom_to_send_them_to(environment: dict[str, str]) -> None:
    assert are_wanted(environment)


@pytest.mark.parametrize(
    "told", [{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, {"OTEL_TRACES_EXPORTER": "zipkin"}]
)
def test_another_way_of_sending_them_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(NoTraces, match="http/protobuf"):
        are_wanted({**ENDPOINT, **told})


def test_serve_says_what_to_install_where_the_packages_are_missing() -> None:
    without = "import sys; sys.modules['opentelemetry.exporter'] = None; from service.cli import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", without, "serve", "--port", "1"],
        env=ENDPOINT | {"DATABASE_URL": "postgresql://127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "chiiki[traces]"' in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
