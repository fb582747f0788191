"""The errors of the SDK. Catch a leaf, a family, or everything.

    EunoeError                          everything below
    ├── PermanentError                  the same call again would fail again
    │   ├── InvalidInputError           INVALID_ARGUMENT, OUT_OF_RANGE
    │   │   ├── LimitExceededError          a field is over its limit
    │   │   ├── ScopeForbiddenError         the instance forbids this combination of user and customer
    │   │   └── InvalidPositionError        the position is garbled, or of another instance
    │   ├── AuthenticationError         UNAUTHENTICATED, PERMISSION_DENIED
    │   ├── NotFoundError               NOT_FOUND: absent, or not this caller's
    │   ├── ConflictError               ALREADY_EXISTS: the id is taken; `existing_id` says by what
    │   │   └── VersionConflictError        ABORTED: changed since it was read
    │   ├── PreconditionError           FAILED_PRECONDITION
    │   │   └── ScopeMismatchError          the conversation belongs to somebody else
    │   ├── UnsupportedError            UNIMPLEMENTED
    │   └── UsageError                  the SDK was used in the wrong order, for example before `initialize()`
    ├── TransientError                  the same call may succeed later
    │   ├── ServiceUnavailableError     UNAVAILABLE; CANCELLED by the service, which a call gets that arrives as it stops
    │   ├── RateLimitError              RESOURCE_EXHAUSTED
    │   │   └── BacklogFullError            too much accepted work is not processed yet
    │   └── NetworkTimeoutError         DEADLINE_EXCEEDED (also a built-in TimeoutError)
    │       └── PositionNotReachedError     `min_position` was not reached in time
    └── ServiceError                    INTERNAL, UNKNOWN, DATA_LOSS: a fault of the service

Reading a status off the wire is the business of `_status.py`; which errors are retried, of `_retry.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of a call that holds what it may not.

    Example:
        >>> FieldViolation("message.content", "must not be empty").field
        'message.content'
    """

    field: str
    """The path of the field on the wire, for example `message.content`."""

    description: str
    """What is wrong with it, for a person."""


