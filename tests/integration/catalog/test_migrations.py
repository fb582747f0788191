"""The migrations build exactly the schema that the code reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import service.catalog.migrations.versions as versions
from service.catalog import schema
from service.catalog.engine import Catalog
from service.catalog.migrate import EMPTY, HEAD, migrate, require_schema
from service.domain.errors import FailedPrecondition
from tests.support.catalogs import rows, run_sql, scalar
from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """A database without tables, of either kind."""
    if request.param == "sqlite":
        opened = Catalog(tmp_path / "catalog.db")
        yield opened
        opened.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create()
    opened = Catalog(server.url(name))
    yield opened
    opened.close()
    server.drop(name)


def test_the_migrations_build_the_schema(empty: Catalog) -> None:
    """Migrating an empty database gives the tables, columns and indexes of `schema.metadata`, no more and no less."""
    migrate(empty)

    with empty.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_head_is_the_newest_file() -> None:
    """`HEAD` names the newest migration, so that a start without migrations never imports Alembic."""
    newest = max(path.stem for folder in versions.__path__ for path in Path(folder).glob("[0-9]*.py"))

    assert newest.split("_")[0] == HEAD


def test_migrating_twice_changes_nothing(empty: Catalog) -> None:
    """A migrated catalog is left alone."""
    assert migrate(empty) == EMPTY
    run_sql(empty, "INSERT INTO memory_aliases VALUES ('a', 'm', 1)")

    assert migrate(empty) == HEAD

    assert rows(empty, "SELECT * FROM memory_aliases") == [("a", "m", 1)]
    assert scalar(empty, "SELECT version_num FROM alembic_version") == HEAD


def test_a_newer_catalog_is_refused(empty: Catalog) -> None:
    """A catalog that a newer service wrote is not touched, and the refusal says what was found and what to do."""
    migrate(empty)
    run_sql(empty, "UPDATE alembic_version SET version_num = '9999'")

    for refused in (migrate, require_schema):
        with pytest.raises(FailedPrecondition, match=r"9999, newer .* start a newer service") as error:
            refused(empty)
        assert error.value.reason == "SCHEMA_NEWER"


def test_an_older_catalog_is_refused_by_who_must_not_migrate(empty: Catalog) -> None:
    """Whoever only reads a catalog says what it found and what to do, and leaves it as it is."""
    mend = r"run `eunoe migrate`" if isinstance(empty.place, str) else r"start `eunoe up`, which brings it up to date"
    with pytest.raises(FailedPrecondition, match=rf"no tables yet.* {mend}"):
        require_schema(empty)
    migrate(empty)
    require_schema(empty)
    run_sql(empty, "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(FailedPrecondition, match=rf"at migration 0000, .* {mend}"):
        require_schema(empty)
