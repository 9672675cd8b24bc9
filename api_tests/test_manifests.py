"""What deploy/ holds for containers and systemd is what their own schemas and tools take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import jsonschema
import kubernetes_validate
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema

from service.settings import HOME

DEPLOY = HOME / "deploy"
BASE = DEPLOY / "kubernetes/base"
COMPOSE = (HOME / "compose.yaml", DEPLOY / "compose/compose.yaml")
#: Of Kubernetes: the oldest that knows all that is said.
VERSION = "1.30"
KUBECTL = shutil.which("kubectl")
ANALYZE = shutil.which("systemd-analyze")
OURS = "chiiki"

Document: TypeAlias = dict[str, "Part"]
Part: TypeAlias = Document | list["Part"] | str | int | bool | None


def documents(text: str) -> list[Document]:
    """Return the documents of a YAML file."""
    return [one for one in yaml.safe_load_all(text) if one]


def base() -> list[Document]:
    """Return every manifest of the base, those that kustomize makes left out."""
    found = []
    for path in sorted(BASE.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            found += documents(path.read_text(encoding="utf-8"))
    return found


def parts(of: Part, name: str) -> Iterator[Part]:
    """Give every value under a name, however deep."""
    if isinstance(of, dict):
        for key, value in of.items():
            if key == name:
                yield value
            yield from parts(value, name)
    elif isinstance(of, list):
        for value in of:
            yield from parts(value, name)


def pods() -> list[Document]:
    """Return what all pods are to be."""
    found = [
        one["spec"] for document in base() for one in parts(document, "template") if isinstance(one, dict)
    ]
    return [one for one in found if isinstance(one, dict)]


def test_every_manifest_is_of_its_kind() -> None:
    manifests = base()
    kinds = {str(one["kind"]) for one in manifests}
    wanted = "Deployment Service Job HorizontalPodAutoscaler PodDisruptionBudget NetworkPolicy"
    assert kinds == set(wanted.split())
    for one in manifests:
        kubernetes_validate.validate(one, VERSION, strict=True)


def test_a_word_that_kubernetes_does_not_know_is_found() -> None:
    (deployment,) = (
        one for one in base() if one["kind"] == "PodDisruptionBudget" and one["metadata"] == {"name": OURS}
    )
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**deployment, "spec": {"maxUnavailabel": 1}}, VERSION, strict=True)


def test_no_pod_may_more_than_it_needs() -> None:
    found = pods()
    assert len(found) == 3
    for pod in found:
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        account = pod["securityContext"]
        assert isinstance(account, dict)
        assert account["runAsNonRoot"] is True
        assert account["seccompProfile"] == {"type": "RuntimeDefault"}
        containers = pod["containers"]
        assert isinstance(containers, list)
        for container in containers:
            assert isinstance(container, dict)
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert [*parts(container["resources"], "memory")][1:], "a limit of memory"
        assert list(parts(pod, "sizeLimit"))


def test_a_rollout_takes_no_service_away_before_another_is_there() -> None:
    services = [one for one in base() if one["kind"] == "Deployment"]
    assert len(services) == 2
    for one in services:
        assert [*parts(one, "rollingUpdate")] == [{"maxSurge": 1, "maxUnavailable": 0}]
        assert [*parts(one, "terminationGracePeriodSeconds")] == [35]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(next(pods_of(one)))
    settings = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
    (literals,) = parts(settings, "literals")
    assert isinstance(literals, list)
    told = dict(str(one).split("=", 1) for one in literals)
    # the wait before SIGTERM, running requests, and those that send or read nothing
    assert 5 + int(told["CHIIKI_GRACEFUL_S"]) + 5 <= 35


def test_what_scales_is_measured() -> None:
    (scaler,) = (one for one in base() if one["kind"] == "HorizontalPodAutoscaler")
    names = {str(name) for metric in parts(scaler, "metric") for name in parts(metric, "name")}
    told = "".join(path.read_text(encoding="utf-8") for path in (HOME / "service").rglob("*.py"))
    guide = (HOME / "docs/operations.md").read_text(encoding="utf-8")
    assert names
    for name in names:
        assert re.search(rf'Gauge\(\s*"{name}"', told)
        assert f"matches: {name}" in guide


def pods_of(deployment: Document) -> Iterator[Document]:
    """Give the containers of a deployment."""
    for containers in parts(deployment, "containers"):
        assert isinstance(containers, list)
        for one in containers:
            assert isinstance(one, dict)
            yield one


@pytest.mark.skipif(KUBECTL is None, reason="kubectl, which holds kustomize, is not installed")
def test_the_example_is_the_base_with_a_name_of_its_own() -> None:
    assert KUBECTL is not None
    built = subprocess.run(
        [KUBECTL, "kustomize", DEPLOY / "kubernetes/example"], capture_output=True, text=True, check=True
    ).stdout
    found = documents(built)
    for one in found:
        kubernetes_validate.validate(one, VERSION, strict=True)
        assert [*parts(one["metadata"], "namespace")] == ["chiiki"]
    made = [one for one in found if one["kind"] == "ConfigMap"]
    assert len(found) == len(base()) + len(made)
    images = {str(one) for one in parts(list(found), "image")}
    assert images == {"registry.chiiki.example/chiiki:0.1.0", "nginx:1.30.5"}
    # the address, nginx's site and who reads them
    assert "CHIIKI_PUBLIC_URL: https://map.chiiki.example" in built
    assert {"proxy.sh", "chiiki.conf"} in [
        set(one["data"] or ()) for one in made if isinstance(one["data"], dict)
    ]
    names = {str(one) for document in made for one in parts(document["metadata"], "name")}
    used = {
        str(one)
        for key in ("configMapRef", "configMap", "configMapKeyRef")
        for one in parts(list(found), key)
    }
    assert names
    assert all(any(name in one for one in used) for name in names)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("compose-spec", COMPOSE),
        ("github-workflows", tuple((HOME / ".github/workflows").glob("*.yml"))),
    ],
)
def test_a_file_is_what_its_schema_wants(schema: str, paths: tuple[Path, ...]) -> None:
    told = get_builtin_schema(f"vendor.{schema}")
    validator = jsonschema.validators.validator_for(told)(told)
    for path in paths:
        # YAML 1.1 takes the name "on" of workflows for true
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        errors = validator.iter_errors({"on" if name is True else name: of for name, of in document.items()})
        assert [(one.json_path, one.message) for one in errors] == [], path


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: str(path.relative_to(HOME)))
def test_a_compose_file_names_nothing_that_is_not_there(path: Path) -> None:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, one in told["services"].items():
        assert set(one.get("depends_on", ())) <= set(told["services"]), name
        for config in one.get("configs", ()):
            file = path.parent / told["configs"][config["source"]]["file"]
            assert file.is_file(), name
            if file.suffix == ".sh":
                assert os.access(file, os.X_OK), file
        for volume in one.get("volumes", ()):
            source = volume.split(":")[0]
            assert source.startswith("./") or source in told["volumes"], name
        for variable, value in one.get("environment", {}).items():
            assert "PASSWORD" not in variable or re.fullmatch(r"\$\{\w+:-\}|/keys/\w+", value), variable
    used = {one["source"] for service in told["services"].values() for one in service.get("configs", ())}
    assert used == set(told["configs"])


def test_the_site_of_containers_keeps_to_its_limits() -> None:
    services = yaml.safe_load(COMPOSE[1].read_text(encoding="utf-8"))["services"]
    for name in ("setup", "one", "two"):
        one = services[name]
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert one["stop_grace_period"] == "35s"
        assert one["mem_limit"]
    assert [name for name, one in services.items() if one.get("ports")] == ["proxy"]


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    assert ANALYZE is not None
    units = [path for path in sorted((DEPLOY / "systemd").iterdir()) if path.suffix in {".service", ".timer"}]
    program = tmp_path / "chiiki"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in units:
        text = unit.read_text(encoding="utf-8").replace("/opt/chiiki/.venv/bin/chiiki", str(program))
        (tmp_path / unit.name).write_text(text)
    paths = [tmp_path / unit.name for unit in units]
    done = subprocess.run([ANALYZE, "verify", "--man=no", *paths], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
