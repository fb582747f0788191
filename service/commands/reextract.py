"""`eunoe reextract`: what an older extractor has read, read again."""

from __future__ import annotations

import click

from service.commands.direct import open_existing
from service.commands.options import Chosen, settings_options
from service.commands.progress import bars


@click.command("reextract")
@click.option("--all", "is_all", is_flag=True, help="Also what the present extractor has read.")
@click.option("--instance", metavar="NAME", default="", help="Of this instance only.")
@click.option("--customer", metavar="ID", default="", help="Of this customer only, its users included; with --instance.")
@click.option("--user", metavar="ID", default="", help="Of this user only; with --instance.")
@click.option("--no-wait", is_flag=True, help="Do not watch until it is done.")
@settings_options
def command(chosen: Chosen, is_all: bool, instance: str, customer: str, user: str, no_wait: bool) -> None:
    """Read again what an older extractor has read.

    Memories change to what this version finds in the same words; what the user edited or deleted stays so, and the message or document
    behind it is left as it is. The running service does it when it has nothing else to do; one that does not run begins with its next
    start. May be interrupted and repeated at any time: what is left to do is kept in the catalog.

    \b
    Examples:
      eunoe reextract
      eunoe reextract --instance default --customer acme
      eunoe reextract --all --no-wait
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    if (customer or user) and not instance:
        raise click.UsageError("--customer and --user need --instance")
    settings = chosen.load().settings
    with open_existing(settings) as catalog:
        from service.bootstrap import reextract  # noqa: PLC0415 - takes a second, which a refusal should not wait for
        from service.catalog.reextraction import Which  # noqa: PLC0415 - as above

        total = reextract.want_reextraction(catalog, Which(instance, customer, user, is_all))
        if not total:
            click.echo("Nothing is to be read again.")
            return
        if no_wait or not reextract.is_anybody_there(settings):
            click.echo(f"{total} messages and documents will be read again by the running service, or by the next one.")
            return
        with bars() as show:
            given_up = reextract.watch_reextraction(catalog, total, show)
    click.echo(
        "All is read again."
        if not given_up
        else f"All is read again, but for {given_up} that stay as they were; the log says why."
    )
