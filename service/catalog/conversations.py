"""Conversations and their messages, as readers see them. Writing them is `recording`'s, deleting them `edits`'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from service.catalog import schema
from service.catalog.edits import Guard
from service.catalog.sql import Statement, in_list, json_list
from service.domain.kinds import ScopeKind, SourceKind
from service.domain.scope import ScopeRef

_c, _m, _s = schema.conversations, schema.messages, schema.scopes
_joined = (
    select(_c, _s.c.kind, _s.c.customer_id, _s.c.user_id, _s.c.shard)
    .join(_s, _s.c.scope == _c.c.scope)
    .where(_c.c.instance_id == bindparam("instance_id"))
)

_GET = Statement(_joined.where(_c.c.conversation_id == bindparam("conversation_id")))
_LIST = Statement(
    _joined.where(
        _c.c.conversation < bindparam("before"),
        (bindparam("user_id") == "") | (_s.c.user_id == bindparam("user_id")),
        (bindparam("customer_id") == "") | (_s.c.customer_id == bindparam("customer_id")),
    )
    .order_by(_c.c.conversation.desc())
    .limit(bindparam("most"))
)
_MESSAGES = Statement(
    select(
        _m.c.number,
        _m.c.message_id,
        _m.c.session_id,
        _m.c.role,
        _m.c.speaker,
        _m.c.content,
        _m.c.metadata,
        _m.c.said_time,
        _m.c.record_time,
        _m.c.time_zone,
    )
    .where(_m.c.conversation == bindparam("conversation"), _m.c.number > bindparam("after"))
    .order_by(_m.c.number)
    .limit(bindparam("most"))
)
_UNINDEXED = Statement(
    select(_m.c.conversation, func.count())
    .join(schema.outbox, schema.outbox.c.source_id == _m.c.source_id)
    .where(
        schema.outbox.c.instance_id == bindparam("instance_id"),
        schema.outbox.c.source_kind == SourceKind.MESSAGE.value,
        in_list(_m.c.conversation, "conversations"),
    )
    .group_by(_m.c.conversation)
)
_REFINING = Statement(
    select(_c.c.conversation)
    .join(
        schema.refine_jobs,
        (schema.refine_jobs.c.scope == _c.c.scope) & (schema.refine_jobs.c.conversation == _c.c.conversation_id),
    )
    .where(in_list(_c.c.conversation, "conversations"))
)

NEWEST = 2**62
"""A row number that no conversation reaches: where a list begins."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One conversation. Times are microseconds since 1970 UTC."""

    conversation: int
    """The row's number, which grows with every new conversation."""
    conversation_id: str
    scope: ScopeRef
    shard: int
    message_count: int
    session_id: str
    create_time: int
    update_time: int


@dataclass(frozen=True, slots=True)
class ConversationProgress:
    """How far the processing of a conversation is."""

    unindexed: int
    is_refining: bool


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One turn as it was recorded. Times are microseconds since 1970 UTC."""

    number: int
    message_id: str
    session_id: str
    role: str
    speaker: str
    content: str
    metadata: str
    said_time: int | None
    record_time: int
    time_zone: str


def get_conversation(connection: Connection, instance_id: str, conversation_id: str) -> ConversationRow | None:
    """A conversation of an instance."""
    rows = _GET.rows(connection, instance_id=instance_id, conversation_id=conversation_id)
    return _row(rows[0]) if rows else None


def list_conversations(connection: Connection, instance_id: str, guard: Guard, before: int, most: int) -> list[ConversationRow]:
    """A page of conversations, newest first, before a row number."""
    rows = _LIST.rows(
        connection,
        instance_id=instance_id,
        user_id=guard.user_id,
        customer_id=guard.customer_id,
        before=before,
        most=most,
    )
    return [_row(row) for row in rows]


def progress_of(connection: Connection, instance_id: str, conversations: Iterable[int]) -> dict[int, ConversationProgress]:
    """Row number → progress. Reads what waits, not what is done, so it costs little while little waits."""
    wanted = list(conversations)
    ids = json_list(wanted)
    unindexed: dict[int, int] = dict(_UNINDEXED.run(connection, instance_id=instance_id, conversations=ids).all())
    refining = {row[0] for row in _REFINING.run(connection, conversations=ids)}
    return {number: ConversationProgress(unindexed.get(number, 0), number in refining) for number in wanted}


def list_messages(connection: Connection, conversation: int, after: int, most: int) -> list[MessageRow]:
    """A page of a conversation's turns, oldest first, after a message number."""
    return [MessageRow(*row) for row in _MESSAGES.run(connection, conversation=conversation, after=after, most=most)]


def _row(row: Mapping[str, Any]) -> ConversationRow:
    return ConversationRow(
        row["conversation"],
        row["conversation_id"],
        ScopeRef(ScopeKind(row["kind"]), row["customer_id"], row["user_id"]),
        row["shard"],
        row["message_count"],
        row["session_id"],
        row["create_time"],
        row["update_time"],
    )
