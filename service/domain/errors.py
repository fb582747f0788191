"""The error tree of the service.

    EunoeError
    ├── InvalidArgument        the call can never succeed as it is
    ├── Unauthenticated        no key, an unknown key, a revoked key: one text for all three
    ├── NotFound               absent, or not this caller's
    ├── AlreadyExists          the id is taken by other content
    ├── FailedPrecondition     right call, wrong state
    ├── Aborted                a concurrent change won
    ├── ResourceExhausted      a limit, a full queue, a full disk; may carry a time to wait
    │   └── QuotaExceeded          as much is stored as may be; waiting does not help
    ├── Unavailable            try again; the outcome of a write may be unknown
    ├── DeadlineExceeded       the condition was not reached in time
    └── DataLoss               what is stored is damaged: no try helps, only a backup

Each carries a published reason (UPPER_SNAKE) and the values its message speaks of. `service.rpc` maps them to wire statuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that is wrong: its path in the request, and what is allowed."""

    field: str
    description: str


class EunoeError(Exception):
    """Root of everything the service says to a caller."""

    default_reason = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        values: Mapping[str, str] | None = None,
        fields: Sequence[FieldViolation] = (),
        retry_after: float | None = None,
        quota: str = "",
    ) -> None:
        """Say what was wrong, with which value, and what to do.

        Args:
            message: for a person.
            reason: a published reason; the class's own where empty.
            values: every value the message speaks of.
            fields: the fields that are wrong.
            retry_after: seconds after which waiting helps.
            quota: what an instance is allowed, where that is the reason.
        """
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.values = dict(values or {})
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.quota = quota


class InvalidArgument(EunoeError):
    """The call can never succeed as it is."""

    default_reason = "FIELD_INVALID"


class Unauthenticated(EunoeError):
    """The credential is missing, unknown or revoked."""

    default_reason = "KEY_INVALID"


class NotFound(EunoeError):
    """Absent, or not this caller's: the two are told apart nowhere."""

    default_reason = "NOT_FOUND"


class AlreadyExists(EunoeError):
    """The id is taken by other content."""

    default_reason = "ID_TAKEN"


class FailedPrecondition(EunoeError):
    """The state does not allow the verb."""

    default_reason = "SCOPE_MISMATCH"


class Aborted(EunoeError):
    """Somebody else changed it first."""

    default_reason = "VERSION_MISMATCH"


class ResourceExhausted(EunoeError):
    """A limit is reached."""

    default_reason = "OVERLOADED"


class QuotaExceeded(ResourceExhausted):
    """An instance holds as much as it may; in a batch or a stream it is the item's own error."""

    default_reason = "QUOTA_EXCEEDED"


class Unavailable(EunoeError):
    """A dependency is away or the service is stopping; a write's outcome may be unknown, its retry is safe."""

    default_reason = "STORAGE_UNAVAILABLE"


class DeadlineExceeded(EunoeError):
    """What was waited for did not happen in time."""

    default_reason = "POSITION_NOT_REACHED"


class DataLoss(EunoeError):
    """What is stored is damaged: no try helps, only a backup."""

    default_reason = "STORAGE_DAMAGED"


NO_ITEM_S = (Unavailable, ResourceExhausted, DeadlineExceeded, DataLoss)
"""What fails a write for no fault of its own, and whatever follows it in its stream or batch."""


def says_full(text: str) -> bool:
    """Whether an operating system or a database says that a volume is full."""
    return "disk is full" in text or "No space left" in text or "quota" in text.lower()
