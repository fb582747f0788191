"""Load that knows what was acknowledged: each scope has one writer, whose next item goes out when the one before is durable.

What lives here: who writes what, and sending it again with the same ids until it is acknowledged. What does not: killing, checking.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import grpc
from eunoe.v1 import conversation_pb2, document_pb2, memory_service_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from tests.support.service import until
from tests.support.talk import Utterance, statement, utterances
from tests.support.wire import Wire, note, turn

BLOCK = 10
"""Items of one segment of a stream."""
_AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,  # by the server: gRPC's own answer to a call that arrives as it stops listening
    }
)
_GIVE_UP_SECONDS = 180.0

Item = conversation_pb2.MessageInput | document_pb2.DocumentInput


@dataclass
class Link:
    """The service as the writers reach it; another one after every restart."""

    wire: Wire
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while the service has enough to do."""
    is_fresh: bool = True
    """Whether enough was acknowledged since the last kill."""


@dataclass
class Writer:
    """One scope's input, in order: the same for the same name, however often and wherever it is written."""

    name: str
    is_streaming: bool
    acknowledged: list[Item] = field(default_factory=list)
    _ahead: list[Item] = field(default_factory=list)
    _items: Iterator[Item] | None = None

    @property
    def user_id(self) -> str:
        """The user whose scope it is."""
        return f"user {self.name}"

    @property
    def conversation_id(self) -> str:
        """Where its messages go."""
        return f"conversation {self.name}"

    async def run(self, link: Link, stop: asyncio.Event, most: int | None = None) -> None:
        """Write until told to stop, or until so many items are acknowledged; what was begun is always finished."""
        while not stop.is_set() and (most is None or len(self.acknowledged) < most):
            await link.open.wait()
            segment = self._next_segment(most)
            await until(partial(self._try, link, segment), _GIVE_UP_SECONDS, "nothing is acknowledged any more")
            self.acknowledged += segment

    def _next_segment(self, most: int | None) -> list[Item]:
        if self._items is None:
            self._items = self._all_items()
        size = BLOCK if self.is_streaming else 1
        if most is not None:
            size = min(size, most - len(self.acknowledged))
        return list(itertools.islice(self._items, size))

    def _all_items(self) -> Iterator[Item]:
        """Mostly turns; documents between them, in blocks so that a stream holds one kind."""
        block = BLOCK if self.is_streaming else 1
        for place, said in enumerate(utterances(self.name)):
            yield self._document(said) if place // block % 5 == 3 else self._message(said)

    def _message(self, said: Utterance) -> conversation_pb2.MessageInput:
        return turn(
            self.conversation_id,
            said.content,
            role=said.role,
            message_id=f"{self.name} m{said.number}",
            user_id=self.user_id,
            said_time=_timestamp(said),
        )

    def _document(self, said: Utterance) -> document_pb2.DocumentInput:
        sentences = " ".join(statement(f"{self.name} {said.number} {place}") for place in range(3))
        return note(
            sentences,
            document_id=f"{self.name} d{said.number}",
            user_id=self.user_id,
            document_create_time=_timestamp(said),
        )

    async def _try(self, link: Link, segment: list[Item]) -> bool:
        """Send a segment once; whether it is acknowledged now."""
        try:
            await (self._stream(link.wire, segment) if self.is_streaming else _send(link.wire, segment[0]))
        except aio.AioRpcError as error:
            if error.code() not in _AGAIN:
                raise
            return False
        except aio.UsageError:  # the channel was closed for one to the restarted service
            return False
        return True

    async def _stream(self, wire: Wire, segment: list[Item]) -> None:
        documents = [item for item in segment if isinstance(item, document_pb2.DocumentInput)]
        messages = [item for item in segment if isinstance(item, conversation_pb2.MessageInput)]
        assert not (documents and messages), "a stream takes one kind"
        if messages:
            summary = await wire.record_stream(messages)
        else:
            items = (memory_service_pb2.StreamMemoriesRequest(document=document) for document in documents)
            summary = await wire.call(wire.memories.StreamMemories, items)
        assert summary.accepted_count + summary.duplicate_count == len(segment), summary


async def _send(wire: Wire, item: Item) -> None:
    if isinstance(item, conversation_pb2.MessageInput):
        await wire.record(item)
    else:
        await wire.create(item)


def item_id(item: Item) -> str:
    """The caller's id of an item."""
    return item.message_id if isinstance(item, conversation_pb2.MessageInput) else item.document_id


def _timestamp(said: Utterance) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(said.said)
    return stamp
