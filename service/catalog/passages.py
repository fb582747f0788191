"""Passages: where the verbatim pieces came from, and which of them is served for equal ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list, json_rows, upsert

_p = schema.passages
_values: dict[str, Any] = {column.name: bindparam(column.name) for column in _p.columns}
_put = upsert(_p).values(_values)
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["passage_id"],
        set_={name: _put.excluded[name] for name in _values if name != "passage_id"},
    )
)
_texts, (_text_scope, _text_hash) = json_rows("texts", _p.c.scope.type, _p.c.text_hash.type)
_BY_TEXT = Statement(select(_p).select_from(_texts).join(_p, and_(_p.c.scope == _text_scope, _p.c.text_hash == _text_hash)))
_OF_SOURCES = Statement(select(_p).where(in_list(_p.c.source_id, "ids")))
_DELETE = Statement(delete(_p).where(in_list(_p.c.passage_id, "ids")))
_SERVE = Statement(update(_p).where(_p.c.passage_id == bindparam("which")).values(served_by=bindparam("new_served_by")))
_EMBED_TEXTS = Statement(select(_p.c.passage_id, _p.c.embed_text).where(in_list(_p.c.passage_id, "ids")))


def put_passages(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace passages; keys as the table's columns."""
    _PUT.run_many(connection, rows)


def passages_by_text(connection: Connection, texts: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    """The passages with these (scope, hash of their text)."""
    return _BY_TEXT.rows(connection, texts=json_list(texts))


def passages_of_sources(connection: Connection, source_ids: Iterable[str]) -> list[dict[str, Any]]:
    """The passages of some sources."""
    return _OF_SOURCES.rows(connection, ids=json_list(source_ids))


def delete_passages(connection: Connection, ids: Iterable[str]) -> None:
    """Forget passages; their items are buried by the caller."""
    _DELETE.run(connection, ids=json_list(ids))


def serve_by(connection: Connection, passage_id: str, served_by: str) -> None:
    """Say which passage is served for this one."""
    _SERVE.run(connection, which=passage_id, new_served_by=served_by)


def embed_texts(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """passage id → the text that was embedded for it."""
    return {row[0]: row[1] for row in _EMBED_TEXTS.run(connection, ids=json_list(ids))}
