"""What chiiki is made of: floors, exact tags, lists of parts, and what is known of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.version import Version

from service.settings import HOME

#: The first versions without a weakness that strangers could use here, or with a bound that chiiki relies on.
FLOORS = {
    "geopandas": "1.1.2",
    "python-multipart": "0.0.32",
    "starlette": "1.6",
}
LOCKS = ("requirements.lock", "requirements-dev.lock")
#: A name and a tag with a date or more than one number in it, or a digest.
DIGEST = "@sha256:[0-9a-f]{64}"
EXACT = re.compile(rf"[^:@\s]+(:(?=[\w.-]*(\d[.-]\d|\d{{8}}))[\w.-]+({DIGEST})?|{DIGEST})")


def locked(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    text = (HOME / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_no_lock_is_below_the_floor_of_a_package(lock: str, package: str, floor: str) -> None:
    assert Version(locked(lock)[package]) >= Version(floor)


def test_the_map_is_drawn_by_a_maplibre_that_cleans_attributions() -> None:
    packages = json.loads((HOME / "web/package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert Version(packages["node_modules/maplibre-gl"]["version"]) >= Version("6.4.1")


def images() -> Iterator[tuple[Path, str]]:
    """Give every image that is named, and where: in builds, compose files and manifests."""
    for path in [HOME / "Dockerfile", *(HOME / "deploy").rglob("Dockerfile*")]:
        for found in re.findall(r"^FROM (\S+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            yield path, found
    for path in [HOME / "compose.yaml", *(HOME / "deploy").rglob("*.yaml")]:
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            for found in named_images(document):
                yield path, found


def named_images(part: object) -> Iterator[str]:
    """Give the values of ``image`` in a document, however deep."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "image" and isinstance(value, str):
                yield value
            else:
                yield from named_images(value)
    elif isinstance(part, list):
        for value in part:
            yield from named_images(value)


def test_every_image_is_named_by_an_exact_tag() -> None:
    found = {(path.relative_to(HOME), image) for path, image in images()}
    assert len(found) >= 2
    for path, image in found:
        assert EXACT.fullmatch(image), (path, image)


def test_every_part_has_the_version_of_the_whole() -> None:
    version = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    own = {image for _, image in images() if image.startswith("chiiki:")}
    assert own == {f"chiiki:{version}"}
    for name in ("web/package.json", "web/types/package.json"):
        assert json.loads((HOME / name).read_text(encoding="utf-8"))["version"] == version


@pytest.mark.parametrize(
    "image", ["debian", "debian:latest", "debian:12", "debian:12-slim", "postgres:bookworm", "nginx:stable"]
)
def test_a_vague_tag_is_found(image: str) -> None:
    assert not EXACT.fullmatch(image)


def test_the_lists_of_parts_are_cyclonedx_and_whole() -> None:
    subprocess.run([HOME / "scripts/sbom"], check=True, cwd=HOME)
    parts = {}
    for name in ("python", "web"):
        text = (HOME / f".local/sbom/{name}.cdx.json").read_text(encoding="utf-8")
        told = json.loads(text)
        schema = SchemaVersion[f"V{told['specVersion'].replace('.', '_')}"]
        assert JsonStrictValidator(schema).validate_str(text) is None
        parts[name] = {one["name"]: one["version"] for one in told["components"]}
    assert parts["python"] == locked("requirements.lock")
    assert {"maplibre-gl", "pmtiles", "uplot"} <= set(parts["web"])
    assert "vite" not in parts["web"]


QUIET = {"dependencies": [{"name": "anyio", "version": "4.16.0", "vulns": []}]}
WEAK = {
    "dependencies": [
        {"name": "anyio", "version": "4.16.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4.17"]}]}
    ]
}
LEFT_OUT = {"dependencies": [{"name": "anyio", "skip_reason": "not found and could not be audited"}]}
NPM_QUIET: dict[str, object] = {"auditReportVersion": 2, "vulnerabilities": {}}
NPM_WEAK = {"vulnerabilities": {"vite": {"severity": "high", "range": "<8"}}}
NPM_REFUSED = {"message": "405 Method Not Allowed"}


@pytest.mark.parametrize(
    ("python", "web", "code", "said"),
    [
        (QUIET, NPM_QUIET, 0, "✓ web/package-lock.json"),
        (WEAK, NPM_QUIET, 1, "anyio 4.16.0: PYSEC-1, mended in 4.17"),
        (QUIET, NPM_WEAK, 1, "vite <8: high"),
        (LEFT_OUT, NPM_QUIET, 3, "1 of 1 packages could not be looked up"),
        (QUIET, NPM_REFUSED, 3, "405 Method Not Allowed"),
        (WEAK, NPM_REFUSED, 1, "405 Method Not Allowed"),
        (None, None, 3, "there was no answer"),
    ],
)
def test_an_audit_that_could_not_ask_is_none(
    python: object, web: object, code: int, said: str, tmp_path: Path
) -> None:
    answers = {"requirements.lock": python, "requirements-dev.lock": QUIET, "web/package-lock.json": web}
    (tmp_path / "web").mkdir()
    for name, answer in answers.items():
        if answer is not None:
            (tmp_path / name).write_text(json.dumps(answer))
    done = subprocess.run(
        [sys.executable, HOME / "scripts/advisories.py", tmp_path], capture_output=True, text=True
    )
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
