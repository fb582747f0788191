"""Real owners for tests: in a thread with a real child, or in a process that is killed at a chosen step.

The child runs the stages of `tests.support.lines`, so that it needs no model and can be made to die.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from prometheus_client import CollectorRegistry

from service.catalog import items, log
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.catalog.indexes import IndexTable
from service.domain.item import Item
from service.domain.source import StageError
from service.log.base import Intake
from service.log.outbox import OutboxIntake
from service.ops.metrics import OwnerMetrics
from service.pipeline.backoff import Backoff
from service.pipeline.index import IndexStep
from service.pipeline.owner import Owner
from service.pipeline.schedule import Job
from service.pipeline.shard import Shard, take_over
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildWorker, Patience
from service.vectors.writer import IndexWriter
from tests.support.catalogs import scalar
from tests.support.lines import LineExtractor, lines_child

PATIENCE = Patience()
SECONDS = 50.0
"""How long a test waits for something that takes a moment."""


class WatchedOwner(Owner):
    """An owner that notes what it stored together."""

    batches: list[list[int]]
    waits = 0
    uncounted = 0

    def _drop(self, batch: Sequence[Job]) -> None:
        self.batches.append([job.record.entry.seq for job in batch])
        super()._drop(batch)

    def _wait_for(self, seconds: float, others: Sequence[Connection]) -> None:
        self.waits += not others
        super()._wait_for(seconds, others)

    def _count_attempt(self, job: Job, error: StageError) -> None:
        super()._count_attempt(job, error)
        entry = job.record.entry
        self.uncounted += not self._shards[entry.shard].attempts.is_suspect(entry.lane, entry.seq)


class OwnerThread:
    """An owner with its child, in a thread of the test. A context manager."""

    def __init__(
        self,
        catalog: Catalog,
        index_uri: str,
        *,
        writer: type[IndexWriter] = IndexWriter,
        index_step: type[IndexStep] = IndexStep,
        intake: Intake | None = None,
        patience: Patience = PATIENCE,
        opener: type[Catalog] = Catalog,
    ) -> None:
        """Own shard 0, or what an intake says."""
        self._is_told = intake is not None
        self.catalog = opener(catalog.place)
        self.wake_read, self.wake_write = os.pipe()
        self.writer = writer(index_uri)
        self.registry = CollectorRegistry()
        self.owner, self.child = make_owner(
            self.catalog, self.writer, self.wake_read, index_step, self.registry, intake, patience
        )
        self.failure: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="owner", daemon=True)

    def _run(self) -> None:
        try:
            self.owner.run()
        except BaseException as error:  # noqa: BLE001 - the test asks for it
            self.failure = error

    @property
    def batches(self) -> list[list[int]]:
        """The numbers of the records that were stored together."""
        return self.owner.batches

    def __enter__(self) -> OwnerThread:
        """Begin."""
        self.child.start()
        if not self._is_told:
            self.owner.own(0)
        self.thread.start()
        return self

    def stop(self) -> None:
        """Let it end in good order."""
        self.owner.stop()
        self.wake()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop the owner, and its child."""
        self.stop()
        self.child.stop()
        self.writer.close()
        self.catalog.close()
        for end in (self.wake_read, self.wake_write):
            os.close(end)

    def wake(self) -> None:
        """Say that something was committed."""
        os.write(self.wake_write, b"w")

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wake the owner until something is so."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self.failure is None, f"the owner ended: {self.failure!r}"
            assert time.monotonic() < deadline, "it did not come about"
            self.wake()
            time.sleep(0.01)

    def finish(self) -> None:
        """Wait until everything that was recorded or changed can be searched."""
        self.wait(lambda: is_idle(self.catalog))

    @property
    def waits(self) -> int:
        """How often the owner waited for something that was away."""
        return self.owner.waits

    @property
    def uncounted(self) -> int:
        """How many attempts could not be written down."""
        return self.owner.uncounted

    def restarts(self) -> int:
        """How often its child died."""
        return int(self.registry.get_sample_value("eunoe_child_restarts_total") or 0)

    def kill_child(self) -> None:
        """Kill the child; another one is started."""
        assert self.child.pid is not None
        os.kill(self.child.pid, signal.SIGKILL)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the child stand still meanwhile."""
        assert self.child.pid is not None
        os.kill(self.child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            self.resume()

    def resume(self) -> None:
        """Let a paused child go on."""
        assert self.child.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.child.pid, signal.SIGCONT)


def make_owner(
    catalog: Catalog,
    writer: IndexWriter,
    wake_fd: int,
    index_step: type[IndexStep],
    registry: CollectorRegistry,
    intake: Intake | None = None,
    patience: Patience = PATIENCE,
) -> tuple[WatchedOwner, ChildWorker]:
    """An owner that owns nothing yet, and its child, not started."""
    fed_by = intake or OutboxIntake(catalog, 0)

    def take(shard: int) -> Shard:
        index = make_index(catalog, writer, index_step, shard)
        return Shard(catalog, fed_by, index, index.ownership, None)

    metrics = OwnerMetrics(registry)
    child = ChildWorker(Path(), on_restart=metrics.child_restarts.inc, main=lines_child, patience=patience)
    owner = WatchedOwner(catalog, fed_by, child, take, backoff=Backoff(wake_fd, lambda _: None), metrics=metrics)
    owner.batches = []
    return owner, child


def make_index(catalog: Catalog, writer: IndexWriter, index_step: type[IndexStep] = IndexStep, shard: int = 0) -> IndexStep:
    """Take a shard over; its index, not open."""
    epoch = take_over(catalog, shard, "test")
    with catalog.read() as connection:
        deployment = load_deployment(connection)
    assert deployment is not None
    ownership = Ownership(shard, epoch, deployment.log_epoch, deployment.generation, LineExtractor.version)
    return index_step(catalog, writer, ownership)


def follow(catalog: Catalog, index_uri: str) -> None:
    """Let a fresh owner bring the index in line with the catalog, without a child."""
    writer = IndexWriter(index_uri)
    try:
        index = make_index(catalog, writer)
        index.open()
        while index.flush():
            pass
    finally:
        writer.close()


def is_idle(catalog: Catalog) -> bool:
    """Whether everything is applied, indexed and told."""
    with catalog.read() as connection:
        heads = log.progress(connection, "log_heads")
        return heads == log.progress(connection, "log_indexed") and not items.read_pending(connection, 0, 1)


def check_index(catalog: Catalog, index_uri: str) -> None:
    """The shard's table holds exactly the live items of the catalog, each in its version."""
    name = scalar(catalog, "SELECT name FROM index_tables")
    writer = IndexWriter(index_uri)
    try:
        held = sorted(row for page in writer.sweep(name) for row in page)
    finally:
        writer.close()
    with catalog.read() as connection:
        live = connection.exec_driver_sql("SELECT item_id, version FROM items WHERE is_live = 1 ORDER BY item_id").all()
    assert held == [tuple(row) for row in live]


