"""Items: what is live in a scope, what changed in it, and the one statement of a warm fetch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, or_, select, text, tuple_, update

from service.catalog import schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement, in_list, json_list, json_rows, upsert
from service.catalog.vectors import ITEM_COLUMNS, NEEDS_NONE, NEXT_ITEM_COLUMNS, UNEMBEDDED
from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.domain.kinds import ScopeKind
from service.domain.scope import ScopeRef

RECENT_UNINDEXED = 50
"""At most so many turns that ranking cannot know yet are shown among the recent ones (design section 7)."""

TOMBSTONE_US = 24 * 3600 * 1_000_000
"""How long a deleted item's tombstone tells cached scopes to forget it."""

FIRST_PAGE = (0, 0)
"""Where `items_by_shard` begins."""

_i = schema.items
_VALUES: dict[str, Any] = {field.name: bindparam(field.name) for field in fields(Item)} | {
    name: bindparam(name) for name in ("shard", "change_number", "generation")
}

_LIVE = Statement(select(_i.c.item_id).where(_i.c.scope == bindparam("scope"), _i.c.is_live == 1))
_CHANGE_NUMBER = Statement(
    select(schema.scopes.c.change_number, schema.scopes.c.purged_change).where(schema.scopes.c.scope == bindparam("scope"))
)
_BY_IDS = Statement(select(*ITEM_COLUMNS).where(in_list(_i.c.item_id, "ids"), _i.c.is_live == 1))
_LIVE_AMONG = Statement(select(_i.c.item_id).where(in_list(_i.c.item_id, "ids"), _i.c.is_live == 1))
_BURIED = Statement(select(_i.c.item_id).where(in_list(_i.c.item_id, "ids"), _i.c.deleted_time.is_not(None)))
_OF_SCOPE = Statement(select(*ITEM_COLUMNS).where(_i.c.scope == bindparam("scope"), _i.c.is_live == 1))
_CHANGES = Statement(
    select(_i.c.is_live, *ITEM_COLUMNS)
    .where(_i.c.scope == bindparam("scope"), _i.c.change_number > bindparam("after"))
    .order_by(_i.c.item_id)
)
_put = upsert(_i).values(_VALUES | {"is_live": 1})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["item_id"],
        where=_i.c.deleted_time.is_(None),  # a tombstone never comes back
        set_={name: _put.excluded[name] for name in _VALUES if name != "item_id"} | UNEMBEDDED | {"is_live": 1},
    )
)
_BURY = Statement(
    update(_i)
    .where(in_list(_i.c.item_id, "ids"), _i.c.deleted_time.is_(None))
    .values(
        is_live=0,
        deleted_time=bindparam("now"),
        change_number=bindparam("change"),
        version=_i.c.version + 1,
        text="",
        terms="",
        vector=b"",
        next_vector=None,
        next_generation=NEEDS_NONE,
        speaker="",
        details="{}",
        metadata="",
    )
)
_HIDE = Statement(
    update(_i)
    .where(_i.c.item_id == bindparam("which"), _i.c.deleted_time.is_(None), _i.c.is_live != bindparam("new_is_live"))
    .values(is_live=bindparam("new_is_live"), change_number=bindparam("change"), version=_i.c.version + 1)
)


def _page(columns: Sequence[ColumnElement[Any]], which: ColumnElement[bool]) -> Statement:
    return Statement(
        select(_i.c.item, *columns)
        .where(
            _i.c.shard == bindparam("shard"),
            tuple_(_i.c.scope, _i.c.item) > tuple_(bindparam("after_scope"), bindparam("after_item")),
            which,
        )
        .order_by(_i.c.scope, _i.c.item)
        .limit(bindparam("most"))
    )


