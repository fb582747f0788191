"""Streams in segments: everything acknowledged once, bounded, and nothing lost silently."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import grpc
import pytest

from eunoe_client import Eunoe, InvalidInputError, ItemError, MessageStream, RateLimitError, TransientError, UsageError
from eunoe_client._segments import HELD_ITEMS, LISTED_ERRORS, SEGMENT_ITEMS
from service.domain.errors import InvalidArgument, ResourceExhausted, Unavailable
from tests.support.fake_failures import Failure, until
from tests.support.fake_service import FakeService


async def test_a_stream_is_acknowledged_when_it_is_left(sdk: Eunoe, fake: FakeService) -> None:
    """After the `async with` everything is stored in order, the summary says so, and a fetch can ask for it."""
    async with sdk.conversation.stream("c1", "u1", "a1", session_id="s1", time_zone="Europe/Lisbon") as stream:
        first = await stream.send("user", "I moved to Lisbon.", said_at="2026-05-01T10:00:00Z", speaker="Ana", metadata={"n": 1})
        second = await stream.send("assistant", "How lovely!", session_id="s2")
    assert [(turn.message_id, turn.session_id) for turn in fake.store.messages["c1"]] == [(first, "s1"), (second, "s2")]
    assert fake.store.messages["c1"][0].speaker == "Ana"
    assert (stream.summary.accepted_count, stream.acknowledged, stream.unacknowledged) == (2, 2, ())
    assert stream.position == stream.summary.position == sdk.position
    context = await sdk.conversation.context.fetch("c1", search_query=["Lisbon"], min_position=stream.position)
    assert len(context.recent_turns) == 2


async def test_each_turn_is_sent_at_once(sdk: Eunoe, fake: FakeService) -> None:
    """A turn reaches the service before the segment is closed: a voice pipeline does not wait for two seconds."""
    async with sdk.conversation.stream("c1") as stream:
        await stream.send("user", "Hello")
        async with asyncio.timeout(1.0):
            await fake.failures.item_seen.wait()
        assert stream.acknowledged == 0
        assert len(stream.unacknowledged) == 1


async def test_a_segment_is_closed_after_two_seconds(sdk: Eunoe) -> None:
    """A stream that goes on is acknowledged as it goes."""
    async with sdk.conversation.stream("c1") as stream:
        await stream.send("user", "Hello")
        await until(lambda: stream.acknowledged == 1)
        assert stream.position
        await stream.send("user", "Still here")
    assert stream.summary.accepted_count == 2


async def test_flush_acknowledges_what_was_sent_so_far(sdk: Eunoe, fake: FakeService) -> None:
    """`flush` closes the segment now, and its position covers what was sent."""
    async with sdk.conversation.stream("c1") as stream:
        assert await stream.flush() == ""
        await stream.send("user", "Hello")
        async with asyncio.timeout(1.0):
            assert await stream.flush() == stream.position
        assert stream.acknowledged == 1
        await stream.send("user", "More")
    assert len(fake.failures.received["StreamMessages"]) == 2


async def test_segments_hold_a_thousand_items(sdk: Eunoe, fake: FakeService) -> None:
    """A long stream is cut into segments, one after the other, and keeps its order."""
    count = 2 * SEGMENT_ITEMS + 500

    async def turns() -> AsyncIterator[tuple[str, str]]:
        for number in range(count):
            yield "user", str(number)

    async with sdk.conversation.stream("c1") as stream:
        assert await stream.send_all(turns()) == count
    assert len(fake.failures.received["StreamMessages"]) == 3
    assert [turn.content for turn in fake.store.messages["c1"]] == [str(number) for number in range(count)]
    assert (stream.summary.received_count, stream.summary.accepted_count) == (count, count)


async def test_what_broke_is_sent_again_under_the_same_ids(sdk: Eunoe, fake: FakeService) -> None:
    """A stream that is cut in the middle, and one whose summary is lost, store everything once."""
    fake.failures.plan("StreamMessages", Failure(Unavailable("cut"), at_item=3), Failure(Unavailable("lost"), is_after=True))
    async with sdk.conversation.stream("c1") as stream:
        sent = [await stream.send("user", str(number)) for number in range(5)]
    assert [turn.message_id for turn in fake.store.messages["c1"]] == sent
    assert len(fake.failures.received["StreamMessages"]) == 3
    summary = stream.summary
    assert (summary.received_count, summary.accepted_count, summary.duplicate_count, summary.rejected_count) == (5, 5, 0, 0)


async def test_a_full_service_is_waited_for(sdk: Eunoe, fake: FakeService) -> None:
    """BACKLOG_FULL with a time to wait delays the stream, and loses nothing."""
    full = ResourceExhausted("full", reason="BACKLOG_FULL", retry_after=0.01)
    fake.failures.plan("StreamMessages", Failure(full, at_item=0), Failure(full))
    async with sdk.conversation.stream("c1") as stream:
        await stream.send("user", "Hello")
    assert stream.summary.accepted_count == 1


async def test_a_full_service_is_sent_less_at_a_time(sdk: Eunoe, fake: FakeService) -> None:
    """A service that takes a part before it is full makes progress: what it took is acknowledged, stored once and counted once."""
    full = ResourceExhausted("full", reason="BACKLOG_FULL", retry_after=0.01)
    fake.failures.plan("StreamMessages", Failure(full, at_item=300), Failure(full, at_item=200))
    async with sdk.conversation.stream("c1") as stream:
        sent = [await stream.send("user", str(number)) for number in range(SEGMENT_ITEMS)]
        await until(lambda: 0 < stream.acknowledged < 100)
    assert [turn.message_id for turn in fake.store.messages["c1"]] == sent
    assert (stream.summary.accepted_count, stream.summary.duplicate_count) == (SEGMENT_ITEMS, 0)


async def test_refused_items_are_told_with_their_place_and_id(sdk: Eunoe) -> None:
    """One bad item fails for itself; the summary and the callback say which, counted over the whole stream."""
    told: list[ItemError] = []
    async with sdk.conversation.stream("c1", on_error=told.append) as stream:
        await stream.send("user", "fine")
        await stream.flush()
        await stream.send("user", "fine")
        bad = await stream.send("user", "")
        await stream.send("user", "fine")
    assert (stream.summary.accepted_count, stream.summary.rejected_count, stream.acknowledged) == (3, 1, 4)
    assert tuple(told) == stream.summary.errors
    assert [(error.index, error.item_id, error.code, error.field) for error in told] == [
        (2, bad, "INVALID_ARGUMENT", "message.content")
    ]


async def test_more_errors_than_can_be_listed_are_counted(sdk: Eunoe) -> None:
    """However many items are refused, memory is bounded and the count is exact."""
    async with sdk.conversation.stream("c1") as stream:
        await stream.send_all(("user", "") for _ in range(LISTED_ERRORS + 500))
    assert stream.summary.rejected_count == LISTED_ERRORS + 500
    assert 0 < len(stream.summary.errors) <= LISTED_ERRORS


async def test_known_items_are_duplicates(sdk: Eunoe) -> None:
    """Sending what an earlier stream sent is counted apart, and is no error."""
    await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1")
    async with sdk.conversation.stream("c1") as stream:
        await stream.send("user", "Hello", message_id="m1")
    assert (stream.summary.accepted_count, stream.summary.duplicate_count) == (0, 1)


async def test_send_waits_while_too_much_is_unacknowledged(sdk: Eunoe, fake: FakeService) -> None:
    """A service that does not answer stops the sender instead of filling its memory."""
    gate = fake.failures.hold("StreamMessages")
    sent = 0
    async with asyncio.TaskGroup() as tasks, sdk.conversation.stream("c1") as stream:

        async def send_too_much() -> None:
            nonlocal sent
            for _ in range(HELD_ITEMS + 500):
                await stream.send("user", "Hello")
                sent += 1

        task = tasks.create_task(send_too_much())
        await until(lambda: sent == HELD_ITEMS)
        for _ in range(100):
            await asyncio.sleep(0)
        assert (sent, len(stream.unacknowledged)) == (HELD_ITEMS, HELD_ITEMS)
        gate.set()
        await task
    assert stream.summary.accepted_count == HELD_ITEMS + 500


async def test_memory_is_bounded_in_bytes_too(sdk: Eunoe, fake: FakeService) -> None:
    """Large documents count by their size; one that is larger than the bound passes alone."""
    gate = fake.failures.hold("StreamMemories")
    async with asyncio.TaskGroup() as tasks, sdk.memories.stream() as stream:
        task = tasks.create_task(stream.send_all({"document": "x" * 100_000, "document_type": "note"} for _ in range(200)))
        await until(lambda: len(stream.unacknowledged) > 70)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(stream.unacknowledged) < 90
        gate.set()
        assert await task == 200
    assert stream.summary.accepted_count == 200


async def test_a_stream_that_cannot_go_on_says_what_may_be_missing(sdk: Eunoe, fake: FakeService) -> None:
    """A terminal status fails `send` and the exit; `unacknowledged` names every item that may not be stored."""
    fake.failures.plan("StreamMessages", Failure(InvalidArgument("no more", reason="TOO_MANY_ITEM_ERRORS"), is_after=True))
    sent: list[str] = []
    stream = sdk.conversation.stream("c1")

    async def talk() -> None:
        async with stream:
            while True:
                sent.append(await stream.send("user", "Hello"))
                await asyncio.sleep(0)

    with pytest.raises(InvalidInputError) as caught:
        await talk()
    assert caught.value.reason == "TOO_MANY_ITEM_ERRORS"
    assert stream.unacknowledged == tuple(sent)
    with pytest.raises(InvalidInputError):
        await stream.send("user", "Hello")


async def test_a_service_that_stays_away_is_given_up(sdk: Eunoe, fake: FakeService) -> None:
    """When a segment's time is over the exit raises, and the items are named."""
    await fake.kill()
    stream = sdk.conversation.stream("c1", timeout=0.0)
    with pytest.raises(TransientError):
        async with stream:
            sent = await stream.send("user", "Hello")
    assert stream.unacknowledged == (sent,)


