"""Moving a catalog from SQLite into PostgreSQL: all of it or nothing, each scope on its new shard, and work goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.catalog import engine, items, postgres
from service.catalog.deployment import load_deployment, settle_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
from service.catalog.transfer import MOVED, left_to_do, transfer
from service.domain.errors import FailedPrecondition, Unavailable
from service.domain.kinds import Lane, ScopeKind
from service.domain.scope import ScopeRef, shard_of
from tests.support.catalogs import CUSTOMER, INSTANCE, NEIGHBOUR, document, message, record, rows
from tests.support.owners import follow
from tests.support.postgres import PostgresServer
from tests.support.stages import HandOwner

SHARDS = 16
OTHER_CUSTOMER = ScopeRef(ScopeKind.USER, "bolt", "ana")


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Show nothing."""


@pytest.fixture
def source(sqlite_catalog: Catalog, tmp_path: Path) -> Catalog:
    """A drained catalog with something in four scopes, of which one item is deleted."""
    record(sqlite_catalog, message("likes tea"), message("saw the sea"), document("likes rum", scope=CUSTOMER))
    record(sqlite_catalog, message("likes jam", conversation="b", scope=NEIGHBOUR))
    record(sqlite_catalog, message("likes ham", conversation="c", scope=OTHER_CUSTOMER))
    HandOwner(sqlite_catalog).work()
    with sqlite_catalog.write() as connection:
        (gone, *_) = connection.execute(text("SELECT item_id FROM items ORDER BY item_id LIMIT 1")).one()
        items.bury_items(connection, [gone], 99)
    follow(sqlite_catalog, str(tmp_path / "index"))
    return sqlite_catalog


@pytest.fixture
def target(postgres: PostgresServer) -> Iterator[Catalog]:
    """A database with our tables and nothing in them."""
    name = postgres.create()
    with closing(Catalog(postgres.url(name))) as catalog:
        migrate(catalog)
        yield catalog
    postgres.drop(name)


def everything(catalog: Catalog, *, without_shard: bool = False) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all tables that are moved."""
    found = {}
    for table in MOVED:
        columns = [f'"{column.name}"' for column in table.c if not (without_shard and column.name == "shard")]
        key = ", ".join(f'"{column.name}"' for column in table.primary_key)
        found[table.name] = rows(catalog, f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY {key}")  # noqa: S608
    return found


def is_empty(catalog: Catalog) -> bool:
    """Whether no table holds anything."""
    return not any(everything(catalog).values()) and rows(catalog, "SELECT * FROM deployment") == []


def test_everything_arrives(source: Catalog, target: Catalog) -> None:
    """Every row as it was but for its shard, which is what the rule says for its scope."""
    counts = transfer(source, target, SHARDS, quiet)

    there = everything(target, without_shard=True)
    assert there == everything(source, without_shard=True)
    assert counts == {name: len(found) for name, found in there.items()}
    assert counts["messages"] == 4 and counts["documents"] == 1 and counts["observations"] > 0
    placed = dict(rows(target, "SELECT scope, shard FROM scopes"))
    for scope, kind, customer, user in rows(target, "SELECT scope, kind, customer_id, user_id FROM scopes"):
        assert placed[scope] == shard_of(INSTANCE, ScopeRef(ScopeKind(kind), customer, user), SHARDS)
    assert len(set(placed.values())) > 1
    for table in ("items", "refine_jobs"):
        assert all(placed[scope] == shard for scope, shard in rows(target, f"SELECT scope, shard FROM {table}"))  # noqa: S608


def test_it_is_a_deployment_of_its_own(source: Catalog, target: Catalog) -> None:
    """Under a new log epoch, with nothing to do; every shard goes on after the last number, and no number is drawn again."""
    transfer(source, target, SHARDS, quiet)
    with source.read() as before, target.read() as after:
        former, found = load_deployment(before), load_deployment(after)
        assert left_to_do(after) == 0
    assert former is not None and found is not None
    assert (found.shards, found.model_id, found.generation) == (SHARDS, former.model_id, former.generation)
    assert found.log_epoch != former.log_epoch
    assert rows(target, "SELECT * FROM index_tables") == rows(target, "SELECT * FROM outbox") == []
    heads = dict(rows(source, "SELECT lane, seq FROM log_heads"))
    assert rows(target, "SELECT shard, lane, seq FROM log_applied ORDER BY shard, lane") == [
        (shard, lane, heads[lane]) for shard in range(SHARDS) for lane in sorted(heads)
    ]

    record(target, message("saw the moon", lane=Lane.REALTIME))
    assert rows(target, "SELECT lane, seq FROM outbox") == [(Lane.REALTIME, heads[Lane.REALTIME] + 1)]
    ids = [row[0] for row in rows(target, "SELECT message FROM messages ORDER BY message")]
    assert len(ids) == 5 and ids[-1] == rows(source, "SELECT seq FROM sqlite_sequence WHERE name = 'messages'")[0][0] + 1


def test_work_that_waits_is_refused(source: Catalog, target: Catalog) -> None:
    """Records that no owner has worked off would be lost."""
    record(source, message("saw the moon"))
    with pytest.raises(FailedPrecondition, match="has not finished"):
        transfer(source, target, SHARDS, quiet)
    assert is_empty(target)


def test_a_database_in_use_is_refused(source: Catalog, target: Catalog) -> None:
    """It stays as it is."""
    transfer(source, target, SHARDS, quiet)
    before = everything(target)
    with pytest.raises(FailedPrecondition, match="not empty"):
        transfer(source, target, SHARDS, quiet)
    assert everything(target) == before


@pytest.mark.parametrize("cut_in", ["copying", "comparing"])
def test_what_is_cut_off_leaves_nothing(source: Catalog, target: Catalog, cut_in: str) -> None:
    """And can be started again."""

    def cut(stage: str, _done: int, _total: int) -> None:
        if stage == cut_in:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(source, target, SHARDS, cut)
    assert is_empty(target)
    transfer(source, target, SHARDS, quiet)
    assert everything(target, without_shard=True) == everything(source, without_shard=True)


def test_what_arrives_otherwise_is_not_there(source: Catalog, target: Catalog) -> None:
    """A database that changes what it is given is found out before anybody sees it."""
    with target.write() as connection:
        for statement in (
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.content := upper(NEW.content); RETURN NEW; END $$",
            "CREATE TRIGGER shouting BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION shout()",
        ):
            connection.execute(text(statement))
    with pytest.raises(FailedPrecondition, match="messages arrived otherwise"):
        transfer(source, target, SHARDS, quiet)
    assert is_empty(target)


def test_a_service_that_comes_up_meanwhile_makes_nothing(
    source: Catalog, target: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would otherwise begin a deployment of its own beside half of the rows."""
    monkeypatch.setattr(engine, "REPEAT_SECONDS", 0.0)
    monkeypatch.setitem(postgres.SESSION, "lock_timeout", "100ms")
    refused: list[Unavailable] = []

    def come_up(stage: str, _done: int, _total: int) -> None:
        if stage == "comparing":
            with closing(Catalog(target.place)) as other, pytest.raises(Unavailable) as told:
                settle_deployment(
                    other,
                    shards=None,
                    default_shards=4,
                    model_id="fake",
                    model_dir="",
                    extractor_version="1",
                    analysis_version=1,
                )
            refused.append(told.value)

    transfer(source, target, SHARDS, come_up)
    assert refused
    assert rows(target, "SELECT shards FROM deployment") == [(SHARDS,)]
