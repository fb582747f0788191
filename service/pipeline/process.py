"""The owner of an embedded service as a process: what it is told at its start, and its main function."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry

from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.log.embedded import NEWS, TROUBLE
from service.log.outbox import OutboxIntake
from service.ops.logging import configure_logging, get_logger
from service.ops.metrics import OwnerMetrics, exposition
from service.pipeline.backoff import Backoff
from service.pipeline.owner import Owner
from service.pipeline.priority import OWNER_SLICE, step_back
from service.pipeline.shard import ModelSwitchedError, News, shard_taker
from service.pipeline.worker import ChildWorker
from service.vectors.writer import IndexWriter

METRICS_SECONDS = 5.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OwnerPlan:
    """What an owner needs to know; crosses the process boundary."""

    database: Path
    index_uri: str
    model_dir: Path
    """The model's files, where the catalog knows no others."""
    shard: int
    extractor_version: str
    metrics_file: Path
    """Where this process puts its metrics every few seconds, for the service to show with its own."""
    log_format: str
    log_level: str


def run_owner(plan: OwnerPlan, wake: Connection, news: Connection) -> None:
    """The owner's main function; returns when told by SIGTERM, when fenced, or when the service is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then tells us
    configure_logging(process="owner", form=plan.log_format, level=plan.log_level)
    step_back(OWNER_SLICE)
    os.set_blocking(news.fileno(), False)
    tell = _Teller(news.fileno())
    backoff = Backoff(wake.fileno(), lambda trouble: tell(plan.shard, TROUBLE, trouble, 0))
    catalog = Catalog(plan.database, syncs=False)  # what a power cut takes is done again from the outbox, which was synced
    try:
        owner = _owner(plan, catalog, backoff, tell)
        signal.signal(signal.SIGTERM, lambda *_: owner.stop())
        owner.run()
    except (FencedError, ModelSwitchedError) as error:
        logger.warning("owner_fenced", reason=str(error))
    finally:
        catalog.close()


def _owner(plan: OwnerPlan, catalog: Catalog, backoff: Backoff, tell: News) -> Owner:
    with catalog.read() as connection:
        deployment = load_deployment(connection)
    assert deployment is not None
    intake = OutboxIntake(catalog, plan.shard)
    take = shard_taker(
        catalog,
        intake,
        IndexWriter(plan.index_uri),
        tell,
        deployment=deployment,
        extractor_version=plan.extractor_version,
    )
    registry = CollectorRegistry()
    metrics = OwnerMetrics(registry)
    model_dir = Path(deployment.model_dir) if deployment.model_dir else plan.model_dir
    child = ChildWorker(model_dir, on_restart=metrics.child_restarts.inc)
    child.start()  # loads its model while the index opens
    threading.Thread(target=_publish, args=(plan.metrics_file, registry), name="metrics", daemon=True).start()
    owner = Owner(catalog, intake, child, take, backoff=backoff, metrics=metrics)
    backoff.insist(lambda: owner.own(plan.shard))
    return owner


def _publish(path: Path, registry: CollectorRegistry) -> None:
    fresh = path.with_suffix(".tmp")
    while True:
        with suppress(OSError):  # a full disk is told by the catalog, which needs it more
            fresh.write_bytes(exposition(registry))
            fresh.replace(path)
        time.sleep(METRICS_SECONDS)


class _Teller:
    """Tells the service how far the log has come; what does not fit into the pipe is told with the next numbers."""

    def __init__(self, news_fd: int) -> None:
        self._news_fd = news_fd
        self._told: dict[tuple[int, int], tuple[int, int]] = {}

    def __call__(self, shard: int, lane: int, applied: int, indexed: int) -> None:
        if self._told.get((shard, lane)) == (applied, indexed):
            return
        try:
            os.write(self._news_fd, NEWS.pack(shard, lane, applied, indexed))
        except BlockingIOError:
            return
        except BrokenPipeError:
            logger.info("owner_service_gone")
            os._exit(0)
        self._told[shard, lane] = (applied, indexed)
