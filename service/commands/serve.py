"""`eunoe serve`: a process that answers calls, of a deployment whose work is done by `eunoe work`."""

from __future__ import annotations

from importlib import import_module

import click

from service.commands.options import Chosen, api_options, process_options, run, settings_options


@click.command("serve")
@settings_options
@api_options
@process_options
def command(chosen: Chosen, **flags: str | bool | None) -> None:
    """Answer calls, and publish what is accepted to Kafka for `eunoe work`.

    Any number of them can run for one deployment. They need Kafka (kafka.bootstrap) and the deployment's catalog; the first one makes
    what is missing: the catalog with its shards, the topics, the first instance with its key in credentials.json. While Kafka is away
    writes are accepted all the same; only a deployment that never reached it does not start.

    \b
    Examples:
      eunoe serve --set kafka.bootstrap=127.0.0.1:9092
      EUNOE_KAFKA_BOOTSTRAP=kafka-1:9092,kafka-2:9092 eunoe serve --data /srv/eunoe --listen 127.0.0.1:50052 --http 127.0.0.1:9474
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    run(chosen, flags, lambda: import_module("service.bootstrap.serve").run_server)