def check_finished(catalog: Catalog) -> None:
    """Nothing waits anywhere, and every ingestion reached a terminal state."""
    assert is_idle(catalog)
    with catalog.read() as connection:
        applied = log.progress(connection, "log_applied")
        assert applied == log.progress(connection, "log_heads")
    assert scalar(catalog, "SELECT count(*) FROM outbox") == 0
    assert scalar(catalog, "SELECT count(*) FROM log_attempts") == 0
    assert scalar(catalog, "SELECT count(*) FROM ingestions WHERE status IN ('queued', 'processing')") == 0


class BeforeIndex(IndexStep):
    """Dies after transaction 1, before the index hears of it."""

    def _write(self, live: list[Item], gone: list[str], *, may_append: bool) -> IndexTable:  # noqa: ARG002
        die()


class AfterIndex(IndexStep):
    """Dies when LanceDB has it, before transaction 2."""

    def _write(self, live: list[Item], gone: list[str], *, may_append: bool) -> IndexTable:
        super()._write(live, gone, may_append=may_append)
        die()


class AfterTransactionTwo(IndexStep):
    """Dies right after transaction 2."""

    def flush(self) -> bool:
        """See `IndexStep.flush`."""
        if super().flush():
            die()
        return False


WINDOWS = {step.__name__: step for step in (BeforeIndex, AfterIndex, AfterTransactionTwo)}


def die() -> NoReturn:
    """Be killed, as by `kill -9`."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def main() -> None:
    """Run an owner that dies: arguments are the catalog, the index, and where to die."""
    place, index_uri, window = sys.argv[1:]
    catalog, writer = Catalog(place if "://" in place else Path(place)), IndexWriter(index_uri)
    wake_read, _wake_write = os.pipe()
    owner, child = make_owner(catalog, writer, wake_read, WINDOWS[window], CollectorRegistry())
    if scalar(catalog, "SELECT count(*) FROM outbox"):  # to apply changes made by hand it needs no child
        child.start()
    owner.own(0)
    owner.run()


if __name__ == "__main__":
    main()
