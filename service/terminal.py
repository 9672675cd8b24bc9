"""What the command line shows: refusals as tables, reports, progress bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from geo.errors import ChiikiError

out = Console(soft_wrap=True)
err = Console(stderr=True)
#: A file with more faults than this needs another look at its source, not a longer table.
FINDINGS_SHOWN = 200

#: (how much is done, of how much, what is being done)
Progress = Callable[[int, int, str], None]


def print_refusal(error: ChiikiError) -> None:
    """Print what is wrong: the message, and each finding as a row."""
    err.print(f"✗ {error.message}", style="red", highlight=False, markup=False)
    if not error.findings:
        return
    table = Table("Where", "Field", "Value", "Expected")
    for finding in error.findings[:FINDINGS_SHOWN]:
        table.add_row(*map(_plain, (finding.where, finding.field, finding.value, finding.expected)))
    err.print(table)
    more = len(error.findings) - FINDINGS_SHOWN
    if more > 0:
        err.print(f"… and {more} more")


def print_table(rows: Sequence[Mapping[str, object]], columns: tuple[str, ...], empty: str) -> None:
    """Print rows as a table, or the sentence ``empty``."""
    if not rows:
        out.print(empty)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_plain(_shown(row[column])) for column in columns))
    out.print(table)


def print_report(report: Mapping[str, object], indent: int = 0) -> None:
    """Print a load's report, nested as it is."""
    for name, value in report.items():
        head = "  " * indent + name.replace("_", " ")
        if isinstance(value, Mapping):
            out.print(f"{head}:", markup=False)
            print_report(value, indent + 1)
        elif isinstance(value, list | tuple):
            out.print(f"{head}: {len(value)}", markup=False)
            for item in value[:20]:
                out.print("  " * (indent + 1) + str(item), markup=False)
        else:
            out.print(f"{head}: {value}", markup=False)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Show a bar meanwhile, with what is being done beside it."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Bars(*columns, TextColumn("{task.fields[what]}", markup=False), console=err) as bars:
        bar = bars.add_task(title, total=None, what="")

        def progress(done: int, total: int, what: str) -> None:
            bars.update(bar, completed=done, total=total, what=what)

        yield progress


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone().isoformat(sep=" ", timespec="minutes")
    return "" if value is None else str(value)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
