"""What Kafka has delivered and owners have not applied: the meeting point of the consumer's loop and the owner's thread.

What lives here: order, doubles and gaps per shard and lane, and up to where offsets may be committed. Nothing here waits, or knows Kafka.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.log.codec import Decoded

MOST = 128
"""Deliveries of one shard and lane beyond which no more are fetched, until half of them are dealt with."""

MOST_BYTES = 64_000_000
"""The same for all of them together."""

Key = tuple[int, int]
"""(shard, lane)."""


@dataclass(frozen=True, slots=True)
class Found:
    """What can be worked now."""

    records: list[Decoded]
    """From the number asked for on, without gaps."""
    waiting: int | None
    """Where there are none: the number of a later record that has come, if any has."""


@dataclass(slots=True)
class _Lane:
    records: deque[Decoded] = field(default_factory=deque)
    """Not applied, as they came."""
    open: deque[tuple[int, int, int]] = field(default_factory=deque)
    """(offset, seq, bytes) of everything that came and cannot be committed yet."""
    applied: int = 0
    to_commit: int | None = None
    """The offset after the last one that is dealt with."""

    def settle(self) -> int:
        """Let go of what is dealt with. Returns its bytes."""
        gone = 0
        while self.open and self.open[0][1] <= self.applied:
            offset, _, size = self.open.popleft()
            self.to_commit = offset + 1
            gone += size
        while self.records and self.records[0].record.entry.seq <= self.applied:
            self.records.popleft()
        return gone


class Inbox:
    """The deliveries of the shards that are assigned to this process. All methods may be called from any thread."""

    def __init__(self) -> None:
        """Begin with nothing assigned."""
        self._lock = threading.Lock()
        self._lanes: dict[Key, _Lane] = {}
        self._shards: frozenset[int] = frozenset()
        self._bytes = 0

    @property
    def shards(self) -> frozenset[int]:
        """What is assigned now."""
        return self._shards

    def assign(self, shards: Iterable[int], lanes: Iterable[int]) -> None:
        """Begin anew with other shards; everything that was delivered will be delivered again, by whoever has it now."""
        with self._lock:
            self._shards = frozenset(shards)
            kept = tuple(lanes)
            self._lanes = {(shard, lane): _Lane() for shard in self._shards for lane in kept}
            self._bytes = 0

    def revoke(self) -> None:
        """Nothing is assigned any longer; what was applied can still be committed."""
        self._shards = frozenset()

    def deliver(self, key: Key, offset: int, size: int, decoded: Decoded | None) -> None:
        """Take in what came, so many bytes of it; None is something that nobody will work."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is None:
                return
            seq = decoded.record.entry.seq if decoded is not None else 0
            lane.open.append((offset, seq, size))
            if decoded is not None and seq > lane.applied:
                lane.records.append(decoded)
            self._bytes += size - lane.settle()

    def read(self, key: Key, after: int, most: int) -> Found:
        """The records that come next; they stay here until they are applied."""
        with self._lock:
            lane = self._lanes.get(key)
            found: list[Decoded] = []
            waiting: int | None = None
            for decoded in lane.records if lane is not None else ():
                seq = decoded.record.entry.seq
                if seq == after + len(found) + 1 and len(found) < most:
                    found.append(decoded)
                elif seq > after + len(found):
                    waiting = seq
                    break
            return Found(found, None if found else waiting)

    def applied(self, key: Key, seq: int) -> None:
        """Everything up to a number is dealt with."""
        with self._lock:
            lane = self._lanes.get(key)
            if lane is not None:
                lane.applied = max(seq, lane.applied)
                self._bytes -= lane.settle()

    def offsets(self) -> dict[Key, int]:
        """Offsets that can be committed and were not told before."""
        with self._lock:
            told = {key: lane.to_commit for key, lane in self._lanes.items() if lane.to_commit is not None}
            for key in told:
                self._lanes[key].to_commit = None
            return told

    def load(self, key: Key) -> float:
        """How full it is for a shard and lane: 1 and more is too full to fetch any more."""
        lane = self._lanes.get(key)
        return 0.0 if lane is None else max(len(lane.open) / MOST, self._bytes / MOST_BYTES)
