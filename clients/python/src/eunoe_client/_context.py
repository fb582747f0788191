"""`context.fetch` of the four scopes: a conversation, a user, a customer, the whole instance (client)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypedDict, Unpack

from eunoe.v1 import context_pb2, conversation_service_pb2, memory_service_pb2

from eunoe_client._connection import Connection
from eunoe_client._context_result import Context
from eunoe_client._decode import read_context
from eunoe_client._encode import write_query
from eunoe_client._times import When


class Write(Protocol):
    """Whatever a write returned: it has a position.

    Example:
        >>> async def ask(sdk: Eunoe, write: Write) -> Context:  # doctest: +SKIP
        ...     return await sdk.client.context.fetch(["refunds"], min_position=write)
    """

    @property
    def position(self) -> str:
        """The position of the write."""
        ...


class FetchOptions(TypedDict, total=False):
    """What every fetch takes besides the question.

    Example:
        >>> async def ask(sdk: Eunoe) -> Context:  # doctest: +SKIP
        ...     options: FetchOptions = {"token_budget": 500, "explain": True}
        ...     return await sdk.client.context.fetch(["refunds"], **options)
    """

    min_position: str | Write | Iterable[str | Write] | None
    """Answer with at least these writes applied: positions, or what writes returned. `sdk.position` stands for every write of this client."""
    token_budget: int
    """How many tokens the ranked items may have together. 0: no limit."""
    as_of: When | None
    """Only what was said at or before this time and was true at it."""
    query_date: When | None
    """When the question is asked; relative dates in it count from here. None: now."""
    time_zone: str | None
    """The time zone of the question: an IANA name, or an offset such as `+02:00`. None: UTC."""
    metadata_filter: Mapping[str, Any] | None
    """Only items whose metadata has all these keys with exactly these values."""
    explain: bool
    """Whether items tell the signals behind their score."""
    timeout: float | None
    """Seconds this call may take. None: the client's default."""


