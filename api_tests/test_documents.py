"""What is written about the API is what the API is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from geo.areas import tables
from geo.files.formats import FORMATS
from geo.layers.classify import SCHEMES
from geo.strategy.deployments import COLUMNS, STATUSES
from service.app import create_api
from service.http.problems import REFUSALS, TITLES
from service.publish.export import FORMAT
from service.settings import Settings

HOME = Path(__file__).parents[1]


def test_the_committed_openapi_document_is_that_of_the_code(client: httpx.Client) -> None:
    committed = json.loads((HOME / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    assert create_api(Settings()).openapi() == committed, "run: .venv/bin/chiiki openapi"
    assert client.get("/openapi.json").json() == committed


def test_every_route_has_a_summary_and_every_parameter_a_description() -> None:
    document = create_api(Settings()).openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            assert operation.get("description"), (method, path)


def test_every_route_and_every_problem_stands_in_the_documentation() -> None:
    written = (HOME / "docs" / "api.md").read_text(encoding="utf-8")
    paths = create_api(Settings()).openapi()["paths"]
    missing = [path for path in paths if f"`{path}`" not in written]
    assert missing == [], "docs/api.md lacks these routes: add a row for each to the table under Routes"
    for slug, (title_ja, title_en) in TITLES.items():
        row = rf"`{slug}`.*{re.escape(title_ja)}.*{re.escape(title_en)}"
        assert re.search(row, written), f"docs/api.md lacks a row for {slug} under Problems"


def test_every_class_scheme_stands_in_the_documentation() -> None:
    written = (HOME / "docs" / "api.md").read_text(encoding="utf-8")
    names = ", ".join(f"`{name}`" for name in SCHEMES)
    assert f"| `scheme` | {names} |" in written, f"the row `scheme` of docs/api.md should tell {names}"


def test_every_download_format_stands_in_the_documentation() -> None:
    written = (HOME / "docs" / "downloads.md").read_text(encoding="utf-8")
    missing = [suffix for suffix in FORMATS if f"| `{suffix}` |" not in written]
    assert missing == [], "docs/downloads.md lacks these formats: add a row for each"


def test_every_document_stands_in_the_sites_navigation() -> None:
    site = (HOME / "zensical.toml").read_text(encoding="utf-8")
    documents = sorted(path.name for path in (HOME / "docs").glob("*.md"))
    assert "api.md" in documents
    assert [name for name in documents if f'= "{name}"' not in site] == []


def test_japanese_documents_show_the_same_code_as_the_english_ones() -> None:
    fenced = re.compile(r"^```[^\n]*\n.*?^```$", re.DOTALL | re.MULTILINE)
    japanese = sorted([*HOME.glob("*.ja.md"), *(HOME / "docs").glob("*.ja.md")])
    assert {"README.ja.md", "clients.ja.md", "downloads.ja.md"} <= {path.name for path in japanese}
    for path in japanese:
        english = path.with_name(path.name.replace(".ja.", "."))
        own, other = (one.read_text(encoding="utf-8") for one in (path, english))
        assert fenced.findall(own) == fenced.findall(other), path.name
        assert f"[English]({english.name})" in own
        assert f"[日本語]({path.name})" in other


def test_the_number_of_the_exports_format_is_told_as_it_is() -> None:
    assert f"(now {FORMAT})" in (HOME / "docs" / "api.md").read_text(encoding="utf-8")
    assert f"the number of this format, {FORMAT};" in (HOME / "docs" / "export.md").read_text(
        encoding="utf-8"
    )


def test_the_pictures_of_the_readme_are_there_and_small() -> None:
    named = re.findall(
        r"!\[[^]]+\]\((docs/pictures/[^)]+)\)", (HOME / "README.md").read_text(encoding="utf-8")
    )
    assert sorted(named) == sorted(
        f"docs/pictures/{path.name}" for path in (HOME / "docs/pictures").iterdir()
    )
    assert [name for name in named if (HOME / name).stat().st_size > 200_000] == []


def test_the_licence_is_the_same_wherever_it_is_told() -> None:
    told = ProjectMetadata(str(HOME), PluginManager()).core
    assert (told.license_expression, told.license_files) == ("MIT", ["LICENSE", "NOTICE"])
    licence = (HOME / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith(
        "MIT License\n\nCopyright (c) 2026 The chiiki developers\n\nPermission is hereby granted"
    )
    assert "under the MIT License ([LICENSE](LICENSE))" in (HOME / "README.md").read_text(encoding="utf-8")


def test_the_bounds_of_a_join_stand_in_the_documentation() -> None:
    route = create_api(Settings()).openapi()["paths"]["/ogc/joins"]["post"]["description"]
    for written in ((HOME / "docs" / "ogc.md").read_text(encoding="utf-8"), route):
        words = " ".join(written.split())
        for bound in (
            f"At most {tables.MOST_BYTES >> 20} MiB",
            f"{tables.MOST_COLUMNS} columns",
            f"{tables.MOST_ROWS:,} rows",
            f"{tables.MOST_CELLS:,} cells",
            f"{tables.LONGEST_HEADER} characters a header",
            f"{tables.LONGEST_CELL:,} characters a cell",
            f"{tables.MOST_POURED >> 20} MiB of answer",
        ):
            assert bound in words, bound


def test_every_error_class_has_a_status() -> None:
    from geo import errors

    named = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ChiikiError)
    }
    assert named - {errors.ChiikiError} <= set(REFUSALS)
    assert {slug for _, slug in REFUSALS.values()} <= set(TITLES)


def test_every_column_and_status_of_a_list_of_deployments_is_documented() -> None:
    written = (HOME / "docs" / "deployments.md").read_text(encoding="utf-8")
    for name, column in COLUMNS.items():
        assert f"| `{name}` | {column.name_ja} | {column.meaning_ja} | {column.meaning_en} |" in written
    for name, status in STATUSES.items():
        assert f"| `{name}` | {status.ja} | {status.en} |" in written


def test_every_block_of_code_begins_as_the_site_reads_it() -> None:
    # the generator takes a fence with a second word for text, and with it all that follows
    for path in sorted((HOME / "docs").glob("*.md")):
        for fence in re.findall(r"^```(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert re.fullmatch(r'[a-z]+( title="[^"]+")?', fence), (path.name, fence)
