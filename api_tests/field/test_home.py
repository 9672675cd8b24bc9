"""The page that says where each kind of the field is tested: it names what exists, and leaves no case out."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path

import pytest

from service.settings import HOME

PAGE = Path(__file__).with_name("README.md")
REAL = os.environ.get("CHIIKI_REAL_DATA")
NUMBERS = [f"R{number:02d}" for number in range(1, 47)]


def rows() -> dict[str, list[str]]:
    """Return the tests that the page names for each case."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("|").split("|") for line in lines if re.match(r"\| R\d\d ", line)]
    return {case.strip(): re.findall(r"`([^`]+)`", tests) for case, _, tests in cells}


@cache
def functions(path: str) -> frozenset[str]:
    """Return the functions of a module of tests."""
    tree = ast.parse((HOME / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize(
    ("case", "named"), [(case, test) for case, tests in rows().items() for test in tests]
)
def test_a_test_that_the_page_names_exists(case: str, named: str) -> None:
    path, _, name = named.partition("::")
    assert name.startswith("test_"), case
    assert name in functions(path)


def test_every_number_has_a_row_with_tests_or_is_told_to_have_no_input() -> None:
    told = rows()
    assert all(told.values())
    last = PAGE.read_text(encoding="utf-8").rstrip().splitlines()[-1]
    assert sorted([*told, *re.findall(r"R\d\d", last)]) == NUMBERS


@pytest.mark.skipif(
    REAL is None or not (Path(REAL).parent / "cases").is_dir(),
    reason="the cases lie in the folder cases beside CHIIKI_REAL_DATA",
)
def test_every_case_is_named() -> None:
    folders = (Path(str(REAL)).parent / "cases").glob("R[0-9][0-9]-*")
    assert sorted(folder.name[:3] for folder in folders) == sorted(rows())
