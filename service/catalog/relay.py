"""Who publishes the outbox of which shard, and how far it has come.

A lease is a row per shard with a holder, an epoch that grows with every new holder, and an end by the database's clock. `log_published`
moves only forward, and only in the name of the lease's present epoch; what a late relay publishes all the same is only doubled, and its
readers skip doubles. Leases change hands one relay at a time, for several that renew and take them row by row would get in each other's way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, exists, or_, select, update

from service.catalog import schema
from service.catalog.clock import database_now
from service.catalog.sql import Statement

_MICROSECONDS = 1_000_000
_l, _p = schema.relay_leases, schema.log_published

_LOCK = Statement(select(_l.c.shard).order_by(_l.c.shard).with_for_update())
_END = database_now() + bindparam("length")
_FREE_OR_MINE = Statement(select(_l.c.shard).where(or_(_l.c.expire_time < database_now(), _l.c.holder == bindparam("me"))))
_RENEW = Statement(update(_l).where(_l.c.holder == bindparam("me")).values(expire_time=_END).returning(_l.c.shard, _l.c.epoch))
_TAKE = Statement(
    update(_l)
    .where(_l.c.expire_time < database_now(), _l.c.holder != bindparam("me"))
    .values(expire_time=_END, holder=bindparam("me"), epoch=_l.c.epoch + 1)
    .returning(_l.c.shard, _l.c.epoch)
)
_GIVE_BACK = Statement(update(_l).where(_l.c.holder == bindparam("me")).values(expire_time=0, holder=""))
_ADVANCE = Statement(
    update(_p)
    .where(
        _p.c.shard == bindparam("which_shard"),
        _p.c.lane == bindparam("which_lane"),
        _p.c.seq < bindparam("new_seq"),
        exists(select(_l.c.shard).where(_l.c.shard == _p.c.shard, _l.c.epoch == bindparam("my_epoch"))),
    )
    .values(seq=bindparam("new_seq"))
)


def has_leases(connection: Connection, holder: str) -> bool:
    """Whether there is a lease that this holder has, or could take."""
    return _FREE_OR_MINE.run(connection, me=holder).first() is not None


def hold_leases(connection: Connection, holder: str, seconds: float) -> dict[int, int]:
    """Renew what this holder has and take what nobody has any longer.

    Args:
        connection: in a write transaction.
        holder: a name of one run of one process.
        seconds: how long the leases last from now.

    Returns:
        shard → epoch of every lease that it holds now.
    """
    _LOCK.run(connection).all()
    length = int(seconds * _MICROSECONDS)
    held: dict[int, int] = {}
    for statement in (_RENEW, _TAKE):
        held.update((row[0], row[1]) for row in statement.run(connection, me=holder, length=length))
    return held


def give_leases_back(connection: Connection, holder: str) -> None:
    """Let others take over at once."""
    _LOCK.run(connection).all()
    _GIVE_BACK.run(connection, me=holder)


def advance_published(connection: Connection, epochs: Mapping[int, int], published: Mapping[tuple[int, int], int]) -> None:
    """Say how far the log is published; where the lease has passed to somebody else, nothing is said."""
    rows: list[dict[str, Any]] = [
        {"which_shard": shard, "which_lane": lane, "new_seq": seq, "my_epoch": epochs[shard]}
        for (shard, lane), seq in sorted(published.items())
        if shard in epochs
    ]
    _ADVANCE.run_many(connection, rows)
