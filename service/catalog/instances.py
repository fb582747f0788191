"""Instances and their API keys: rows only; who may use them is decided in `service.app`.

An instance has two ids: `instance_id` is drawn and stands in every other table, `name` is what callers call it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from service.catalog import schema
from service.catalog.sql import Statement
from service.domain.kinds import Isolation

_i, _k = schema.instances, schema.api_keys


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One instance. Times are microseconds since 1970 UTC."""

    instance_id: str
    """32 hexadecimal digits."""
    name: str
    isolation: Isolation
    create_time: int


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One API key. Its secret is not kept, only the SHA-256 of the whole token."""

    key_id: str
    instance_id: str
    secret_hash: bytes
    label: str
    create_time: int
    revoke_time: int | None


_INSERT_INSTANCE = Statement(insert(_i).values({column.name: bindparam(column.name) for column in _i.columns}))
_BY_NAME = Statement(select(_i).where(_i.c.name == bindparam("name")))
_LIST_INSTANCES = Statement(select(_i).where(_i.c.name > bindparam("after")).order_by(_i.c.name).limit(bindparam("most")))
_LOCK_INSTANCE = Statement(select(_i.c.instance_id).where(_i.c.instance_id == bindparam("instance_id")).with_for_update())
_STORED = Statement(
    select(
        select(func.coalesce(func.sum(schema.scopes.c.live_items), 0))
        .where(schema.scopes.c.instance_id == bindparam("instance_id"))
        .scalar_subquery()
        + select(func.count())
        .select_from(schema.outbox)
        .where(schema.outbox.c.instance_id == bindparam("instance_id"))
        .scalar_subquery()
    )
)
_INSERT_KEY = Statement(insert(_k).values({column.name: bindparam(column.name) for column in _k.columns}))
_KEY = Statement(
    select(_k, _i.c.name, _i.c.isolation, _i.c.create_time.label("instance_create_time"))
    .join(_i, _i.c.instance_id == _k.c.instance_id)
    .where(_k.c.key_id == bindparam("key_id"))
)
_LIST_KEYS = Statement(
    select(_k)
    .where(_k.c.instance_id == bindparam("instance_id"), _k.c.key_id > bindparam("after"))
    .order_by(_k.c.key_id)
    .limit(bindparam("most"))
)
_REVOKE = Statement(
    update(_k).where(_k.c.key_id == bindparam("which"), _k.c.revoke_time.is_(None)).values(revoke_time=bindparam("now"))
)


def insert_instance(connection: Connection, row: InstanceRow) -> None:
    """Add an instance; its name must be free."""
    _INSERT_INSTANCE.run(
        connection,
        instance_id=row.instance_id,
        name=row.name,
        isolation=row.isolation.value,
        create_time=row.create_time,
    )


def find_instance(connection: Connection, name: str) -> InstanceRow | None:
    """The instance that callers call by this name."""
    rows = _BY_NAME.rows(connection, name=name)
    return _instance(rows[0]) if rows else None


def list_instances(connection: Connection, after: str, most: int) -> list[InstanceRow]:
    """A page of instances by name."""
    return [_instance(row) for row in _LIST_INSTANCES.rows(connection, after=after, most=most)]


def lock_instance(connection: Connection, instance_id: str) -> None:
    """Let nobody else do meanwhile what only one may do in an instance at a time."""
    _LOCK_INSTANCE.run(connection, instance_id=instance_id).first()


def count_stored(connection: Connection, instance_id: str) -> int:
    """What an instance holds: its memories and excerpts, and one for each record that is not processed yet."""
    return int(_STORED.run(connection, instance_id=instance_id).scalar_one())


def insert_key(connection: Connection, row: KeyRow) -> None:
    """Add an API key."""
    _INSERT_KEY.run(
        connection,
        key_id=row.key_id,
        instance_id=row.instance_id,
        secret_hash=row.secret_hash,
        label=row.label,
        create_time=row.create_time,
        revoke_time=row.revoke_time,
    )


def find_key(connection: Connection, key_id: str) -> tuple[KeyRow, InstanceRow] | None:
    """A key, revoked or not, and the instance it opens."""
    rows = _KEY.rows(connection, key_id=key_id)
    if not rows:
        return None
    row = rows[0]
    instance = InstanceRow(row["instance_id"], row["name"], Isolation(row["isolation"]), row["instance_create_time"])
    return _key(row), instance


def list_keys(connection: Connection, instance_id: str, after: str, most: int) -> list[KeyRow]:
    """A page of the keys of an instance, oldest first (their ids are ordered in time)."""
    return [_key(row) for row in _LIST_KEYS.rows(connection, instance_id=instance_id, after=after, most=most)]


def revoke_key(connection: Connection, key_id: str, now: int) -> None:
    """Revoke a key from now on; a key that is revoked keeps its first time."""
    _REVOKE.run(connection, which=key_id, now=now)


def _instance(row: Mapping[str, Any]) -> InstanceRow:
    return InstanceRow(row["instance_id"], row["name"], Isolation(row["isolation"]), row["create_time"])


def _key(row: Mapping[str, Any]) -> KeyRow:
    return KeyRow(row["key_id"], row["instance_id"], row["secret_hash"], row["label"], row["create_time"], row["revoke_time"])
