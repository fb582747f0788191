"""`eunoe migrate`: the tables of a PostgreSQL catalog, made or brought up to date."""

from __future__ import annotations

from contextlib import closing

import click

from service.commands.options import Chosen, settings_options
from service.domain.errors import EunoeError


@click.command("migrate")
@settings_options
def command(chosen: Chosen) -> None:
    """Bring the tables of the PostgreSQL catalog up to date.

    Makes them in an empty database. Changes everything or nothing, and may be run by any number of machines at once: one does it, the
    others wait. A service that starts does the same by itself; run this first where it must not, or to see it happen.

    \b
    Examples:
      EUNOE_CATALOG_URL=postgresql://eunoe@db.internal/eunoe eunoe migrate
      eunoe migrate --set catalog.url=postgresql://eunoe@db.internal/eunoe
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings
    if settings.catalog.url is None:
        raise click.ClickException(
            "no PostgreSQL database is set\nSet EUNOE_CATALOG_URL; a catalog in a data directory is brought up to date by `eunoe up`."
        )
    from service.catalog.engine import Catalog  # noqa: PLC0415 - takes half a second, which a refusal should not wait for
    from service.catalog.migrate import HEAD, migrate  # noqa: PLC0415

    try:
        with closing(Catalog(settings.catalog.url)) as catalog:
            found = migrate(catalog)
    except EunoeError as error:
        raise click.ClickException("\n".join([error.message, *error.values.values()])) from error
    was = "It is, as it was," if found == HEAD else f"It was at {found}, and is now" if found else "It was empty, and is now"
    click.echo(f"{was} at migration {HEAD}.")
