"""What the wheel holds. ``scripts/wheel`` installs it in an empty environment and uses it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service.settings import HOME

PARTS = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "NOTICE")
FOLDERS = ("geo", "service", "data")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=HOME, check=True, capture_output=True)
    (wheel,) = folder.glob("chiiki-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize(
    "folder", ["geo", "service", "service/static", "service/export_page", "service/templates"]
)
def test_the_wheel_holds_the_code_its_templates_and_both_front_ends(names: set[str], folder: str) -> None:
    wanted = {
        str(path.relative_to(HOME))
        for path in (HOME / folder).rglob("*")
        if path.is_file() and not {"tests", "__pycache__"} & set(path.relative_to(HOME).parts)
    }
    assert wanted
    assert wanted <= names


def test_the_wheel_holds_the_data_beside_the_code(names: set[str]) -> None:
    wanted = {f"service/{path.relative_to(HOME)}" for path in (HOME / "data").rglob("*") if path.is_file()}
    assert "service/data/boundaries/2025-01-01/areas.topojson.gz" in wanted
    assert wanted <= names


def test_the_wheel_tells_its_terms_and_those_of_the_data(names: set[str]) -> None:
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_wheel_holds_no_tests_and_two_packages(names: set[str]) -> None:
    assert [name for name in names if "tests" in name.split("/")] == []
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"geo", "service"}


def test_a_wheel_without_its_front_end_is_refused(tmp_path: Path) -> None:
    for name in PARTS:
        shutil.copy(HOME / name, tmp_path)
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert (
        "service/static/index.html, service/export_page/index.html: the front-end is not built" in done.stderr
    )
