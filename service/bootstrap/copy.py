"""A process that only moves an embedded deployment into an empty PostgreSQL database: it has the directory to itself, and works off what waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from prometheus_client import CollectorRegistry

from service.bootstrap.opening import CLUSTER_SHARDS, open_embedded
from service.bootstrap.up import EmbeddedCarrier
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
from service.catalog.transfer import left_to_do, require_empty, transfer
from service.domain.errors import FailedPrecondition, Unavailable
from service.ops.metrics import ApiMetrics
from service.settings import Settings

LOOK_SECONDS = 0.2
STILL_SECONDS = 120.0
"""An owner that works finishes something at least so often; the longest step is waiting for an index that is away."""
GRACE_SECONDS = 10.0

Progress = Callable[[str, int, int], None]


def run_copy(settings: Settings, url: str, shards: int | None, progress: Progress) -> Mapping[str, int]:
    """Work off what a stopped service accepted, then move everything.

    Args:
        settings: of the embedded deployment.
        url: of the database.
        shards: of the new deployment; None: as many as a new one gets.
        progress: told (stage, done, total).

    Returns:
        How many rows each table has.

    Raises:
        EunoeError: the service runs, or does not finish its work; or the database cannot be used, or is not empty.
    """
    if settings.catalog.url is None and not settings.database.exists():
        raise FailedPrecondition(f"{settings.data_dir} holds no catalog: give the service's data directory with --data")
    with open_embedded(settings) as opened, closing(Catalog(url)) as target:
        migrate(target)
        with target.read() as connection:
            require_empty(connection)
        asyncio.run(_drain(EmbeddedCarrier(settings, opened, ApiMetrics(CollectorRegistry())), opened.catalog, progress))
        if _left(opened.catalog):
            raise Unavailable("an owner was at work, and what was accepted still waits: see its log; nothing was copied")
        return transfer(opened.catalog, target, shards or CLUSTER_SHARDS, progress)


async def _drain(carrier: EmbeddedCarrier, catalog: Catalog, progress: Progress) -> None:
    """Have an owner at work until nothing is left, or nothing moves."""
    if not _left(catalog):
        return
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(carrier.run())
        try:
            await _watch(catalog, progress)
        finally:
            running.cancel()
            await carrier.stop(GRACE_SECONDS)


async def _watch(catalog: Catalog, progress: Progress) -> None:
    total = least = _left(catalog)
    moved = time.monotonic()
    while (left := _left(catalog)) and time.monotonic() < moved + STILL_SECONDS:
        total = max(total, left)
        if left < least:
            least, moved = left, time.monotonic()
        progress("finishing", total - left, total)
        await asyncio.sleep(LOOK_SECONDS)
    progress("finishing", total - left, total)


def _left(catalog: Catalog) -> int:
    with catalog.read() as connection:
        return left_to_do(connection)
