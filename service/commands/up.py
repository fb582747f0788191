"""`eunoe up`: the whole service on one machine."""

from __future__ import annotations

import sys

import click

from service.commands.options import Chosen, embedded, settings_options


@click.command("up")
@settings_options
@click.option(
    "--listen", metavar="HOST:PORT", help="Address of the gRPC port; port 0 takes a free one.  [default: 127.0.0.1:50051]"
)
@click.option("--http", metavar="HOST:PORT", help="Address of /metrics, /healthz and /readyz.  [default: 127.0.0.1:9464]")
@click.option(
    "--isolation", metavar="KIND", help="Of the first instance: strict (a user comes with a customer) or equals_customer."
)
@click.option(
    "--ready-file", metavar="FILE", help="A copy of ready.json, which the data directory holds while calls are answered."
)
@click.option("--tls-cert", metavar="FILE", help="PEM file with the certificate of the gRPC port.")
@click.option("--tls-key", metavar="FILE", help="PEM file with its private key.")
@click.option("--insecure", is_flag=True, default=None, help="Allow plaintext beyond this machine.")
@click.option("--log-format", metavar="FORM", help="auto, json or console.")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
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
    names = {
        "ready_file": "ready_file",
        "tls_cert": "tls.cert",
        "tls_key": "tls.key",
        "log_format": "log.format",
        "log_level": "log.level",
    }
    settings = embedded(chosen.load({names.get(flag, flag): value for flag, value in flags.items()}).settings)

    from service.bootstrap import run_embedded  # noqa: PLC0415 - takes a second, which wrong settings should not wait for
    from service.domain.errors import EunoeError  # noqa: PLC0415 - belongs to the line above

    try:
        sys.exit(run_embedded(settings))
    except EunoeError as error:
        raise click.ClickException(error.message) from error
