"""`eunoe dead-letter`: what was given up for good, and trying it once more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table
from rich.text import Text

from service.commands.console import open_console
from service.commands.direct import open_existing
from service.commands.options import Chosen, settings_options
from service.commands.progress import bars

if TYPE_CHECKING:
    from service.catalog.deadletters import DeadLetter
    from service.catalog.engine import Catalog

PAGE = 100
"""Letters put back in one transaction."""

_INSTANCE = click.option("--instance", metavar="NAME", default="", help="Of this instance only.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("dead-letter")
def command() -> None:
    """List, show and replay what was given up for good.

    A message or document that fails three times by itself is given up, so that it keeps nobody else waiting: what it says is not found,
    and the ingestion of a document ends FAILED. These commands read and change the catalog itself, with the service running or not.
    """


@command.command("list")
@_INSTANCE
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most, the oldest first."
)
@_JSON
@settings_options
def list_letters(chosen: Chosen, instance: str, limit: int, as_json: bool) -> None:
    """List dead letters: what failed where, why, how often it was tried and when it was given up.

    \b
    Examples:
      eunoe dead-letter list
      eunoe dead-letter list --instance default --json
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    from service.catalog import deadletters  # noqa: PLC0415 - takes its time, which --help should not wait for

    with open_existing(chosen.load().settings) as catalog, catalog.read() as connection:
        letters = deadletters.list_letters(connection, instance, "", limit)
        total = deadletters.count_letters(connection, instance)
    if as_json:
        click.echo(json.dumps([_told(letter) for letter in letters], indent=2, ensure_ascii=False))
        return
    if not letters:
        click.echo("There are no dead letters.")
        return
    open_console().print(_table(letters))
    if total > len(letters):
        click.echo(f"{total - len(letters)} more; show them with --limit.", err=True)


@command.command("show")
@click.argument("letter_id")
@_JSON
@settings_options
def show(chosen: Chosen, letter_id: str, as_json: bool) -> None:
    """Show the dead letter with LETTER_ID, or of the ingestion with that id.

    \b
    Example:
      eunoe dead-letter show 01993b0c7f1e7d0a8c55
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    from service.catalog import deadletters  # noqa: PLC0415 - as in `list`

    with open_existing(chosen.load().settings) as catalog, catalog.read() as connection:
        letter = deadletters.find_letter(connection, letter_id)
    if letter is None:
        raise click.ClickException(f"there is no dead letter {letter_id}: it was put back, or its source was deleted")
    if as_json:
        click.echo(json.dumps(_told(letter), indent=2, ensure_ascii=False))
        return
    _describe(letter)


@command.command("replay")
@click.argument("letter_ids", nargs=-1, metavar="[LETTER_ID]...")
@click.option("--all", "is_all", is_flag=True, help="Every one there is.")
@_INSTANCE
@settings_options
def replay(chosen: Chosen, letter_ids: Sequence[str], is_all: bool, instance: str) -> None:
    """Put dead letters back, to be worked with fresh attempts.

    Name them, or all of an instance, or --all. An ingestion goes from FAILED to QUEUED and takes its course; they go into the bulk lane, so
    nobody waits for them. May be repeated and interrupted: each is put back once, and what fails again is a dead letter again.

    \b
    Examples:
      eunoe dead-letter replay 01993b0c7f1e7d0a8c55
      eunoe dead-letter replay --instance default
      eunoe dead-letter replay --all
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    if sum([bool(letter_ids), is_all, bool(instance)]) != 1:
        raise click.UsageError("name dead letters, or --instance, or --all")
    with open_existing(chosen.load().settings) as catalog:
        total, done = _replay(catalog, letter_ids, instance)
    click.echo(f"{done} put back." if done == total else f"{done} put back; the others are no dead letters (any more).")


def _replay(catalog: Catalog, letter_ids: Sequence[str], instance: str) -> tuple[int, int]:
    """How many there were to put back, and how many were."""
    from service.catalog import deadletters  # noqa: PLC0415 - as in `list`

    with catalog.read() as connection:
        named = [letter for name in letter_ids if (letter := deadletters.find_letter(connection, name)) is not None]
        total = len(letter_ids) or deadletters.count_letters(connection, instance)
    pages = [[letter.letter_id for letter in named]] if letter_ids else _pages(catalog, instance)
    done = 0
    with bars() if total > PAGE else nullcontext() as show_progress:
        for page in pages:
            done += catalog.transact(partial(deadletters.replay, letter_ids=page))
            if show_progress is not None:
                show_progress("putting back", done, max(done, total))
    return total, done


def _pages(catalog: Catalog, instance: str) -> Iterator[list[str]]:
    """Ids of all, each once: one that dies again meanwhile does not come again."""
    from service.catalog import deadletters  # noqa: PLC0415 - as in `list`

    after = ""
    while True:
        with catalog.read() as connection:
            page = deadletters.letter_ids(connection, instance, after, PAGE)
        if not page:
            return
        yield page
        after = page[-1]


def _table(letters: Sequence[DeadLetter]) -> Table:
    from service.commands.words import clean  # noqa: PLC0415 - brings protobuf, which --help should not wait for

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("LETTER ID", "INSTANCE", "WHAT", "STAGE", "REASON", "ATTEMPTS", "GIVEN UP"):
        table.add_column(heading, overflow="fold")
    for letter in letters:
        cells = letter.letter_id, letter.instance, _what(letter), letter.stage, letter.reason, str(letter.attempts), _time(letter)
        table.add_row(*[Text(clean(cell)) for cell in cells])
    return table


def _describe(letter: DeadLetter) -> None:
    from service.commands.words import clean  # noqa: PLC0415 - as in `_table`

    lines = {
        "letter": letter.letter_id,
        "instance": letter.instance,
        "customer": letter.customer_id,
        "user": letter.user_id,
        "conversation": letter.conversation_id,
        "message": letter.message_id,
        "document": letter.document_id,
        "ingestion": letter.ingestion_id,
        "stage": letter.stage,
        "reason": letter.reason,
        "attempts": str(letter.attempts),
        "given up": _time(letter),
    }
    for name, value in lines.items():
        if value:
            click.echo(f"{name + ':':14}{clean(value)}")
    cut = (
        f", the first {len(letter.excerpt)} of {letter.characters} characters" if letter.characters > len(letter.excerpt) else ""
    )
    click.echo(f"\nwhat was said{cut}:\n{clean(letter.excerpt)}")


def _what(letter: DeadLetter) -> str:
    return f"document {letter.document_id}" if letter.document_id else f"message {letter.message_id} of {letter.conversation_id}"


def _time(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.create_time / 1e6).astimezone().isoformat(" ", "seconds")


def _told(letter: DeadLetter) -> dict[str, Any]:
    told = letter.told()
    return {**told, "create_time": datetime.fromtimestamp(told["create_time"] / 1e6).astimezone().isoformat()}
