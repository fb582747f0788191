"""Where a scenario runs: a temporary directory, a model, sizes, and services that are started and stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from service.embedders.build import prepare_model
from service.settings.load import load_settings
from tests.bench.figures import Measured, Pair
from tests.bench.jobs import run_job, serving
from tests.bench.parts import Parts
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.datadir import backlog
from tests.support.service import SERVICE, RunningService, start_service, wait_for

SHARDS = 16
"""Of a deployment of several processes."""
BROKERS = 3
_SETTLE_SECONDS = 60.0


class LostError(Exception):
    """Something that was acknowledged is not there, or an answer was empty: the figures are worth nothing."""


class Reachable(Protocol):
    """A service that runs."""

    @property
    def address(self) -> str:
        """`HOST:PORT` of gRPC."""

    @property
    def credentials(self) -> dict[str, str]:
        """`instance_id`, `api_key` and `admin_token`."""


def reach(running: Reachable) -> dict[str, Any]:
    """What a client is told to reach it."""
    return {"address": running.address, "key": running.credentials["api_key"]}


@dataclass(slots=True)
class Place:
    """What scenarios share."""

    directory: Path
    """For everything that is written; removed at the end."""
    model_dir: Path
    pairs: int
    parts: Parts
    """What deployments of several processes stand on."""
    is_quick: bool
    """Smaller, to see that everything works: no measurement."""
    _count: int = 0

    def size(self, full: int, quick: int) -> int:
        """A count, by how thorough the run is."""
        return quick if self.is_quick else full

    def fresh(self, name: str) -> str:
        """A name that nothing else has: for data directories, and for tags, so that nothing is sent twice."""
        self._count += 1
        return f"{name}-{self._count}"

    @contextmanager
    def service(self, directory: Path | None = None, **settings: object) -> Iterator[RunningService]:
        """`eunoe up` on a fresh data directory or a given one, warm: its worker works, its model and index are open."""
        with start_service(directory or self.directory / self.fresh("data"), **settings) as service:
            self._warm(service, service.directory)
            yield service

    @contextmanager
    def cluster(self, workers: int = 1, program: Sequence[str] = SERVICE) -> Iterator[RunningCluster]:
        """A fresh deployment on PostgreSQL and Kafka, warm likewise: one API process and some workers, of another program where one is given."""
        postgres, brokers = self.parts.postgres, self.parts.brokers
        directory, url = self.directory / self.fresh("cluster"), postgres.url(postgres.create())
        with start_cluster(directory, brokers, workers, program, catalog_url=url, shards=SHARDS) as cluster:
            cluster.wait_until_owned(workers)
            self._warm(cluster, cluster.catalog)
            yield cluster

    def _warm(self, running: Reachable, catalog: Path | str) -> None:
        run_job("clients.warm", tag=self.fresh("warm"), **reach(running))
        wait_for(lambda: backlog(catalog) == 0, _SETTLE_SECONDS, lambda: "the worker does not finish")

    @contextmanager
    def echo(self, *, is_beside_work: bool = False, embeds: bool = False) -> Iterator[str]:
        """The floor's server, with or without a process beside it that embeds, embedding questions or not; gives its address."""
        with ExitStack() as stack:
            if is_beside_work:
                stack.enter_context(serving("floors.busy", model_dir=str(self.model_dir)))
            yield stack.enter_context(serving("floors.echo", model_dir=str(self.model_dir) if embeds else ""))["address"]

    def alternate(self, floor: Callable[[], Measured], run: Callable[[], Measured]) -> list[Pair]:
        """Measure pairs of floor and run; which comes first changes from pair to pair."""
        made = []
        for number in range(self.pairs):
            if number % 2:
                measured = run()
                made.append(Pair(measured, floor()))
            else:
                below = floor()
                made.append(Pair(run(), below))
        return made


@contextmanager
def new_place(pairs: int, *, is_quick: bool) -> Iterator[Place]:
    """A place that is gone afterwards."""
    model = load_settings({}, os.environ).settings.model
    prepared = prepare_model(model.cache_dir, model.source_dir, lambda _step: None)
    with TemporaryDirectory(prefix="eunoe-bench-") as name:
        directory = Path(name)
        with closing(Parts(directory, 1 if is_quick else BROKERS)) as parts:
            yield Place(directory, prepared.directory, pairs, parts, is_quick)


def nothing_missing(answer: dict[str, object]) -> None:
    """Insist on it.

    Raises:
        LostError: the client missed something.
    """
    if answer["missing"]:
        raise LostError(f"{answer['missing']} acknowledged items are missing or doubled")
