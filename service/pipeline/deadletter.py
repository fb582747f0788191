"""How often records were tried in vain, and when a record is given up (design section 6, attempts)."""

from __future__ import annotations

from service.catalog import log
from service.catalog.engine import Catalog, Connection
from service.catalog.log import Attempts
from service.catalog.ownership import fence
from service.domain.source import StageError
from service.domain.writes import LogEntry
from service.ops.logging import get_logger
from service.pipeline.store import Ownership

MAX_ERRORS = 3
"""Errors of a record's own, and deaths of the child while it worked on it."""

MAX_OWNER_DEATHS = 10
"""Deaths of an owner that held the record; it may have been any of what it held."""

logger = get_logger(__name__)


class AttemptBook:
    """The attempts of one shard's records; in memory, and durable in the catalog."""

    def __init__(self, catalog: Catalog, ownership: Ownership) -> None:
        """Begin with nothing; `load` reads what the catalog knows."""
        self._catalog = catalog
        self._ownership = ownership
        self._known: dict[tuple[int, int], Attempts] = {}

    def load(self, connection: Connection) -> None:
        """Read what the catalog knows."""
        self._known = log.attempts(connection, self._ownership.shard)

    def is_suspect(self, lane: int, seq: int) -> bool:
        """Whether a record was tried in vain before: it is worked alone then."""
        return (lane, seq) in self._known

    def verdict(self, entry: LogEntry) -> StageError | None:
        """Why a record is given up, or None while it may be tried."""
        tried = self._known.get((entry.lane, entry.seq))
        if tried is None or (tried.errors < MAX_ERRORS and tried.owner_deaths < MAX_OWNER_DEATHS):
            return None
        times = max(tried.errors, tried.owner_deaths)
        return StageError(tried.stage, "GAVE_UP", f"given up after {times} attempts: {tried.reason}")

    def count(self, entry: LogEntry, error: StageError) -> StageError | None:
        """Count an error of a record's own. Returns why it is given up, or None while it may be tried again."""
        reason = f"{error.code}: {error.message}"
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            log.count_attempt(connection, entry, errors=1, owner_deaths=0, stage=error.stage, reason=reason)
        before = self._known.get((entry.lane, entry.seq), Attempts(0, 0, "", ""))
        self._known[entry.lane, entry.seq] = Attempts(before.errors + 1, before.owner_deaths, error.stage, reason)
        logger.warning(
            "record_failed",
            lane=entry.lane,
            seq=entry.seq,
            stage=error.stage,
            code=error.code,
            attempts=before.errors + 1,
        )
        return self.verdict(entry)

    def forget(self, entry: LogEntry) -> None:
        """It is done; the catalog forgets it when it is indexed."""
        self._known.pop((entry.lane, entry.seq), None)
