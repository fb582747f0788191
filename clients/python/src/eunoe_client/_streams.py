"""The streams as callers see them: one of turns, one of documents. How they are delivered is in `_segments.py`."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from eunoe.v1 import conversation_service_pb2, memory_service_pb2, processing_pb2

from eunoe_client._connection import Connection
from eunoe_client._encode import Document, as_document, write_document, write_message
from eunoe_client._results import ItemError, StreamSummary
from eunoe_client._segments import Item, Segments
from eunoe_client._times import When
from eunoe_client._words import invalid
from eunoe_client.errors import EunoeError

OnError = Callable[[ItemError], None]
_Request = TypeVar("_Request")
_Given = TypeVar("_Given")


class _Stream(Generic[_Request]):
    """What both streams have: the `async with`, and how far they are."""

    def __init__(self, segments: Segments[_Request]) -> None:
        self._segments = segments

    @property
    def acknowledged(self) -> int:
        """How many items the service has answered for: they are stored, or refused and in `summary.errors`."""
        return self._segments.acknowledged

    @property
    def position(self) -> str:
        """Covers everything that is acknowledged; give it to a fetch as `min_position`."""
        return self._segments.position

    @property
    def unacknowledged(self) -> tuple[str, ...]:
        """The ids of what was sent and is not answered for. After a failure: what to send again, under the same ids."""
        return self._segments.unacknowledged

    @property
    def summary(self) -> StreamSummary:
        """What became of everything that is acknowledged; after the `async with`, of everything that was sent."""
        return self._segments.summary()

    async def flush(self) -> str:
        """Wait until everything sent so far is acknowledged.

        Returns:
            The position then, for `min_position`.

        Raises:
            EunoeError: the stream has failed.
        """
        return await self._segments.flush()

    async def __aenter__(self) -> Self:
        await self._segments.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            await self._segments.finish()
        elif isinstance(error, Exception):
            # What was sent before the body failed was meant to be kept, and the body's error says more than a second one.
            try:
                await self._segments.finish()
            except EunoeError:
                return
        else:
            await self._segments.abandon()


class MessageStream(_Stream[conversation_service_pb2.StreamMessagesRequest]):
    """A stream of turns of one conversation. Made by `sdk.conversation.stream(...)`.

    Each turn is sent at once and kept as it arrives. Acknowledgements come by segment, at least every two seconds; what is not acknowledged
    when the connection breaks is sent again under the same ids. `send` waits while too much is unacknowledged.

    Example:
        >>> async def talk(sdk: Eunoe) -> None:  # doctest: +SKIP
        ...     async with sdk.conversation.stream("call-7", user_id="ana", customer_id="acme") as stream:
        ...         await stream.send("user", "My flight is on Friday.")
        ...         await stream.send("assistant", "Noted.")
        ...     print(stream.summary.accepted_count)
    """

    def __init__(
        self,
        connection: Connection,
        conversation_id: str,
        *,
        user_id: str | None,
        customer_id: str | None,
        session_id: str | None,
        time_zone: str | None,
        mode: str | None,
        lane: str | None,
        on_error: OnError | None,
        timeout: float,
    ) -> None:
        def open_stream(seconds: float) -> Any:
            return connection.stream(connection.conversations.StreamMessages, timeout=seconds)

        async def send_alone(request: conversation_service_pb2.StreamMessagesRequest) -> None:
            alone = conversation_service_pb2.RecordMessageRequest(message=request.message)
            await connection.call(connection.conversations.RecordMessage, alone, timeout=connection.settings.timeouts.connect)

        super().__init__(Segments(open_stream, send_alone=send_alone, wrote=connection.wrote, timeout=timeout, on_error=on_error))
        self._conversation_id = conversation_id
        self._user_id = user_id
        self._customer_id = customer_id
        self._session_id = session_id
        self._time_zone = time_zone
        self._mode = mode
        self._lane = lane

    async def send(
        self,
        role: str,
        content: str,
        *,
        message_id: str | None = None,
        speaker: str | None = None,
        said_at: When | None = None,
        session_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Send one turn.

        Args:
            role: `user` or `assistant`.
            content: What is said, up to 32 KB.
            message_id: Your permanent key of the turn. None: the SDK draws one.
            speaker: The speaker's name.
            said_at: When it was said. None: when it is recorded.
            session_id: The sitting it belongs to, where it is not the stream's.
            metadata: Your own data.

        Returns:
            The id of the message. It is stored when it is no longer among `unacknowledged`.

        Raises:
            InvalidInputError: an argument has no form on the wire.
            EunoeError: the stream has failed; `unacknowledged` says what may not be stored.
        """
        message = write_message(
            conversation_id=self._conversation_id,
            role=role,
            content=content,
            user_id=self._user_id,
            customer_id=self._customer_id,
            session_id=session_id or self._session_id,
            message_id=message_id,
            speaker=speaker,
            said_at=said_at,
            time_zone=self._time_zone,
            mode=self._mode,
            lane=self._lane,
            metadata=metadata,
        )
        request = conversation_service_pb2.StreamMessagesRequest(message=message)
        await self._segments.put(Item(message.message_id, request, request.ByteSize()))
        return message.message_id

    async def send_all(
        self, messages: AsyncIterable[Mapping[str, Any] | tuple[str, str]] | Iterable[Mapping[str, Any] | tuple[str, str]]
    ) -> int:
        """Send every turn of an iterator, as fast as the service takes them.

        Args:
            messages: An iterator, asynchronous or not, of `(role, content)` or of dictionaries with the arguments of `send`.

        Returns:
            How many were sent.

        Raises:
            EunoeError: as `send`.
        """
        count = 0
        async for message in _each(messages):
            if isinstance(message, Mapping):
                await self.send(**message)
            elif len(message) == 2:
                await self.send(*message)
            else:
                raise invalid("messages", f"must hold (role, content) or dictionaries; got {message!r}")
            count += 1
        return count


