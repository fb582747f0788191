"""Connecting, and what every call carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from eunoe_client import AuthenticationError, Eunoe, InvalidInputError, Timeouts, TransientError, UsageError
from eunoe_client._channels import AWAY_SECONDS, Channels
from eunoe_client._settings import is_loopback, read_settings, split_addresses
from service.domain.errors import Unavailable
from tests.support.fake_failures import Failure, until
from tests.support.fake_service import API_KEY, FakeService


def _settings(address: str | None = None, *, tls: bool | None = None, ca_certificate: Path | None = None) -> bool:
    return read_settings("key", address, tls=tls, ca_certificate=ca_certificate, timeouts=None).use_tls


def test_the_environment_is_read_once_when_nothing_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """EUNOE_API_KEY and EUNOE_ADDRESS stand in for missing arguments, and never for given ones."""
    monkeypatch.setenv("EUNOE_API_KEY", " from-environment ")
    monkeypatch.setenv("EUNOE_ADDRESS", "localhost:7")
    settings = read_settings(None, None, tls=None, ca_certificate=None, timeouts=None)
    assert (settings.api_key, settings.address) == ("from-environment", "localhost:7")
    settings = read_settings("given", "localhost:8", tls=None, ca_certificate=None, timeouts=None)
    assert (settings.api_key, settings.address) == ("given", "localhost:8")


@pytest.mark.parametrize("key", [None, "", "  ", "with\nnewline", "schlüssel"])
def test_a_client_without_a_usable_key_is_not_made(key: str | None) -> None:
    """A missing key is an error where the client is made, not at its first call; and it says what to do."""
    with pytest.raises(InvalidInputError, match="api_key"):
        Eunoe(key)


def test_an_address_list_without_an_address_is_refused() -> None:
    """Commas alone name no service."""
    with pytest.raises(InvalidInputError, match="address"):
        Eunoe("key", " , ")


def test_the_key_is_never_shown() -> None:
    """Neither the client nor its settings print the key."""
    sdk = Eunoe("secret-key", "127.0.0.1:1")
    assert "secret-key" not in repr(sdk) + repr(sdk._connection.settings)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:50051", True),
        ("localhost:50051", True),
        ("[::1]:50051", True),
        ("unix:/run/eunoe.sock", True),
        ("eunoe.example.com:443", False),
        ("10.0.0.7:50051", False),
        ("[2001:db8::1]:443", False),
        ("127.0.0.1:1, localhost:2", True),
        ("127.0.0.1:1,10.0.0.7:1", False),
    ],
)
def test_only_this_machine_is_spoken_to_in_plaintext(address: str, expected: bool) -> None:
    """A key does not travel unencrypted unless the caller says so."""
    assert all(map(is_loopback, split_addresses(address))) is expected
    assert _settings(address) is not expected
    assert _settings(address, tls=False) is False


def test_a_certificate_authority_asks_for_tls(tmp_path: Path) -> None:
    """Naming an authority is asking for encryption, on this machine too."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"pem")
    assert _settings("127.0.0.1:1", ca_certificate=path)


async def test_initialize_tells_whose_key_it_is(fake: FakeService) -> None:
    """Connecting proves that the service answers and knows the key; twice does no harm."""
    sdk = Eunoe(API_KEY, fake.address)
    try:
        assert (await sdk.initialize()).isolation == "strict"
        assert (await sdk.initialize())["instance_id"] == "default"
        assert (await sdk.whoami()).key_id == "fake"
    finally:
        await sdk.shutdown()
    await sdk.shutdown()


async def test_a_wrong_key_fails_at_once(fake: FakeService) -> None:
    """UNAUTHENTICATED is not retried, and leaves no open channel."""
    sdk = Eunoe("wrong", fake.address)
    with pytest.raises(AuthenticationError) as caught:
        await sdk.initialize()
    assert caught.value.reason == "KEY_INVALID"
    assert len(fake.failures.received["WhoAmI"]) == 1
    with pytest.raises(UsageError):
        await sdk.whoami()


async def test_an_absent_service_is_named() -> None:
    """Where nothing listens, the error says where was looked."""
    with pytest.raises(TransientError, match=r"127\.0\.0\.1:9"):
        await Eunoe("key", "127.0.0.1:9", timeouts=Timeouts(connect=0.3)).initialize()


async def test_a_service_that_is_still_starting_is_waited_for(fake: FakeService) -> None:
    """Connecting survives the first moments of a service."""
    fake.failures.plan("WhoAmI", *[Failure(Unavailable("starting")) for _ in range(3)])
    async with Eunoe(API_KEY, fake.address) as sdk:
        assert "open" in repr(sdk)
    assert len(fake.failures.received["WhoAmI"]) == 4


@pytest.fixture
async def other(fake: FakeService) -> AsyncIterator[FakeService]:
    """Another process of the same service: it has the same store."""
    service = FakeService()
    service.store = fake.store
    await service.start()
    yield service
    await service.kill()


