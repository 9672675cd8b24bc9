"""What the command line shows: refusals as tables, reports, progress bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from geo.errors import ChiikiError, Finding

# what is shown comes from files and their names: text, in which [b] and :smile: mean nothing
out = Console(soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, markup=False, emoji=False)
#: (how much is done, of how much, what is being done)
Progress = Callable[[int, int, str], None]


def say(line: str, *, is_wrong: bool = False) -> None:
    """Print a line where that can be: a full disk or a closed pipe is no reason not to serve."""
    with suppress(OSError):
        typer.secho(line, err=is_wrong, fg="red" if is_wrong else None)


def print_refusal(error: ChiikiError) -> None:
    """Print what is wrong: the message, and each finding as a row."""
    err.print(f"✗ {error.message}", style="red", highlight=False, soft_wrap=True)
    if not error.findings:
        return
    table = Table("Where", "Field", "Value", "Expected")
    for finding in error.findings:
        table.add_row(finding.where, finding.field, finding.value, finding.expected)
    err.print(table)
    more = error.found.total - len(error.findings)
    if more:
        err.print(f"… and {more:,} more")


def print_findings(head: str, findings: Sequence[Finding]) -> None:
    """Print what a load tells beside its report, every one of it."""
    out.print(head)
    if findings:
        table = Table("Where", "Field", "Value", "Why")
        for finding in findings:
            table.add_row(finding.where, finding.field, finding.value, finding.expected)
        out.print(table)


def print_table(rows: Sequence[Mapping[str, object]], columns: tuple[str, ...], empty: str) -> None:
    """Print rows as a table, or the sentence ``empty``."""
    if not rows:
        out.print(empty)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_shown(row[column]) for column in columns))
    out.print(table)


def print_report(report: Mapping[str, object], indent: int = 0) -> None:
    """Print a load's report, nested as it is."""
    for name, value in report.items():
        head = "  " * indent + name.replace("_", " ")
        if isinstance(value, Mapping):
            out.print(f"{head}:")
            print_report(value, indent + 1)
        elif isinstance(value, list | tuple):
            out.print(f"{head}: {len(value)}")
            for item in value[:20]:
                out.print("  " * (indent + 1) + str(item))
        else:
            out.print(f"{head}: {value}")


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Show a bar meanwhile, with what is being done beside it."""
    plain = partial(TextColumn, markup=False)
    columns = plain("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Bars(*columns, plain("{task.fields[what]}"), console=err) as bars:
        bar = bars.add_task(title, total=None, what="")

        def progress(done: int, total: int, what: str) -> None:
            bars.update(bar, completed=done, total=total, what=what)

        yield progress


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone().isoformat(sep=" ", timespec="minutes")
    return "" if value is None else str(value)
