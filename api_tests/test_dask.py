"""The same gaps counted on a cluster of two workers."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import text

from service.tests.databases import Database

COUNT = """
import sys
from distributed import LocalCluster
from typer.testing import CliRunner
from service.cli import app
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        words = ["analyze", "transport-gap", "--grid", "census-2020-500m", "--area", "10000"]
        done = CliRunner().invoke(app, [*words, "--dask", cluster.scheduler_address])
    sys.stdout.write(done.output)
    sys.exit(done.exit_code)
"""
FIGURES = text(
    "select indicator, area_code, value from observation where source = 'transport-gap' order by 1, 2"
)
CELLS = text("select definition, code, covered, covered_share from gap_cell order by definition, code")


def test_a_cluster_counts_what_one_machine_counts(scratch_database: Database) -> None:
    with scratch_database.begin() as conn:
        before, cells = conn.execute(FIGURES).all(), conn.execute(CELLS).all()
        conn.execute(text("update observation set value = 0 where source = 'transport-gap'"))
        conn.execute(text("delete from gap_cell"))
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        env={**scratch_database.environment, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "municipalities: 13" in done.stdout
    with scratch_database.begin() as conn:
        assert conn.execute(FIGURES).all() == before
        assert conn.execute(CELLS).all() == cells
        assert len(cells) > 20_000
