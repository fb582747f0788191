"""A job that makes a table large: copies of scopes under other ids, straight in the catalog of a stopped service, and the index rebuilt from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.bootstrap.reindex import run_reindex
from service.catalog import indexes, schema
from service.catalog.engine import Catalog, Connection
from service.settings.load import load_settings
from service.vectors.writer import IndexWriter
from tests.bench.jobs import answer_once

_OWN = {
    "item_id": "substr(item_id, 1, 4) || lower(hex(randomblob(16)))",
    "scope": ":copy",
}
_COLUMNS = [column.name for column in schema.items.columns if column.name != "item"]
_COPY_ITEMS = text(
    f"INSERT INTO items ({', '.join(_COLUMNS)}) SELECT {', '.join(_OWN.get(name, name) for name in _COLUMNS)}"  # noqa: S608
    " FROM items WHERE scope = :template AND is_live = 1"
)
_COPY_SCOPE = text(
    "INSERT INTO scopes (instance_id, kind, customer_id, user_id, shard, change_number, live_items, purged_change)"
    " SELECT instance_id, kind, customer_id, :user_id, shard, change_number, live_items, purged_change FROM scopes"
    " WHERE scope = :template RETURNING scope"
)
_TEMPLATE = text("SELECT scope, live_items FROM scopes WHERE kind = 'user' AND user_id = :user_id")


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Grow the service's table in `directory` to about `rows` rows by copies of the scopes of the users `templates`.

    Returns:
        `users`: everybody who has such a scope, templates first; `rows`: theirs together.
    """
    settings = load_settings({"data_dir": spec["directory"]}, {}).settings
    catalog = Catalog(settings.database)
    with catalog.write() as connection:
        users, rows = _copy(connection, spec["templates"], spec["rows"])
    catalog.close()
    run_reindex(settings, lambda _what, _done, _all: None)
    _optimize(settings.database, settings.index_uri)
    return {"users": users, "rows": rows}


def _copy(connection: Connection, templates: Sequence[str], most: int) -> tuple[list[str], int]:
    found = [connection.execute(_TEMPLATE, {"user_id": user}).one() for user in templates]
    users, rows = list(templates), sum(live for _, live in found)
    while rows + found[len(users) % len(found)][1] <= most:
        template, live = found[len(users) % len(found)]
        users.append(f"copy {len(users)}")
        copy = connection.execute(_COPY_SCOPE, {"user_id": users[-1], "template": template}).scalar_one()
        connection.execute(_COPY_ITEMS, {"template": template, "copy": copy})
        rows += live
    return users, rows


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
