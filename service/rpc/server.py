"""The gRPC server: what listens, what it serves, how it ends.

End, in order: health says NOT_SERVING; for `drain` calls are still taken, so that load balancers look away; then nothing new is
taken and running calls have `grace` to finish; what still runs is cut off. The commit queue closes after that, not before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
from eunoe.v1 import admin_service_pb2, conversation_service_pb2
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from service.rpc.methods import Wrapping
from service.rpc.validate import assert_rules_run
from service.settings import Settings, Tls

SERVICES: Mapping[str, ServiceDescriptor] = {
    descriptor.full_name: descriptor
    for descriptor in (
        conversation_service_pb2.DESCRIPTOR.services_by_name["ConversationService"],
        admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"],
    )
}
"""Everything that is served besides health and reflection."""

_KEEPALIVE_MS = 60_000
_KEEPALIVE_TIMEOUT_MS = 20_000
_CLIENT_PING_MS = 10_000
_SEND_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Servicers:
    """One object per service; each has a method of every RPC's name."""

    conversations: object
    admin: object

    def by_name(self) -> dict[str, object]:
        """Full service name → servicer."""
        return {"eunoe.v1.ConversationService": self.conversations, "eunoe.v1.AdminService": self.admin}


class Server:
    """The server of one process."""

    def __init__(self, settings: Settings, wrapping: Wrapping, servicers: Servicers) -> None:
        """Assemble it; `start` listens.

        Raises:
            RuntimeError: the field rules would not run.
            AttributeError: a servicer lacks an RPC.
        """
        assert_rules_run()
        self._settings = settings
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(options=_options(settings))
        handlers = [wrapping.service(SERVICES[name], servicer) for name, servicer in servicers.by_name().items()]
        self._server.add_generic_rpc_handlers(handlers)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self.port = 0
        """The port that is listened on, once started."""

    async def start(self) -> None:
        """Listen, and say so in health.

        Raises:
            RuntimeError: the address cannot be listened on.
        """
        tls = self._settings.tls
        if tls.cert is not None and tls.key is not None:
            self.port = self._server.add_secure_port(self._settings.listen, _credentials(tls))
        else:
            self.port = self._server.add_insecure_port(self._settings.listen)
        await self._server.start()
        await self.set_serving(is_serving=True)

    async def set_serving(self, *, is_serving: bool) -> None:
        """Tell health whether calls should come here."""
        status = health_pb2.HealthCheckResponse.SERVING if is_serving else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", *SERVICES):
            await self._health.set(name, status)

    async def stop(self) -> None:
        """End in order, as the top of this file says."""
        await self._health.enter_graceful_shutdown()
        drain = self._settings.shutdown.drain.total_seconds()
        if drain > 0:
            await asyncio.sleep(drain)
        await self._server.stop(self._settings.shutdown.grace.total_seconds())


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 0),  # a second server on the same port is a mistake, not a helper
        ("grpc.max_receive_message_length", int(settings.limits.receive)),
        ("grpc.max_send_message_length", _SEND_BYTES),
        ("grpc.max_metadata_size", _HEADER_BYTES),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", _CLIENT_PING_MS),
        ("grpc.http2.bdp_probe", 0),  # else the window of a slow stream grows to megabytes that nobody bounds
    ]


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials([(_read(tls.key), _read(tls.cert))])


def _read(path: Path | None) -> bytes:
    assert path is not None
    return path.read_bytes()
