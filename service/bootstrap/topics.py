"""A deployment's topics, which belong to its number of shards: what the command line asks about them, and what a start does."""

from __future__ import annotations

import asyncio

from service.bootstrap.opening import CLUSTER_SHARDS, Opened
from service.catalog import log
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import HEAD, schema_version
from service.domain.errors import Unavailable
from service.log.topics import ensure_topics
from service.ops.logging import get_logger
from service.settings import Kafka, Settings

logger = get_logger(__name__)


def prepare_topics(kafka: Kafka, opened: Opened) -> None:
    """Make the topics that are missing. A Kafka that was used before and is away now is waited for while running.

    Raises:
        FailedPrecondition: a topic is not what the log needs; says what to do.
        Unavailable: Kafka cannot be used, and this deployment never published anything there.
    """
    try:
        asyncio.run(ensure_topics(kafka, opened.deployment.shards))
    except Unavailable as error:
        with opened.catalog.read() as connection:
            if not any(log.progress(connection, "log_published").values()):
                raise
        logger.warning("kafka_away", error=error.message)


def shards_of(settings: Settings) -> int:
    """How many shards the deployment has, or will have when it is created."""
    if settings.catalog.url or settings.database.exists():
        catalog = Catalog(settings.catalog_place)
        try:
            if schema_version(catalog) == HEAD:
                with catalog.read() as connection:
                    found = load_deployment(connection)
                if found is not None:
                    return found.shards
        finally:
            catalog.close()
    return settings.shards or CLUSTER_SHARDS
