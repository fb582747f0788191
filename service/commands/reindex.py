"""`eunoe reindex`: the search index anew from the catalog."""

from __future__ import annotations

import click

from service.commands.direct import require_catalog
from service.commands.options import Chosen, settings_options
from service.commands.progress import bars
from service.domain.errors import EunoeError


@click.command("reindex")
@settings_options
def command(chosen: Chosen) -> None:
    """Rebuild the search index from the catalog.

    A running service builds it beside the one in use, takes calls all the while, and switches when it is complete. Nothing is lost when
    this is interrupted: a running service goes on by itself, and started again this command goes on where it was.

    \b
    Examples:
      eunoe reindex
      eunoe reindex --data ./memory
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings
    require_catalog(settings)

    from service.bootstrap.reindex import run_reindex  # noqa: PLC0415 - takes a second, which a refusal should not wait for

    try:
        with bars() as show:
            run_reindex(settings, show)
    except EunoeError as error:
        raise click.ClickException(error.message) from error
    click.echo("The index is complete.")