class ConversationContext:
    """What is remembered for a conversation. Reached as `sdk.conversation.context`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(
        self,
        conversation_id: str,
        search_query: str | Sequence[str] | None = None,
        max_results: int = 10,
        types: Sequence[str] | None = None,
        mode: str = "fast",
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        recent_limit: int | None = None,
        **options: Unpack[FetchOptions],
    ) -> Context:
        """Fetch what is remembered in the conversation's scope and the wider ones, with its last turns.

        Args:
            conversation_id: The conversation. One that was never recorded has nothing.
            search_query: What to look for: a text, or up to 16. None: the most recent and most certain.
            max_results: How many items at most, over all types, up to 50.
            types: `facts`, `preferences`, `episodes`, `emotions`, `temporal_events`, `excerpts`, or their singulars. None or `all`: all.
            mode: `fast` or `accurate`.
            user_id: A guard: another user than the conversation's is an error.
            customer_id: A guard: another customer than the conversation's is an error.
            recent_limit: How many of the last turns, up to 50. None: 10.
            **options: See `FetchOptions`.

        Returns:
            The items by type (`.facts`, …), all of them in order (`.ranked`), and `.recent_turns`.

        Raises:
            ScopeMismatchError: the conversation belongs to somebody else.
            PositionNotReachedError: `min_position` was not reached in time.
            EunoeError: any other failure.

        Example:
            >>> async def ask(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     context = await sdk.conversation.context.fetch("call-7", search_query=["when does the flight leave?"])
            ...     for item in context.ranked:
            ...         print(item.content, item.confidence)
        """
        request = conversation_service_pb2.ConversationServiceFetchContextRequest(
            conversation_id=conversation_id,
            user_id=user_id or "",
            customer_id=customer_id or "",
            query=_query(search_query, max_results, types, mode, options),
            recent_limit=recent_limit,
        )
        call = self._connection.conversations.FetchContext
        response = await self._connection.call(call, request, timeout=options.get("timeout"))
        return read_context(response.context)


class UserContext:
    """What is remembered of a user. Reached as `sdk.user.context`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(
        self,
        user_id: str,
        customer_id: str | None = None,
        search_query: str | Sequence[str] | None = None,
        max_results: int = 10,
        types: Sequence[str] | None = None,
        mode: str = "fast",
        **options: Unpack[FetchOptions],
    ) -> Context:
        """Fetch what is remembered of a user, of the user's customer, and of the whole instance.

        Args:
            user_id: The user.
            customer_id: The user's customer; needed where the instance is `strict`.
            search_query: As in `ConversationContext.fetch`, like everything that follows.
            max_results: How many items at most.
            types: Which kinds of items.
            mode: `fast` or `accurate`.
            **options: See `FetchOptions`.

        Raises:
            ScopeForbiddenError: the instance forbids this combination.
            EunoeError: any other failure.

        Example:
            >>> async def ask(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     context = await sdk.user.context.fetch("ana", "acme", search_query=["diet"], types=["preferences"])
            ...     print([item.content for item in context.preferences])
        """
        return await _fetch(
            self._connection, user_id, customer_id or "", _query(search_query, max_results, types, mode, options), options
        )


class CustomerContext:
    """What is remembered of a customer. Reached as `sdk.customer.context`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(
        self,
        customer_id: str,
        search_query: str | Sequence[str] | None = None,
        max_results: int = 10,
        types: Sequence[str] | None = None,
        mode: str = "fast",
        **options: Unpack[FetchOptions],
    ) -> Context:
        """Fetch what is remembered of a customer and of the whole instance; nothing of single users.

        Args:
            customer_id: The customer.
            search_query: As in `ConversationContext.fetch`, like everything that follows.
            max_results: How many items at most.
            types: Which kinds of items.
            mode: `fast` or `accurate`.
            **options: See `FetchOptions`.

        Raises:
            ScopeForbiddenError: the instance knows no customers.
            EunoeError: any other failure.

        Example:
            >>> async def ask(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     context = await sdk.customer.context.fetch("acme", search_query=["refund policy"])
            ...     print([item.content for item in context.facts])
        """
        return await _fetch(self._connection, "", customer_id, _query(search_query, max_results, types, mode, options), options)


class ClientContext:
    """What is remembered of the whole instance. Reached as `sdk.client.context`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(
        self,
        search_query: str | Sequence[str] | None = None,
        max_results: int = 10,
        types: Sequence[str] | None = None,
        mode: str = "fast",
        **options: Unpack[FetchOptions],
    ) -> Context:
        """Fetch what is remembered of the whole instance; nothing of single customers or users.

        Args:
            search_query: As in `ConversationContext.fetch`, like everything that follows.
            max_results: How many items at most.
            types: Which kinds of items.
            mode: `fast` or `accurate`.
            **options: See `FetchOptions`.

        Raises:
            EunoeError: any failure.

        Example:
            >>> async def ask(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     context = await sdk.client.context.fetch(["opening hours"])
            ...     print([item.content for item in context.excerpts])
        """
        return await _fetch(self._connection, "", "", _query(search_query, max_results, types, mode, options), options)


async def _fetch(
    connection: Connection, user_id: str, customer_id: str, query: context_pb2.ContextQuery, options: FetchOptions
) -> Context:
    request = memory_service_pb2.MemoryServiceFetchContextRequest(user_id=user_id, customer_id=customer_id, query=query)
    response = await connection.call(connection.memories.FetchContext, request, timeout=options.get("timeout"))
    return read_context(response.context)


def _query(
    search_query: str | Sequence[str] | None, max_results: int, types: Sequence[str] | None, mode: str, options: FetchOptions
) -> context_pb2.ContextQuery:
    unknown = sorted(set(options) - FetchOptions.__optional_keys__)
    if unknown:
        raise TypeError(f"fetch() takes no {unknown[0]!r}; its options are {', '.join(sorted(FetchOptions.__optional_keys__))}")
    rest: dict[str, Any] = {name: value for name, value in options.items() if name != "timeout"}
    return write_query(search_query=search_query, max_results=max_results, types=types, mode=mode, **rest)
