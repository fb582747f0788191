"""`eunoe topics`: the topics that a deployment's records travel through."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from service.commands.options import Chosen, settings_options
from service.domain.errors import EunoeError
from service.settings import Settings

T = TypeVar("T")


@click.group("topics")
def command() -> None:
    """Create, verify and describe the Kafka topics of a deployment.

    `eunoe serve` and `eunoe work` make and verify them by themselves at their start; these commands are for those who want to do
    it, or look, before. There is a topic per lane, with a partition per shard.
    """


@command.command("create")
@settings_options
def create(chosen: Chosen) -> None:
    """Make the topics that are missing, and verify all of them.

    \b
    Examples:
      eunoe topics create --set kafka.bootstrap=127.0.0.1:9092
      eunoe topics create --set kafka.bootstrap=kafka-1:9092,kafka-2:9092 --set kafka.replication=3
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    from service.log.topics import ensure_topics  # noqa: PLC0415 - takes a moment, which --help should not wait for

    settings, shards = _deployment(chosen)
    made = _run(lambda: ensure_topics(settings.kafka, shards))
    click.echo(f"Made {', '.join(made)}, {shards} partitions each." if made else "All topics are there.")


@command.command("verify")
@settings_options
def verify(chosen: Chosen) -> None:
    """Say what is wrong with the topics; the exit status tells whether anything is."""
    from service.log.topics import verify_topics  # noqa: PLC0415 - as in `create`

    settings, shards = _deployment(chosen)
    problems = _run(lambda: verify_topics(settings.kafka, shards))
    if problems:
        raise click.ClickException("\n".join(problems))
    click.echo("All topics are as they have to be.")


@command.command("describe")
@settings_options
def describe(chosen: Chosen) -> None:
    """Show the topics as they are."""
    from service.log.topics import describe_topics  # noqa: PLC0415 - as in `create`

    settings, _ = _deployment(chosen)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("TOPIC", "PARTITIONS", "COPIES", "IN SYNC", "RETENTION", "CLEANUP"):
        table.add_column(heading)
    for topic in _run(lambda: describe_topics(settings.kafka)):
        table.add_row(
            topic.name, str(topic.partitions), str(topic.copies), str(topic.least_in_sync), str(topic.retention), topic.cleanup
        )
    Console().print(table)


def _deployment(chosen: Chosen) -> tuple[Settings, int]:
    from service.bootstrap.topics import shards_of  # noqa: PLC0415 - as in `create`
    from service.log.broker import require_kafka  # noqa: PLC0415 - as in `create`

    settings = chosen.load().settings
    try:
        require_kafka(settings.kafka, "topics")
        return settings, shards_of(settings)
    except EunoeError as error:
        raise click.ClickException(error.message) from error


def _run(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    try:
        return asyncio.run(ask())
    except EunoeError as error:
        raise click.ClickException(error.message) from error
