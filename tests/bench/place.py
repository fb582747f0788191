"""Where a scenario runs: a temporary directory, a model, sizes, and services that are started and stopped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from service.embedders.build import prepare_model
from service.settings.load import load_settings
from tests.bench.figures import Measured, Pair
from tests.bench.jobs import run_job, serving
from tests.support.datadir import backlog
from tests.support.service import RunningService, start_service, wait_for

_SETTLE_SECONDS = 60.0


class LostError(Exception):
    """Something that was acknowledged is not there, or an answer was empty: the figures are worth nothing."""


@dataclass(slots=True)
class Place:
    """What scenarios share."""

    directory: Path
    """For everything that is written; removed at the end."""
    model_dir: Path
    pairs: int
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
    def service(self, directory: Path | None = None) -> Iterator[RunningService]:
        """`eunoe up` on a fresh data directory or a given one, warm: its worker works, its model and index are open."""
        with start_service(directory or self.directory / self.fresh("data")) as service:
            run_job("clients.warm", address=service.address, key=service.credentials["api_key"], tag=self.fresh("warm"))
            wait_for(lambda: backlog(service.directory) == 0, _SETTLE_SECONDS, lambda: "the worker does not finish")
            yield service

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
    with TemporaryDirectory(prefix="eunoe-bench-") as directory:
        yield Place(Path(directory), prepared.directory, pairs, is_quick)


def nothing_missing(answer: dict[str, object]) -> None:
    """Insist on it.

    Raises:
        LostError: the client missed something.
    """
    if answer["missing"]:
        raise LostError(f"{answer['missing']} acknowledged items are missing or doubled")
