"""The gRPC health checking protocol. The library's own servicer has watchers that nobody can let go: each would hold the end up for the whole grace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):
    """What each service's status is, for who asks and for who watches. Used on the loop that serves."""

    def __init__(self, names: Iterable[str]) -> None:
        """Begin with services that do not serve; the empty name is the whole."""
        self._status: dict[str, int] = dict.fromkeys(names, NOT_SERVING)
        self._news = asyncio.Event()
        self._is_draining = False
        self._has_ended = False

    def set_all(self, status: int) -> None:
        """Change the status of every service; nothing does once they are drained."""
        if not self._is_draining:
            self._status = dict.fromkeys(self._status, status)
            self._tell()

    def drain(self) -> None:
        """No service serves any more, for good."""
        self.set_all(NOT_SERVING)
        self._is_draining = True

    def end(self) -> None:
        """Let every watcher go, when it was told the last status."""
        self._has_ended = True
        self._tell()

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        """The status of a service."""
        status = self._status.get(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such service")
        return health_pb2.HealthCheckResponse(status=status)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        """The status of a service now and whenever it changes."""
        told: int | None = None
        while True:
            news, status = self._news, self._status.get(request.service, UNKNOWN)
            if status != told:
                await context.write(health_pb2.HealthCheckResponse(status=status))
                told = status
            elif self._has_ended:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "the service is stopping")
            else:
                await news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
