"""An API process of a deployment with Kafka: owners are other processes, and there may be more like this one."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from service.bootstrap.api import refuse_plaintext, serve_api
from service.bootstrap.opening import Opened, open_shared
from service.bootstrap.topics import prepare_topics
from service.catalog import log
from service.domain.kinds import Lane
from service.log.broker import require_kafka
from service.log.kafka import KafkaLog
from service.log.relay import Relay
from service.ops.logging import configure_logging
from service.ops.metrics import RelayMetrics, exposition
from service.settings import Settings


def run_server(settings: Settings) -> int:
    """Answer calls until SIGTERM or Ctrl-C. Returns the exit status.

    Raises:
        EunoeError: it cannot start; says why and what to do.
    """
    configure_logging(process="api", form=settings.log.format, level=settings.log.level)
    require_kafka(settings.kafka, "serve")
    refuse_plaintext(settings)
    with open_shared(settings) as opened:
        prepare_topics(settings.kafka, opened)
        return serve_api(settings, opened, lambda _: KafkaCarrier(settings, opened))


class KafkaCarrier:
    """A relay that publishes what was committed, and a poller that sees how far owners have come. Kafka may be away: calls go on."""

    def __init__(self, settings: Settings, opened: Opened) -> None:
        """Begin with the numbers of the catalog."""
        self._catalog = opened.catalog
        self._registry = CollectorRegistry()
        self._metrics = RelayMetrics(self._registry)
        self._relay = Relay(opened.catalog, settings.kafka, opened.deployment, self._metrics.published.inc)
        self.log = KafkaLog(opened.catalog, self._relay)

    async def run(self) -> None:
        """See `Carrier.run`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay.run())
            tasks.create_task(self.log.run())

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - part of the port
        """See `Carrier.stop`: another relay goes on with what this one has not published."""
        await self._relay.stop()

    def unready(self) -> list[str]:
        """See `Carrier.unready`: what is accepted while Kafka is away is published later."""
        return []

    def exposition(self) -> bytes:
        """See `Carrier.exposition`."""
        with self._catalog.read() as connection:
            heads, published = log.progress(connection, "log_heads"), log.progress(connection, "log_published")
        for (shard, lane), head in heads.items():
            self._metrics.lag.labels(str(shard), Lane(lane).name.lower()).set(head - published[shard, lane])
        self._metrics.is_failing.set(self._relay.outage.reason is not None)
        return exposition(self._registry)
