"""Looking into the data directory of a running service from outside, without disturbing it: read-only SQL, rows of the index."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pysqlite3 import dbapi2

_BACKLOG = "SELECT COALESCE(SUM(h.seq - i.seq), 0) FROM log_heads h JOIN log_indexed i ON h.shard = i.shard AND h.lane = i.lane"
_UNINDEXED_MESSAGES = """
    SELECT m.message_id FROM messages m JOIN outbox o ON o.source_id = m.source_id
    JOIN log_indexed i ON i.shard = o.shard AND i.lane = o.lane WHERE o.seq > i.seq"""
_UNINDEXED_DOCUMENTS = """
    SELECT d.document_id FROM documents d JOIN outbox o ON o.source_id = d.source_id
    JOIN log_indexed i ON i.shard = o.shard AND i.lane = o.lane WHERE o.seq > i.seq"""


def backlog(directory: Path) -> int:
    """Records that are durable and not yet indexed."""
    with _reading(directory) as connection:
        return int(connection.execute(_BACKLOG).fetchone()[0])


def indexed(directory: Path) -> int:
    """Records that were indexed since the directory was made."""
    with _reading(directory) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_indexed").fetchone()[0])


def unindexed(directory: Path, ids: Collection[str]) -> set[str]:
    """Those of some message and document ids that are durable and not yet indexed."""
    with _reading(directory) as connection:
        rows = [*connection.execute(_UNINDEXED_MESSAGES), *connection.execute(_UNINDEXED_DOCUMENTS)]
    return {str(row[0]) for row in rows}.intersection(ids)


def attempts(directory: Path) -> int:
    """Records of which a vain attempt was counted, and those given up."""
    with _reading(directory) as connection:
        counted = connection.execute("SELECT (SELECT COUNT(*) FROM log_attempts) + (SELECT COUNT(*) FROM dead_letters)")
        return int(counted.fetchone()[0])


def pending(directory: Path) -> int:
    """Items that the index has not been told of yet."""
    with _reading(directory) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM index_pending").fetchone()[0])


def live_items(directory: Path) -> dict[str, int]:
    """Version by id of everything that the catalog serves."""
    with _reading(directory) as connection:
        return {
            str(item): int(version)
            for item, version in connection.execute("SELECT item_id, version FROM items WHERE is_live = 1")
        }


def index_tables(directory: Path) -> list[str]:
    """The names of the index's tables, one per shard."""
    with _reading(directory) as connection:
        return [str(row[0]) for row in connection.execute("SELECT name FROM index_tables ORDER BY shard")]


def shards(directory: Path) -> int:
    """How many shards the deployment has."""
    with _reading(directory) as connection:
        return int(connection.execute("SELECT shards FROM deployment").fetchone()[0])


def owners(directory: Path) -> list[str]:
    """Who took over each shard last."""
    with _reading(directory) as connection:
        return [str(row[0]) for row in connection.execute("SELECT owner_id FROM shard_owner ORDER BY shard")]


def published(directory: Path) -> int:
    """Records that are known to be in Kafka."""
    with _reading(directory) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_published").fetchone()[0])


def accepted(directory: Path) -> int:
    """Records that were accepted since the directory was made."""
    with _reading(directory) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(seq), 0) FROM log_heads").fetchone()[0])


def passages(directory: Path) -> tuple[int, int]:
    """How many passages there are, and of how many sources."""
    with _reading(directory) as connection:
        found = connection.execute("SELECT COUNT(*), COUNT(DISTINCT source_id) FROM passages").fetchone()
    return int(found[0]), int(found[1])


def model_of(directory: Path, column: str = "model_id") -> str:
    """The model that the deployment names; empty where it names none."""
    with _reading(directory) as connection:
        return str(connection.execute(f"SELECT COALESCE({column}, '') FROM deployment").fetchone()[0])  # noqa: S608


@contextmanager
def _reading(directory: Path) -> Iterator[dbapi2.Connection]:
    connection = dbapi2.connect(f"file:{directory / 'catalog.db'}?mode=ro", uri=True, timeout=10)
    try:
        yield connection
    finally:
        connection.close()
