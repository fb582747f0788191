"""`eunoe restore`: a backup becomes the catalog of an empty data directory."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.options import Chosen, settings_options
from service.commands.progress import bars
from service.domain.errors import EunoeError


@click.command("restore")
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@settings_options
def command(chosen: Chosen, directory: Path) -> None:
    """Make a backup the catalog of an empty data directory.

    Every file in DIRECTORY is compared with the backup's manifest first. The search index is built anew when the service starts; until
    then fetches are answered from the catalog. Positions that writes returned before the backup are not accepted any more.

    \b
    Example:
      eunoe restore /backups/2026-11-27 --data ./restored
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings

    from service.bootstrap.restore import run_restore  # noqa: PLC0415 - takes a second, which a refusal should not wait for

    try:
        with bars(in_bytes=True) as show:
            run_restore(settings, directory.absolute(), show)
    except (EunoeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Restored. Start the service with `eunoe up --data {settings.data_dir}`.")
