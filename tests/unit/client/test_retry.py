"""What is sent again, and after how long."""

from __future__ import annotations

import grpc
import pytest

from eunoe_client._retry import RETRYABLE, RETRYABLE_WHEN_TOLD, TERMINAL, pause_before_retry
from eunoe_client.errors import error_class


def test_every_status_is_decided_once() -> None:
    """No status code is both retried and not, and none is forgotten."""
    decided = [*RETRYABLE, *RETRYABLE_WHEN_TOLD, *TERMINAL]
    assert sorted(decided) == sorted(code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK)


@pytest.mark.parametrize("code", TERMINAL)
def test_terminal_statuses_are_never_retried(code: str) -> None:
    """A status that says no is taken at its word, even if it names a time to wait."""
    assert pause_before_retry(error_class(code, "")("no", code=code, retry_after=0.1), 0) is None


def test_pauses_double_up_to_two_seconds() -> None:
    """Each pause lies between half and all of its step, and no step is longer than two seconds."""
    error = error_class("UNAVAILABLE", "")("away", code="UNAVAILABLE")
    for attempt in range(40):
        longest = min(2.0, 0.05 * 2**attempt)
        pause = pause_before_retry(error, attempt)
        assert pause is not None
        assert longest / 2 <= pause <= longest


def test_a_full_service_is_asked_again_only_when_it_says_when() -> None:
    """RESOURCE_EXHAUSTED is retried no earlier than its RetryInfo says, and not at all without one."""
    kind = error_class("RESOURCE_EXHAUSTED", "BACKLOG_FULL")
    assert pause_before_retry(kind("full", code="RESOURCE_EXHAUSTED"), 0) is None
    pause = pause_before_retry(kind("full", code="RESOURCE_EXHAUSTED", retry_after=1.5), 0)
    assert pause is not None
    assert pause >= 1.5
