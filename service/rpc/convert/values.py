"""Times and free-form data between wire and domain."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from service.domain.errors import FieldViolation, InvalidArgument

_FIRST_SECOND = -30_610_224_000
_LAST_SECOND = 221_845_392_000
"""The years 1000 to 9000, as in the protos: "two weeks before" and "next year" must still be in the calendar."""
_NANOS = 1_000_000_000
_EXACT = 2**53
"""Whole doubles below this are written as integers."""
_CACHED_BYTES = 1024
"""Larger metadata is not remembered, so that the memory for it is bounded."""


def microseconds(time: Timestamp, field: str) -> int:
    """A time in microseconds since 1970 UTC.

    Raises:
        InvalidArgument: it is too far away, or no time at all.
    """
    seconds, nanos = time.seconds, time.nanos
    if not (_FIRST_SECOND <= seconds < _LAST_SECOND and 0 <= nanos < _NANOS):
        rule = "must be a time between the years 1000 and 9000, with 0 to 999999999 nanoseconds"
        raise InvalidArgument(f"{field} {rule}", values={"field": field}, fields=[FieldViolation(field, rule)])
    return seconds * 1_000_000 + nanos // 1000


def timestamp(time: int) -> Timestamp:
    """Microseconds since 1970 UTC as a time."""
    seconds, rest = divmod(time, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def optional_timestamp(time: int | None) -> Timestamp | None:
    """A time that may be unknown."""
    return None if time is None else timestamp(time)


def canonical_json(data: bytes) -> str:
    """The bytes of a Struct as JSON with sorted keys; empty for an empty one. Remembered: callers repeat themselves, and this costs 40 µs.

    Raises:
        ValueError: a number that JSON does not know, or a NUL.
    """
    return _cached_json(data) if len(data) <= _CACHED_BYTES else _json(data)


def _json(data: bytes) -> str:
    struct = Struct.FromString(data)
    if not struct.fields:
        return ""
    values = plain(struct)
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    if "\\u0000" in text and _any_nul(values):
        raise ValueError("must not hold the character NUL")
    return text


def plain(struct: Struct) -> dict[str, Any]:
    """A Struct as a dictionary; whole numbers become integers."""
    return {key: _plain_value(value) for key, value in struct.fields.items()}


def _struct_bytes(text: str) -> bytes:
    struct = Struct()
    struct.update(json.loads(text))
    return struct.SerializeToString()


def fill_struct(struct: Struct, text: str) -> None:
    """Put a JSON object into a message's Struct field; an empty text leaves it unset."""
    if text:
        struct.MergeFromString(_cached_bytes(text) if len(text) <= _CACHED_BYTES else _struct_bytes(text))


def _plain_value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if math.isfinite(number) and number == int(number) and abs(number) < _EXACT else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [_plain_value(item) for item in value.list_value.values]
    return None


def _any_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_any_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(_any_nul(part) for part in value)


_cached_json = lru_cache(maxsize=4096)(_json)
_cached_bytes = lru_cache(maxsize=4096)(_struct_bytes)