async def test_an_error_in_the_body_keeps_what_was_sent(sdk: Eunoe, fake: FakeService) -> None:
    """The caller's own error propagates as it is, after what was sent has been delivered."""
    stream = sdk.conversation.stream("c1")

    async def talk() -> None:
        async with stream:
            await stream.send("user", "Hello")
            raise LookupError

    with pytest.raises(LookupError):
        await talk()
    assert len(fake.store.messages["c1"]) == stream.acknowledged == 1


async def test_cancelling_ends_the_stream_at_once(sdk: Eunoe, fake: FakeService) -> None:
    """A cancelled task does not hang on a service that does not answer."""
    fake.failures.hold("StreamMessages")
    stream = sdk.conversation.stream("c1")

    async def talk() -> None:
        async with stream:
            await stream.send("user", "Hello")

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(talk())
        await until(lambda: bool(fake.failures.received["StreamMessages"]))
        task.cancel()
    assert task.cancelled()
    assert len(stream.unacknowledged) == 1


async def test_cancelling_the_body_ends_the_stream_at_once(sdk: Eunoe, fake: FakeService) -> None:
    """So does a timeout around the body."""
    fake.failures.hold("StreamMessages")
    stream = sdk.conversation.stream("c1")

    async def talk() -> None:
        async with asyncio.timeout(0.1), stream:
            await stream.send("user", "Hello")
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await talk()
    assert len(stream.unacknowledged) == 1


