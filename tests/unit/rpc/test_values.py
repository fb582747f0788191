"""Times and free-form data survive the way in and out."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import InvalidArgument
from service.rpc.convert.values import canonical_json, fill_struct, microseconds, plain, timestamp

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _struct(values: dict[str, Any]) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


@given(st.integers(-30_610_224_000 * 10**6, 221_845_392_000 * 10**6 - 1))
def test_microseconds_survive(time: int) -> None:
    """Every microsecond of the calendar goes out and comes back."""
    assert time == microseconds(timestamp(time), "time")


@pytest.mark.parametrize(
    "wire",
    [Timestamp(seconds=10**12), Timestamp(seconds=-(10**12)), Timestamp(nanos=-1), Timestamp(nanos=10**9)],
)
def test_no_time(wire: Timestamp) -> None:
    """What is outside the calendar is refused by its field's name."""
    with pytest.raises(InvalidArgument) as refused:
        microseconds(wire, "message.said_time")

    assert refused.value.fields[0].field == "message.said_time"


def test_nanoseconds_are_cut() -> None:
    """Parts of a microsecond are dropped, before 1970 too."""
    assert microseconds(Timestamp(seconds=-1, nanos=999_999_999), "time") == -1


@given(st.dictionaries(st.text().filter(lambda key: "\0" not in key), JSON, max_size=4))
def test_json_survives(values: dict[str, Any]) -> None:
    """Metadata is answered as it was sent, whole numbers as whole numbers."""
    struct = _struct(values)
    try:
        text = canonical_json(struct.SerializeToString())
    except ValueError:
        assert "\\u0000" in json.dumps(values)
        return
    answered = Struct()
    fill_struct(answered, text)

    assert plain(struct) == plain(answered)
    assert (json.loads(text) if text else {}) == plain(struct)


def test_order_of_keys_does_not_count() -> None:
    """Equal metadata is equal text, so that a repeat is recognised."""
    one = _struct({"a": 1, "b": {"c": 2, "d": 3}})
    other = _struct({"b": {"d": 3, "c": 2}, "a": 1})

    assert canonical_json(one.SerializeToString()) == canonical_json(other.SerializeToString())


def test_empty_metadata_is_none() -> None:
    """An empty object and no object are the same."""
    assert canonical_json(Struct().SerializeToString()) == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, "a\0b", {"deep": ["\0"]}, {"\0": 1}])
def test_unspeakable_metadata(value: Any) -> None:
    """NUL, NaN and infinities are refused, however deep."""
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(_struct({"key": value}).SerializeToString())


def test_backslash_u0000_is_text() -> None:
    """The six characters of an escaped NUL are no NUL."""
    assert canonical_json(_struct({"key": "\\u0000"}).SerializeToString()) == r'{"key":"\\u0000"}'
