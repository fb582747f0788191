"""The one row that says what this deployment is, written when it is created and checked at every start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from service.catalog import schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement
from service.domain.kinds import Lane

_SELECT = Statement(select(schema.deployment))
_UPDATE_MODEL = Statement(
    update(schema.deployment).values(model_id=bindparam("new_model"), generation=bindparam("new_generation"))
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is fixed when a deployment is created, and the model its vectors are of."""

    shards: int
    log_epoch: int
    """Random 63-bit number, new at creation, restore and copy."""
    model_id: str
    generation: int
    """Grows with every change of the model."""


def load_deployment(connection: Connection) -> Deployment | None:
    """The row, or None where nothing was created yet."""
    rows = _SELECT.rows(connection)
    if not rows:
        return None
    row = rows[0]
    return Deployment(row["shards"], row["log_epoch"], row["model_id"], row["generation"])


def create_deployment(connection: Connection, *, shards: int, model_id: str, extractor_version: str) -> Deployment:
    """Write the row, and one row per shard and lane in the log's tables."""
    created = Deployment(shards, secrets.randbits(63), model_id, 1)
    connection.execute(
        insert(schema.deployment).values(
            id=1,
            shards=shards,
            log_epoch=created.log_epoch,
            model_id=model_id,
            generation=1,
            extractor_version=extractor_version,
            create_time=now_us(),
        )
    )
    for shard in range(shards):
        connection.execute(insert(schema.shard_owner).values(shard=shard, owner_epoch=0, owner_id="", lease_time=0))
        connection.execute(insert(schema.relay_leases).values(shard=shard, epoch=0, holder="", expire_time=0))
        for lane in Lane:
            for table in (schema.log_heads, schema.log_published, schema.log_applied, schema.log_indexed):
                connection.execute(insert(table).values(shard=shard, lane=int(lane), seq=0))
    return created


def change_model(connection: Connection, model_id: str, generation: int) -> None:
    """Say that vectors are of another model from now on."""
    _UPDATE_MODEL.run(connection, new_model=model_id, new_generation=generation)