_BY_SHARD = _page(ITEM_COLUMNS, or_(_i.c.is_live == 1, and_(bindparam("hidden_too") == 1, _i.c.deleted_time.is_(None))))
_NEXT_BY_SHARD = _page(NEXT_ITEM_COLUMNS, and_(_i.c.is_live == 1, _i.c.next_generation == bindparam("generation")))
_COUNT_SHARD = Statement(select(text("count(*)")).select_from(_i).where(_i.c.shard == bindparam("shard"), _i.c.is_live == 1))
_SET_VECTOR = Statement(
    update(_i)
    .where(_i.c.item_id == bindparam("which"))
    .values(vector=bindparam("new_vector"), generation=bindparam("new_generation"), **UNEMBEDDED)
)
_PENDING_COLUMNS = ["item_id", "shard", "version", "deleted"]
_pending = upsert(schema.index_pending).from_select(
    _PENDING_COLUMNS,
    select(_i.c.item_id, _i.c.shard, _i.c.version, 1 - _i.c.is_live).where(in_list(_i.c.item_id, "ids")),
)
_PENDING = Statement(
    _pending.on_conflict_do_update(
        index_elements=["item_id"], set_={name: _pending.excluded[name] for name in _PENDING_COLUMNS[1:]}
    )
)
_p = schema.index_pending
_READ_PENDING = Statement(
    select(schema.index_pending.c.item_id, schema.index_pending.c.version, schema.index_pending.c.deleted)
    .where(schema.index_pending.c.shard == bindparam("shard"))
    .limit(bindparam("most"))
)
_CLEAR_PENDING = Statement(  # whoever holds a row is making it a later version: it is not waited for
    delete(_p).where(
        _p.c.item_id
        == select(_p.c.item_id)
        .where(_p.c.item_id == bindparam("item_id"), _p.c.version == bindparam("version"))
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
)
_EXPIRED = Statement(
    select(_i.c.item, _i.c.scope, _i.c.change_number)
    .where(_i.c.deleted_time < bindparam("before"), _i.c.shard == bindparam("shard"))
    .limit(bindparam("most"))
)
_PURGE = Statement(delete(_i).where(in_list(_i.c.item, "rows")))
_NOTE_PURGED = Statement(
    update(schema.scopes)
    .where(schema.scopes.c.scope == bindparam("which"), schema.scopes.c.purged_change < bindparam("change"))
    .values(purged_change=bindparam("change"))
)

_s = schema.scopes
_refs, (_ref_kind, _ref_customer, _ref_user) = json_rows("refs", _s.c.kind.type, _s.c.customer_id.type, _s.c.user_id.type)
_CHAIN = Statement(
    select(
        _s.c.scope,
        _s.c.shard,
        _s.c.change_number,
        _s.c.live_items,
        _s.c.purged_change,
        _s.c.kind,
        _s.c.customer_id,
        _s.c.user_id,
    )
    .select_from(_refs)
    .join(
        _s,
        and_(
            _s.c.instance_id == bindparam("instance_id"),
            _s.c.kind == _ref_kind,
            _s.c.customer_id == _ref_customer,
            _s.c.user_id == _ref_user,
        ),
    )
)

_CONVERSATION = Statement(
    text("""
        WITH talk AS (
            SELECT c.conversation, c.conversation_id, c.message_count, own.instance_id, own.scope, own.shard, own.kind,
                   own.customer_id, own.user_id
            FROM conversations AS c JOIN scopes AS own ON own.scope = c.scope
            WHERE c.instance_id = :instance_id AND c.conversation_id = :conversation_id
        ),
        turns AS (
            SELECT talk.shard, m.seq, m.lane, talk.message_count, m.number, m.message_id, m.session_id, m.role, m.speaker,
                   m.content, m.metadata, m.said_time, m.record_time, m.time_zone, m.seq > a.seq AS is_waiting
            FROM talk
            JOIN messages AS m ON m.conversation = talk.conversation
                AND m.number > talk.message_count - :look_back
            JOIN log_applied AS a ON a.shard = talk.shard AND a.lane = m.lane
            WHERE m.number > talk.message_count - :recent_limit OR m.seq > a.seq
        )
        SELECT s.scope, s.shard, s.change_number, s.live_items, s.purged_change, s.kind, s.customer_id, s.user_id,
               s.scope = talk.scope AS is_own, talk.message_count,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM talk JOIN scopes AS s ON s.instance_id = talk.instance_id AND (
            s.scope = talk.scope
            OR s.kind = 'client'
            OR (talk.kind = 'user' AND talk.customer_id <> '' AND s.kind = 'customer'
                AND s.customer_id = talk.customer_id AND s.user_id = '')
        )
        UNION ALL
        SELECT NULL, shard, seq, lane, NULL, NULL, NULL, NULL, NULL, message_count, number, message_id, session_id, role, speaker,
               content, metadata, said_time, record_time, time_zone, is_waiting
        FROM turns
    """)
)


@dataclass(frozen=True, slots=True)
class ScopeState:
    """One scope as it stands now."""

    scope: int
    shard: int
    change_number: int
    live_items: int
    purged_change: int
    ref: ScopeRef


@dataclass(frozen=True, slots=True)
class RecentMessage:
    """A turn of a conversation, as it was recorded. Times are microseconds since 1970 UTC."""

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
    is_waiting: bool
    """Whether extraction has not been there yet, so that ranking cannot know it."""


@dataclass(frozen=True, slots=True)
class ConversationState:
    """A conversation's scope chain, narrowest first, and its last turns, oldest first."""

    own: ScopeState
    chain: tuple[ScopeState, ...]
    message_count: int
    recent: tuple[RecentMessage, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a scope since a change number."""

    change_number: int
    changed: tuple[Item, ...]
    deleted: tuple[str, ...]


def chain_by_ids(connection: Connection, instance_id: str, chain: Sequence[ScopeRef]) -> list[ScopeState]:
    """The scopes of a chain that exist, in the chain's order. One statement."""
    refs = json_list([ref.kind.value, ref.customer_id, ref.user_id] for ref in chain)
    found = [_state(row) for row in _CHAIN.run(connection, refs=refs, instance_id=instance_id)]
    return sorted(found, key=_width)


def chain_by_conversation(
    connection: Connection, instance_id: str, conversation_id: str, recent_limit: int
) -> ConversationState | None:
    """A conversation's scopes and last turns; None where it was never registered. One statement.

    Besides the last `recent_limit` turns it tells those of the last `RECENT_UNINDEXED` that are not applied yet.
    """
    rows = _CONVERSATION.run(
        connection,
        instance_id=instance_id,
        conversation_id=conversation_id,
        recent_limit=recent_limit,
        look_back=max(recent_limit, RECENT_UNINDEXED),
    ).all()
    if not rows:
        return None
    scopes = [row for row in rows if row[0] is not None]
    chain = sorted((_state(row) for row in scopes), key=_width)
    own = next(_state(row) for row in scopes if row[8])
    recent = tuple(sorted((_recent(row) for row in rows if row[0] is None), key=attrgetter("number")))
    return ConversationState(own, tuple(chain), rows[0][9], recent)


def _state(row: Any) -> ScopeState:
    return ScopeState(row[0], row[1], row[2], row[3], row[4], ScopeRef(ScopeKind(row[5]), row[6], row[7]))


def _recent(row: Any) -> RecentMessage:
    told: list[Any] = [*row[10:20], bool(row[20])]
    return RecentMessage(*told)


def _width(state: ScopeState) -> int:
    return (ScopeKind.USER, ScopeKind.CUSTOMER, ScopeKind.CLIENT).index(state.ref.kind)


def live_ids(connection: Connection, scope: int) -> tuple[int, list[str]]:
    """(change number, item ids) of what is live in a scope."""
    return _change_number(connection, scope), [row[0] for row in _LIVE.run(connection, scope=scope)]


def items_by_ids(connection: Connection, ids: Iterable[str]) -> list[Item]:
    """The live ones among these items."""
    return [Item(*row) for row in _BY_IDS.run(connection, ids=json_list(ids))]


def items_of_scope(connection: Connection, scope: int) -> tuple[int, ItemColumns]:
    """(change number, everything that is live in a scope)."""
    return _change_number(connection, scope), ItemColumns.of_rows(_OF_SCOPE.run(connection, scope=scope).all())


def _change_number(connection: Connection, scope: int) -> int:
    return int(_CHANGE_NUMBER.run(connection, scope=scope).one()[0])


def live_among(connection: Connection, ids: Iterable[str]) -> set[str]:
    """The ids of the live ones among these items."""
    return {row[0] for row in _LIVE_AMONG.run(connection, ids=json_list(ids))}


def buried_items(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these ids are tombstones'; what bears such an id never comes back."""
    return {row[0] for row in _BURIED.run(connection, ids=json_list(ids))}


def changes_since(connection: Connection, scope: int, after: int) -> Changes | None:
    """What changed in a scope after a change number; None where tombstones since then are gone already."""
    change_number, purged = _CHANGE_NUMBER.run(connection, scope=scope).one()
    if after < purged:
        return None
    changed: list[Item] = []
    deleted: list[str] = []
    for row in _CHANGES.run(connection, scope=scope, after=after):
        if row[0]:
            changed.append(Item(*row[1:]))
        else:
            deleted.append(row[1])
    return Changes(change_number, tuple(changed), tuple(deleted))


def put_items(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write items and note that the index must follow. Keys: the fields of `Item`, and shard, change_number, generation."""
    _PUT.run_many(connection, rows)
    _note_pending(connection, [row["item_id"] for row in rows])


def bury_items(connection: Connection, ids: Sequence[str], change_number: int) -> int:
    """Turn items into tombstones without content. Returns how many were live."""
    live = live_among(connection, ids)
    _BURY.run(connection, ids=json_list(ids), now=now_us(), change=change_number)
    _note_pending(connection, ids)
    return len(live)


def show_item(connection: Connection, item_id: str, change_number: int, *, is_live: bool) -> bool:
    """Hide an item that repeats another, or show it again, keeping its content. Returns whether that changed anything."""
    if _HIDE.run(connection, which=item_id, change=change_number, new_is_live=int(is_live)).rowcount == 0:
        return False
    _note_pending(connection, [item_id])
    return True


def _note_pending(connection: Connection, ids: Sequence[str]) -> None:
    """Remember items as they are now until the index has them so."""
    if ids:
        _PENDING.run(connection, ids=json_list(ids))


def read_pending(connection: Connection, shard: int, most: int) -> list[tuple[str, int, bool]]:
    """(item id, version, is deleted) of what the index must still be told."""
    rows = _READ_PENDING.run(connection, shard=shard, most=most)
    return [(item_id, version, bool(deleted)) for item_id, version, deleted in rows]


def clear_pending(connection: Connection, done: Sequence[tuple[str, int]]) -> int:
    """Forget (item id, version) that the index has; what has a later version, or is just getting one, stays pending.

    Returns how many were forgotten.
    """
    return _CLEAR_PENDING.run_many(connection, [{"item_id": item_id, "version": version} for item_id, version in done])


def items_by_shard(
    connection: Connection, shard: int, after: tuple[int, int], most: int, *, hidden_too: bool = False
) -> tuple[tuple[int, int], list[Item]]:
    """A page of a shard's live items, scope by scope: (where the next page begins, items).

    Args:
        connection: any.
        shard: the shard.
        after: `FIRST_PAGE`, or what the page before gave.
        most: rows of a page.
        hidden_too: also those that are not served now, because they repeat others, and may be one day.
    """
    place = {"shard": shard, "after_scope": after[0], "after_item": after[1], "most": most}
    return _place_and_items(_BY_SHARD.run(connection, **place, hidden_too=int(hidden_too)).all(), after)


def next_items_by_shard(
    connection: Connection, shard: int, after: tuple[int, int], most: int, generation: int
) -> tuple[tuple[int, int], list[Item]]:
    """As `items_by_shard`, of the live items that have it, with the vector of the next model."""
    place = {"shard": shard, "after_scope": after[0], "after_item": after[1], "most": most}
    return _place_and_items(_NEXT_BY_SHARD.run(connection, **place, generation=generation).all(), after)


def _place_and_items(rows: Sequence[Sequence[Any]], after: tuple[int, int]) -> tuple[tuple[int, int], list[Item]]:
    found = [Item(*row[1:]) for row in rows]
    return ((found[-1].scope, rows[-1][0]) if found else after), found


def count_of_shard(connection: Connection, shard: int) -> int:
    """How many live items a shard has."""
    return int(_COUNT_SHARD.run(connection, shard=shard).scalar_one())


def set_vectors(connection: Connection, vectors: Sequence[tuple[str, bytes]], generation: int) -> None:
    """Replace the vectors of items by those of another model."""
    _SET_VECTOR.run_many(
        connection,
        [{"which": item_id, "new_vector": vector, "new_generation": generation} for item_id, vector in vectors],
    )


def purge_tombstones(connection: Connection, shard: int, most: int = 1000) -> int:
    """Drop a shard's tombstones older than a day, noting in their scopes from where on changes are no longer told in full."""
    expired = _EXPIRED.run(connection, shard=shard, before=now_us() - TOMBSTONE_US, most=most).all()
    purged: dict[int, int] = {}
    for _, scope, change in expired:
        purged[scope] = max(change, purged.get(scope, 0))
    _NOTE_PURGED.run_many(connection, [{"which": scope, "change": change} for scope, change in sorted(purged.items())])
    _PURGE.run(connection, rows=json_list(row[0] for row in expired))
    return len(expired)
