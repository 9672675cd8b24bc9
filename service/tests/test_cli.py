from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

from geo.errors import Finding, InvalidRows
from service.cli import app
from service.db import schema
from service.http.auth import SCOPES
from service.settings import HOME
from service.terminal import err, out, print_refusal, print_report, print_table, progress_bar
from service.tests.databases import Database, private_cluster


def chiiki(database: Database, *words: str) -> Result:
    out.width = err.width = 200  # so that no text is broken
    environment = {**database.environment, "NO_COLOR": "1", "CHIIKI_PORT": "0"}
    return CliRunner().invoke(app, list(words), env=environment)


def test_migrate_makes_the_tables_and_says_so(blank_database: Database) -> None:
    assert f"Schema (none) → {schema.newest()}" in chiiki(blank_database, "migrate").stdout
    assert "as before" in chiiki(blank_database, "migrate").stdout


def test_status_shows_what_is_there(migrated_database: Database) -> None:
    shown = chiiki(migrated_database, "status").stdout
    assert f"schema    {schema.newest()}" in shown
    assert "No boundaries." in shown


def test_help_comes_without_what_commands_need() -> None:
    ask = (
        "import sys, service.cli; "
        "print({'sqlalchemy', 'pydantic', 'numpy', 'fastapi', 'uvicorn'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"


def test_help_names_what_a_key_can_allow() -> None:
    shown = CliRunner().invoke(app, ["key", "create", "--help"], env={"COLUMNS": "200"}).stdout
    assert all(scope in shown for scope in SCOPES)


@pytest.mark.parametrize("words", [("key", "list"), ("ingest", "shipped"), ("serve",)])
def test_a_database_without_tables_is_refused_with_what_to_do(
    blank_database: Database, words: tuple[str, ...]
) -> None:
    done = chiiki(blank_database, *words)
    assert done.exit_code == 1
    assert "chiiki migrate" in done.stderr


def test_a_key_is_made_listed_and_revoked(migrated_database: Database) -> None:
    made = chiiki(
        migrated_database, "key", "create", "札幌市 企画課", "--scope", "write", "--expires", "2100-01-01"
    )
    key = made.stdout.strip()
    assert key.startswith("chiiki_")
    key_id = key.split("_")[1]
    listed = chiiki(migrated_database, "key", "list").stdout
    assert key_id in listed
    assert "札幌市 企画課" in listed
    assert key not in listed
    assert chiiki(migrated_database, "key", "revoke", key_id).exit_code == 0
    nowhere = chiiki(migrated_database, "key", "create", "x", "--scope", "write", "--areas", "10201, 10202")
    assert nowhere.exit_code == 1
    assert nowhere.stderr.count("municipality that is loaded") == 2


def test_the_audit_is_verified_and_its_head_can_be_given_back(migrated_database: Database) -> None:
    for name in ("a", "b"):
        chiiki(migrated_database, "key", "create", name, "--scope", "write")
    done = chiiki(migrated_database, "audit", "verify")
    assert done.exit_code == 0
    assert "Whole: 2 rows" in done.stdout
    head = done.stdout.splitlines()[-1]
    assert chiiki(migrated_database, "audit", "verify", "--head", head).exit_code == 0
    other = chiiki(migrated_database, "audit", "verify", "--head", f"2:{'0' * 64}")
    assert other.exit_code == 1
    assert "broken at row 2" in other.stderr
    assert "no head" in chiiki(migrated_database, "audit", "verify", "--head", "2").stderr


def test_a_refusal_is_a_message_a_table_and_exit_code_1(migrated_database: Database) -> None:
    done = chiiki(migrated_database, "key", "create", "nobody", "--scope", "everything")
    assert done.exit_code == 1
    for word in ("Where", "Expected", "everything", "one of write"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_published_list_is_loaded_by_a_mapping_and_tells_what_it_leaves_out(
    migrated_database: Database, tmp_path: Path
) -> None:
    mapping = HOME / "data" / "mappings" / "deployments-grants.csv"
    header = "muni_code,muni_name,fiscal_year,program,category,amount_yen,project_name,"
    header += "source_title,source_file,source_page\n"
    row = "34100,広島市,2026,地域未来交付金,地域未来推進型,{},{},決定について,r8_suishin_1.pdf,121\n"
    path = tmp_path / "grants.csv"
    path.write_text(
        header + row.format(76041000, "自動運転バス") + row.format(2500000, "人材育成事業"), "utf-8"
    )
    assert chiiki(migrated_database, "ingest", "catalog").exit_code == 0
    words = ("ingest", "deployments", str(path), "--mapping", str(mapping))
    done = chiiki(migrated_database, *words, "--dry-run")
    assert done.exit_code == 0
    for told in ("rows: 1", "added: 1", "dry run: True", "left out: 1", "line 3", "人材育成事業", "line 6"):
        assert told in done.stdout
    path.write_text(path.read_text("utf-8").replace("34100", "34199"), "utf-8")
    refused = chiiki(migrated_database, *words)
    assert refused.exit_code == 1
    assert "muni_code → area_codes" in refused.stderr


def test_every_finding_up_to_the_limit_is_shown_and_brackets_stay(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding(f"line {n}", "value", "[red]x", "a number") for n in range(1, 251)]
    print_refusal(InvalidRows("250 lines are wrong", findings))
    shown = capsys.readouterr().err
    assert "line 100" in shown
    assert "… and 150 more" in shown
    assert "[red]x" in shown


@pytest.mark.parametrize("text", [r"\[/x]", "[/x]", ":smile:", "[bold]", "a\\", "%s {0}"])
def test_what_a_file_says_is_shown_as_it_stands(capsys: pytest.CaptureFixture[str], text: str) -> None:
    print_refusal(InvalidRows(text, [Finding("line 1", "value", text, "a number")]))
    with progress_bar(text) as progress:
        progress(1, 2, text)
    print_table([{"name": text}], ("name",), "nothing")
    print_report({text: text, "list": [text]})
    shown = capsys.readouterr()
    assert shown.err.count(text) >= 2
    assert shown.out.count(text) == 4


def test_a_database_that_is_away_is_no_traceback() -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "status"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_runs_the_private_cluster_and_stops_it_on_sigterm(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["CHIIKI_LOCAL"] = str(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chiiki = [sys.executable, "-m", "service.cli"]
    with private_cluster(tmp_path) as cluster:
        subprocess.run([*chiiki, "migrate"], env=environment, check=True)
        with subprocess.Popen([*chiiki, "serve", "--port", str(port)], env=environment) as process:
            wait_until_alive(port, process)
            assert cluster.answers()
            process.terminate()
        assert not cluster.answers()


def wait_until_alive(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 150
    while True:
        with suppress(httpx.TransportError):
            assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
            return
        assert time.monotonic() < deadline
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"serve ended with {process.wait(timeout=0.05)}")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "chiiki.example"])
def test_serve_asks_for_the_address_that_readers_know(host: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CHIIKI_PUBLIC_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", "serve", "--host", host, "--port", "1"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Set CHIIKI_PUBLIC_URL" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def commands(group: TyperGroup, before: tuple[str, ...] = ("chiiki",)) -> Iterator[str]:
    """Every command as it is typed."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*before, name))
        else:
            yield " ".join((*before, name))


def test_every_command_is_documented() -> None:
    written = (HOME / "docs" / "commands.md").read_text(encoding="utf-8")
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert [name for name in commands(group) if f"`{name}`" not in written] == []
