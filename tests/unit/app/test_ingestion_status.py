"""The status of a batch from those of its documents."""

from __future__ import annotations

import pytest

from service.app.ingestions import status_of
from service.catalog.ingestions import BatchRow
from service.domain.kinds import IngestionStatus as Status


@pytest.mark.parametrize(
    ("counts", "is_clean", "status"),
    [
        ({Status.QUEUED: 2}, True, Status.QUEUED),
        ({Status.QUEUED: 1, Status.COMPLETED: 1}, True, Status.PROCESSING),
        ({Status.PROCESSING: 1, Status.FAILED: 1}, True, Status.PROCESSING),
        ({Status.COMPLETED: 3}, True, Status.COMPLETED),
        ({Status.COMPLETED: 3}, False, Status.PARTIAL_SUCCESS),
        ({Status.FAILED: 3}, True, Status.FAILED),
        ({Status.FAILED: 3}, False, Status.FAILED),
        ({Status.COMPLETED: 1, Status.FAILED: 1}, True, Status.PARTIAL_SUCCESS),
        ({Status.PARTIAL_SUCCESS: 1}, True, Status.PARTIAL_SUCCESS),
        ({}, True, Status.QUEUED),
    ],
)
def test_batches(counts: dict[Status, int], is_clean: bool, status: Status) -> None:
    """All of it, some of it, none of it; and a batch that refused a document is never complete."""
    rejected = [] if is_clean else [{"index": 0, "reason": "FIELD_INVALID", "message": "x"}]

    assert status is status_of(BatchRow("b", counts, rejected, [], 0, 0, 0, None))
