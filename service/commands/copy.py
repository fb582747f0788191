"""`eunoe copy`: an embedded deployment becomes one of many processes."""

from __future__ import annotations

import click

from service.commands.options import Chosen, settings_options
from service.commands.progress import bars
from service.domain.errors import EunoeError


@click.command("copy")
@click.option(
    "--to",
    "url",
    required=True,
    metavar="URL",
    help="An empty PostgreSQL database, such as postgresql://eunoe@db.internal/eunoe.",
)
@click.option(
    "--shards", type=click.IntRange(1, 1024), metavar="N", help="Of the new deployment; fixed from then on.  [default: 16]"
)
@settings_options
def command(chosen: Chosen, url: str, shards: int | None) -> None:
    """Move what an embedded service remembers into a PostgreSQL database, for `eunoe serve` and `eunoe work`.

    The service must be stopped; what it accepted and has not processed yet is processed first. Everything arrives in one transaction, is
    compared row by row with what was sent, and is there only then: interrupted at any moment, the database stays empty, and the command can
    be started again. The data directory stays as it is. Keys stay valid; positions that writes returned before are not accepted any more. The
    search index is built by the first workers; until then fetches are answered from the catalog.

    \b
    Examples:
      eunoe copy --to postgresql://eunoe@db.internal/eunoe
      eunoe copy --data ./memory --to postgresql://eunoe@db.internal/eunoe --shards 64
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings

    from service.bootstrap.copy import run_copy  # noqa: PLC0415 - takes a second, which a refusal should not wait for

    try:
        with bars() as show:
            counts = run_copy(settings, url, shards, show)
    except EunoeError as error:
        raise click.ClickException("\n".join([error.message, *error.values.values()])) from error
    there = ", ".join(f"{counts[name]} {name}" for name in ("messages", "documents", "memories"))
    click.echo(f"{there}: {sum(counts.values())} rows are there as they were.")
    click.echo("Set EUNOE_CATALOG_URL and EUNOE_KAFKA_BOOTSTRAP, and start `eunoe serve` and `eunoe work`.")
