"""The command line, one module per command, named like it. Each module is imported when its command is used, so that `--help` is quick."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "up": "Run the service in the foreground.",
    "serve": "Answer calls, and publish what is accepted to Kafka for `eunoe work`.",
    "work": "Turn what `eunoe serve` accepted into memories.",
    "topics": "Create, verify and describe the Kafka topics of a deployment.",
    "ingest": "Send files to the service and wait until they are searchable.",
    "ask": "Ask what is remembered, and see where it was said.",
    "keys": "Create, list and revoke API keys.",
    "model": "Prepare and show the embedding model.",
    "migrate": "Bring the tables of the PostgreSQL catalog up to date.",
    "reindex": "Rebuild the search index from the catalog.",
    "reextract": "Read again what an older extractor has read.",
    "dead-letter": "List, show and replay what was given up for good.",
    "backup": "Copy the catalog and the credentials into a directory.",
    "restore": "Make a backup the catalog of an empty data directory.",
    "copy": "Move what an embedded service remembers into a PostgreSQL database, for `eunoe serve` and `eunoe work`.",
    "doctor": "Show every setting with its origin, and find out what is wrong.",
}
"""Every command with its line in the list; a test holds the lines to the commands' own help."""


class _Commands(click.Group):
    """A group whose commands are found by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"service.commands.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="eunoe-service", prog_name="eunoe")
def eunoe() -> None:
    """Eunoe remembers for AI agents: conversations and documents in, the right context out.

    \b
    A first walk, in two terminals:
      eunoe up                                              the service, until Ctrl-C
      eunoe ingest chat.txt notes.md --customer acme        send files; wait until they are searchable
      eunoe ask "When does Ana fly to Porto?" --customer acme

    \b
    The other commands find a service on this machine by themselves. For another one:
      export EUNOE_ADDRESS=host:50051 EUNOE_API_KEY=eunoe_...

    Every setting can come from a TOML file, the environment (EUNOE_...) or a flag; `eunoe doctor` shows all of them.
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
