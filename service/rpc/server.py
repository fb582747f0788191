"""The gRPC server: what listens, what it serves, how it ends.

End, in order: health says NOT_SERVING; for `drain` calls are still taken, so that load balancers look away; then nothing new is
taken, watchers are told to come back, and running calls have `grace` to finish; what still runs is cut off. The commit queue closes after that, not before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import grpc
from eunoe.v1 import admin_service_pb2, conversation_service_pb2, memory_service_pb2
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from service.app.rates import Rate
from service.app.wiring import UseCases
from service.ops.metrics import ApiMetrics
from service.rpc.admin import AdminService
from service.rpc.admission import Admission
from service.rpc.conversation import ConversationService
from service.rpc.convert.checks import Checks
from service.rpc.health import NOT_SERVING, SERVING, Health
from service.rpc.memory import MemoryService
from service.rpc.methods import Wrapping
from service.rpc.tls import server_credentials
from service.rpc.validate import assert_rules_run
from service.settings import Limits, Settings

SERVICES: Mapping[str, ServiceDescriptor] = {
    descriptor.full_name: descriptor
    for descriptor in (
        conversation_service_pb2.DESCRIPTOR.services_by_name["ConversationService"],
        memory_service_pb2.DESCRIPTOR.services_by_name["MemoryService"],
        admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"],
    )
}
"""Everything that is served besides health and reflection."""

_KEEPALIVE_MS = 60_000
_KEEPALIVE_TIMEOUT_MS = 20_000
_CLIENT_PING_MS = 10_000
_SEND_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 16 * 1024


def servicers(use_cases: UseCases, limits: Limits) -> dict[str, object]:
    """Full service name → the object that has a method of every RPC's name."""
    checks, of = Checks(limits), use_cases
    return {
        "eunoe.v1.ConversationService": ConversationService(checks, of.conversations, of.contexts),
        "eunoe.v1.MemoryService": MemoryService(checks, of.documents, of.ingestions, of.memories, of.contexts),
        "eunoe.v1.AdminService": AdminService(checks, of.instances),
    }


class Server:
    """The server of one process."""

    def __init__(self, settings: Settings, use_cases: UseCases, metrics: ApiMetrics, admin_token: str) -> None:
        """Assemble it on the loop that serves; `start` listens.

        Raises:
            RuntimeError: the field rules would not run.
            FailedPrecondition: the files of TLS cannot be used.
            AttributeError: a servicer lacks an RPC.
        """
        assert_rules_run()
        self._settings = settings
        self._tls = server_credentials(settings.tls)
        self._use_cases = use_cases
        self._loop = asyncio.get_running_loop()
        self._health = Health(["", *SERVICES])
        self._server = grpc.aio.server(options=_options(settings))
        admission = Admission(settings.limits.calls, int(settings.limits.in_hand))
        calls = Rate(settings.limits.calls_rate, settings.limits.burst.total_seconds())
        wrapping = Wrapping(metrics, admission, use_cases.keys, calls, admin_token)
        found = servicers(use_cases, settings.limits)
        handlers = [wrapping.service(descriptor, found[name]) for name, descriptor in SERVICES.items()]
        self._server.add_generic_rpc_handlers(handlers)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self._has_ended = False
        self.port = 0
        """The port that is listened on, once started."""

    async def start(self) -> None:
        """Listen, and say so in health.

        Raises:
            RuntimeError: the address cannot be listened on.
        """
        if self._tls is not None:
            self.port = self._server.add_secure_port(self._settings.listen, self._tls)
        else:
            self.port = self._server.add_insecure_port(self._settings.listen)
        await self._server.start()
        self.set_serving(is_serving=True)

    def set_serving(self, *, is_serving: bool) -> None:
        """Tell health whether calls should come here."""
        self._health.set_all(SERVING if is_serving else NOT_SERVING)

    def writer_died(self) -> None:
        """Tell health that nothing can be written any more. Called on any thread."""
        self._loop.call_soon_threadsafe(self._health.set_all, NOT_SERVING)

    async def stop(self) -> None:
        """End in order, as the top of this file says. A second time changes nothing."""
        if self._has_ended:
            return
        self._has_ended = True
        self._health.drain()
        drain = self._settings.shutdown.drain.total_seconds()
        if drain > 0:
            await asyncio.sleep(drain)
        self._use_cases.stopping.begin()
        self._health.end()
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