class EunoeError(Exception):
    """Everything the SDK raises of its own.

    Attributes:
        message: What went wrong, for a person.
        code: The canonical status code, for example `INVALID_ARGUMENT`; empty where no call was made.
        reason: The published reason, for example `LIMIT_EXCEEDED`; empty where the service gave none.
        metadata: The values that appear in the message.
        retry_after: Seconds after which the service expects a new try to succeed; None where it did not say.
        request_id: The id that this call was sent under. Name it to the operator.
        fields: The fields that were wrong.

    Example:
        >>> try:
        ...     raise RateLimitError("slow down", code="RESOURCE_EXHAUSTED", retry_after=0.5)
        ... except EunoeError as error:
        ...     print(error.code, error.retry_after)
        RESOURCE_EXHAUSTED 0.5
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        request_id: str = "",
        fields: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after
        self.request_id = request_id
        self.fields = tuple(fields)

    @property
    def retry_after_seconds(self) -> float | None:
        """The same as `retry_after`."""
        return self.retry_after

    def __str__(self) -> str:
        parts = [part for part in (self.code, self.reason) if part]
        tail = f" (request {self.request_id})" if self.request_id else ""
        return f"{' '.join(parts)}: {self.message}{tail}" if parts else f"{self.message}{tail}"


class PermanentError(EunoeError):
    """The same call again would fail again.

    Example:
        >>> issubclass(InvalidInputError, PermanentError)
        True
    """


class InvalidInputError(PermanentError):
    """Something in the call is not allowed; `fields` and `reason` say what.

    Example:
        >>> InvalidInputError("empty", fields=[FieldViolation("content", "must not be empty")]).fields[0].field
        'content'
    """


class LimitExceededError(InvalidInputError):
    """A field is longer or larger than its limit, which `metadata` names.

    Example:
        >>> issubclass(LimitExceededError, InvalidInputError)
        True
    """


class ScopeForbiddenError(InvalidInputError):
    """The instance's isolation forbids this combination of `user_id` and `customer_id`.

    Example:
        >>> issubclass(ScopeForbiddenError, InvalidInputError)
        True
    """


class InvalidPositionError(InvalidInputError):
    """A `min_position` is garbled, or was given by another instance.

    Example:
        >>> issubclass(InvalidPositionError, InvalidInputError)
        True
    """


class AuthenticationError(PermanentError):
    """The API key is missing, unknown or revoked. The service does not tell which.

    Example:
        >>> issubclass(AuthenticationError, PermanentError)
        True
    """


class NotFoundError(PermanentError):
    """What was named is absent, or not this caller's. The service does not tell which.

    Example:
        >>> issubclass(NotFoundError, PermanentError)
        True
    """


class ConflictError(PermanentError):
    """The id is taken by something with other content, or sent under another request id.

    Example:
        >>> ConflictError("taken", metadata={"first_id": "d1"}).existing_id
        'd1'
    """

    @property
    def existing_id(self) -> str:
        """What holds the name: a message's id, or a document's ingestion; empty where the service did not say."""
        known = ("first_id", "message_id", "document_id")
        return next((self.metadata[key] for key in known if key in self.metadata), "")


class VersionConflictError(ConflictError):
    """What was to be changed has changed since it was read. Read it again, then decide.

    Example:
        >>> issubclass(VersionConflictError, ConflictError)
        True
    """


class PreconditionError(PermanentError):
    """The state of the service does not allow the call.

    Example:
        >>> issubclass(PreconditionError, PermanentError)
        True
    """


class ScopeMismatchError(PreconditionError):
    """The conversation belongs to another user or customer; its first message fixed that.

    Example:
        >>> issubclass(ScopeMismatchError, PreconditionError)
        True
    """


class UnsupportedError(PermanentError):
    """This service does not offer the call.

    Example:
        >>> issubclass(UnsupportedError, PermanentError)
        True
    """


class UsageError(PermanentError):
    """The SDK was used in the wrong order: before `initialize()`, after `shutdown()`, or a stream outside its `async with`.

    Example:
        >>> issubclass(UsageError, PermanentError)
        True
    """


class TransientError(EunoeError):
    """The same call may succeed later. What is safe to send again was sent again until the deadline.

    Example:
        >>> issubclass(ServiceUnavailableError, TransientError)
        True
    """


class ServiceUnavailableError(TransientError):
    """The service cannot be reached, is stopping, or its storage is away.

    Example:
        >>> issubclass(ServiceUnavailableError, TransientError)
        True
    """


class RateLimitError(TransientError):
    """The service has too much to do; `retry_after` says when to come back.

    Example:
        >>> RateLimitError("busy", retry_after=2.0).retry_after
        2.0
    """


class BacklogFullError(RateLimitError):
    """Too much of what was accepted is not processed yet.

    Example:
        >>> issubclass(BacklogFullError, RateLimitError)
        True
    """


class NetworkTimeoutError(TransientError, TimeoutError):
    """The call's time was over before an answer came. Of a write, the outcome is unknown: send it again with the same ids.

    Example:
        >>> issubclass(NetworkTimeoutError, TimeoutError)
        True
    """


class PositionNotReachedError(NetworkTimeoutError):
    """What `min_position` asked for was not processed in time. Fetching without it works.

    Example:
        >>> issubclass(PositionNotReachedError, NetworkTimeoutError)
        True
    """


class ServiceError(EunoeError):
    """A fault of the service. Tell its operator the `request_id`.

    Example:
        >>> issubclass(ServiceError, EunoeError)
        True
    """


ContextNotFoundError = NotFoundError
"""The name under which users of the hosted product know `NotFoundError`."""

ERRORS: Mapping[tuple[str, str], type[EunoeError]] = {
    ("INVALID_ARGUMENT", ""): InvalidInputError,
    ("INVALID_ARGUMENT", "LIMIT_EXCEEDED"): LimitExceededError,
    ("INVALID_ARGUMENT", "SCOPE_FORBIDDEN"): ScopeForbiddenError,
    ("INVALID_ARGUMENT", "POSITION_INVALID"): InvalidPositionError,
    ("OUT_OF_RANGE", ""): InvalidInputError,
    ("UNAUTHENTICATED", ""): AuthenticationError,
    ("PERMISSION_DENIED", ""): AuthenticationError,
    ("NOT_FOUND", ""): NotFoundError,
    ("ALREADY_EXISTS", ""): ConflictError,
    ("ABORTED", ""): VersionConflictError,
    ("FAILED_PRECONDITION", ""): PreconditionError,
    ("FAILED_PRECONDITION", "SCOPE_MISMATCH"): ScopeMismatchError,
    ("UNIMPLEMENTED", ""): UnsupportedError,
    ("UNAVAILABLE", ""): ServiceUnavailableError,
    ("RESOURCE_EXHAUSTED", ""): RateLimitError,
    ("RESOURCE_EXHAUSTED", "BACKLOG_FULL"): BacklogFullError,
    ("DEADLINE_EXCEEDED", ""): NetworkTimeoutError,
    ("DEADLINE_EXCEEDED", "POSITION_NOT_REACHED"): PositionNotReachedError,
    ("INTERNAL", ""): ServiceError,
    ("UNKNOWN", ""): ServiceError,
    ("DATA_LOSS", ""): ServiceError,
    ("CANCELLED", ""): ServiceUnavailableError,
}
"""(status, reason) → class; an unlisted reason is the class of its status."""


def error_class(code: str, reason: str) -> type[EunoeError]:
    """The class for a status and its reason.

    Example:
        >>> error_class("INVALID_ARGUMENT", "SOMETHING_NEW").__name__
        'InvalidInputError'
    """
    return ERRORS.get((code, reason)) or ERRORS.get((code, "")) or ServiceError
