"""`eunoe backup`: a copy of everything that matters."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.options import Chosen, settings_options
from service.commands.progress import bars
from service.domain.errors import EunoeError


@click.command("backup")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@settings_options
def command(chosen: Chosen, directory: Path) -> None:
    """Copy the catalog and the credentials into a directory.

    DIRECTORY must be empty or not there yet. The service may run meanwhile: the copy is of one moment, and whatever was acknowledged
    before that is in it. The search index is not copied, because it is built anew from the catalog; settings are not either. A backup
    holds everything that was ever said, and keys that open it: keep it as you keep the data.

    \b
    Examples:
      eunoe backup /backups/2026-11-27
      eunoe backup --data ./memory /backups/today
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    settings = chosen.load().settings
    if settings.catalog.url is not None:
        raise click.ClickException(
            "the catalog is a PostgreSQL database\nCopy it with pg_dump; this command is for SQLite catalogs."
        )
    if not settings.database.exists():
        raise click.ClickException(f"{settings.data_dir} holds no catalog\nGive the service's data directory with --data.")

    from service.catalog.backup import save  # noqa: PLC0415 - takes its time, which a refusal should not wait for

    others = [path for path in (settings.credentials_file,) if path.exists()]
    try:
        with bars(in_bytes=True) as show:
            manifest = save(settings.database, others, directory.absolute(), show)
    except (EunoeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{directory} holds {manifest.counts['messages']} messages, {manifest.counts['documents']} documents and")
    click.echo(f"{manifest.counts['memories']} memories of {manifest.counts['instances']} instances.")
