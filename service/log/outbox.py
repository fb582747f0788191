"""The outbox read in place: all of an embedded owner's intake, and what any other intake falls back on.

The outbox holds every record that is not indexed yet, so what is not there needs no owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from service.catalog import log
from service.catalog.engine import Catalog, Connection
from service.catalog.ownership import FencedError
from service.catalog.sources import SourceRow, read_sources
from service.domain.kinds import Lane, SourceKind
from service.domain.writes import LogEntry
from service.log.base import Record


def read_outbox(catalog: Catalog, shard: int, lane: Lane, after: int, most: int) -> list[Record]:
    """Records after a number, in order, with their sources of the same moment.

    Raises:
        Unavailable: the catalog cannot be read now.
    """
    with catalog.read() as connection:
        (batch,) = read_batches(connection, [(shard, lane, after)], most)
    return batch


def read_batches(
    connection: Connection, places: Sequence[tuple[int, Lane, int]], most: int, most_characters: int | None = None
) -> list[list[Record]]:
    """The same of each (shard, lane, number) in a transaction; where a size is given, without the sources of larger documents."""
    batches = log.read_records(connection, places, most)
    ids: dict[str, list[str]] = {kind.value: [] for kind in SourceKind}
    for row in chain.from_iterable(batches):
        ids[row["source_kind"]].append(row["source_id"])
    sources = read_sources(connection, ids[SourceKind.MESSAGE.value], ids[SourceKind.DOCUMENT.value], most_characters)
    return [[_record(row, sources.get(row["source_id"])) for row in batch] for batch in batches]


def _record(row: Mapping[str, Any], source: SourceRow | None) -> Record:
    entry = LogEntry(row["shard"], Lane(row["lane"]), row["seq"])
    return Record(entry, row["instance_id"], row["scope"], SourceKind(row["source_kind"]), row["source_id"], source)


class OutboxIntake:
    """`Intake` of an owner that is told which shard is its, once and for all."""

    def __init__(self, catalog: Catalog, shard: int) -> None:
        """Take the catalog to read from."""
        self._catalog = catalog
        self._shards = frozenset({shard})

    def shards(self) -> frozenset[int]:
        """See `Intake.shards`."""
        return self._shards

    def read(self, shard: int, lane: Lane, after: int, most: int) -> Sequence[Record]:
        """See `Intake.read`."""
        return read_outbox(self._catalog, shard, lane, after, most)

    def applied(self, shard: int, lane: Lane, seq: int) -> None:
        """See `Intake.applied`: the catalog knows it, and nobody else needs to."""

    def fenced(self, error: FencedError) -> None:
        """See `Intake.fenced`: without its one shard this process has nothing to do."""
        raise error
