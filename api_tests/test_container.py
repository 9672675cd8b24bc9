"""The container: what is declared is enough to serve, and the image holds all that the service needs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx
import pytest
import yaml

from api_tests.conftest import serving
from api_tests.container import container
from service.db.cluster import Cluster
from service.settings import HOME, Settings
from service.tests.databases import Database

SEPARATE = ["unshare", "--mount", "--propagation", "private"]
if os.geteuid():
    SEPARATE[1:1] = ["--user", "--map-root-user"]


@pytest.fixture(scope="session")
def account() -> str:
    """Whom the container's command runs as: no root, and known to the database."""
    done = subprocess.run(
        [*SEPARATE, "--", "mount", "--bind", "/tmp", "/tmp"], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"This machine allows no mount namespace: {done.stderr.strip()}")
    if os.geteuid():
        return "root"  # of a namespace, where it has the rights of whoever runs the tests
    settings = Settings()
    return "nobody" if settings.database_url else Cluster.of(settings).account


def test_the_container_starts_and_gives_a_download(database: Database, tmp_path: Path, account: str) -> None:
    declared = container()
    volumes = tmp_path / "volumes"
    volumes.mkdir()
    entering = [*SEPARATE, "--", sys.executable, "-m", "api_tests.container", str(volumes), account]
    environment = {
        **declared.environment,
        "PATH": declared.environment["PATH"].replace("$PATH", os.environ["PATH"]),
    }
    with serving(database, tmp_path / "log", [*entering, *declared.command], **environment) as server:
        # the service alone sees this: nothing of the machine's files can be written, root or not
        with pytest.raises(OSError, match="Read-only file system"):
            Path(f"/proc/{server.process.pid}/root{HOME}/written").touch()
        if not os.geteuid():
            assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
        answer = httpx.get(f"{server.url}/v1/layers/population/download.gpkg?level=prefecture", timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(b"SQLite format 3\0")
    kept = [one for folder in volumes.iterdir() for one in folder.iterdir()]
    assert [one.read_bytes() for one in kept] == [answer.content]


def third_party_modules() -> set[str]:
    """Return the modules that the service imports and that are neither its own nor Python's."""
    found = set()
    for folder in ("geo", "service"):
        for path in (HOME / folder).rglob("*.py"):
            if "tests" in path.parts or path.name == "conftest.py":
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found - {"geo", "service"} - sys.stdlib_module_names


def plain(name: str) -> str:
    """Return the name of a distribution as package indices write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_module_that_is_imported_is_locked_for_the_image() -> None:
    lock = (HOME / "requirements.lock").read_text(encoding="utf-8")
    locked = {plain(name) for name in re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==", lock, flags=re.MULTILINE)}
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = {
        plain(re.split(r"[^\w.-]", one)[0])
        for extra in project["optional-dependencies"].values()
        for one in extra
    }
    of_module = packages_distributions()
    modules = third_party_modules()
    assert {"fastapi", "pyogrio", "openpyxl"} <= modules
    for module in modules:
        assert {plain(one) for one in of_module[module]} & (locked | optional), module


def test_the_images_context_holds_all_that_its_steps_read() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))
    ignored = (HOME / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    dockerfile = (HOME / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, flags=re.MULTILINE)
    ]
    wanted = {name for names in copied for name in names} - {"."}
    wanted |= {
        "pyproject.toml",
        "hatch_build.py",
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    wanted |= {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], Settings().data.name}
    assert wanted <= sent
    assert all((HOME / name).exists() for name in sent)


def test_compose_makes_its_passwords_once_and_has_none_of_its_own(tmp_path: Path) -> None:
    declared = yaml.safe_load((HOME / "compose.yaml").read_text(encoding="utf-8"))
    script = HOME / declared["configs"]["make_keys"]["file"]
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    own = r"of:my\own"

    def made(folder: Path) -> dict[str, str]:
        environment = {"PATH": os.environ["PATH"], "KEYS": str(folder), "CHIIKI_READER_PASSWORD": own}
        subprocess.run(["sh", script], env=environment, check=True)
        assert {one.stat().st_mode & 0o077 for one in folder.iterdir()} == {0}
        return {one.name: one.read_text() for one in folder.iterdir()}

    first, other = map(made, folders)
    assert made(folders[0]) == first
    made_up = ("postgres", "owner", "replica")
    assert len({one[name] for one in (first, other) for name in made_up}) == 6
    assert min(len(first[name]) for name in made_up) == 32  # 24 bytes
    assert first["reader"] == own
    # with : and \ escaped, https://www.postgresql.org/docs/15/libpq-pgpass.html
    assert first["pgpass"].splitlines() == [
        f"database:5432:chiiki:chiiki:{first['owner']}",
        r"database:5432:chiiki:chiiki_reader:of\:my\\own",
    ]
    said = [value for one in declared["services"].values() for value in one["environment"].items()]
    assert [value for name, value in said if "PASSWORD" in name and "FILE" not in name] == [
        "${CHIIKI_DB_PASSWORD:-}",
        "${CHIIKI_READER_PASSWORD:-}",
    ]
