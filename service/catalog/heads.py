"""The heads of conversations while a commit group is written: how many messages each has, and which session is open.

What lives here: locking, opening and moving them. What does not: the messages (`recording`), reading conversations (`conversations`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, and_, bindparam, select, update

from service.catalog import schema
from service.catalog.errors import Overtaken
from service.catalog.ids import new_id
from service.catalog.sql import Bulk, Statement, json_list, json_rows, upsert
from service.domain.writes import MessageWrite

SESSION_GAP_US = 30 * 60 * 1_000_000
"""A turn this long after the conversation's last one opens a new session (design section 5)."""

Key = tuple[str, str]
"""Instance and the caller's id of a conversation."""
Place = tuple[int, int]
"""Scope number and shard."""

_c = schema.conversations

_pairs, (_instance, _name) = json_rows("pairs", _c.c.instance_id.type, _c.c.conversation_id.type)
_CONVERSATIONS = Statement(
    select(
        _c.c.instance_id,
        _c.c.conversation_id,
        _c.c.conversation,
        _c.c.scope,
        _c.c.message_count,
        _c.c.session_id,
        _c.c.turn_time,
        schema.scopes.c.shard,
    )
    .select_from(_pairs)
    .join(_c, and_(_c.c.instance_id == _instance, _c.c.conversation_id == _name))
    .join(schema.scopes, schema.scopes.c.scope == _c.c.scope)
    .order_by(_c.c.conversation)
    .with_for_update(of=_c)
)
_NEW_CONVERSATION = Statement(
    upsert(_c)
    .values({column.name: bindparam(column.name) for column in _c.columns if column.name != "conversation"})
    .on_conflict_do_nothing(index_elements=["instance_id", "conversation_id"])
    .returning(_c.c.conversation)
)
_MOVED = {
    "which": _c.c.conversation,
    "new_count": _c.c.message_count,
    "new_session": _c.c.session_id,
    "new_turn_time": _c.c.turn_time,
    "new_update_time": _c.c.update_time,
}


def _move(which: ColumnElement[int], *new: ColumnElement[Any]) -> Executable:
    return update(_c).where(_c.c.conversation == which).values(dict(zip([*_MOVED.values()][1:], new, strict=True)))


_MOVE_CONVERSATIONS = Bulk(
    _move(*[bindparam(name) for name in _MOVED]),
    _move(*json_rows("rows", *[column.type for column in _MOVED.values()])[1]),
    [*_MOVED],
)


class Head:
    """The head of a conversation while a group is written."""

    __slots__ = ("conversation", "count", "is_changed", "is_new", "scope", "session_id", "shard", "turn_time", "update_time")

    def __init__(
        self, conversation: int, scope: int, shard: int, count: int, session_id: str, turn_time: int, *, is_new: bool = False
    ) -> None:
        """Take the row of a conversation; times are microseconds since 1970 UTC, 0 for none."""
        self.is_new = is_new
        self.conversation = conversation
        self.scope = scope
        self.shard = shard
        self.count = count
        self.session_id = session_id
        self.turn_time = turn_time
        self.update_time = 0
        """When its last message of this group was recorded."""
        self.is_changed = False

    def place(self, write: MessageWrite) -> tuple[int, str]:
        """The next number, and the session of a message."""
        turn_time = write.record_time if write.said_time is None else write.said_time
        session = write.session_id
        if not session:
            is_near = self.session_id and turn_time - self.turn_time < SESSION_GAP_US
            session = self.session_id if is_near else new_id()
        self.count += 1
        self.session_id, self.turn_time, self.update_time, self.is_changed = session, turn_time, write.record_time, True
        return self.count, session


def lock_heads(connection: Connection, keys: Iterable[Key]) -> dict[Key, Head]:
    """The heads of those conversations that exist, locked until the transaction ends."""
    rows = _CONVERSATIONS.run(connection, pairs=json_list(keys))
    return {(row[0], row[1]): Head(row[2], row[3], row[7], row[4], row[5], row[6]) for row in rows}


def open_heads(connection: Connection, first: Mapping[Key, tuple[MessageWrite, Place]]) -> dict[Key, Head]:
    """Create conversations, each in the scope of its first message.

    Raises:
        Overtaken: another process created one at the same time.
    """
    opened = _NEW_CONVERSATION.run_each(connection, [_row(write, scope) for write, (scope, _) in first.values()])
    heads: dict[Key, Head] = {}
    for (key, (_, (scope, shard))), row in zip(first.items(), opened, strict=True):
        if row is None:
            raise Overtaken("the conversation was opened by somebody else at the same time")
        heads[key] = Head(row[0], scope, shard, 0, "", 0, is_new=True)
    return heads


def move_heads(connection: Connection, heads: Iterable[Head]) -> None:
    """Write those that got messages."""
    _MOVE_CONVERSATIONS.run(
        connection,
        [
            {
                "which": head.conversation,
                "new_count": head.count,
                "new_session": head.session_id,
                "new_turn_time": head.turn_time,
                "new_update_time": head.update_time,
            }
            for head in heads
            if head.is_changed
        ],
    )


def _row(write: MessageWrite, scope: int) -> dict[str, Any]:
    return {
        "instance_id": write.instance_id,
        "conversation_id": write.conversation_id,
        "scope": scope,
        "message_count": 0,
        "session_id": "",
        "turn_time": 0,
        "create_time": write.record_time,
        "update_time": write.record_time,
    }
