"""`eunoe doctor`: every setting with its origin, and what is wrong on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.commands.checks import Finding, all_findings
from service.commands.console import open_console
from service.commands.remote import Where, remote_options
from service.settings import Key, Loaded, SettingsError, hidden, keys, value_of

_MARKS = {"good": ("✓", "green"), "note": ("!", "yellow"), "problem": ("✗", "red")}


@click.command("doctor")
@remote_options
def command(where: Where) -> None:
    """Show every setting with its origin, and find out what is wrong.

    Looks at Python, SQLite, the data directory, the model, PostgreSQL and Kafka where they are configured, the ports and the
    running service, and says what to do about each problem. Ends with status 1 when there is one. It changes nothing.

    \b
    Examples:
      eunoe doctor
      eunoe doctor --data ./memory
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    console = open_console()
    try:
        loaded = where.chosen.try_load()
    except SettingsError as error:
        for line in error.problems:
            console.print(Text(f"✗ {line}", style="red"), soft_wrap=True)
        console.print("Correct the settings first; the rest depends on them.")
        sys.exit(1)
    console.print(settings_table(loaded))
    sys.exit(show_findings(console, all_findings(loaded.settings, where)))


def settings_table(loaded: Loaded) -> Table:
    """All settings with value and origin; what was changed stands out."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("SETTING", "VALUE", "ORIGIN"):
        table.add_column(heading, overflow="fold")
    for key in keys().values():
        origin = loaded.origins[key.name]
        table.add_row(key.name, shown(key, loaded), origin, style="dim" if origin == "default" else "")
    return table


def shown(key: Key, loaded: Loaded) -> str:
    """A value as a person would write it; secrets are not shown."""
    value = value_of(loaded.settings, key.name)
    if value is None:
        return "-"
    if key.is_secret:
        return "(set)"
    partly = hidden(key.kind, value)
    if partly is not None:
        return partly
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    return str(value).lower() if isinstance(value, bool) else str(value)


def show_findings(console: Console, findings: Iterable[Finding]) -> int:
    """Print what was found, each as soon as it is known; the exit status."""
    problems = 0
    console.print()
    for finding in findings:
        mark, style = _MARKS[finding.state]
        problems += finding.state == "problem"
        console.print(Text.assemble((f"{mark} ", style), (f"{finding.title}: ", "bold"), finding.detail), soft_wrap=True)
        if finding.advice:
            console.print(Text(f"  → {finding.advice}", style=style), soft_wrap=True)
    console.print()
    console.print("No problem was found." if not problems else f"{problems} problem{'s' if problems > 1 else ''} found.")
    return 1 if problems else 0
