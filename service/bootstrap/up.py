"""The embedded service: the API with its owner process beside it, on one data directory."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from service.bootstrap.api import refuse_plaintext, serve_api
from service.bootstrap.opening import Opened, files_in_words, open_embedded
from service.catalog import log
from service.extractors import rules
from service.log.embedded import EmbeddedLog
from service.ops.logging import configure_logging
from service.ops.metrics import ApiMetrics, exposition, watch_trouble
from service.pipeline.process import OwnerPlan
from service.pipeline.supervise import Supervisor
from service.settings import Settings


def run_embedded(settings: Settings) -> int:
    """Run the whole service until SIGTERM or Ctrl-C. Returns the exit status.

    Raises:
        EunoeError: it cannot start; says why and what to do.
    """
    configure_logging(process="api", form=settings.log.format, level=settings.log.level)
    refuse_plaintext(settings)
    with open_embedded(settings) as opened:
        return serve_api(settings, opened, lambda metrics: EmbeddedCarrier(settings, opened, metrics))


class EmbeddedCarrier:
    """The outbox read in place, by an owner process that is kept running beside the API."""

    def __init__(self, settings: Settings, opened: Opened, metrics: ApiMetrics) -> None:
        """Begin with the numbers of the catalog; the owner starts in `run`."""
        self._metrics_file = settings.data_dir / "owner.prom"
        with files_in_words():
            self._metrics_file.unlink(missing_ok=True)
        with opened.catalog.read() as connection:
            applied, indexed = log.progress(connection, "log_applied"), log.progress(connection, "log_indexed")
        self.log = EmbeddedLog(applied, indexed)
        self._supervisor = Supervisor(self._owner_plan(settings, opened), self.log, metrics.owner_restarts.inc)
        self._registry = CollectorRegistry()
        watch_trouble(self._registry, self.log.trouble)

    async def run(self) -> None:
        """See `Carrier.run`."""
        await self._supervisor.run()

    async def stop(self, grace: float) -> None:
        """See `Carrier.stop`: the owner finishes its round."""
        await self._supervisor.stop(grace)

    def unready(self) -> list[str]:
        """See `Carrier.unready`."""
        failing = ["the owner process keeps dying: what is written waits; see the log"] if self._supervisor.is_failing else []
        return failing + self.log.trouble.reasons()

    def exposition(self) -> bytes:
        """See `Carrier.exposition`: the last metrics of the owner, and what it waits for, which it could not write on a full disk."""
        try:
            of_owner = self._metrics_file.read_bytes()
        except FileNotFoundError:  # it has not measured anything yet
            of_owner = b""
        return exposition(self._registry) + of_owner

    def _owner_plan(self, settings: Settings, opened: Opened) -> OwnerPlan:
        return OwnerPlan(
            database=settings.database,
            index_uri=settings.index_uri,
            model_dir=opened.model_dir,
            shard=0,
            extractor_version=rules.VERSION,
            metrics_file=self._metrics_file,
            log_format=settings.log.format,
            log_level=settings.log.level,
        )
