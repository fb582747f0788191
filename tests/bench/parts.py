"""What a deployment of several processes stands on: PostgreSQL, Kafka and an object store, each started when it is first asked for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.daemon import free_port
from deploy.kafka.brokers import Brokers
from deploy.s3 import BUCKET, S3Server, environment
from tests.support.postgres import PostgresServer, running_postgres

_NODE_PORTS = range(1, 22)
"""Beside the first: where three brokers listen."""


class Parts:
    """The servers of one run of the benches. PostgreSQL syncs, as it does for people's data."""

    def __init__(self, directory: Path, nodes: int) -> None:
        """Start nothing yet: `nodes` brokers, once they are needed."""
        self._directory = directory
        self._nodes = nodes
        self._running = ExitStack()
        self._postgres: PostgresServer | None = None
        self._brokers: Brokers | None = None
        self._store: S3Server | None = None

    @property
    def postgres(self) -> PostgresServer:
        """A running PostgreSQL."""
        if self._postgres is None:
            self._postgres = self._running.enter_context(running_postgres())
        return self._postgres

    @property
    def brokers(self) -> Brokers:
        """A running Kafka."""
        if self._brokers is None:
            brokers = Brokers(self._directory / "kafka", self._nodes, free_port(*_NODE_PORTS))
            self._running.callback(brokers.stop)
            brokers.start()
            self._brokers = brokers
        return self._brokers

    @contextmanager
    def bucket(self) -> Iterator[str]:
        """An unused place on a running object store, to which this process's environment leads meanwhile."""
        if self._store is None:
            store = S3Server(self._directory / "s3")
            self._running.callback(store.stop)
            store.start()
            self._store = store
        former = dict(os.environ)
        os.environ.update(environment(self._store.endpoint))
        try:
            yield f"s3://{BUCKET}/{secrets.token_hex(6)}"
        finally:
            os.environ.clear()
            os.environ.update(former)

    def close(self) -> None:
        """End what was started."""
        self._running.close()