async def test_a_callback_that_fails_fails_the_stream(sdk: Eunoe) -> None:
    """An error in the caller's callback reaches the caller."""

    def refuse(error: ItemError) -> None:
        raise LookupError(error.message)

    with pytest.raises(LookupError):
        async with sdk.conversation.stream("c1", on_error=refuse) as stream:
            await stream.send("user", "")


async def test_a_stream_is_used_inside_its_block_once(sdk: Eunoe) -> None:
    """Sending before or after, and entering twice, are usage errors."""
    stream = sdk.conversation.stream("c1")
    with pytest.raises(UsageError):
        await stream.send("user", "Hello")
    async with stream:
        await stream.send("user", "Hello")
    with pytest.raises(UsageError):
        await stream.send("user", "Hello")
    with pytest.raises(UsageError):
        await stream.__aenter__()


async def test_documents_stream_as_messages_do(sdk: Eunoe, fake: FakeService) -> None:
    """Texts with fields, dictionaries and iterators of both are taken."""
    async with sdk.memories.stream() as stream:
        first = await stream.send("Ana keeps bees.", document_type="note", user_id="u1", customer_id="a1")
        await stream.send_all([{"document": "Tea at four.", "document_type": "note", "document_id": "d2"}])
        refused = await stream.send("", document_type="note")
    assert [key[1] for key in fake.store.keys] == [first, "d2"]
    assert [error.item_id for error in stream.summary.errors] == [refused]
    assert stream.summary.accepted_count == 2


