"""Programmes: until when a deployment counts whose end no source tells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from geo.errors import InvalidRows
from geo.strategy.deployments import Deployment
from geo.strategy.plan import read_strategy
from geo.strategy.programmes import Programme, ending

CATALOG = Path(__file__).parents[3] / "data" / "catalog"
TWO = Programme("広域実証", 2, "二年。", "Two years.", "要綱", "https://example.org/")
ONE = Programme("広域実証（短期）", 1, "単年度。", "One year.", "要綱", "https://example.org/")
ZONE = Programme("特区", None, "指定。", "Designated.", "法", "https://example.org/")


def deployment(
    programme: str, status: str = "adopted", fy_start: int | None = 2024, fy_end: int | None = None
) -> Deployment:
    return Deployment(
        id="dep",
        measures=("bus",),
        programme=programme,
        title_ja="",
        areas=(),
        reference_date=dt.date(2025, 4, 1),
        status=status,
        source_title="",
        source_url="",
        retrieved_on=dt.date(2026, 5, 1),
        confidence="official",
        fy_start=fy_start,
        fy_end=fy_end,
    )


@pytest.mark.parametrize(
    ("one", "year", "basis"),
    [
        (deployment("広域実証"), 2025, "programme"),
        (deployment("広域実証（本格）"), 2025, "programme"),  # what begins with the name
        (deployment("広域実証（短期）"), 2024, "programme"),  # the longer name wins
        (deployment("広域 実証(短期)"), 2024, "programme"),  # width and spaces make no other name
        (deployment("広域実証", fy_start=None), 2027, "programme"),  # known from fiscal 2026 on
        (deployment("広域実証", "in_progress"), 2025, "programme"),
        (deployment("広域実証", fy_end=2030), 2030, "stated"),
        (deployment("広域実証", "operating"), None, "operating"),
        (deployment("特区"), None, "open"),
        (deployment("新しい特区"), None, "not_known"),
    ],
)
def test_a_deployment_counts_as_its_source_or_the_rule_of_its_programme_says(
    one: Deployment, year: int | None, basis: str
) -> None:
    found = ending(one, [TWO, ONE, ZONE])
    assert (found.year, found.basis) == (year, basis)
    assert all(found.reason.values())


def test_the_rules_that_ship_name_each_programme_once_and_say_why() -> None:
    programmes = read_strategy(CATALOG).programmes
    assert len({one.name for one in programmes}) == len(programmes) > 20
    assert all(one.reason_ja and one.reason_en and one.source_title for one in programmes)


def test_a_rule_of_no_year_is_refused(tmp_path: Path) -> None:
    for table in CATALOG.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    path = tmp_path / "programmes.csv"
    path.write_text(path.read_text("utf-8") + "新制度,0,x,x,x,\n", "utf-8")
    with pytest.raises(InvalidRows) as refused:
        read_strategy(tmp_path)
    assert [(one.field, one.value) for one in refused.value.findings] == [("years", "0")]
