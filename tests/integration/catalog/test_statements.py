"""What the two databases say differently means the same on both."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, update

from service.catalog import schema
from service.catalog.clock import database_now
from service.catalog.engine import Catalog
from service.catalog.sql import Statement, in_list, json_list, json_rows, together, upsert

HOSTILE = ["a'b", 'a"b', "a%b", "%s", "x'); DROP TABLE requests; --", "[1]", "{}", "null", "\\", "\x01", "\n", "ü🦊", "", " "]
BIG = 2**62

_a, _h = schema.entity_aliases, schema.log_heads
_PUT = Statement(insert(_a).values({column.name: bindparam(column.name) for column in _a.columns}))
_BY_KEYS = Statement(select(_a.c.alias_key).where(in_list(_a.c.alias_key, "keys")))
_BY_SCOPES = Statement(select(_a.c.scope).where(in_list(_a.c.scope, "scopes")).order_by(_a.c.scope))
_pairs, (_scope, _key) = json_rows("pairs", _a.c.scope.type, _a.c.alias_key.type)
_BY_PAIRS = Statement(
    select(_a.c.scope, _a.c.alias_key).select_from(_pairs).join(_a, (_a.c.scope == _scope) & (_a.c.alias_key == _key))
)
_ADD = Statement(update(_h).where(_h.c.lane == bindparam("which")).values(seq=_h.c.seq + bindparam("more")).returning(_h.c.seq))
_PUT_NEW = Statement(
    upsert(_a)
    .values({column.name: bindparam(column.name) for column in _a.columns})
    .on_conflict_do_nothing(index_elements=["scope", "alias_key"])
    .returning(_a.c.entity_id)
)
_NOW = Statement(select(database_now()))


def alias(key: str, scope: int = 1) -> dict[str, object]:
    """A row."""
    return {"scope": scope, "alias_key": key, "entity_id": "e"}


def put_together(catalog: Catalog, *keys: str) -> None:
    """Insert rows at once."""
    with catalog.write() as connection, together(connection):
        for key in keys:
            _PUT.run(connection, **alias(key))


@pytest.mark.parametrize("wanted", [[], HOSTILE[:1], HOSTILE, ["unknown"]])
def test_lists_hold_any_text(catalog: Catalog, wanted: list[str]) -> None:
    """A list finds exactly the rows it names, whatever the names are made of."""
    with catalog.write() as connection:
        assert _PUT.run_many(connection, [alias(key) for key in HOSTILE]) == len(HOSTILE)
        assert _PUT.run_many(connection, []) == 0
        found = {row["alias_key"] for row in _BY_KEYS.rows(connection, keys=json_list(wanted))}

    assert found == set(wanted) & set(HOSTILE)


def test_lists_hold_numbers_of_any_size(catalog: Catalog) -> None:
    """Numbers in lists are numbers, small and large."""
    numbers = [-BIG, -1, 0, 1, 2**31, 2**53 + 1, BIG]
    with catalog.write() as connection:
        _PUT.run_many(connection, [alias("k", number) for number in numbers])
        found = [row[0] for row in _BY_SCOPES.run(connection, scopes=json_list([*numbers, 7]))]

    assert found == numbers


def test_rows_of_lists(catalog: Catalog) -> None:
    """A list of lists is a table whose columns have their types."""
    with catalog.write() as connection:
        _PUT.run_many(connection, [alias(key, scope) for key in HOSTILE for scope in (1, BIG)])
        found = _BY_PAIRS.run(connection, pairs=json_list([(BIG, key) for key in HOSTILE] + [(2, "a%b")])).all()

    assert sorted(found) == sorted((BIG, key) for key in HOSTILE)


def test_each_row_of_many_gives_its_own(catalog: Catalog) -> None:
    """A statement that is run for many rows runs in their order and tells what each gave, or that it gave nothing."""
    with catalog.write() as connection:
        drawn = _ADD.run_each(connection, [{"which": lane, "more": more} for lane, more in ((1, 2), (0, 5), (1, 3), (9, 1))])
        created = _PUT_NEW.run_each(connection, [alias("a"), alias("a"), alias("b")])
        assert _ADD.run_each(connection, []) == []

    assert drawn == [(2,), (5,), (5,), None]
    assert created == [("e",), None, ("e",)]


def test_all_rows_of_each_of_many(catalog: Catalog) -> None:
    """The same, where each gives any number of rows: they are told apart, by column name."""
    with catalog.write() as connection:
        _PUT.run_many(connection, [alias(key, scope) for scope in (1, 2) for key in ("a", "b")])
        asked = [{"scopes": json_list(scopes)} for scopes in ([2, 1], [3], [1])]
        found = _BY_SCOPES.rows_each(connection, asked)
        assert _BY_SCOPES.rows_each(connection, asked[:1]) == found[:1]

    assert found == [[{"scope": scope} for scope in scopes] for scopes in ([1, 1, 2, 2], [], [1, 1])]


def test_what_runs_together_fails_together(catalog: Catalog) -> None:
    """Statements that run together are in the transaction as any other; where one is at fault its error is what is raised, and nothing stays."""
    put_together(catalog, "a", "b")
    with pytest.raises(Exception, match=r"(?i)unique") as raised:
        put_together(catalog, "c", "a", "d")

    assert catalog._database.is_taken(raised.value) == (not isinstance(catalog.place, Path))
    with catalog.write() as connection:
        assert {row[0] for row in _BY_KEYS.run(connection, keys=json_list("abcd"))} == {"a", "b"}


def test_the_database_has_a_clock(catalog: Catalog) -> None:
    """Its time is microseconds since 1970 UTC, and goes on during a transaction."""
    with catalog.write() as connection:
        first = _NOW.run(connection).scalar_one()
        second = first
        while second == first:  # a clock of a millisecond's grain
            second = _NOW.run(connection).scalar_one()

    assert abs(first - time.time_ns() // 1000) < 60_000_000
    assert 0 < second - first < 60_000_000
