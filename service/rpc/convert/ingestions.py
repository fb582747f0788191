"""Ingestions and batches, domain to wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eunoe.v1 import ingestion_pb2 as wire

from service.app.ingestions import status_of
from service.catalog.ingestions import BatchRow, IngestionRow
from service.domain.kinds import IngestionStatus, Stage
from service.rpc.convert.kinds import document_types, lanes, modes, stages, statuses
from service.rpc.convert.scopes import scope
from service.rpc.convert.values import fill_struct, optional_timestamp, timestamp

_STAGES = [*Stage]
_INDEX = wire.INGESTION_STAGE_INDEX


def ingestion(found: IngestionRow | BatchRow) -> wire.Ingestion:
    """A document's ingestion, or a batch."""
    return _document(found) if isinstance(found, IngestionRow) else _batch(found)


def _document(row: IngestionRow) -> wire.Ingestion:
    is_done = row.status.is_terminal
    completed = _completed(row)
    answer = wire.Ingestion(
        ingestion_id=row.ingestion_id,
        document_id=row.document_id,
        document_type=document_types.of_value(row.document_type),
        batch_id=row.batch_id,
        scope=scope(row.scope),
        status=statuses.to_wire[row.status],
        stage=stages.of_value(row.stage),
        completed_stages=completed,
        progress=1.0 if is_done else len(completed) / (len(_STAGES) + 1),
        errors=[_error(error) for error in row.errors],
        memory_ids=row.memory_ids,
        passage_count=row.passage_count,
        memory_count=len(row.memory_ids),
        total_count=1,
        processed_count=int(is_done),
        error_count=int(row.status is IngestionStatus.FAILED),
        mode=modes.of_value(row.mode),
        lane=lanes.of_value(row.lane),
        queue_time=timestamp(row.create_time),
        start_time=optional_timestamp(row.start_time),
        complete_time=optional_timestamp(row.finish_time),
    )
    fill_struct(answer.metadata, row.metadata)
    return answer


def _batch(row: BatchRow) -> wire.Ingestion:
    status = status_of(row)
    total = sum(row.counts.values())
    processed = sum(count for reached, count in row.counts.items() if reached.is_terminal)
    return wire.Ingestion(
        ingestion_id=row.batch_id,
        batch_id=row.batch_id,
        status=statuses.to_wire[status],
        progress=processed / total if total else 0.0,
        errors=[*(_rejection(entry) for entry in row.rejected), *(_error(error) for error in row.errors)],
        passage_count=row.passage_count,
        memory_count=row.memory_count,
        total_count=total,
        processed_count=processed,
        error_count=row.counts.get(IngestionStatus.FAILED, 0),
        queue_time=timestamp(row.create_time),
        complete_time=optional_timestamp(row.finish_time if status.is_terminal else None),
    )


def _completed(row: IngestionRow) -> list[Any]:
    """The stages before the one it is in; all of them, and the index, once it ended well."""
    if row.status in (IngestionStatus.COMPLETED, IngestionStatus.PARTIAL_SUCCESS):
        return [*(stages.to_wire[stage] for stage in _STAGES), _INDEX]
    if row.stage == Stage.STORE.value and row.status is IngestionStatus.PROCESSING:
        return [stages.to_wire[stage] for stage in _STAGES]
    if row.stage not in {stage.value for stage in _STAGES}:
        return []
    return [stages.to_wire[stage] for stage in _STAGES[: _STAGES.index(Stage(row.stage))]]


def _error(error: Mapping[str, Any]) -> wire.IngestionError:
    return wire.IngestionError(
        stage=stages.of_value(error.get("stage", "")),
        code=str(error.get("code", "")),
        message=str(error.get("message", "")),
        error_time=optional_timestamp(error.get("time")),
    )


def _rejection(entry: Mapping[str, Any]) -> wire.IngestionError:
    return wire.IngestionError(code=str(entry["reason"]), message=str(entry["message"]))
