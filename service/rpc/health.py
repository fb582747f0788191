"""The health service, whose watchers are let go when the service stops: each would hold the end up for the whole grace."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2


class Health(health.aio.HealthServicer):
    """Health as the gRPC health checking protocol has it."""

    def __init__(self) -> None:
        """Begin without watchers."""
        super().__init__()
        self._watching: set[asyncio.Task[Any]] = set()
        self._has_ended = False

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Any) -> None:
        """Tell the status now and whenever it changes, until `end`."""
        task = asyncio.current_task()
        if task is None or self._has_ended:
            await context.abort(grpc.StatusCode.UNAVAILABLE, _STOPPING)
            return
        self._watching.add(task)
        try:
            await super().Watch(request, context)
        except asyncio.CancelledError:
            if not self._has_ended:
                raise  # the watcher hung up
            task.uncancel()
            await context.abort(grpc.StatusCode.UNAVAILABLE, _STOPPING)
        finally:
            self._watching.discard(task)

    def end(self) -> None:
        """Let every watcher go; later ones are not taken."""
        self._has_ended = True
        for task in self._watching:
            task.cancel()


_STOPPING = "the service is stopping"
