"""`eunoe up`: the whole service on one machine."""

from __future__ import annotations

from importlib import import_module

import click

from service.commands.options import Chosen, api_options, process_options, run, settings_options


@click.command("up")
@settings_options
@api_options
@process_options
def command(chosen: Chosen, **flags: str | bool | None) -> None:
    """Run the service in the foreground.

    It keeps everything in one data directory and needs nothing beside it. In an empty directory it makes an instance called
    `default`, an API key and an admin token, and stores them in credentials.json there, readable by you alone.
    Ctrl-C or SIGTERM ends it in order; nothing that was acknowledged is lost, however it ends.

    \b
    Examples:
      eunoe up
      eunoe up --data ./memory --isolation equals_customer
      eunoe up --listen 127.0.0.1:0 --http 127.0.0.1:0 --ready-file ready.json
      eunoe up --listen 0.0.0.0:50051 --tls-cert cert.pem --tls-key key.pem
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    run(chosen, flags, lambda: import_module("service.bootstrap.up").run_embedded)
