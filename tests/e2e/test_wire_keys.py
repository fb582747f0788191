"""Who may call: every RPC asks for a credential, and whatever opens nothing gets one answer."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from eunoe.v1 import admin_service_pb2, conversation_service_pb2, memory_service_pb2

from tests.support.service import until
from tests.support.wire import Refusal, Wire, refused, turn

pytestmark = pytest.mark.e2e

METHODS = [
    (f"/{service.full_name}/{method.name}", method.client_streaming, method.server_streaming)
    for module in (conversation_service_pb2, memory_service_pb2, admin_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
ADMINS_OWN = {
    f"/eunoe.v1.AdminService/{method.name}" for method in admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"].methods
} - {"/eunoe.v1.AdminService/WhoAmI"}


async def _try(wire: Wire, path: str, *, sends_many: bool, gives_many: bool, metadata: Any) -> Refusal:
    """Call any RPC with an empty request."""
    channel: Any = wire.channel  # bytes in, bytes out: typed for messages only
    if gives_many:
        return await refused(anext(aiter(channel.unary_stream(path)(b"", metadata=metadata, timeout=30))))
    if sends_many:
        return await refused(channel.stream_unary(path)(iter([b""]), metadata=metadata, timeout=30))
    return await refused(channel.unary_unary(path)(b"", metadata=metadata, timeout=30))


@pytest.mark.parametrize(("path", "sends_many", "gives_many"), METHODS, ids=[path for path, _, _ in METHODS])
async def test_every_call_without_a_valid_credential_gets_the_same_answer(
    instance: Wire, path: str, *, sends_many: bool, gives_many: bool
) -> None:
    """No key, no scheme, an unknown key and nonsense are not told apart; neither is the operator's call with an instance's key."""
    credentials: list[Any] = [
        (),
        (("authorization", ""),),
        (("authorization", "Bearer "),),
        (("authorization", f"Bearer eunoe_{'0' * 32}_{'0' * 64}"),),
        (("authorization", "Basic dXNlcjpwYXNz"),),
        (("authorization", "Bearer ' OR 1=1 --"),),
    ]
    if path in ADMINS_OWN:
        credentials.append(instance.metadata)
    refusals = {
        await _try(instance, path, sends_many=sends_many, gives_many=gives_many, metadata=metadata) for metadata in credentials
    }
    assert len(refusals) == 1, refusals
    (refusal,) = refusals
    assert (refusal.code, refusal.reason, refusal.domain) == (grpc.StatusCode.UNAUTHENTICATED, "KEY_INVALID", "eunoe")


async def test_a_revoked_key_soon_gets_the_answer_of_an_unknown_one(operator: Wire) -> None:
    """Revoking works within seconds, and the other keys of the instance work on."""
    made = await operator.call(operator.admin.CreateInstance, admin_service_pb2.CreateInstanceRequest())
    keys = [
        await operator.call(
            operator.admin.CreateApiKey, admin_service_pb2.CreateApiKeyRequest(instance_id=made.instance.instance_id)
        )
        for _ in range(2)
    ]
    first, second = (operator.with_key(key.secret) for key in keys)
    await first.record(turn("x", "I like tea."))
    await operator.call(operator.admin.RevokeApiKey, admin_service_pb2.RevokeApiKeyRequest(key_id=keys[0].api_key.key_id))

    async def refusal() -> Refusal | None:
        try:
            await first.record(turn("x", "I like tea."))
        except grpc.aio.AioRpcError:
            return await refused(first.record(turn("x", "I like tea.")))
        return None

    revoked = await until(refusal, 8, "the revoked key still works")
    unknown = await refused(operator.with_key(f"eunoe_{'0' * 32}_{'0' * 64}").record(turn("x", "I like tea.")))
    assert revoked == unknown
    assert (await second.record(turn("y", "I like coffee."))).message_count == 1
