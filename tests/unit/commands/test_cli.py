"""What the command line promises as a whole: it teaches, it is quick, and it says where a service is."""

from __future__ import annotations

import subprocess
import sys

import pytest

from service.commands import COMMANDS, eunoe
from tests.unit.commands.conftest import Cli


def test_help_lists_every_command(cli: Cli) -> None:
    """Bare help names each command with one line."""
    shown = cli("--help").output
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_help_is_quick() -> None:
    """Help and the entry that every spawned process imports again load none of the heavy libraries."""
    program = (
        "import sys, service.__main__\n"
        "assert 'click' not in sys.modules\n"
        "from service.commands import eunoe\n"
        "eunoe(['--help'], standalone_mode=False)\n"
        "print(sorted({'grpc', 'rich', 'lancedb', 'sqlalchemy', 'numpy', 'google'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_begins_with_its_line_in_the_list(cli: Cli, name: str) -> None:
    """The list of commands is written by hand, so it is held to the commands."""
    first = eunoe.get_command(None, name)  # type: ignore[arg-type]
    assert first is not None
    assert first.get_short_help_str(200) == COMMANDS[name]
    assert cli(name, "--help").exit_code == 0


def test_an_unknown_command_is_refused(cli: Cli) -> None:
    """A misspelt command is named, with status 2."""
    done = cli("bogus")
    assert done.exit_code == 2
    assert "bogus" in done.output


@pytest.mark.parametrize("arguments", [("ask", "x"), ("keys", "list"), ("keys", "create"), ("ingest", __file__)])
def test_without_a_service_the_way_to_one_is_told(cli: Cli, arguments: tuple[str, ...]) -> None:
    """Commands that need a service say that none runs and how to start one."""
    done = cli(*arguments)
    assert done.exit_code == 1
    assert "no service runs" in done.output
    assert "eunoe up --data" in done.output


def test_wrong_settings_are_told_before_anything_starts(cli: Cli) -> None:
    """`up` names the key, the value, the origin and what is allowed, and ends with status 1."""
    done = cli("up", "--listen", "nowhere", "--set", "limits.batch=many", EUNOE_HTTP="x")
    assert done.exit_code == 1
    for part in ("listen='nowhere' (command line)", "limits.batch='many'", "http='x' (environment EUNOE_HTTP)", "HOST:PORT"):
        assert part in done.output


def test_an_override_without_a_value_is_refused(cli: Cli) -> None:
    """`--set` takes KEY=VALUE."""
    done = cli("doctor", "--set", "limits.batch")
    assert done.exit_code == 2
    assert "KEY=VALUE" in done.output


@pytest.mark.usefixtures("service")
def test_reindex_refuses_while_a_service_runs(cli: Cli) -> None:
    """Two writers would harm each other; the message says how to stop the first."""
    done = cli("reindex")
    assert done.exit_code == 1
    assert "Stop it with" in done.output


@pytest.mark.parametrize("command", ["up", "reindex"])
def test_what_is_embedded_refuses_a_catalog_elsewhere(cli: Cli, command: str) -> None:
    """A command that keeps everything in the data directory does not silently leave the database aside that is set."""
    done = cli(command, EUNOE_CATALOG_URL="postgresql://eunoe@127.0.0.1:1/eunoe")

    assert done.exit_code == 1
    assert "catalog.url names a PostgreSQL database" in done.output


def test_migrate_wants_a_database(cli: Cli) -> None:
    """Without one it says what to set, and what brings an embedded catalog up to date."""
    done = cli("migrate")

    assert done.exit_code == 1
    assert "EUNOE_CATALOG_URL" in done.output and "`eunoe up`" in done.output


def test_reindex_wants_a_data_directory_with_a_catalog(cli: Cli) -> None:
    """A wrong directory is refused before anything is made in it."""
    assert "holds no catalog" in cli("reindex").output
