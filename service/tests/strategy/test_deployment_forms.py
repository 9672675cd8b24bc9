"""A list of deployments that is exported says the same when it is imported again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from geo.areas.names import AreaNames
from geo.strategy.deployment_rows import Context, Entry, checked_deployments
from geo.strategy.deployments import DatedStatus, DeployedArea, Deployment, OwnTarget
from service.strategy.deployment_forms import cells

ON = dt.date(2024, 10, 1)
CONTEXT = Context(
    measure={"smart-cities": "smart-cities", "ccrc": "ccrc"}.get,
    measure_ids=("smart-cities", "ccrc"),
    names=lambda _: AreaNames({"20215": ("長野県塩尻市", ""), "10201": ("群馬県前橋市", "")}, {}),
    reference_date=dt.date(2020, 1, 1),
    today=dt.date(2026, 11, 23),
)
WHOLE = Deployment(
    id="dep-1",
    measures=("smart-cities", "ccrc"),
    programme="事業",
    title_ja="題",
    title_en="Title",
    areas=(
        DeployedArea("20215", "lead", "長野県塩尻市", ""),
        DeployedArea("10201", "member", "群馬県前橋市", ""),
    ),
    reference_date=ON,
    applicant_or_operator="社",
    status="operating",
    statuses=(DatedStatus("adopted", "2023-04"), DatedStatus("operating", "2024-04-01")),
    fy_start=2023,
    fy_end=2027,
    project_cost_yen=29_200_000,
    national_grant_yen=15_200_000,
    grant_type="交付金",
    kpis=(
        OwnTarget("利用者", "人", 1_234_567.0, 12_345_678.5, 2027),
        OwnTarget("満足度", "%", None, 0.1, None),
    ),
    source_title="資料",
    source_url="https://example.jp/a",
    published_on="2024-06",
    retrieved_on=dt.date(2026, 11, 1),
    confidence="official",
    note="注",
)


def again(one: Deployment) -> Deployment:
    written = {name: "" if value is None else str(value) for name, value in cells(one).items()}
    (found,) = checked_deployments([Entry("line 2", written)], CONTEXT)
    return found


@pytest.mark.parametrize(
    "one",
    [
        WHOLE,
        replace(WHOLE, statuses=(), kpis=(), fy_start=None, fy_end=None, published_on="", note=""),
        replace(WHOLE, project_cost_yen=None, national_grant_yen=None, title_en="", grant_type=""),
        replace(WHOLE, kpis=(OwnTarget("率", "", 1e-9, -1e21, 2030),)),
    ],
)
def test_a_row_that_is_imported_again_is_the_same_deployment(one: Deployment) -> None:
    assert again(one) == one


def test_a_region_that_is_no_body_is_written_as_a_hyphen() -> None:
    one = replace(WHOLE, areas=(DeployedArea(None, "part", "志摩地域"), *WHOLE.areas))
    assert cells(one)["area_codes"] == "-;20215;10201"
    assert again(one).areas == one.areas
