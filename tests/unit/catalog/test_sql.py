"""Statements that are compiled once: values travel as parameters, lists as one of them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest
from sqlalchemy import bindparam, create_engine, insert, select

import service.catalog
from service.catalog import schema
from service.catalog.sql import Bulk, Statement, in_list, json_list

HOSTILE = ["a'b", 'a"b', "a%b", "x'); DROP TABLE requests; --", "[1]", "{}", "null", "\\", "ü🦊", "", " "]
_PUT = Statement(
    insert(schema.requests).values(
        instance_id="a",
        request_id=bindparam("request_id"),
        method="m",
        content_hash=b"",
        answer="",
        create_time=0,
    )
)
_FIND = Statement(select(schema.requests.c.request_id).where(in_list(schema.requests.c.request_id, "ids")))


@pytest.mark.parametrize("wanted", [[], HOSTILE[:1], HOSTILE, ["unknown"]])
def test_lists_hold_any_text(wanted: list[str]) -> None:
    """A list finds exactly the rows it names, whatever the names are made of; constants need no value."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        _PUT.run_many(connection, [{"request_id": name} for name in HOSTILE])
        _PUT.run_many(connection, [])
        found = {row["request_id"] for row in _FIND.rows(connection, ids=json_list(wanted))}
    engine.dispose()

    assert found == set(wanted) & set(HOSTILE)


def test_every_statement_is_understood_by_both_databases() -> None:
    """Each statement is written once; both dialects render it, with the same parameters."""
    dialects = [create_engine("sqlite://").dialect, create_engine("postgresql+psycopg://", paramstyle="format").dialect]
    modules = [
        import_module(f"service.catalog.{found.name}") for found in iter_modules(service.catalog.__path__) if not found.ispkg
    ]
    values = [value for module in modules for value in vars(module).values()]
    statements = [value for value in values if isinstance(value, Statement)]
    bulks = [value for value in values if isinstance(value, Bulk)]

    assert len(statements) > 100 and len(bulks) > 3
    for bulk in bulks:
        statements += (bulk.each, bulk.whole)
    for statement in statements:
        sqlite, postgres = (statement.compile(dialect) for dialect in dialects)
        assert sqlite.text and postgres.text
        assert set(postgres.order) <= set(sqlite.order)


def test_a_forgotten_value_is_an_error() -> None:
    """A statement that is run without one of its values fails; it never runs with another call's."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        _PUT.run(connection, request_id="r")
        with pytest.raises(KeyError):
            _PUT.run(connection)
        with pytest.raises(KeyError):
            _FIND.rows(connection)
    engine.dispose()
