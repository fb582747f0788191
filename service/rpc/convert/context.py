"""Context between wire and domain."""

from __future__ import annotations

from eunoe.v1 import context_pb2, conversation_pb2

from service.app.context import Context, ContextQuery
from service.catalog.conversations import MessageRow
from service.catalog.items import RecentMessage
from service.domain.kinds import PASSAGE
from service.retrieval.request import EVERYTHING, RankedItem
from service.rpc.convert.checks import Checks, over_limit
from service.rpc.convert.kinds import item_types, roles
from service.rpc.convert.memories import ranked_item
from service.rpc.convert.values import fill_struct, microseconds, optional_timestamp, plain, timestamp

DEFAULT_RESULTS = 10
DEFAULT_TURNS = 10


def context_query(checks: Checks, message: context_pb2.ContextQuery) -> ContextQuery:
    """What is wanted, checked.

    Raises:
        InvalidArgument: a field holds what it may not.
    """
    checks.time_zone("query.time_zone", message.time_zone)
    checks.metadata("query.metadata_filter", message.metadata_filter)
    if message.max_results > checks.limits.max_results:
        raise over_limit("query.max_results", checks.limits.max_results, "items")
    return ContextQuery(
        questions=_questions(checks, message),
        kinds=frozenset(_kind(number) for number in message.types) or EVERYTHING,
        max_results=message.max_results or min(DEFAULT_RESULTS, checks.limits.max_results),
        token_budget=message.token_budget or None,
        is_accurate=message.mode == context_pb2.FETCH_MODE_ACCURATE,
        as_of=microseconds(message.as_of, "query.as_of") if message.HasField("as_of") else None,
        query_time=microseconds(message.query_time, "query.query_time") if message.HasField("query_time") else None,
        time_zone=message.time_zone,
        metadata=plain(message.metadata_filter),
        min_position=message.min_position,
        explain=message.explain,
    )


def context(found: Context) -> context_pb2.Context:
    """What is remembered."""
    answer = context_pb2.Context(
        items=[_item(found, entry) for entry in found.items],
        recent_turns=[message(turn, found.conversation_id) for turn in found.recent],
    )
    answer.retrieval.degraded = bool(found.reasons)
    answer.retrieval.approximate = found.is_approximate
    answer.retrieval.reasons.extend(found.reasons)
    if found.is_approximate:
        answer.retrieval.reasons.append("SCOPE_TOO_LARGE")
    return answer


def message(turn: RecentMessage | MessageRow, conversation_id: str) -> conversation_pb2.Message:
    """A turn as it was recorded."""
    answer = conversation_pb2.Message(
        message_id=turn.message_id,
        conversation_id=conversation_id,
        session_id=turn.session_id,
        number=turn.number,
        role=roles.of_value(turn.role),
        content=turn.content,
        speaker=turn.speaker,
        said_time=optional_timestamp(turn.said_time),
        time_zone=turn.time_zone,
        record_time=timestamp(turn.record_time),
    )
    fill_struct(answer.metadata, turn.metadata)
    return answer


def _item(found: Context, entry: RankedItem) -> context_pb2.ContextItem:
    answer = ranked_item(entry.item, found.scopes[entry.item.scope])
    answer.score = entry.score
    answer.excerpt = "" if entry.excerpt is None else entry.excerpt.text
    answer.matched_queries.extend(entry.matched_queries)
    for signal in entry.signals:
        answer.signals.add(
            name=signal.name,
            value=signal.contribution,
            measured=signal.value,
            rank=signal.rank,
            boost=signal.is_boost,
        )
    return answer


def _questions(checks: Checks, message: context_pb2.ContextQuery) -> tuple[str, ...]:
    if len(message.search_queries) > checks.limits.queries:
        raise over_limit("query.search_queries", checks.limits.queries, "queries")
    for index, question in enumerate(message.search_queries):
        if len(question.encode()) > checks.limits.query:
            raise over_limit(f"query.search_queries[{index}]", int(checks.limits.query), "bytes")
    return tuple(question.replace("\0", "\ufffd") for question in message.search_queries)


def _kind(number: int) -> str:
    return PASSAGE if number == context_pb2.ITEM_TYPE_EXCERPT else str(item_types.to_domain[number])