async def test_what_iterators_hold_is_checked(sdk: Eunoe) -> None:
    """An item of the wrong shape is an error, not a message without a role."""
    with pytest.raises(InvalidInputError, match="messages"):
        async with sdk.conversation.stream("c1") as stream:
            await stream.send_all([("user", "Hello", "more")])  # type: ignore[list-item]  # wrong on purpose


async def test_a_reason_that_grpc_lost_is_asked_for(sdk: Eunoe, fake: FakeService) -> None:
    """Where gRPC shows its own stumble instead of the service's status, a call for the first item finds out whether to go on."""
    fake.failures.plan("StreamMessages", Failure(grpc.StatusCode.INTERNAL, at_item=1))
    async with sdk.conversation.stream("c1") as stream:
        sent = [await stream.send("user", each) for each in "ab"]
    assert [turn.message_id for turn in fake.store.messages["c1"]] == sent
    assert (stream.summary.accepted_count, len(fake.failures.received["RecordMessage"])) == (2, 1)


async def test_a_reason_that_grpc_lost_may_end_the_stream(sdk: Eunoe, fake: FakeService) -> None:
    """If that call says that nothing will be taken, this is the stream's error, and not gRPC's stumble."""
    fake.failures.plan("StreamMemories", *[Failure(grpc.StatusCode.INTERNAL, at_item=0) for _ in range(9)])
    fake.failures.plan("CreateMemory", Failure(ResourceExhausted("the disk is full", reason="STORAGE_FULL")))
    stream = sdk.memories.stream()
    with pytest.raises(RateLimitError, match="STORAGE_FULL"):
        async with stream:
            await stream.send("Ana keeps bees.", document_type="note")
    assert len(stream.unacknowledged) == 1


async def test_the_reason_of_an_early_end_is_the_services(sdk: Eunoe, fake: FakeService) -> None:
    """A service that ends the stream while it is written to is heard, though gRPC shows a stumble of its own at first, or even for good once."""
    for number in range(10):
        ending = Failure(InvalidArgument("no more", reason="TOO_MANY_ITEM_ERRORS"), at_item=1)
        fake.failures.planned["StreamMessages"] = deque([ending] * 9)
        stream = sdk.conversation.stream(f"c{number}")

        async def talk(stream: MessageStream = stream) -> None:
            async with stream:
                for _ in range(SEGMENT_ITEMS):
                    await stream.send("user", "Hello")
                    await asyncio.sleep(0)

        with pytest.raises(InvalidInputError, match="TOO_MANY_ITEM_ERRORS"):
            await talk()
        assert stream.acknowledged <= len(fake.store.messages[f"c{number}"])


async def test_a_service_that_ends_streams_early_never_loses_an_item(sdk: Eunoe, fake: FakeService) -> None:
    """Ending the stream while it is written to, which is when gRPC loses statuses, leaves every item stored once."""
    fake.failures.plan("StreamMessages", *[Failure(Unavailable("away"), at_item=at) for at in (1, 7, 300, 0)])
    async with sdk.conversation.stream("c1") as stream:
        sent = []
        for _ in range(700):
            sent.append(await stream.send("user", "Hello"))
            await asyncio.sleep(0)
    assert [turn.message_id for turn in fake.store.messages["c1"]] == sent
    assert stream.summary.accepted_count == 700
