"""What became of single items of batches and streams, domain to wire."""

from __future__ import annotations

from eunoe.v1 import item_result_pb2

from service.app.streams import ItemFailure, StreamSummary
from service.rpc.errors import code_of, public_message, reason_of


def item_error(failure: ItemFailure) -> item_result_pb2.ItemError:
    """Why one item was not accepted."""
    error = failure.error
    return item_result_pb2.ItemError(
        index=failure.index,
        code=code_of(error).value[0],
        reason=reason_of(error),
        message=public_message(error),
        field=error.fields[0].field if error.fields else "",
        item_id=failure.item_id,
    )


def duplicate_items(summary: StreamSummary) -> list[item_result_pb2.DuplicateItem]:
    """Which items of a stream had been accepted before."""
    return [item_result_pb2.DuplicateItem(index=index, first_id=first) for index, first in summary.duplicates]
