from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import FOLDERS, HOME, Folders, Settings, cores, folders, names_of, table, workers_of

DOCUMENT = HOME / "docs" / "settings.md"


def test_every_setting_is_documented_as_it_is() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert table() in written, "the table of docs/settings.md should be what .venv/bin/chiiki settings prints"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_says_what_it_is_for(field: str) -> None:
    assert (Settings.model_fields[field].description or "").endswith(".")


def test_a_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIIKI_POOL_SIZE", "3")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/chiiki")
    settings = Settings()
    assert settings.pool_size == 3
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://somewhere/chiiki"
    assert names_of("database_url")[0] == "DATABASE_URL"


def test_a_setting_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIIKI_PORT", "70000")
    with pytest.raises(ValidationError, match="port"):
        Settings()


def test_a_password_is_not_shown() -> None:
    assert "geheim" not in repr(Settings(database_url="postgresql://user:geheim@host/chiiki"))  # type: ignore[arg-type] # as from the environment


def test_a_checkout_keeps_everything_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    local = tmp_path / ".local"
    assert folders(tmp_path, {"HOME": "/home/a"}) == Folders(
        tmp_path / "data", local, local / "downloads", True
    )
    assert FOLDERS.is_checkout


def test_an_installed_package_writes_into_the_home_of_who_runs_it(tmp_path: Path) -> None:
    found = folders(tmp_path, {"HOME": "/home/a"})
    assert found.data == tmp_path / "service" / "data"
    assert found.local == Path("/home/a/.local/share/chiiki")
    assert found.downloads == Path("/home/a/.cache/chiiki/downloads")


def test_an_installed_package_writes_where_xdg_says(tmp_path: Path) -> None:
    found = folders(tmp_path, {"HOME": "/home/a", "XDG_DATA_HOME": "/d", "XDG_CACHE_HOME": "relative"})
    assert found.local == Path("/d/chiiki")
    assert found.downloads == Path("/home/a/.cache/chiiki/downloads")


@pytest.mark.parametrize(
    ("quota", "most"),
    [("50000 100000", 1), ("100000 100000", 1), ("199999 100000", 1), ("max 100000", None), ("", None)],
)
def test_cores_are_those_that_may_be_used(tmp_path: Path, quota: str, most: int | None) -> None:
    for name, told in {"proc/self/cgroup": "1:cpu:/b\n0::/a/chiiki\n", "sys/a/chiiki/cpu.max": quota}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(told)
    here = len(os.sched_getaffinity(0))
    assert cores(tmp_path / "proc", tmp_path / "sys") == (most or here)
    assert cores(tmp_path, tmp_path) == here


def test_two_workers_serve_where_there_are_cores_and_as_many_as_one_says() -> None:
    assert workers_of(Settings(workers=0)) == (2 if cores() > 1 else 1)
    assert workers_of(Settings(workers=7)) == 7
