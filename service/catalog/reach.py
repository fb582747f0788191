"""Whether a PostgreSQL database can be used, in words that say what to do; nothing is changed by asking."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

import psycopg

from service.catalog.postgres import CONNECT, parsed
from service.domain.errors import FailedPrecondition

MINIMUM_POSTGRES = 140_000
"""PostgreSQL 14, as the server numbers itself."""

APART_SECONDS = 5.0
"""Clocks that differ by no more than this are called equal."""

_SEVERITY = re.compile(r"^[^\s:]+:\s+")
_CREDENTIALS = re.compile(r"authentication failed|no password|pg_hba\.conf|role .* does not exist|certificate", re.IGNORECASE)
_DATABASE = re.compile(r"database .* does not exist|permission denied for database", re.IGNORECASE)
_NOT_NOW = re.compile(r"starting up|shutting down|recovery mode|too many (clients|connections)|connection slots", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Server:
    """A database that answers."""

    place: str
    """Host, port and database, for a person."""
    version: str
    is_synced: bool
    """Whether what it acknowledges survives a power cut."""
    ahead: float
    """Seconds by which its clock is ahead of this machine's."""

    @property
    def clocks_apart(self) -> str:
        """What is wrong with the clocks, in words; empty where they agree."""
        if abs(self.ahead) <= APART_SECONDS:
            return ""
        return f"the clock of PostgreSQL is {abs(self.ahead):.0f} s {'ahead of' if self.ahead > 0 else 'behind'} this machine's"


def reach(url: str) -> Server:
    """Connect once.

    Raises:
        FailedPrecondition: it cannot be used; says what was found and what to do.
    """
    target = parsed(url)
    place = f"{target.host or target.query.get('host', 'localhost')}:{target.port or 5432}/{target.database}"
    given: dict[str, Any] = {name: value for name, value in CONNECT.items() if name not in target.query}
    try:
        with psycopg.connect(target.set(drivername="postgresql").render_as_string(hide_password=False), **given) as connection:
            row = connection.execute(
                "SELECT current_setting('server_version'), current_setting('server_version_num')::int,"
                " current_setting('server_encoding'), current_setting('fsync') = 'on',"
                " extract(epoch FROM clock_timestamp())::float8"
            ).fetchone()
    except psycopg.Error as error:
        raise _refusal(place, str(target.username or ""), error) from error
    assert row is not None
    version, number, encoding, is_synced, told = row
    if number < MINIMUM_POSTGRES:
        raise _unusable(f"{place} is PostgreSQL {version}: use PostgreSQL 14 or newer")
    if encoding != "UTF8":
        raise _unusable(
            f"{place} is encoded in {encoding}, which cannot hold every text: use a database made with ENCODING 'UTF8' TEMPLATE template0"
        )
    return Server(place, version, is_synced, told - time.time())


def _refusal(place: str, user: str, error: psycopg.Error) -> FailedPrecondition:
    words = _SEVERITY.sub("", str(error).rpartition("failed: ")[2].strip().partition("\n")[0])
    if _NOT_NOW.search(words):
        return _unusable(f"{place} takes no connection now ({words}): wait, or give the server more connections")
    if _CREDENTIALS.search(words):
        return _unusable(
            f"{place} does not let {user or 'us'} in ({words}): check the user in catalog.url, and PGPASSWORD or ~/.pgpass"
        )
    if _DATABASE.search(words):
        return _unusable(f"{place} cannot be used ({words}): create the database, or name another one in catalog.url")
    return _unusable(f"{place} cannot be reached ({words}): is PostgreSQL running there, and may this machine connect to it?")


def _unusable(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="DATABASE_UNUSABLE")
