"""What the fake service remembers, and the rules it shares between its servicers: scopes, ids, pages, summaries, and finding by words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from eunoe.v1 import (
    context_pb2,
    conversation_pb2,
    conversation_service_pb2,
    ingestion_pb2,
    item_result_pb2,
    memory_pb2,
    memory_service_pb2,
    scope_pb2,
)
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from service.domain.errors import Aborted, AlreadyExists, EunoeError, FailedPrecondition, InvalidArgument
from service.domain.position import decode_position, encode_position
from service.rpc.errors import code_of

_INSTANCE = "ab" * 16
_EPOCH = 7
_SHARD_AND_LANE = (0, 0)
_T = TypeVar("_T")


@dataclass
class Store:
    """What survives a kill."""

    messages: dict[str, list[conversation_pb2.Message]] = field(default_factory=dict)
    scopes: dict[str, scope_pb2.Scope] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, str, Any]] = field(default_factory=dict)
    """(conversation or "", caller's id) → (request id, hash, answer)."""
    ingestions: dict[str, ingestion_pb2.Ingestion] = field(default_factory=dict)
    memories: dict[str, memory_pb2.Memory] = field(default_factory=dict)
    requests: dict[str, Any] = field(default_factory=dict)
    """Answers of other mutating calls by request id."""
    reasons: list[str] = field(default_factory=list)
    """What every fetch says that it could not do."""
    writes: int = 0

    def position(self) -> str:
        """The position of one more write."""
        self.writes += 1
        return encode_position(_EPOCH, _INSTANCE, [(_SHARD_AND_LANE, self.writes)])

    def known(self, key: tuple[str, str], request_id: str, content: Message, name: str) -> Any:
        """The first answer to what is sent again; None where it is new.

        Raises:
            InvalidArgument: the request id was used with other content.
            AlreadyExists: the id is taken.
        """
        if key not in self.keys:
            return None
        first_request, first_hash, answer = self.keys[key]
        is_equal = first_hash == hash_of(content)
        if is_equal and request_id in ("", first_request):
            return answer
        if request_id and request_id == first_request:
            raise InvalidArgument("the request id was used before, with other content", reason="REQUEST_ID_REUSED")
        first_id = answer.ingestion_id if name == "document_id" else key[1]
        raise AlreadyExists(f"{name} {key[1]!r} is taken", values={name: key[1], "first_id": first_id})


def find(
    store: Store, scope: scope_pb2.Scope, query: context_pb2.ContextQuery, *, without: set[str] | None = None
) -> context_pb2.Context:
    """What is remembered in a scope and the wider ones, by shared words."""
    if query.min_position:
        decode_position(query.min_position, _EPOCH, _INSTANCE)
    wanted = set(query.types) or set(context_pb2.ItemType.values())
    items = [item for item in _items(store, scope, without or set()) if item.type in wanted]
    words = words_of(" ".join(query.search_queries))
    if words:
        for item in items:
            item.score = len(words & words_of(item.content)) / len(words)
        items = sorted((item for item in items if item.score), key=lambda item: -item.score)
    answer = context_pb2.Context(items=items[: query.max_results or 10])
    answer.retrieval.degraded = bool(store.reasons)
    answer.retrieval.reasons.extend(store.reasons)
    return answer


def _items(store: Store, scope: scope_pb2.Scope, without: set[str]) -> list[context_pb2.ContextItem]:
    facts = [
        context_pb2.ContextItem(
            item_id=memory.memory_id,
            type=context_pb2.ITEM_TYPE_FACT,
            content=memory.content,
            confidence=memory.confidence,
            scope=memory.scope,
            sources=memory.sources,
            metadata=memory.metadata,
        )
        for memory in store.memories.values()
        if _covers(memory.scope, scope)
    ]
    excerpts = [
        context_pb2.ContextItem(
            item_id=f"excerpt-{turn.message_id}",
            type=context_pb2.ITEM_TYPE_EXCERPT,
            content=turn.content,
            confidence=1.0,
            scope=store.scopes[name],
            sources=[memory_pb2.Source(message=memory_pb2.MessageSource(conversation_id=name, message_id=turn.message_id))],
        )
        for name, turns in store.messages.items()
        if _covers(store.scopes[name], scope)
        for turn in turns
        if turn.message_id not in without
    ]
    return facts + excerpts


def scope_of(user_id: str, customer_id: str) -> scope_pb2.Scope:
    """The scope that two ids name in a strict instance.

    Raises:
        InvalidArgument: a user without a customer.
    """
    if user_id and not customer_id:
        raise InvalidArgument("a user needs a customer in a strict instance", reason="SCOPE_FORBIDDEN")
    kind = scope_pb2.SCOPE_KIND_USER if user_id else scope_pb2.SCOPE_KIND_CUSTOMER if customer_id else scope_pb2.SCOPE_KIND_CLIENT
    return scope_pb2.Scope(kind=kind, user_id=user_id, customer_id=customer_id)


def _covers(owner: scope_pb2.Scope, reader: scope_pb2.Scope) -> bool:
    return owner.user_id in ("", reader.user_id) and owner.customer_id in ("", reader.customer_id)


def check_guards(scope: scope_pb2.Scope, user_id: str, customer_id: str) -> None:
    """Refuse ids that are not the scope's.

    Raises:
        FailedPrecondition: one of them is another's.
    """
    if user_id not in ("", scope.user_id) or customer_id not in ("", scope.customer_id):
        raise FailedPrecondition("the conversation belongs to another scope")


def check_version(memory: memory_pb2.Memory, version: int) -> None:
    """Refuse a version that is not the current one.

    Raises:
        Aborted: it is another.
    """
    if version not in (0, memory.version):
        raise Aborted("the memory has changed", values={"version": str(memory.version)})


def change(memory: memory_pb2.Memory, request: memory_service_pb2.UpdateMemoryRequest) -> None:
    """Apply an update."""
    if request.HasField("content"):
        replaces = request.merge_strategy == memory_service_pb2.MERGE_STRATEGY_REPLACE
        memory.content = request.content if replaces else f"{memory.content} {request.content}"
    if request.HasField("confidence"):
        memory.confidence = request.confidence
    for key, value in request.metadata.fields.items():
        memory.metadata.fields[key].CopyFrom(value)
    memory.version += 1
    memory.edited = True
    memory.update_time.CopyFrom(now())


def count(
    summary: conversation_service_pb2.StreamMessagesResponse | memory_service_pb2.StreamMemoriesResponse,
    item_id: str,
    take: Callable[[_T], bool],
    request: _T,
) -> None:
    """Take one item of a stream, and count what became of it: `take` says whether it is a duplicate."""
    index = summary.received_count
    summary.received_count += 1
    try:
        is_duplicate = take(request)
    except EunoeError as error:
        summary.failed_count += 1
        if len(summary.errors) < 100:
            summary.errors.append(item_error(error, index, item_id))
        return
    if is_duplicate:
        summary.duplicate_count += 1
        summary.duplicates.add(index=index, first_id=item_id)
    else:
        summary.accepted_count += 1


def item_error(error: EunoeError, index: int, item_id: str) -> item_result_pb2.ItemError:
    """One item's own error."""
    return item_result_pb2.ItemError(
        index=index,
        code=code_of(error).value[0],
        reason=error.reason,
        message=error.message,
        field=error.fields[0].field if error.fields else "",
        item_id=item_id,
    )


def page_of(rows: Sequence[_T], size: int, token: str) -> tuple[Sequence[_T], str]:
    """One page, and the token of the next."""
    start = int(token or 0)
    end = start + (size or 50)
    return rows[start:end], str(end) if end < len(rows) else ""


def hash_of(content: Message) -> str:
    """What two equal contents have in common."""
    return hashlib.sha256(content.SerializeToString(deterministic=True)).hexdigest()


def words_of(text: str) -> set[str]:
    """The words that count."""
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 2}


def now() -> Timestamp:
    """The time of a write."""
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp
