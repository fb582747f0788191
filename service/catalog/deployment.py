"""The one row that says what this deployment is, written when it is created and checked at every start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields, replace

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from service.catalog import schema
from service.catalog.engine import Catalog
from service.catalog.ids import now_us
from service.catalog.sql import Statement
from service.domain.errors import FailedPrecondition
from service.domain.kinds import Lane

_SELECT = Statement(select(schema.deployment))
_GENERATION = Statement(select(schema.deployment.c.generation))
_NEW_EPOCH = Statement(update(schema.deployment).values(log_epoch=bindparam("new_epoch")))
_OF_FORMER_EPOCH = [Statement(delete(table)) for table in (schema.index_tables, schema.index_builds, schema.log_held)]
_p, _indexed = schema.log_published, schema.log_indexed
_PUBLISH_AGAIN = Statement(
    update(_p).values(
        seq=select(_indexed.c.seq).where(_indexed.c.shard == _p.c.shard, _indexed.c.lane == _p.c.lane).scalar_subquery()
    )
)
_UPDATE_MODEL = Statement(
    update(schema.deployment).values(
        model_id=bindparam("new_model"),
        generation=bindparam("new_generation"),
        model_dir=None,
        next_model_id=None,
        next_model_dir=None,
    )
)
_NOTE_MODEL_DIR = Statement(update(schema.deployment).values(model_dir=bindparam("new_dir")))
_BEGIN_CHANGE = Statement(
    update(schema.deployment).values(next_model_id=bindparam("new_model"), next_model_dir=bindparam("new_dir"))
)
_SWITCH = Statement(
    update(schema.deployment).values(
        model_id=schema.deployment.c.next_model_id,
        model_dir=schema.deployment.c.next_model_dir,
        generation=schema.deployment.c.generation + 1,
        next_model_id=None,
        next_model_dir=None,
    )
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
    model_dir: str | None = None
    """Where its files were when a service last started with it."""
    next_model_id: str | None = None
    """Set: everything is being embedded with this one too, and the service will switch to it."""
    next_model_dir: str | None = None


def load_deployment(connection: Connection) -> Deployment | None:
    """The row, or None where nothing was created yet."""
    rows = _SELECT.rows(connection)
    if not rows:
        return None
    row = rows[0]
    names = [field.name for field in fields(Deployment)]
    return Deployment(**{name: row[name] for name in names})


def generation(connection: Connection) -> int:
    """Of the vectors that count."""
    return int(_GENERATION.run(connection).scalar_one())


def settle_deployment(
    catalog: Catalog,
    *,
    shards: int | None,
    default_shards: int,
    model_id: str,
    model_dir: str,
    extractor_version: str,
    analysis_version: int,
) -> Deployment:
    """The deployment, created where there is none yet, by one of those who find none at the same time.

    Args:
        catalog: the truth.
        shards: how many there must be; None: as many as there are.
        default_shards: how many a new deployment gets where that is not said.
        model_id: of whose vectors they must be, or about to be.
        model_dir: where the files of that model are.
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
        if found.model_id == model_id and found.model_dir != model_dir:
            note_model_dir(connection, model_dir)
            found = replace(found, model_dir=model_dir)
        return found

    with catalog.read() as connection:
        known = load_deployment(connection)
    is_settled = known is not None and (known.model_dir == model_dir or known.model_id != model_id)
    found = known if known is not None and is_settled else catalog.transact(settle)
    require_match(found, shards=shards, model_id=model_id, analysis_version=analysis_version)
    return found


def require_match(found: Deployment, *, shards: int | None, model_id: str, analysis_version: int) -> None:
    """Make sure that a deployment is what somebody is about to use it as; see `settle_deployment`.

    Raises:
        FailedPrecondition: it was created with another number of shards, or its vectors are of another model, or its terms of another analysis.
    """
    if shards is not None and found.shards != shards:
        raise FailedPrecondition(
            f"this deployment has {found.shards} shards, this service is to have {shards}: "
            "the number is fixed when a deployment is created (`eunoe up` has 1; `serve` and `work` create 16, or `shards`)",
            reason="SHARDS_MISMATCH",
        )
    if model_id not in {found.model_id, found.next_model_id}:
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


def begin_epoch(connection: Connection) -> None:
    """Make what was restored or copied a deployment of its own: positions, records and index tables of before are not its."""
    _NEW_EPOCH.run(connection, new_epoch=secrets.randbits(63))
    for forget in _OF_FORMER_EPOCH:
        forget.run(connection)
    _PUBLISH_AGAIN.run(connection)


def change_model(connection: Connection, model_id: str, generation: int) -> None:
    """Say that the vectors in place are of another model from now on."""
    _UPDATE_MODEL.run(connection, new_model=model_id, new_generation=generation)


def note_model_dir(connection: Connection, model_dir: str) -> None:
    """Remember where the files of the model in use are."""
    _NOTE_MODEL_DIR.run(connection, new_dir=model_dir)


def begin_model_change(connection: Connection, model_id: str, model_dir: str) -> None:
    """Ask the owners to embed everything with another model too, and to switch to it when all is done."""
    _BEGIN_CHANGE.run(connection, new_model=model_id, new_dir=model_dir)


def switch_model(connection: Connection) -> None:
    """The next model is the one in use from here on."""
    _SWITCH.run(connection)
