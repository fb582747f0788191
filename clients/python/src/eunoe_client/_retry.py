"""What is sent again, and when. Every write carries ids, so sending it twice stores it once; still, only these are repeated."""

from __future__ import annotations

import random

from eunoe_client.errors import EunoeError

RETRYABLE = ("UNAVAILABLE", "CANCELLED")
"""Sent again without being asked. CANCELLED, where nobody here cancelled, is gRPC's answer to a call that reaches a server as it stops."""

RETRYABLE_WHEN_TOLD = ("RESOURCE_EXHAUSTED",)
"""Sent again only if the service said when (`google.rpc.RetryInfo`)."""

TERMINAL = (
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""Never sent again."""

_FIRST = 0.05
_LONGEST = 2.0


def pause_before_retry(error: EunoeError, attempt: int) -> float | None:
    """Seconds to wait before the next try; None if there must be none.

    What the service asked for, and up to half of it more; where it asked for nothing, 50 ms doubling to 2 s, and up to half of it less. By chance, so that
    many clients do not come back at once.

    Args:
        error: How the last try ended.
        attempt: How many tries there were before it.
    """
    if error.retry_after is not None and error.code in RETRYABLE + RETRYABLE_WHEN_TOLD:
        return max(_FIRST, error.retry_after) * random.uniform(1.0, 1.5)  # noqa: S311 - spreads load, hides nothing
    if error.code in RETRYABLE:
        return min(_LONGEST, _FIRST * (1 << min(attempt, 10))) * random.uniform(0.5, 1.0)  # noqa: S311 - as above
    return None
