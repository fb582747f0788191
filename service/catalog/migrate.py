"""Bringing the catalog's schema up to date: once per database, however many processes start on it at the same time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from service.catalog.engine import Catalog
from service.domain.errors import FailedPrecondition

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

        reach(catalog.place)
    found = schema_version(catalog)
    if found == HEAD:
        return found
    with catalog.write() as connection:
        if connection.dialect.name == "postgresql":
            for statement in _TURN:
                connection.execute(text(statement))
        found = _version(connection)
        if found != HEAD:  # or somebody else was here first
            _refuse_unknown(found)
            _upgrade(connection)
    return found


def require_schema(catalog: Catalog) -> None:
    """Make sure that this service can read and write the catalog as it is.

    Raises:
        FailedPrecondition: its schema is older or newer; says what to do.
    """
    found = schema_version(catalog)
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


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.2 s that a start without migrations does not pay
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
