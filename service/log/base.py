"""The ports of the log: as the process that accepts writes sees it, and as the one that owns shards does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.catalog.ownership import FencedError
from service.catalog.sources import SourceRow
from service.domain.kinds import Lane, SourceKind
from service.domain.writes import LogEntry

Progress = Mapping[tuple[int, int], int]
"""(shard, lane) → seq."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log, with the source it names; None where the source is gone."""

    entry: LogEntry
    instance_id: str
    scope: int
    kind: SourceKind
    source_id: str
    source: SourceRow | None


class Log(Protocol):
    """Carries committed records to their owners, and tells how far they have come."""

    def appended(self) -> None:
        """Records were committed. Called on the commit thread: never blocks, never raises."""

    def applied(self) -> Progress:
        """How far the effects are in the catalog, as far as this process has heard."""

    def indexed(self) -> Progress:
        """How far the effects are in the index too, as far as this process has heard."""

    async def wait_applied(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - running out is an answer, no error
        """Wait until the effects of everything up to these numbers are in the catalog.

        Args:
            entries: the numbers of a position.
            timeout: seconds.

        Returns:
            Whether it came about in time.
        """

    async def wait_indexed(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - running out is an answer, no error
        """Wait until the effects are in the index too. See `wait_applied`."""


class Intake(Protocol):
    """What brings records to an owner. Called on the owner's thread alone."""

    def shards(self) -> frozenset[int]:
        """The shards that this process should own now. A new assignment begins with none, once, so that nothing is owned on from a former one."""

    def read(self, shard: int, lane: Lane, after: int, most: int) -> Sequence[Record]:
        """Records of a shard and lane: number `after + 1` first, no gaps, at most so many, and only what has come.

        Raises:
            Unavailable: the catalog cannot be read now.
        """

    def applied(self, shard: int, lane: Lane, seq: int) -> None:
        """Everything up to a number has its effects in the catalog; told when a shard is taken over, and after every store."""

    def fenced(self, error: FencedError) -> None:
        """Another process has become the shard's owner.

        Raises:
            FencedError: there is nothing else to own.
        """
