"""Times between Python and the wire. Out come aware datetimes in UTC; in go datetimes, dates and ISO 8601 texts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from google.protobuf.timestamp_pb2 import Timestamp

from eunoe_client._words import invalid

When = datetime | date | str
"""A time as a caller may give it. Without a zone it is UTC."""


def to_wire(when: When | None, field: str) -> Timestamp | None:
    """The timestamp of a time.

    Raises:
        InvalidInputError: no time.
    """
    if when is None or when == "":
        return None
    stamp = Timestamp()
    try:
        stamp.FromDatetime(_as_datetime(when).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        raise invalid(field, f"must be a datetime, a date or an ISO 8601 text; got {when!r}") from None
    return stamp


def from_wire(stamp: Timestamp) -> datetime:
    """The time of a timestamp, aware, in UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def _as_datetime(when: When) -> datetime:
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if not isinstance(when, datetime):
        when = datetime.combine(when, time.min)
    return when if when.tzinfo else when.replace(tzinfo=UTC)
