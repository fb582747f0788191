"""What is written is there once, in its newest version."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.errors import InvalidArgument
from service.domain.item import Item
from service.vectors.writer import IndexWriter
from tests.integration.vectors.conftest import TABLE
from tests.support.stored import as_stored, stored
from tests.unit.vectors.samples import item, items, strange_items, wide

HOSTILE = [
    "'",
    '"',
    "x' OR '1'='1",
    "'; DROP TABLE items; --",
    "%",
    "_",
    "\\",
    "../../etc",
    "a\0b",
    "a\nb",
    "𝔘né`col`",
    "NULL",
    "{}",
]


def _found(index: IndexWriter) -> list[tuple[str, int]]:
    found = index.search(TABLE, [1], vector=wide(item(1).vector))
    return sorted((candidate.item_id, candidate.version) for candidate in found)


def _held(index: IndexWriter) -> dict[str, int]:
    rows = [row for some in index.sweep(TABLE) for row in some]
    assert len({item_id for item_id, _ in rows}) == len(rows), "an id stands there twice"
    return dict(rows)


def test_twice_equals_once(index: IndexWriter) -> None:
    """Writing the same items again changes nothing that can be read."""
    index.upsert(TABLE, items(range(20)))
    index.upsert(TABLE, items(range(10, 30)))
    index.upsert(TABLE, items(range(10, 30)))
    assert stored(index.uri, TABLE, 1) == as_stored(items(range(30)))
    assert _held(index) == {one.item_id: 1 for one in items(range(30))}


def test_newest_version_wins(index: IndexWriter) -> None:
    """An older version never overwrites a newer one, and of several in one write the newest stays."""
    first, second, third = (replace(item(1), version=version, text=f"v{version}") for version in (1, 2, 3))
    index.upsert(TABLE, [first, third, second])
    index.upsert(TABLE, [second])
    index.upsert(TABLE, [replace(third, text="another v3")])
    assert stored(index.uri, TABLE, 1) == as_stored([third])
    index.upsert(TABLE, [replace(third, version=4, scope=2)])
    assert stored(index.uri, TABLE) == as_stored([replace(third, version=4, scope=2)])


def test_delete(index: IndexWriter) -> None:
    """A deleted item is gone, unknown ids are no matter, and the id can be written again."""
    index.upsert(TABLE, items(range(5)))
    index.delete(TABLE, [item(1).item_id, item(3).item_id, "psg_unknown"])
    assert stored(index.uri, TABLE, 1) == as_stored([item(0), item(2), item(4)])
    index.upsert(TABLE, [item(3)])
    assert stored(index.uri, TABLE, 1) == as_stored([item(0), item(2), item(3), item(4)])


def test_more_than_one_slice(index: IndexWriter) -> None:
    """Writes and deletes of any size are done whole."""
    many = [item(number, scope=number % 50) for number in range(5_001)]
    index.upsert(TABLE, many)
    assert len(_held(index)) == 5_001
    index.delete(TABLE, [one.item_id for one in many])
    assert _held(index) == {}


def test_append_meets_upsert(index: IndexWriter) -> None:
    """What was appended is found, replaced and deleted as if it had been upserted."""
    index.append(TABLE, items(range(5)))
    index.upsert(TABLE, items(range(3, 8), version=2))
    index.delete(TABLE, [item(0).item_id])
    assert _held(index) == {item(number).item_id: 1 if number < 3 else 2 for number in range(1, 8)}


def test_append_done_wrongly(index: IndexWriter) -> None:
    """An id that was appended twice is found once, can be replaced, and is deleted whole."""
    index.append(TABLE, [item(1)])
    index.append(TABLE, [item(1), item(2)])
    assert _found(index) == [(item(1).item_id, 1), (item(2).item_id, 1)]
    index.upsert(TABLE, [item(1, version=2)])
    assert _found(index) == [(item(1).item_id, 2), (item(2).item_id, 1)]
    index.delete(TABLE, [item(1).item_id])
    assert stored(index.uri, TABLE, 1) == as_stored([item(2)])


def test_hostile_ids_are_text(index: IndexWriter) -> None:
    """An id with quotes, SQL, wildcards or control characters names its own row and no other."""
    hostile = [item(number, item_id=item_id) for number, item_id in enumerate(HOSTILE)]
    index.upsert(TABLE, hostile)
    index.upsert(TABLE, hostile)
    assert _held(index) == dict.fromkeys(HOSTILE, 1)
    for place, item_id in enumerate(HOSTILE):
        index.delete(TABLE, [item_id])
        assert _held(index) == dict.fromkeys(HOSTILE[place + 1 :], 1)


def test_bad_item_writes_nothing(index: IndexWriter) -> None:
    """An item that cannot be stored is named and keeps the others of its write out."""
    with pytest.raises(InvalidArgument, match=item(2).item_id):
        index.upsert(TABLE, [item(1), replace(item(2), vector=b"short")])
    assert _held(index) == {}


# All examples share one table: hypothesis warns of fixtures that are not made anew for each.
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(strange_items, max_size=4, unique_by=lambda one: one.item_id), st.integers(-(2**63), 2**63 - 1))
def test_a_scope_is_stored_as_it_went_in(index: IndexWriter, some: list[Item], scope: int) -> None:
    """Every row is there with what it is found by, to the last bit of a vector."""
    put = [replace(one, scope=scope) for one in some]
    index.upsert(TABLE, put)
    assert stored(index.uri, TABLE, scope) == as_stored(put)
    index.delete(TABLE, [one.item_id for one in put])
    assert stored(index.uri, TABLE, scope) == as_stored([])
