"""The edge itself: credentials, bytes that are no message, health, reflection, metrics, the end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from eunoe.v1 import admin_service_pb2 as admin
from eunoe.v1 import conversation_service_pb2 as conversations
from eunoe.v1 import memory_service_pb2 as memories
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from service.ops.metrics import exposition
from service.rpc.server import SERVICES
from service.settings import Limits, Tls
from service.settings.schema import Size
from tests.integration.rpc.conftest import Service
from tests.support.service import until
from tests.support.tls import CERT, KEY
from tests.support.wire import STRICT, Refusal, Wire, note, refusal_of, refused, turn

RPCS = [(service, method) for service in SERVICES.values() for method in service.methods]


def _raw(wire: Wire, method: Any) -> Callable[..., Any]:
    """The call of a method with bytes as they are."""
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    make = getattr(wire.channel, kind)
    call: Callable[..., Any] = make(f"/{method.containing_service.full_name}/{method.name}")
    return call


async def _send(wire: Wire, method: Any, data: bytes) -> None:
    async def one() -> Any:
        yield data

    call: Any = _raw(wire, method)(one() if method.client_streaming else data, metadata=wire.metadata, timeout=10)
    if method.server_streaming:
        async for _ in call:
            pass
    else:
        await call


@pytest.mark.parametrize(("service_descriptor", "method"), RPCS, ids=[method.full_name for _, method in RPCS])
async def test_no_credential(service: Service, service_descriptor: Any, method: Any) -> None:
    """Every RPC refuses every wrong credential with one text, before it looks at the message."""
    good = await service.operator.new_instance()
    key = good.metadata[0][1].removeprefix("Bearer ")
    wrong_key = key[:-1] + ("0" if key[-1] != "0" else "1")
    is_operators = service_descriptor.name == "AdminService" and method.name != "WhoAmI"
    told = set()
    for credential in ("", "x", wrong_key, key if is_operators else "the-operator-s-token"):
        found = await refused(_send(service.operator.with_key(credential), method, b"\xff"))
        told.add((found.code, found.message, found.reason, found.values))

    assert {(code, reason) for code, _, reason, _ in told} == {(grpc.StatusCode.UNAUTHENTICATED, "KEY_INVALID")}
    assert len(told) == 1


@pytest.mark.parametrize(("service_descriptor", "method"), RPCS, ids=[method.full_name for _, method in RPCS])
@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x02\xff\xfe"], ids=["garbage", "utf-8"])
async def test_bytes_that_are_no_message(service: Service, service_descriptor: Any, method: Any, data: bytes) -> None:
    """They are INVALID_ARGUMENT on every RPC, and name nothing from inside."""
    is_operators = service_descriptor.name == "AdminService" and method.name != "WhoAmI"
    wire = service.operator if is_operators else await service.operator.new_instance()
    if data[0] == 0x0A and not method.input_type.fields:
        return  # a message without fields takes any well-formed field as unknown
    if data[0] == 0x0A and method.input_type.fields[0].type != method.input_type.fields[0].TYPE_STRING:
        data = b"\x0a\x04\x0a\x02\xff\xfe" if method.input_type.fields[0].message_type else b"\x0a\xff"
    found = await refused(_send(wire, method, data))

    assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED")
    assert not re.search(r"proto|Decode|pb2|python|utf", found.message, re.IGNORECASE)


async def test_a_call_that_is_not_offered(wire: Wire) -> None:
    """An unknown method is UNIMPLEMENTED."""
    call: Any = wire.channel.unary_unary("/eunoe.v1.MemoryService/Converse")
    found = await refused(call(b"", metadata=wire.metadata))

    assert found.code is grpc.StatusCode.UNIMPLEMENTED


async def test_four_megabytes_of_one_word(service: Service, wire: Wire) -> None:
    """It is refused by field and limit, and the service stays up."""
    found = await refused(wire.record(turn("talk", "x" * (4 << 20))))
    beyond = await refused(wire.record(turn("talk", "x" * (17 << 20))))
    await wire.record(turn("talk", "hi"))

    assert (found.code, found.reason, found.fields) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED", ("message.content",))
    assert ("limit", "32768") in found.values
    assert beyond.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert service.queue.statistics().is_alive


async def test_an_error_of_ours_is_opaque(service: Service, wire: Wire) -> None:
    """A fault inside is INTERNAL with an id, and nothing else."""
    service.app.contexts.eras.present.scopes.open = None  # type: ignore[method-assign, assignment]
    found = await refused(wire.fetch("u", "c"))

    assert (found.code, found.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert re.fullmatch(r"internal error [0-9a-f]+; the service's log has the details", found.message)


async def test_health(service: Service) -> None:
    """Health tells of the whole and of each service, and changes when the service says so."""
    stub: Any = health_pb2_grpc.HealthStub(service.operator.channel)
    for name in ("", *SERVICES):
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=name))

        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    service.server.set_serving(is_serving=False)
    answer = await stub.Check(health_pb2.HealthCheckRequest())

    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_reflection(service: Service) -> None:
    """Tools can ask what is offered."""
    channel: Any = service.operator.channel
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)

    async def ask() -> Any:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async for answer in stub.ServerReflectionInfo(ask()):
        assert set(SERVICES) <= {found.name for found in answer.list_services_response.service}


async def test_calls_are_counted(service: Service, wire: Wire) -> None:
    """Each call is counted by RPC and code."""
    await wire.record(turn("talk", "hi"))
    await refused(wire.record(turn("talk", "")))
    told = exposition(service.registry).decode()

    assert 'eunoe_calls_total{code="OK",rpc="ConversationService.RecordMessage"} 1.0' in told
    assert 'eunoe_calls_total{code="INVALID_ARGUMENT",rpc="ConversationService.RecordMessage"} 1.0' in told


async def test_a_second_server_on_the_port(service: Service, start: Callable[..., Any], wire: Wire) -> None:
    """Two services never share a port by mistake."""
    other: Service = await start()
    with pytest.raises(RuntimeError):
        other.server._server.add_insecure_port(f"127.0.0.1:{service.server.port}")
    await wire.record(turn("talk", "hi"))


async def test_the_end_lets_running_calls_finish(start: Callable[..., Any]) -> None:
    """A stream that is open when the service stops is answered if it ends in time."""
    service: Service = await start(grace=10.0)
    wire = await service.operator.new_instance()
    goes_on, stopping = asyncio.Event(), asyncio.Event()

    async def items() -> Any:
        yield conversations.StreamMessagesRequest(message=turn("talk", "one"))
        goes_on.set()
        await stopping.wait()
        yield conversations.StreamMessagesRequest(message=turn("talk", "two"))

    async def stop() -> None:
        await goes_on.wait()
        stopping.set()
        await service.server.stop()

    async with asyncio.TaskGroup() as tasks:
        summary = tasks.create_task(wire.call(wire.conversations.StreamMessages, items()))
        tasks.create_task(stop())

    assert summary.result().accepted_count == 2


async def _watched(stream: Any, told: asyncio.Event) -> grpc.StatusCode:
    """Read what a watcher is told; how it ends."""
    async for _ in stream:
        told.set()
    code: grpc.StatusCode = await stream.code()
    return code


async def test_the_end_waits_for_no_watcher(start: Callable[..., Any]) -> None:
    """Watchers of health and of ingestions are let go at once when the service stops, however long its grace is."""
    service: Service = await start(grace=60.0)
    wire = await service.operator.new_instance()
    made = await wire.create(note("likes tea"))
    health: Any = health_pb2_grpc.HealthStub(wire.channel)
    request = memories.WatchIngestionRequest(ingestion_id=made.ingestion_id)
    streams = [
        health.Watch(health_pb2.HealthCheckRequest()),
        health.Watch(health_pb2.HealthCheckRequest(service="nobody")),
        wire.memories.WatchIngestion(request, metadata=wire.metadata),
    ]
    told = [asyncio.Event() for _ in streams]

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(refused(_watched(*pair))) for pair in zip(streams, told, strict=True)]
        for event in told:
            await event.wait()
        await service.server.stop()

    assert {watcher.result().code for watcher in watchers} == {grpc.StatusCode.UNAVAILABLE}


async def test_a_watcher_that_hangs_up_is_forgotten(service: Service) -> None:
    """Whoever stops watching health costs nothing, and health goes on for the others."""
    stub: Any = health_pb2_grpc.HealthStub(service.operator.channel)
    watching = stub.Watch(health_pb2.HealthCheckRequest())
    assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
    watching.cancel()
    other = stub.Watch(health_pb2.HealthCheckRequest())
    assert (await other.read()).status == health_pb2.HealthCheckResponse.SERVING
    service.server.set_serving(is_serving=False)

    assert (await other.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    other.cancel()


async def test_too_many_calls(start: Callable[..., Any]) -> None:
    """Beyond the limit every kind of call is refused at once with a time to wait, health answers, and what ends makes room."""
    service: Service = await start(limits=Limits(calls=2))
    wire = await service.operator.new_instance()
    made = await wire.create(note("likes tea"))
    request = memories.WatchIngestionRequest(ingestion_id=made.ingestion_id)
    watchers = [wire.memories.WatchIngestion(request, metadata=wire.metadata) for _ in range(2)]
    for watcher in watchers:
        await watcher.read()

    refusals = [
        await refused(wire.record(turn("talk", "hi"))),
        await refused(wire.record(turn("talk", "x" * (4 << 20)))),
        await refused(wire.record_stream(turn("talk", str(number)) for number in range(1000))),
        await refused(wire.watch(made.ingestion_id)),
        await refused(service.operator.with_key("nobody's").fetch("u", "c")),
    ]
    health: Any = health_pb2_grpc.HealthStub(wire.channel)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
    assert {(each.code, each.reason) for each in refusals} == {(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")}
    assert all(each.retry_after for each in refusals)
    told = exposition(service.registry).decode()
    assert 'eunoe_calls_total{code="RESOURCE_EXHAUSTED",rpc="ConversationService.RecordMessage"} 2.0' in told

    watchers[0].cancel()

    async def is_taken() -> bool:
        try:
            return (await wire.record(turn("talk", "hi"))).message_count > 0
        except grpc.aio.AioRpcError:
            return False

    await until(is_taken, 10, "a call that ended makes no room")
    watchers[1].cancel()


async def test_too_much_in_hand(start: Callable[..., Any]) -> None:
    """While one large request is in hand another one is refused with a time to wait, small ones are taken; what ends makes room."""
    service: Service = await start(limits=Limits(in_hand=Size(1 << 20)))
    wire = await service.operator.new_instance()
    bulk = memories.BatchCreateMemoriesRequest(documents=[note("x" * 100_000, document_id=f"d{number}") for number in range(20)])

    async def send() -> int | Refusal:
        try:
            return int((await wire.call(wire.memories.BatchCreateMemories, bulk)).accepted_count)
        except grpc.aio.AioRpcError as error:
            return refusal_of(error)

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(send()) for _ in range(2)]
        with service.catalog.write():  # whichever came first waits for its turn
            done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            await wire.fetch("u", "c")
    (refusal,) = {call.result() for call in done}
    (accepted,) = {call.result() for call in calls if call not in done}

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert refusal.retry_after
    assert accepted == 20
    assert await send() == 0  # all are known already


async def test_a_port_with_tls(start: Callable[..., Any]) -> None:
    """With a certificate and its key the port speaks TLS, and plaintext gets nowhere."""
    service: Service = await start(tls=Tls(CERT, KEY))
    address = f"localhost:{service.server.port}"
    async with grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(CERT.read_bytes())) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest())
    plain: Any = health_pb2_grpc.HealthStub(service.operator.channel)
    found = await refused(plain.Check(health_pb2.HealthCheckRequest()))

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert found.code is grpc.StatusCode.UNAVAILABLE


async def test_instances_and_keys(service: Service) -> None:
    """An operator creates, lists and revokes; an instance learns who it is."""
    operator = service.operator
    made = await operator.call(operator.admin.CreateInstance, admin.CreateInstanceRequest(instance_id="one"))
    again = await refused(operator.call(operator.admin.CreateInstance, admin.CreateInstanceRequest(instance_id="one")))
    key = await operator.call(operator.admin.CreateApiKey, admin.CreateApiKeyRequest(instance_id="one", label="first"))
    wire = operator.with_key(key.secret)
    me = await wire.call(wire.admin.WhoAmI, admin.WhoAmIRequest())
    revoked = await operator.call(operator.admin.RevokeApiKey, admin.RevokeApiKeyRequest(key_id=key.api_key.key_id))
    listed = await operator.call(operator.admin.ListApiKeys, admin.ListApiKeysRequest(instance_id="one"))

    assert (made.instance.instance_id, made.instance.isolation) == ("one", STRICT)
    assert (again.code, again.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ID_TAKEN")
    assert (me.instance_id, me.isolation, me.key_id) == ("one", STRICT, key.api_key.key_id)
    assert revoked.api_key.HasField("revoke_time")
    assert [found.key_id for found in listed.api_keys] == [key.api_key.key_id]


async def test_repeats_of_the_operator(service: Service) -> None:
    """The same request gives the first answer; a secret is never shown twice."""
    operator = service.operator
    create = admin.CreateInstanceRequest(request_id="r")
    first = await operator.call(operator.admin.CreateInstance, create)
    assert first == await operator.call(operator.admin.CreateInstance, create)

    ask = admin.CreateApiKeyRequest(instance_id=first.instance.instance_id, request_id="k")
    key = await operator.call(operator.admin.CreateApiKey, ask)
    again = await operator.call(operator.admin.CreateApiKey, ask)
    other = await refused(
        operator.call(operator.admin.CreateInstance, admin.CreateInstanceRequest(instance_id="x", request_id="r"))
    )

    assert key.secret
    assert (again.api_key, again.secret) == (key.api_key, "")
    assert (other.code, other.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_what_is_not_there(service: Service) -> None:
    """Instances and keys that do not exist are NOT_FOUND by their reason."""
    operator = service.operator
    for call, reason in (
        (operator.call(operator.admin.GetInstance, admin.GetInstanceRequest(instance_id="no")), "INSTANCE_NOT_FOUND"),
        (operator.call(operator.admin.CreateApiKey, admin.CreateApiKeyRequest(instance_id="no")), "INSTANCE_NOT_FOUND"),
        (operator.call(operator.admin.ListApiKeys, admin.ListApiKeysRequest(instance_id="no")), "INSTANCE_NOT_FOUND"),
        (operator.call(operator.admin.RevokeApiKey, admin.RevokeApiKeyRequest(key_id="no")), "API_KEY_NOT_FOUND"),
    ):
        found = await refused(call)

        assert (found.code, found.reason) == (grpc.StatusCode.NOT_FOUND, reason)


async def test_pages_of_instances(service: Service) -> None:
    """Instances are listed by id, page by page."""
    operator = service.operator
    names = [f"i{number}" for number in range(5)]
    for name in names:
        await operator.call(operator.admin.CreateInstance, admin.CreateInstanceRequest(instance_id=name))
    seen, token = [], ""
    while True:
        page = await operator.call(operator.admin.ListInstances, admin.ListInstancesRequest(page_size=2, page_token=token))
        seen += [found.instance_id for found in page.instances]
        token = page.next_page_token
        if not token:
            break

    assert seen == names
