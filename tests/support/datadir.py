"""Looking into the catalog of a running service from outside, without disturbing it: read-only SQL on a data directory, or on a database by its URL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pysqlite3 import dbapi2

Place = Path | str
"""A data directory, or the URL of a PostgreSQL database."""

_BACKLOG = "SELECT COALESCE(SUM(h.seq - i.seq), 0) FROM log_heads h JOIN log_indexed i ON h.shard = i.shard AND h.lane = i.lane"
_UNINDEXED_MESSAGES = """
    SELECT m.message_id FROM messages m JOIN outbox o ON o.source_id = m.source_id
    JOIN log_indexed i ON i.shard = o.shard AND i.lane = o.lane WHERE o.seq > i.seq"""
_UNINDEXED_DOCUMENTS = """
    SELECT d.document_id FROM documents d JOIN outbox o ON o.source_id = d.source_id
    JOIN log_indexed i ON i.shard = o.shard AND i.lane = o.lane WHERE o.seq > i.seq"""


def backlog(place: Place) -> int:
    """Records that are durable and not yet indexed."""
    with _reading(place) as connection:
        return int(connection.execute(_BACKLOG).fetchone()[0])


def indexed(place: Place) -> int:
    """Records that were indexed since the directory was made."""
    with _reading(place) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_indexed").fetchone()[0])


def unindexed(place: Place, ids: Collection[str]) -> set[str]:
    """Those of some message and document ids that are durable and not yet indexed."""
    with _reading(place) as connection:
        rows = [*connection.execute(_UNINDEXED_MESSAGES), *connection.execute(_UNINDEXED_DOCUMENTS)]
    return {str(row[0]) for row in rows}.intersection(ids)


def attempts(place: Place) -> int:
    """Records of which a vain attempt was counted, and those given up."""
    with _reading(place) as connection:
        counted = connection.execute("SELECT (SELECT COUNT(*) FROM log_attempts) + (SELECT COUNT(*) FROM dead_letters)")
        return int(counted.fetchone()[0])


def pending(place: Place) -> int:
    """Items that the index has not been told of yet."""
    with _reading(place) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM index_pending").fetchone()[0])


def live_items(place: Place) -> dict[str, int]:
    """Version by id of everything that the catalog serves."""
    with _reading(place) as connection:
        return {
            str(item): int(version)
            for item, version in connection.execute("SELECT item_id, version FROM items WHERE is_live = 1")
        }


def index_tables(place: Place) -> list[str]:
    """The names of the index's tables, one per shard."""
    with _reading(place) as connection:
        return [str(row[0]) for row in connection.execute("SELECT name FROM index_tables ORDER BY shard")]


def shards(place: Place) -> int:
    """How many shards the deployment has."""
    with _reading(place) as connection:
        return int(connection.execute("SELECT shards FROM deployment").fetchone()[0])


def owners(place: Place) -> list[str]:
    """Who took over each shard last."""
    with _reading(place) as connection:
        return [str(row[0]) for row in connection.execute("SELECT owner_id FROM shard_owner ORDER BY shard")]


def published(place: Place) -> int:
    """Records that are known to be in Kafka."""
    with _reading(place) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_published").fetchone()[0])


def accepted(place: Place) -> int:
    """Records that were accepted since the directory was made."""
    with _reading(place) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_heads").fetchone()[0])


def progress(place: Place, table: str) -> dict[tuple[int, int], int]:
    """The number that each shard and lane has reached: accepted (`log_heads`), published, applied or indexed (`log_...`)."""
    with _reading(place) as connection:
        rows = connection.execute(f"SELECT shard, lane, seq FROM {table}").fetchall()  # noqa: S608
    return {(int(shard), int(lane)): int(seq) for shard, lane, seq in rows}


def passages(place: Place) -> tuple[int, int]:
    """How many passages there are, and of how many sources."""
    with _reading(place) as connection:
        found = connection.execute("SELECT COUNT(*), COUNT(DISTINCT source_id) FROM passages").fetchone()
    return int(found[0]), int(found[1])


def model_of(place: Place, column: str = "model_id") -> str:
    """The model that the deployment names; empty where it names none."""
    with _reading(place) as connection:
        return str(connection.execute(f"SELECT COALESCE({column}, '') FROM deployment").fetchone()[0])  # noqa: S608


@contextmanager
def _reading(place: Place) -> Iterator[Any]:
    connection: Any
    if isinstance(place, Path):
        connection = dbapi2.connect(f"file:{place / 'catalog.db'}?mode=ro", uri=True, timeout=10)
    else:
        connection = psycopg.connect(place, connect_timeout=10)
    try:
        yield connection
    finally:
        connection.close()
