"""Bringing the catalog's schema up to date, once per database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from service.catalog.engine import Catalog
from service.domain.errors import FailedPrecondition

HEAD = "0001"
"""The newest migration; a unit test compares it with the files."""


def migrate(catalog: Catalog) -> None:
    """Run the missing migrations. Costs one query where there are none (Alembic is imported only when needed).

    Raises:
        FailedPrecondition: the database was written by a newer version of the service.
    """
    current = _current(catalog)
    if current == HEAD:
        return
    if current is not None and current > HEAD:
        raise FailedPrecondition(
            f"the catalog is at migration {current}, newer than this service knows ({HEAD}): start a newer service",
            reason="CATALOG_TOO_NEW",
        )
    from alembic import command  # noqa: PLC0415 - 0.2 s that a start without migrations does not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with catalog.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_migrated(catalog: Catalog) -> bool:
    """Whether the schema is the one that this service knows."""
    return _current(catalog) == HEAD


def _current(catalog: Catalog) -> str | None:
    with catalog.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)
