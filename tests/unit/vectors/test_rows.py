"""What can be a row, and what a table tells of itself."""

from __future__ import annotations

import struct
from dataclasses import replace

import pyarrow as pa
import pytest

from service.domain.errors import InvalidArgument
from service.vectors.results import TableState
from service.vectors.rows import table_schema, table_state, to_arrow
from tests.unit.vectors.samples import item


@pytest.mark.parametrize("vector", [b"", b"\0" * 767, b"\0" * 770])
def test_vector_of_another_length(vector: bytes) -> None:
    """A vector that is not 384 halves is refused, by the item's id."""
    with pytest.raises(InvalidArgument, match=item(1).item_id):
        to_arrow([item(2), replace(item(1), vector=vector)])


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_vector_not_finite(value: float) -> None:
    """A vector with a value that is no number is refused: it would never be found."""
    with pytest.raises(InvalidArgument):
        to_arrow([replace(item(1), vector=struct.pack("<e", value) + item(1).vector[2:])])


@pytest.mark.parametrize("changed", [{"item_id": "\ud800"}, {"terms": "\udfff"}, {"scope": 2**63}, {"version": "one"}])
def test_value_that_arrow_cannot_hold(changed: dict[str, object]) -> None:
    """An item that cannot be stored is refused as the caller's mistake, not as trouble of the index."""
    with pytest.raises(InvalidArgument):
        to_arrow([replace(item(1), **changed)])  # type: ignore[arg-type]  # wrong on purpose


def test_state() -> None:
    """A table tells log epoch and generation, also epochs beyond 63 bits; one of another layout tells nothing."""
    assert table_state(table_schema(2**64 - 1, 7), 9) == TableState(version=9, log_epoch=2**64 - 1, generation=7)
    assert table_state(table_schema(1, 1).with_metadata({b"eunoe.format": b"0"}), 9) is None
    assert table_state(pa.schema([]), 9) is None
