"""What fetches and lists read besides the rows of `items` and `memories`: newest first, and which index table holds a scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from sqlalchemy import Connection, and_, bindparam, select, tuple_

from service.catalog import schema
from service.catalog.edits import Guard
from service.catalog.memories import MemoryRow, get_memory
from service.catalog.sql import Statement, in_list, json_list, json_rows
from service.domain.item import Item
from service.domain.kinds import PASSAGE, MemoryType

_m, _i, _s = schema.memories, schema.items, schema.scopes

_LIST = Statement(
    select(_m.c.memory_id)
    .join(_s, _s.c.scope == _m.c.scope)
    .join(_i, _i.c.item_id == _m.c.memory_id)
    .where(
        _s.c.instance_id == bindparam("instance_id"),
        (bindparam("user_id") == "") | (_s.c.user_id == bindparam("user_id")),
        (bindparam("customer_id") == "") | (_s.c.customer_id == bindparam("customer_id")),
        in_list(_m.c.type, "types"),
        _i.c.is_live == 1,
        tuple_(_m.c.create_time, _m.c.memory_id) < tuple_(bindparam("before_time"), bindparam("before_id")),
    )
    .order_by(_m.c.create_time.desc(), _m.c.memory_id.desc())
    .limit(bindparam("most"))
)
_LATEST = Statement(
    select(*[_i.c[field.name] for field in fields(Item)])
    .where(_i.c.scope == bindparam("scope"), _i.c.is_live == 1)
    .order_by(_i.c.said_time.desc(), _i.c.item_id)
    .limit(bindparam("most"))
)
_wanted, (_turn_scope, _turn_session, _turn_number) = json_rows("turns", _i.c.scope.type, _i.c.session.type, _i.c.number.type)
_TURNS = Statement(
    select(*[_i.c[field.name] for field in fields(Item)])
    .select_from(_wanted)
    .join(
        _i,
        and_(
            _i.c.scope == _turn_scope,  # a constant here would make SQLite walk the whole scope
            _i.c.session == _turn_session,
            _i.c.number == _turn_number,
        ),
    )
    .where(_i.c.kind == PASSAGE, _i.c.is_live == 1)
)
_TABLE = Statement(
    select(schema.index_tables.c.name).join(_s, _s.c.shard == schema.index_tables.c.shard).where(_s.c.scope == bindparam("scope"))
)

NEWEST = (2**62, "")
"""(create time, memory id) after every memory: where a list begins."""


def newest_memories(
    connection: Connection,
    instance_id: str,
    guard: Guard,
    types: Iterable[MemoryType],
    before: tuple[int, str],
    most: int,
) -> list[MemoryRow]:
    """A page of an instance's live memories, newest first, before (create time, memory id); no types: all."""
    wanted = [kind.value for kind in types] or [kind.value for kind in MemoryType]
    ids = _LIST.run(
        connection,
        instance_id=instance_id,
        user_id=guard.user_id,
        customer_id=guard.customer_id,
        types=json_list(wanted),
        before_time=before[0],
        before_id=before[1],
        most=most,
    )
    rows = (get_memory(connection, instance_id, row[0]) for row in ids.all())
    return [row for row in rows if row is not None]


def latest_items(connection: Connection, scope: int, most: int) -> list[Item]:
    """The live items of a scope that were said last."""
    return [Item(*row) for row in _LATEST.run(connection, scope=scope, most=most)]


def passages_of_turns(connection: Connection, scope: int, turns: Iterable[tuple[str, int]]) -> list[Item]:
    """The live passages of a scope that are some turns, given as (session, number)."""
    wanted = json_list((scope, session, number) for session, number in turns)
    return [Item(*row) for row in _TURNS.run(connection, turns=wanted)]


def table_of_scope(connection: Connection, scope: int) -> str | None:
    """The table of the search index that holds a scope; None where there is none yet."""
    name = _TABLE.run(connection, scope=scope).scalar()
    return None if name is None else str(name)
