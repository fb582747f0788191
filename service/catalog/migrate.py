"""Bringing the catalog's schema up to date: once per database, however many processes start on it at the same time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from service.catalog import schema
from service.catalog.engine import Catalog
from service.domain.errors import FailedPrecondition
from service.ops.logging import get_logger

HEAD = "0001"
"""The newest migration; a unit test compares it with the files."""

EMPTY = ""
"""The schema of a database without tables of ours."""

_LOCK = 0x65756E6F65
"""Of the advisory lock under which PostgreSQL is migrated: any number that nobody else uses in the database ("eunoe")."""
_TURN = (
    "SET LOCAL lock_timeout = '10min'",  # the others wait here, as long as one migration takes
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    f"SELECT pg_advisory_xact_lock({_LOCK})",
)


_COLUMNS = [(table.name, column.name) for table in schema.metadata.sorted_tables for column in table.columns]

logger = get_logger(__name__)


def migrate(catalog: Catalog) -> str:
    """Run the missing migrations, all or none. Costs a query or two where there are none (Alembic is imported only when needed).

    Returns:
        The migration that was found; `EMPTY` where there was none.

    Raises:
        FailedPrecondition: the database cannot be reached or used, or was written by a newer service.
        Unavailable: it cannot be changed, by this user or now.
    """
    if isinstance(catalog.place, str):
        from service.catalog.reach import reach  # noqa: PLC0415 - PostgreSQL's driver, which a service on SQLite does not load

        apart = reach(catalog.place).clocks_apart
        if apart:
            logger.warning("clocks_apart", found=apart, advice="set both by a time server")
    with catalog.read() as connection:
        found = _version(connection)
        if found == HEAD:
            _refuse_other_tables(connection)
            return found
    with catalog.write() as connection:
        if connection.dialect.name == "postgresql":
            for statement in _TURN:
                connection.execute(text(statement))
        found = _version(connection)
        if found != HEAD:  # or somebody else was here first
            _refuse_unknown(found)
            _upgrade(connection, found)
    return found


def require_schema(catalog: Catalog) -> None:
    """Make sure that this service can read and write the catalog as it is.

    Raises:
        FailedPrecondition: its schema is older or newer; says what to do.
    """
    with catalog.read() as connection:
        found = _version(connection)
        if found == HEAD:
            _refuse_other_tables(connection)
    if found != HEAD:
        _refuse_unknown(found)
        was = f"is at migration {found}" if found else "has no tables yet"
        mend = "run `eunoe migrate`" if isinstance(catalog.place, str) else "start `eunoe up`, which brings it up to date"
        raise FailedPrecondition(
            f"the catalog {was}, and this service needs {HEAD}: {mend}",
            reason="SCHEMA_OLDER",
            values={"found": found},
        )


def schema_version(catalog: Catalog) -> str:
    """The migration that a catalog is at; `EMPTY` where it has no tables yet."""
    with catalog.read() as connection:
        return _version(connection)


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return EMPTY
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return EMPTY if found is None else str(found)


def _refuse_unknown(found: str) -> None:
    if found > HEAD:
        raise FailedPrecondition(
            f"the catalog is at migration {found}, newer than this service knows ({HEAD}): start a newer service",
            reason="SCHEMA_NEWER",
            values={"found": found},
        )


def _refuse_other_tables(connection: Connection) -> None:
    """Before the first release a migration may change, and then its number does not tell."""
    found = inspect(connection).get_multi_columns()
    there = {(table, column["name"]) for (_, table), columns in found.items() for column in columns}
    lacking = [f"{table}.{name}" for table, name in _COLUMNS if (table, name) not in there]
    if lacking:
        raise FailedPrecondition(
            f"the catalog was made before the first release, by a service with other tables (it lacks {lacking[0]}): "
            "run what made it, or begin with an empty place",
            reason="SCHEMA_OLDER",
            values={"found": lacking[0]},
        )


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command  # noqa: PLC0415 - 0.2 s that a start without migrations does not pay
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise FailedPrecondition(
            f"the catalog is at migration {found}, and this service knows no way from there to {HEAD}: "
            "run what made it, or begin with an empty place",
            reason="SCHEMA_OLDER",
            values={"found": found},
        ) from error
