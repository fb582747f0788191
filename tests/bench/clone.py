"""A job that makes a table large: copies of scopes under other ids, straight in the catalog of a stopped service, and the index rebuilt from it.

In a PostgreSQL database the index is left as it is: what is held in memory is loaded from the catalog alone (ADR 0015).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import TextClause, text

from service.bootstrap.reindex import run_reindex
from service.catalog import indexes, schema
from service.catalog.engine import Catalog, Connection
from service.settings.load import load_settings
from service.vectors.writer import IndexWriter
from tests.bench.jobs import answer_once

_COLUMNS = [column.name for column in schema.items.columns if column.name != "item"]
_FRESH = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "replace(gen_random_uuid()::text, '-', '')"}
"""An id, by database."""
_COPY_SCOPE = text(
    "INSERT INTO scopes (instance_id, kind, customer_id, user_id, shard, change_number, live_items, purged_change)"
    " SELECT instance_id, kind, customer_id, :user_id, shard, change_number, live_items, purged_change FROM scopes"
    " WHERE scope = :template RETURNING scope"
)
_TEMPLATE = text("SELECT scope, live_items FROM scopes WHERE kind = 'user' AND user_id = :user_id")


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Grow the service's table in `directory`, or that in the database `catalog`, to about `rows` rows by copies of the scopes of the users `templates`.

    Returns:
        `users`: everybody who has such a scope, templates first; `rows`: theirs together; `bytes` of the database, if it is one.
    """
    settings = load_settings({"data_dir": spec["directory"], "catalog.url": spec.get("catalog")}, {}).settings
    with closing(Catalog(settings.catalog_place)) as catalog, catalog.write() as connection:
        users, rows = _copy(connection, spec["templates"], spec["rows"])
    if settings.catalog.url is not None:
        return {"users": users, "rows": rows, "bytes": _settle(settings.catalog.url)}
    run_reindex(settings, lambda _what, _done, _all: None)
    _optimize(settings.database, settings.index_uri)
    return {"users": users, "rows": rows}


def _copy(connection: Connection, templates: Sequence[str], most: int) -> tuple[list[str], int]:
    found = [connection.execute(_TEMPLATE, {"user_id": user}).one() for user in templates]
    users, rows = list(templates), sum(live for _, live in found)
    copy_items = _copy_items(connection.dialect.name)
    while rows + found[len(users) % len(found)][1] <= most:
        template, live = found[len(users) % len(found)]
        users.append(f"copy {len(users)}")
        copy = connection.execute(_COPY_SCOPE, {"user_id": users[-1], "template": template}).scalar_one()
        connection.execute(copy_items, {"template": template, "copy": copy})
        rows += live
    return users, rows


def _copy_items(dialect: str) -> TextClause:
    own = {"item_id": f"substr(item_id, 1, 4) || {_FRESH[dialect]}", "scope": ":copy"}
    values = ", ".join(own.get(name, name) for name in _COLUMNS)
    return text(f"INSERT INTO items ({', '.join(_COLUMNS)}) SELECT {values} FROM items WHERE scope = :template AND is_live = 1")  # noqa: S608


def _settle(url: str) -> int:
    """Do what PostgreSQL would do by itself sooner or later, in the midst of a measurement. Returns the bytes of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) items")
        connection.execute("CHECKPOINT")
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert size is not None
    return int(size[0])


def _optimize(database: Path, index_uri: str) -> None:
    catalog = Catalog(database)
    with catalog.read() as connection:
        table = indexes.index_table(connection, 0)
    catalog.close()
    assert table is not None
    writer = IndexWriter(index_uri)
    writer.optimize(table.name, keep=timedelta(hours=1))
    writer.close()


if __name__ == "__main__":
    answer_once(main)
