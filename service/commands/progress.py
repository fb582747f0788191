"""Progress bars of long commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from service.commands.console import open_console

Show = Callable[[str, int, int], None]
"""Says that a stage has done so many of so many."""


@contextmanager
def bars(*, in_bytes: bool = False) -> Iterator[Show]:
    """A bar per stage on standard error, each from when it is first told of."""
    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn()
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=open_console(stderr=True)) as progress:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield show


def spinning_bars(console: Console) -> Progress:
    """Bars for work whose length shows as it goes. They leave nothing behind, and are no use to what is no terminal."""
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
