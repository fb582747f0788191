"""Documents between wire and domain."""

from __future__ import annotations

from collections.abc import Sequence

from eunoe.v1 import document_pb2
from eunoe.v1 import memory_service_pb2 as wire

from service.app.batches import BatchOutcome
from service.app.inputs import NewDocument
from service.app.streams import Refused, StreamSummary
from service.domain.errors import EunoeError, FieldViolation
from service.domain.kinds import IngestionMode, IngestionStatus
from service.domain.writes import AcceptedDocument
from service.rpc.convert.checks import Checks
from service.rpc.convert.items import duplicate_items, item_error
from service.rpc.convert.kinds import document_types, lanes, modes, statuses
from service.rpc.convert.values import microseconds, timestamp
from service.rpc.validate import validate


def new_document(checks: Checks, message: document_pb2.DocumentInput, prefix: str) -> NewDocument:
    """A document to ingest, checked.

    Args:
        checks: of this deployment.
        message: keeps the rules of its type.
        prefix: its path in the request, with its dot.

    Raises:
        InvalidArgument: a field holds what it may not.
    """
    document_id, user_id, customer_id = message.document_id, message.user_id, message.customer_id
    checks.ids(prefix, document_id=document_id, user_id=user_id, customer_id=customer_id)
    has_time = message.HasField("document_create_time")
    return NewDocument(
        checks.content(f"{prefix}content", message.content, int(checks.limits.document)),
        document_types.to_domain[message.document_type],
        document_id,
        user_id,
        customer_id,
        microseconds(message.document_create_time, f"{prefix}document_create_time") if has_time else None,
        checks.time_zone(f"{prefix}time_zone", message.time_zone),
        modes.to_domain.get(message.mode, IngestionMode.LONG_RANGE),
        lanes.to_domain.get(message.lane),
        checks.metadata(f"{prefix}metadata", message.metadata) if message.HasField("metadata") else "",
    )


def batch_items(checks: Checks, documents: Sequence[document_pb2.DocumentInput]) -> list[NewDocument | Refused]:
    """The documents of a batch; a bad one is refused by itself."""
    return [_batch_item(checks, message, f"documents[{index}].") for index, message in enumerate(documents)]


def accepted(answer: AcceptedDocument, status: IngestionStatus, position: str) -> wire.CreateMemoryResponse:
    """What became of one document."""
    return wire.CreateMemoryResponse(
        ingestion_id=answer.ingestion_id,
        document_id=answer.document_id,
        status=statuses.to_wire[status],
        queue_time=timestamp(answer.record_time),
        position=position,
        duplicate=answer.is_duplicate,
    )


def batch(outcome: BatchOutcome, position: str) -> wire.BatchCreateMemoriesResponse:
    """What became of a batch."""
    accepted_count = len(outcome.items) - outcome.duplicates
    return wire.BatchCreateMemoriesResponse(
        batch_id=outcome.batch_id,
        accepted_count=accepted_count,
        duplicate_count=outcome.duplicates,
        failed_count=outcome.total - len(outcome.items),
        results=[
            wire.BatchCreateMemoriesResult(
                index=item.index,
                ingestion_id=item.ingestion_id,
                document_id=item.document_id,
                status=statuses.to_wire[item.status],
                duplicate=item.is_duplicate,
            )
            for item in outcome.items
        ],
        errors=[item_error(failure) for failure in outcome.errors],
        queue_time=timestamp(outcome.queue_time),
        position=position,
    )


def stream_summary(summary: StreamSummary, position: str) -> wire.StreamMemoriesResponse:
    """What became of a stream of documents."""
    return wire.StreamMemoriesResponse(
        received_count=summary.received,
        accepted_count=summary.accepted,
        duplicate_count=summary.duplicate,
        failed_count=summary.failed,
        errors=[item_error(failure) for failure in summary.errors],
        duplicates=duplicate_items(summary),
        position=position,
    )


def _batch_item(checks: Checks, message: document_pb2.DocumentInput, prefix: str) -> NewDocument | Refused:
    try:
        validate(message)
    except EunoeError as error:
        error.fields = tuple(FieldViolation(prefix + field.field, field.description) for field in error.fields)
        error.message = prefix + error.message
        return Refused(error, message.document_id)
    try:
        return new_document(checks, message, prefix)
    except EunoeError as error:
        return Refused(error, message.document_id)
