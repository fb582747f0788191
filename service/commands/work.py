"""`eunoe work`: a process that turns what was accepted into memories."""

from __future__ import annotations

from importlib import import_module

import click

from service.commands.options import Chosen, process_options, run, settings_options


@click.command("work")
@settings_options
@process_options
def command(chosen: Chosen, **flags: str | None) -> None:
    """Turn what `eunoe serve` accepted into memories.

    Any number of them can run for one deployment, up to its number of shards: Kafka shares the shards out among them, and gives those
    of one that stops, or is not heard of for kafka.session_timeout, to the others. Ctrl-C or SIGTERM hands everything over in order.

    \b
    Examples:
      eunoe work --set kafka.bootstrap=127.0.0.1:9092 --http 127.0.0.1:9465
      EUNOE_KAFKA_BOOTSTRAP=kafka-1:9092,kafka-2:9092 eunoe work --data /srv/eunoe --http 127.0.0.1:0
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    run(chosen, flags, lambda: import_module("service.bootstrap.work").run_worker)
