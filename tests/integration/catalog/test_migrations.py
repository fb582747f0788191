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
from service.catalog.migrate import HEAD, migrate
from service.domain.errors import FailedPrecondition
from tests.support.catalogs import rows, run_sql, scalar


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Catalog]:
    """A database without tables."""
    opened = Catalog(tmp_path / "catalog.db")
    yield opened
    opened.close()


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
    migrate(empty)
    before = rows(empty, "SELECT sql FROM sqlite_schema ORDER BY name")
    migrate(empty)

    assert rows(empty, "SELECT sql FROM sqlite_schema ORDER BY name") == before
    assert scalar(empty, "SELECT version_num FROM alembic_version") == HEAD


def test_a_newer_catalog_is_refused(empty: Catalog) -> None:
    """A catalog that a newer service wrote is not touched."""
    migrate(empty)
    run_sql(empty, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(FailedPrecondition, match="newer"):
        migrate(empty)
