"""The one row that says what this deployment is, written when it is created and checked at every start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from service.catalog import schema
from service.catalog.engine import Catalog
from service.catalog.ids import now_us
from service.catalog.sql import Statement
from service.domain.errors import FailedPrecondition
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
    analysis_version: int
    """Of the text analysis that made the stored terms; a question's terms must be made in the same way."""


def load_deployment(connection: Connection) -> Deployment | None:
    """The row, or None where nothing was created yet."""
    rows = _SELECT.rows(connection)
    if not rows:
        return None
    row = rows[0]
    return Deployment(row["shards"], row["log_epoch"], row["model_id"], row["generation"], row["analysis_version"])


def settle_deployment(
    catalog: Catalog, *, shards: int | None, default_shards: int, model_id: str, extractor_version: str, analysis_version: int
) -> Deployment:
    """The deployment, created where there is none yet, by one of those who find none at the same time.

    Args:
        catalog: the truth.
        shards: how many there must be; None: as many as there are.
        default_shards: how many a new deployment gets where that is not said.
        model_id: of whose vectors they must be.
        extractor_version: noted in a new deployment.
        analysis_version: by which its terms must be made.

    Raises:
        FailedPrecondition: it was created with another number of shards, or its vectors are of another model, or its terms of another analysis.
    """

    def settle(connection: Connection) -> Deployment:
        found = load_deployment(connection)
        if found is None:
            found = create_deployment(
                connection,
                shards=shards or default_shards,
                model_id=model_id,
                extractor_version=extractor_version,
                analysis_version=analysis_version,
            )
        return found

    with catalog.read() as connection:
        found = load_deployment(connection)
    found = found or catalog.transact(settle)
    if shards is not None and found.shards != shards:
        raise FailedPrecondition(
            f"this deployment has {found.shards} shards, this service is to have {shards}: "
            "the number is fixed when a deployment is created (`eunoe up` has 1; `serve` and `work` create 16, or `shards`)",
            reason="SHARDS_MISMATCH",
        )
    if found.model_id != model_id:
        raise FailedPrecondition(
            f"the vectors in this catalog were made by {found.model_id}, the configured model is {model_id}: "
            "run `eunoe reindex` to embed everything again, or configure the former model",
            reason="MODEL_CHANGED",
        )
    if found.analysis_version != analysis_version:
        raise FailedPrecondition(
            f"the words in this catalog were taken apart by text analysis {found.analysis_version}, this version has {analysis_version}, "
            "so that questions would miss them: start with an empty place and load the data again, or run the former version",
            reason="ANALYSIS_CHANGED",
        )
    return found


def create_deployment(
    connection: Connection, *, shards: int, model_id: str, extractor_version: str, analysis_version: int
) -> Deployment:
    """Write the row, and one row per shard and lane in the log's tables."""
    created = Deployment(shards, secrets.randbits(63), model_id, 1, analysis_version)
    connection.execute(
        insert(schema.deployment).values(
            id=1,
            shards=shards,
            log_epoch=created.log_epoch,
            model_id=model_id,
            generation=1,
            extractor_version=extractor_version,
            analysis_version=analysis_version,
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
