"""The command line on a PostgreSQL database: what an operator is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.catalog.engine import Catalog
from service.catalog.migrate import HEAD
from service.commands import eunoe
from tests.support.catalogs import run_sql
from tests.support.postgres import PostgresServer

Cli = Callable[..., Result]


@pytest.fixture
def empty(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a database without tables, with a password that nobody asks for."""
    name = postgres.create()
    yield postgres.url(name).replace("eunoe@", "eunoe:secret-word@")
    postgres.drop(name)


@pytest.fixture
def cli(tmp_path: Path, empty: str) -> Cli:
    """Run `eunoe` with this database set, or another one."""

    def run(*arguments: str, url: str = empty) -> Result:
        env = {"EUNOE_DATA_DIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200", "EUNOE_CATALOG_URL": url}
        return CliRunner(env=env).invoke(eunoe, [*arguments])

    return run


def findings(done: Result) -> str:
    """What was found wrong, or worth knowing, of the catalog."""
    return "\n".join(done.output.partition("Python:")[2].splitlines())


def test_the_password_is_shown_nowhere(cli: Cli, empty: str) -> None:
    """Neither in the table of settings nor in what is found."""
    for done in (cli("doctor"), cli("migrate"), cli("migrate", url=empty.replace("/test", "/absent"))):
        assert "secret-word" not in done.output + done.stderr
    assert "eunoe:***@127.0.0.1" in cli("doctor").output


def test_migrate_says_what_it_did(cli: Cli) -> None:
    """Once it makes the tables, then there is nothing to do."""
    first, again = cli("migrate"), cli("migrate")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"It was empty, and is now at migration {HEAD}." in first.output
    assert f"It is, as it was, at migration {HEAD}." in again.output


def test_a_database_that_is_as_it_should_be(cli: Cli) -> None:
    """Doctor names the server, its place and the schema; one that does not sync is a problem."""
    cli("migrate")

    found = findings(cli("doctor"))

    assert "✓ PostgreSQL: " in found and " at 127.0.0.1:" in found
    assert f"✓ catalog: its schema is this service's, {HEAD}" in found
    assert "✗ durability: fsync is off" in found, "the server of the tests does not sync"


def test_a_schema_that_is_not_this_service_s(cli: Cli, empty: str) -> None:
    """Empty, older and newer ones are told apart, each with what to do; a newer one is not touched."""
    assert "✗ catalog: the catalog has no tables yet, and this service needs 0001\n  → run `eunoe migrate`" in findings(
        cli("doctor")
    )
    cli("migrate")
    for version, words in (("0000", "→ run `eunoe migrate`"), ("9999", "→ start a newer service")):
        with closing(Catalog(empty)) as catalog:
            run_sql(catalog, "UPDATE alembic_version SET version_num = :version", version=version)
        found = findings(cli("doctor"))
        assert f"at migration {version}" in found and words in found
    done = cli("migrate")

    assert done.exit_code == 1
    assert "newer than this service knows" in done.output


@pytest.mark.parametrize(
    ("change", "found", "advice"),
    [
        (("/test", "/absent"), 'cannot be used (database "absent', "create the database, or name another one in catalog.url"),
        (("eunoe:", "stranger:"), 'does not let stranger in (role "stranger" does not exist)', "check the user in catalog.url"),
        (("@127.0.0.1", "@nowhere.invalid"), "cannot be reached", "is PostgreSQL running there"),
    ],
)
def test_a_database_that_cannot_be_used(cli: Cli, empty: str, change: tuple[str, str], found: str, advice: str) -> None:
    """A wrong database, user or host: said in words with what to do, by doctor and by migrate, and never a traceback."""
    doctor, migrate = cli("doctor", url=empty.replace(*change)), cli("migrate", url=empty.replace(*change))

    assert (doctor.exit_code, migrate.exit_code) == (1, 1)
    assert f"  → {advice}" in findings(doctor)
    for done in (doctor, migrate):
        assert found in done.output and advice in done.output
        assert "Traceback" not in done.output
