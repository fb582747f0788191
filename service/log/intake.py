"""The intake of an owner that is fed by Kafka. Whatever Kafka does not bring, the outbox has.

Three ways lead past Kafka: a record whose source is too large for it, a gap before a record that did come, and records that are
published and not delivered for 10 s (expired, lost with the cluster's data, or the consumer is not well).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.catalog import log
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.catalog.sources import read_sources
from service.domain.kinds import Lane, SourceKind
from service.log.base import Record
from service.log.codec import Decoded
from service.log.inbox import Inbox, Key
from service.log.outbox import read_outbox
from service.ops.logging import get_logger

OVERDUE_SECONDS = 10.0
"""What is published and not delivered for so long is read from the outbox."""

COMPARE_SECONDS = 5.0

FENCED_SECONDS = 10.0
"""A shard that another process took while it is assigned here: after so long the group has to settle anew whose it is."""

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Missing:
    after: int
    since: float


class KafkaIntake:
    """`Intake` over what a consumer puts into an inbox. Called on the owner's thread, but for `take_suspicion`."""

    def __init__(self, catalog: Catalog, inbox: Inbox) -> None:
        """Take the catalog to fall back on, and the inbox."""
        self._catalog = catalog
        self._inbox = inbox
        self._published: dict[Key, int] = {}
        self._compared = -COMPARE_SECONDS
        self._missing: dict[Key, _Missing] = {}
        self._catch_up: dict[Key, int] = {}
        self._fenced: dict[int, float] = {}
        self._assigned: frozenset[int] = frozenset()
        self._is_suspicious = False

    def shards(self) -> frozenset[int]:
        """See `Intake.shards`."""
        assigned = self._inbox.shards
        if assigned is not self._assigned:
            self._assigned = assigned
            self._fenced.clear()
            self._missing.clear()
            self._catch_up.clear()
            return frozenset()
        return assigned - self._fenced.keys() if self._fenced else assigned

    def read(self, shard: int, lane: Lane, after: int, most: int) -> Sequence[Record]:
        """See `Intake.read`."""
        key = (shard, int(lane))
        found = self._inbox.read(key, after, most)
        if found.records:
            self._missing.pop(key, None)
            return self._with_sources(found.records)
        upto = found.waiting - 1 if found.waiting is not None else self._overdue(key, after)
        return read_outbox(self._catalog, shard, lane, after, min(most, upto - after)) if upto > after else []

    def applied(self, shard: int, lane: Lane, seq: int) -> None:
        """See `Intake.applied`."""
        self._inbox.applied((shard, int(lane)), seq)

    def fenced(self, error: FencedError) -> None:
        """See `Intake.fenced`: it is left alone until shards are assigned anew."""
        self._fenced[error.shard] = time.monotonic()

    def take_suspicion(self) -> bool:
        """Whether something was overdue since this was asked last, or a shard is assigned here and another's: the consumer is not well."""
        is_overdue, self._is_suspicious = self._is_suspicious, False
        return is_overdue or any(time.monotonic() - since > FENCED_SECONDS for since in list(self._fenced.values()))

    def _overdue(self, key: Key, after: int) -> int:
        """Up to which number the outbox is to be read because Kafka did not deliver; `after` where it is not."""
        if after < self._catch_up.get(key, 0):
            return self._catch_up[key]
        self._compare()
        published, now = self._published.get(key, 0), time.monotonic()
        if published <= after:
            self._missing.pop(key, None)
            return after
        missing = self._missing.get(key)
        if missing is None or missing.after != after:
            self._missing[key] = _Missing(after, now)
            return after
        if now - missing.since < OVERDUE_SECONDS:
            return after
        logger.warning("records_overdue", shard=key[0], lane=key[1], after=after, published=published)
        self._is_suspicious = True
        self._catch_up[key] = published
        return published

    def _compare(self) -> None:
        if time.monotonic() - self._compared >= COMPARE_SECONDS:
            with self._catalog.read() as connection:
                self._published = log.progress(connection, "log_published")
            self._compared = time.monotonic()

    def _with_sources(self, found: Sequence[Decoded]) -> list[Record]:
        """The records, with the sources that were too large to come along."""
        large = [each.record for each in found if each.is_reference]
        if not large:
            return [each.record for each in found]
        ids: dict[SourceKind, list[str]] = {kind: [] for kind in SourceKind}
        for record in large:
            ids[record.kind].append(record.source_id)
        with self._catalog.read() as connection:
            sources = read_sources(connection, ids[SourceKind.MESSAGE], ids[SourceKind.DOCUMENT])
        return [
            replace(each.record, source=sources.get(each.record.source_id)) if each.is_reference else each.record
            for each in found
        ]
