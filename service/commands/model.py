"""`eunoe model`: the embedding model's files."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.options import Chosen, settings_options
from service.domain.errors import EunoeError
from service.embedders.build import find_prepared, prepare_model


@click.group("model")
def command() -> None:
    """Prepare and show the embedding model.

    The service turns text into vectors with a small model that runs on the CPU of this machine; no text leaves it. Its files
    are built once, from the installed model package or from a directory of your own, into a cache that all data directories share.
    """


_SOURCE = click.option(
    "--source", metavar="DIR", help="Directory with a model of your own.  [default: the installed package, all-MiniLM-L6-v2]"
)


@command.command("prepare")
@settings_options
@_SOURCE
def prepare(chosen: Chosen, source: str | None) -> None:
    """Build the model's files, or check those that are there. Safe to repeat; takes about five seconds the first time.

    \b
    Examples:
      eunoe model prepare
      eunoe model prepare --source ~/models/my-minilm
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    cache_dir, source_dir = _places(chosen, source)
    try:
        prepare_model(cache_dir, source_dir, click.echo)
    except EunoeError as error:
        raise click.ClickException(error.message) from error
    except OSError as error:
        raise click.ClickException(f"the model cannot be written to {cache_dir}: {error}") from error


@command.command("show")
@settings_options
@_SOURCE
def show(chosen: Chosen, source: str | None) -> None:
    """Show which model is in use, and where it lies."""
    cache_dir, source_dir = _places(chosen, source)
    try:
        found = find_prepared(cache_dir, source_dir)
    except EunoeError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"model       {found.model_id}")
    click.echo(f"directory   {found.directory}")
    click.echo(f"built from  {source_dir or 'the installed model package'}")
    click.echo(f"vectors     {found.manifest.dimensions} numbers, of the first {found.manifest.max_tokens} tokens of a text")


def _places(chosen: Chosen, source: str | None) -> tuple[Path, Path | None]:
    model = chosen.load({"model.source_dir": source}).settings.model
    return model.cache_dir, model.source_dir
