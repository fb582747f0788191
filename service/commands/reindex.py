"""`eunoe reindex`: the search index anew from the catalog."""

from __future__ import annotations

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from service.commands.console import open_console
from service.commands.options import Chosen, settings_options
from service.domain.errors import EunoeError
from service.ops.announce import read_ready


class Bars:
    """A progress bar per stage of a long piece of work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def show(self, stage: str, done: int, total: int) -> None:
        """Say that a stage has done so many of so many."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)


@click.command("reindex")
@settings_options
def command(chosen: Chosen) -> None:
    """Rebuild the search index from the catalog.

    Needed after the index directory was lost or damaged, and after the embedding model was changed (then every text is embedded
    again). The service must not be running; nothing is lost when this is interrupted, it can simply be started again.

    \b
    Examples:
      eunoe reindex
      eunoe reindex --data ./memory
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings
    ready = read_ready(settings.ready_files[0])
    if ready is not None:
        raise click.ClickException(
            f"a service (pid {ready.pid}) runs on {settings.data_dir}\nStop it with Ctrl-C or `kill {ready.pid}`, then reindex, then start it again."
        )
    if settings.catalog.url is None and not settings.database.exists():
        raise click.ClickException(f"{settings.data_dir} holds no catalog\nGive the service's data directory with --data.")

    from service.bootstrap.reindex import run_reindex  # noqa: PLC0415 - takes a second, which a refusal should not wait for

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    try:
        with Progress(*columns, console=open_console(stderr=True)) as progress:
            run_reindex(settings, Bars(progress).show)
    except EunoeError as error:
        raise click.ClickException(error.message) from error
    click.echo("The index is complete. Start the service with `eunoe up`.")