class MemoryStream(_Stream[memory_service_pb2.StreamMemoriesRequest]):
    """A stream of documents. Made by `sdk.memories.stream(...)`; it works as `MessageStream` does.

    Example:
        >>> async def load(sdk: Eunoe, notes: list[str]) -> None:  # doctest: +SKIP
        ...     async with sdk.memories.stream() as stream:
        ...         for note in notes:
        ...             await stream.send(note, document_type="note", customer_id="acme")
        ...     print(stream.summary.accepted_count, stream.summary.errors)
    """

    def __init__(self, connection: Connection, *, on_error: OnError | None, timeout: float) -> None:
        def open_stream(seconds: float) -> Any:
            return connection.stream(connection.memories.StreamMemories, timeout=seconds)

        async def send_alone(request: memory_service_pb2.StreamMemoriesRequest) -> None:
            alone = memory_service_pb2.CreateMemoryRequest(document=request.document)
            alone.document.lane = request.document.lane or processing_pb2.LANE_BOOTSTRAP  # that of streams
            await connection.call(connection.memories.CreateMemory, alone, timeout=connection.settings.timeouts.connect)

        super().__init__(Segments(open_stream, send_alone=send_alone, wrote=connection.wrote, timeout=timeout, on_error=on_error))

    async def send(self, document: str | Document | Mapping[str, Any], **fields: Any) -> str:
        """Send one document.

        Args:
            document: The text, with the other fields of `Document` as keywords; or a `Document`; or a dictionary of its fields.
            fields: The fields of `Document`, where `document` is the text.

        Returns:
            The id of the document. It is stored when it is no longer among `unacknowledged`.

        Raises:
            InvalidInputError: an argument has no form on the wire.
            EunoeError: the stream has failed; `unacknowledged` says what may not be stored.
        """
        given = {"document": document, **fields} if isinstance(document, str) else document
        wire = write_document(as_document(given))
        request = memory_service_pb2.StreamMemoriesRequest(document=wire)
        await self._segments.put(Item(wire.document_id, request, request.ByteSize()))
        return wire.document_id

    async def send_all(
        self, documents: AsyncIterable[str | Document | Mapping[str, Any]] | Iterable[str | Document | Mapping[str, Any]]
    ) -> int:
        """Send every document of an iterator, asynchronous or not, as fast as the service takes them.

        Returns:
            How many were sent.

        Raises:
            EunoeError: as `send`.
        """
        count = 0
        async for document in _each(documents):
            await self.send(document)
            count += 1
        return count


async def _each(given: AsyncIterable[_Given] | Iterable[_Given]) -> AsyncIterator[_Given]:
    if isinstance(given, AsyncIterable):
        async for item in given:
            yield item
    else:
        for item in given:
            yield item
