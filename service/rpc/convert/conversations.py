"""Conversations and messages between wire and domain."""

from __future__ import annotations

from eunoe.v1 import conversation_pb2, conversation_service_pb2

from service.app.inputs import NewMessage
from service.app.streams import StreamSummary
from service.catalog.conversations import ConversationProgress, ConversationRow
from service.domain.kinds import IngestionMode, Lane
from service.domain.writes import RecordedMessage
from service.rpc.convert.checks import Checks
from service.rpc.convert.items import duplicate_items, item_error
from service.rpc.convert.kinds import lanes, modes, roles
from service.rpc.convert.scopes import scope
from service.rpc.convert.values import microseconds, timestamp


def new_message(checks: Checks, wire: conversation_pb2.MessageInput) -> NewMessage:
    """A turn to record, checked.

    Raises:
        InvalidArgument: a field holds what it may not.
    """
    conversation_id, message_id, session_id = wire.conversation_id, wire.message_id, wire.session_id
    user_id, customer_id, speaker = wire.user_id, wire.customer_id, wire.speaker
    checks.ids(
        "message.",
        conversation_id=conversation_id,
        user_id=user_id,
        customer_id=customer_id,
        session_id=session_id,
        message_id=message_id,
        speaker=speaker,
    )
    return NewMessage(
        conversation_id,
        roles.to_domain[wire.role],
        checks.content("message.content", wire.content, checks.limits.message),
        user_id,
        customer_id,
        session_id,
        message_id,
        speaker,
        microseconds(wire.said_time, "message.said_time") if wire.HasField("said_time") else None,
        checks.time_zone("message.time_zone", wire.time_zone),
        modes.to_domain.get(wire.mode, IngestionMode.FAST),
        lanes.to_domain.get(wire.lane, Lane.REALTIME),
        checks.metadata("message.metadata", wire.metadata) if wire.HasField("metadata") else "",
    )


def recorded(answer: RecordedMessage, position: str) -> conversation_service_pb2.RecordMessageResponse:
    """What became of one turn."""
    return conversation_service_pb2.RecordMessageResponse(
        message_id=answer.message_id,
        conversation_id=answer.conversation_id,
        session_id=answer.session_id,
        record_time=timestamp(answer.record_time),
        message_count=answer.number,
        position=position,
        duplicate=answer.is_duplicate,
    )


def stream_summary(summary: StreamSummary, position: str) -> conversation_service_pb2.StreamMessagesResponse:
    """What became of a stream of turns."""
    return conversation_service_pb2.StreamMessagesResponse(
        received_count=summary.received,
        accepted_count=summary.accepted,
        duplicate_count=summary.duplicate,
        failed_count=summary.failed,
        errors=[item_error(failure) for failure in summary.errors],
        duplicates=duplicate_items(summary),
        position=position,
    )


def conversation(row: ConversationRow, progress: ConversationProgress) -> conversation_pb2.Conversation:
    """A conversation and how far its processing is."""
    return conversation_pb2.Conversation(
        conversation_id=row.conversation_id,
        scope=scope(row.scope),
        message_count=row.message_count,
        indexed_count=max(row.message_count - progress.unindexed, 0),
        refining=progress.is_refining,
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time),
        session_id=row.session_id,
    )
