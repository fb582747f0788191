"""Scopes: their numbers, shards and change numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select, update

from service.catalog import schema
from service.catalog.errors import Overtaken
from service.catalog.sql import Statement, upsert
from service.domain.scope import ScopeRef, shard_of

_scopes = schema.scopes

_FIND = Statement(
    select(_scopes.c.scope, _scopes.c.shard).where(
        _scopes.c.instance_id == bindparam("instance_id"),
        _scopes.c.kind == bindparam("kind"),
        _scopes.c.customer_id == bindparam("customer_id"),
        _scopes.c.user_id == bindparam("user_id"),
    )
)
_INSERT = Statement(
    upsert(_scopes)
    .values(
        {name: bindparam(name) for name in ("instance_id", "kind", "customer_id", "user_id", "shard")}
        | {"change_number": 0, "live_items": 0, "purged_change": 0}
    )
    .on_conflict_do_nothing(index_elements=["instance_id", "kind", "customer_id", "user_id"])
    .returning(_scopes.c.scope)
)
_DRAW_CHANGE = Statement(
    update(_scopes)
    .where(_scopes.c.scope == bindparam("which"))
    .values(change_number=_scopes.c.change_number + 1)
    .returning(_scopes.c.change_number)
)
_GROW = Statement(
    update(_scopes).where(_scopes.c.scope == bindparam("which")).values(live_items=_scopes.c.live_items + bindparam("growth"))
)


def find_scope(connection: Connection, instance_id: str, ref: ScopeRef) -> tuple[int, int] | None:
    """(scope number, shard) of a scope that something was written to; None where nothing ever was."""
    row = _FIND.run(
        connection, instance_id=instance_id, kind=ref.kind.value, customer_id=ref.customer_id, user_id=ref.user_id
    ).first()
    return None if row is None else (row[0], row[1])


def ensure_scope(connection: Connection, instance_id: str, ref: ScopeRef, shards: int) -> tuple[int, int]:
    """(scope number, shard), created where it is new."""
    found = find_scope(connection, instance_id, ref)
    if found is not None:
        return found
    shard = shard_of(instance_id, ref, shards)
    created = _INSERT.run(
        connection,
        instance_id=instance_id,
        kind=ref.kind.value,
        customer_id=ref.customer_id,
        user_id=ref.user_id,
        shard=shard,
    ).first()
    if created is not None:
        return created[0], shard
    raced = find_scope(connection, instance_id, ref)
    if raced is None:
        raise Overtaken("the scope was created by somebody else at the same time")
    return raced


def draw_change(connection: Connection, scope: int) -> int:
    """The scope's next change number. The row stays locked until commit, so numbers become visible in order."""
    return int(_DRAW_CHANGE.run(connection, which=scope).scalar_one())


def grow(connection: Connection, growths: Mapping[int, int]) -> None:
    """Change the counts of live items: scope → by how many."""
    _GROW.run_many(connection, [{"which": scope, "growth": growth} for scope, growth in growths.items() if growth])
