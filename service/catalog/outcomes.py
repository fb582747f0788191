"""What the pipeline says of an ingestion: its stage, its errors, and the status it will end with."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, or_, select, update

from service.catalog import memories, schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement, in_list, json_list
from service.domain.kinds import IngestionStatus, SourceKind
from service.domain.source import StageError

_i = schema.ingestions
_IS_OPEN = or_(_i.c.status == IngestionStatus.QUEUED.value, _i.c.status == IngestionStatus.PROCESSING.value)

_IS_REFINING = select(schema.refine_jobs.c.job_id).where(schema.refine_jobs.c.source_id == _i.c.source_id).exists()

_BEGIN = Statement(
    update(_i)
    .where(in_list(_i.c.source_id, "ids"), _i.c.status == IngestionStatus.QUEUED.value)
    .values(status=IngestionStatus.PROCESSING.value, stage="parse", start_time=bindparam("now"), update_time=bindparam("now"))
)
_APPLY = Statement(
    update(_i)
    .where(_i.c.source_id == bindparam("which"), _IS_OPEN)
    .values(
        status=IngestionStatus.PROCESSING.value,
        outcome=bindparam("new_outcome"),
        stage="store",
        errors=bindparam("new_errors"),
        passage_count=bindparam("new_passages"),
        memory_count=bindparam("new_memories"),
        update_time=bindparam("now"),
    )
)
_FINISH = Statement(
    update(_i)
    .where(
        _i.c.source_id.in_(
            select(schema.outbox.c.source_id).where(
                schema.outbox.c.shard == bindparam("shard"),
                schema.outbox.c.lane == bindparam("lane"),
                schema.outbox.c.seq <= bindparam("upto"),
                schema.outbox.c.source_kind == SourceKind.DOCUMENT.value,
            )
        ),
        _i.c.status == IngestionStatus.PROCESSING.value,
        _i.c.outcome != "",
        ~_IS_REFINING,
    )
    .values(status=_i.c.outcome, stage="store", update_time=bindparam("now"), finish_time=bindparam("now"))
)
_FINISH_REFINED = Statement(
    update(_i)
    .where(
        _i.c.source_id == bindparam("which"),
        _i.c.status == IngestionStatus.PROCESSING.value,
        _i.c.outcome != "",
        ~select(schema.outbox.c.source_id).where(schema.outbox.c.source_id == _i.c.source_id).exists(),
    )
    .values(status=_i.c.outcome, update_time=bindparam("now"), finish_time=bindparam("now"))
)
_ERRORS_OF = Statement(select(_i.c.errors).where(_i.c.source_id == bindparam("which")))
_GIVE_UP = Statement(
    update(_i)
    .where(_i.c.source_id == bindparam("which"), _IS_OPEN)
    .values(outcome=IngestionStatus.PARTIAL_SUCCESS.value, errors=bindparam("new_errors"))
)
_COUNT = Statement(update(_i).where(_i.c.source_id == bindparam("which")).values(memory_count=bindparam("new_memories")))
_FAIL = Statement(
    update(_i)
    .where(_i.c.source_id == bindparam("which"), _IS_OPEN)
    .values(
        status=IngestionStatus.FAILED.value,
        outcome=IngestionStatus.FAILED.value,
        stage=bindparam("new_stage"),
        errors=bindparam("new_errors"),
        update_time=bindparam("now"),
        finish_time=bindparam("now"),
    )
)
_REOPEN = Statement(
    update(_i)
    .where(in_list(_i.c.source_id, "ids"), _i.c.status == IngestionStatus.FAILED.value)
    .values(
        status=IngestionStatus.QUEUED.value,
        outcome="",
        stage="",
        errors="[]",
        update_time=bindparam("now"),
        start_time=None,
        finish_time=None,
    )
)
_DELETED = "the document was deleted, and with it what this error said"
_ERRORS = Statement(select(_i.c.ingestion_id, _i.c.errors).where(_i.c.source_id == bindparam("which"), _i.c.errors != "[]"))
_REWORD = Statement(update(_i).where(_i.c.ingestion_id == bindparam("which")).values(errors=bindparam("new_errors")))


def begin_ingestions(connection: Connection, source_ids: Sequence[str]) -> None:
    """Their processing begins."""
    if source_ids:
        _BEGIN.run(connection, ids=json_list(source_ids), now=now_us())


def apply_ingestion(
    connection: Connection, source_id: str, errors: Sequence[StageError], *, passages: int, memories: int
) -> None:
    """Its effects are in the catalog; it ends once they can be searched."""
    outcome = IngestionStatus.PARTIAL_SUCCESS if errors else IngestionStatus.COMPLETED
    _APPLY.run(
        connection,
        which=source_id,
        new_outcome=outcome.value,
        new_errors=_errors(errors),
        new_passages=passages,
        new_memories=memories,
        now=now_us(),
    )


def finish_ingestions(connection: Connection, shard: int, lane: int, upto: int) -> None:
    """Everything up to a number can be searched: its ingestions end. Before the outbox rows go."""
    _FINISH.run(connection, shard=shard, lane=lane, upto=upto, now=now_us())


def count_memories(connection: Connection, source_id: str) -> None:
    """It was read again, and may say more or less now."""
    _COUNT.run(connection, which=source_id, new_memories=len(memories.memory_ids_of_source(connection, source_id)))


def finish_refined(connection: Connection, source_id: str) -> None:
    """Its second look is over: it ends, unless its first results cannot be searched yet."""
    count_memories(connection, source_id)
    _FINISH_REFINED.run(connection, which=source_id, now=now_us())


def give_up_refining(connection: Connection, source_id: str, error: StageError) -> None:
    """Its second look is given up; what the first one found stands."""
    told = json.loads(_ERRORS_OF.run(connection, which=source_id).scalar() or "[]")
    _GIVE_UP.run(connection, which=source_id, new_errors=json.dumps([*told, *json.loads(_errors([error]))], ensure_ascii=False))
    finish_refined(connection, source_id)


def fail_ingestion(connection: Connection, source_id: str, error: StageError) -> None:
    """It ends here, in vain."""
    _FAIL.run(connection, which=source_id, new_stage=error.stage, new_errors=_errors([error]), now=now_us())


def reopen_ingestions(connection: Connection, source_ids: Sequence[str]) -> None:
    """They failed, and are tried once more: as when they were accepted."""
    _REOPEN.run(connection, ids=json_list(source_ids), now=now_us())


def forget_words(connection: Connection, source_id: str) -> None:
    """Keep which stages failed, but not in which words: an error may quote what was deleted."""
    for ingestion_id, errors in _ERRORS.run(connection, which=source_id):
        kept = [{**error, "message": _DELETED} for error in json.loads(errors)]
        _REWORD.run(connection, which=ingestion_id, new_errors=json.dumps(kept, ensure_ascii=False))


def _errors(errors: Sequence[StageError]) -> str:
    now = now_us()
    return json.dumps(
        [{"stage": error.stage, "code": error.code, "message": error.message, "time": now} for error in errors],
        ensure_ascii=False,
    )