async def test_of_several_addresses_those_that_answer_are_called(fake: FakeService, other: FakeService) -> None:
    """Whichever process is away, calls and streams go to the other at once, and back again; each turn is stored once."""
    timeouts = Timeouts(connect=5.0, call=10.0, stream=20.0)
    async with Eunoe(API_KEY, f"{fake.address},{other.address}", timeouts=timeouts) as sdk:
        async with sdk.conversation.stream("streamed", "u1", "c1") as stream:
            for number, (away, back) in enumerate([(fake, other), (other, fake), (fake, other)]):
                await back.start() if number else None
                await away.kill()
                started = asyncio.get_running_loop().time()
                await sdk.conversation.record_message("single", "user", f"turn {number}", "u1", "c1")
                await stream.send("user", f"turn {number}")
                await stream.flush()
                assert asyncio.get_running_loop().time() - started < 2.0
        await fake.start()
        single = [turn.content async for turn in sdk.conversation.messages("single")]
        streamed = [turn.content async for turn in sdk.conversation.messages("streamed")]
    assert single == streamed == ["turn 0", "turn 1", "turn 2"]


async def test_a_process_that_takes_no_calls_is_left(fake: FakeService, other: FakeService) -> None:
    """UNAVAILABLE is answered by one process; the call goes to the other, and so do those after it."""
    for service in (fake, other):
        service.failures.plan("FetchContext", Failure(Unavailable("draining")))
    async with Eunoe(API_KEY, f"{fake.address},{other.address}") as sdk:
        await sdk.client.context.fetch("x")
        await sdk.client.context.fetch("y")
    assert {len(service.failures.received["FetchContext"]) for service in (fake, other)} == {1, 3}


async def test_clients_go_back_to_a_process_that_is_there_again(fake: FakeService, other: FakeService) -> None:
    """Not before a while has passed, and only where a connection stands; else all would gather at whichever was restarted first."""
    now = 0.0
    channels = Channels([aio.insecure_channel(service.address) for service in (fake, other)], lambda: now)
    for service in (fake, other):
        await service.kill()
    assert channels.choose() == 0
    channels.move_on(0)
    for _ in range(20):
        now += 2 * AWAY_SECONDS
        assert channels.choose() == 1, "nobody is there"
        await asyncio.sleep(0.01)
    for service in (fake, other):
        await service.start()
    now -= AWAY_SECONDS
    assert channels.choose() == 1, "it is too early to look"
    async with asyncio.timeout(10):
        while channels.choose():
            now += AWAY_SECONDS
            await asyncio.sleep(0.01)
    await channels.close()


async def test_calls_need_an_open_client(fake: FakeService) -> None:
    """Before `initialize` and after `shutdown` a call is a usage error that says what is missing."""
    sdk = Eunoe(API_KEY, fake.address)
    with pytest.raises(UsageError, match="initialize"):
        await sdk.client.context.fetch("x")
    async with sdk:
        await sdk.client.context.fetch("x")
    with pytest.raises(UsageError, match="shut down"):
        await sdk.client.context.fetch("x")


async def test_every_call_carries_key_request_id_and_deadline(sdk: Eunoe, fake: FakeService) -> None:
    """The service can authenticate, trace and bound each call."""
    turn = await sdk.conversation.record_message("c1", "user", "Hello", "u1", "c1", timeout=5.0)
    received = fake.failures.received["RecordMessage"][0]
    assert received.headers["authorization"] == f"Bearer {API_KEY}"
    assert received.headers["x-request-id"] == received.request.request_id
    assert received.request.message.message_id == turn.message_id
    assert received.time_remaining is not None
    assert received.time_remaining < 9.0  # not the client's default of 10


async def test_shutting_down_ends_calls_with_an_error_of_its_own(fake: FakeService) -> None:
    """A call or stream under way says that the client was shut down; it does not look as if its task had been cancelled."""
    rpcs = ("RecordMessage", "StreamMessages", "WatchIngestion")
    for rpc in rpcs:
        fake.failures.hold(rpc)
    sdk = Eunoe(API_KEY, fake.address)
    await sdk.initialize()
    stream = sdk.conversation.stream("c1")

    async def talk() -> None:
        async with stream:
            await stream.send("user", "Hello")

    async with asyncio.TaskGroup() as tasks:
        under_way = [
            tasks.create_task(_ends_with_usage_error(verb))
            for verb in (
                sdk.conversation.record_message("c1", "user", "Hello"),
                sdk.memories.wait_for_completion("i1"),
                talk(),
            )
        ]
        await until(lambda: all(fake.failures.received[rpc] for rpc in rpcs))
        await sdk.shutdown()
    assert all(task.result() for task in under_way)
    assert len(stream.unacknowledged) == 1


async def _ends_with_usage_error(verb: Coroutine[Any, Any, object]) -> bool:
    try:
        await verb
    except UsageError as error:
        return "shut down" in error.message
    return False


async def test_nothing_is_logged(sdk: Eunoe, caplog: pytest.LogCaptureFixture) -> None:
    """The SDK speaks through results and errors, not through log lines."""
    with caplog.at_level(logging.INFO):
        await sdk.conversation.record_message("c1", "user", "Hello", "u1", "c1")
    assert not [record for record in caplog.records if record.name.startswith(("eunoe", "grpc"))]
