"""Both ends of the log on a real Kafka, in the test's own process: what `eunoe serve` and `eunoe work` are made of."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from deploy.kafka.brokers import Brokers
from service.catalog.deployment import Deployment, load_deployment
from service.catalog.engine import Catalog
from service.log.consumer import Consumer
from service.log.inbox import Inbox
from service.log.intake import KafkaIntake
from service.log.kafka import KafkaLog
from service.log.relay import Relay
from service.settings import Kafka
from service.settings.schema import Brokers as Addresses
from service.settings.schema import TopicPrefix
from tests.support.service import until

SECONDS = 60.0


def kafka_settings(brokers: Brokers, **changes: Any) -> Kafka:
    """Topics of its own for one test."""
    prefix = TopicPrefix(f"test-{secrets.token_hex(4)}.")
    return Kafka(bootstrap=Addresses(brokers.bootstrap), prefix=prefix, session_timeout=timedelta(seconds=3), **changes)


def deployment_of(catalog: Catalog) -> Deployment:
    """The row of a catalog that has one."""
    with catalog.read() as connection:
        found = load_deployment(connection)
    assert found is not None
    return found


@asynccontextmanager
async def running(*work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run endless work beside a block."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(each()) for each in work]
        try:
            yield
        finally:
            for task in started:
                task.cancel()


@asynccontextmanager
async def running_relay(catalog: Catalog, kafka: Kafka, count: Callable[[int], None] = lambda _: None) -> AsyncIterator[Relay]:
    """A relay at work; its leases are given back at the end."""
    relay = Relay(catalog, kafka, deployment_of(catalog), count)
    async with running(relay.run):
        yield relay
    await relay.stop()


@asynccontextmanager
async def running_log(catalog: Catalog, kafka: Kafka) -> AsyncIterator[KafkaLog]:
    """The log of an API process."""
    async with running_relay(catalog, kafka) as relay:
        kafka_log = KafkaLog(catalog, relay)
        async with running(kafka_log.run):
            yield kafka_log


@asynccontextmanager
async def running_consumer(catalog: Catalog, kafka: Kafka) -> AsyncIterator[KafkaIntake]:
    """The intake of a worker that owns whatever is assigned to it."""
    deployment, inbox = deployment_of(catalog), Inbox()
    intake = KafkaIntake(catalog, inbox)
    consumer = Consumer(
        kafka,
        inbox,
        shards=deployment.shards,
        log_epoch=deployment.log_epoch,
        wake=lambda: None,
        owns_nothing=lambda: True,
        is_suspicious=intake.take_suspicion,
    )

    async def has_shards() -> bool:
        return bool(intake.shards())

    async with running(consumer.run):
        await until(has_shards, SECONDS, "no shards are assigned")
        yield intake
