"""One owner per shard, fenced by an epoch: who lost it can change nothing in the catalog.

The shard's row stays locked until an owner's transaction ends, so that whoever takes the shard over waits for it, and then fences it.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update

from service.catalog import schema
from service.catalog.clock import database_now
from service.catalog.sql import Statement

_o = schema.shard_owner
_TAKE = Statement(
    update(_o)
    .where(_o.c.shard == bindparam("which"))
    .values(owner_epoch=_o.c.owner_epoch + 1, owner_id=bindparam("new_owner"), lease_time=database_now())
    .returning(_o.c.owner_epoch)
)
_FENCE = Statement(
    update(_o).where(_o.c.shard == bindparam("which"), _o.c.owner_epoch == bindparam("epoch")).values(lease_time=database_now())
)


class FencedError(Exception):
    """Another process owns the shard by now; this one must leave it alone."""

    def __init__(self, shard: int, epoch: int) -> None:
        """Say whose time is over."""
        super().__init__(f"shard {shard} is owned by another process (epoch {epoch} is over)")
        self.shard = shard


def take_ownership(connection: Connection, shard: int, owner_id: str) -> int:
    """Become the owner of a shard. Returns the owner epoch."""
    return int(_TAKE.run(connection, which=shard, new_owner=owner_id).scalar_one())


def fence(connection: Connection, shard: int, epoch: int) -> None:
    """First statement of every owner transaction.

    Raises:
        FencedError: somebody else owns the shard.
    """
    if _FENCE.run(connection, which=shard, epoch=epoch).rowcount != 1:
        raise FencedError(shard, epoch)
