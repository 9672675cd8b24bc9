"""Lists of deployments that were good once: read, or refused by place and field."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from geo.strategy.deployment_lists import read_list
from geo.strategy.deployment_rows import checked_deployments
from geo.tests.mutated_documents import Json, mutated_document
from geo.tests.mutations import mutated_text, proven, refusal
from geo.tests.strategy.test_deployments import ROW, catalogue

FULL = {
    **ROW,
    "statuses": "proposed 2024-03; adopted 2025-06-20",
    "fy_end": "2027",
    "project_cost_yen": "29200000",
    "kpis": "利用者|人|100|200|2027",
    "published_on": "2025-06-20",
}
TABLE = f"{','.join(FULL)}\n{','.join(FULL.values())}\n{','.join(FULL.values()).replace('2027', '2028')}\n"
POINT: Json = {"type": "Point", "coordinates": [137.95, 36.11, 716.5]}
PROPERTIES: dict[str, Json] = {**FULL, "fid": 1, "fy_end": 2027}
GEOJSON: dict[str, Json] = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4301"}},
    "features": [{"type": "Feature", "properties": PROPERTIES, "geometry": POINT}],
}


@given(content=mutated_text(TABLE))
@proven
def test_a_mutated_table_is_read_or_refused_by_its_lines(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    refusal(lambda: checked_deployments(read_list(path), catalogue()))


@given(
    content=mutated_document(GEOJSON) | mutated_document(PROPERTIES) | st.just(json.dumps([FULL]).encode())
)
@proven
def test_mutated_json_is_read_or_refused_by_its_features(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(content)
    refusal(lambda: checked_deployments(read_list(path), catalogue()))
