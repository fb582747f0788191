"""Mutating calls that were answered, so that a repeat gets the first answer: for a day, by the caller's `request_id`.

Appending has keys of its own (message and document ids, see `recording`) and leaves nothing here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_

from service.catalog import schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement
from service.domain.errors import FieldViolation, InvalidArgument

KEPT_US = 24 * 3600 * 1_000_000
"""How long an answer is kept (design section 5)."""
MOST_EXPIRED = 1000
"""Answers that one call drops."""

_r = schema.requests
_FIND = Statement(
    select(_r.c.method, _r.c.content_hash, _r.c.answer).where(
        _r.c.instance_id == bindparam("instance_id"),
        _r.c.request_id == bindparam("request_id"),
        _r.c.create_time >= bindparam("since"),
    )
)
_INSERT = Statement(insert(_r).values({column.name: bindparam(column.name) for column in _r.columns}))
_key = tuple_(_r.c.instance_id, _r.c.request_id)
_EXPIRE = Statement(  # whoever holds a row is dropping it too
    delete(_r).where(
        _key.in_(
            select(_r.c.instance_id, _r.c.request_id)
            .where(_r.c.create_time < bindparam("before"))
            .limit(MOST_EXPIRED)
            .with_for_update(skip_locked=True)
        )
    )
)

Answer = Mapping[str, Any]


def answer_of(connection: Connection, instance_id: str, request_id: str, method: str, content_hash: bytes) -> Answer | None:
    """The answer that a call got before; None where it was not answered within a day. Arguments as for `once`.

    Raises:
        InvalidArgument: the key was used before, for something else.
    """
    return _find(connection, instance_id, request_id, method, content_hash, now_us() - KEPT_US)


def once(
    connection: Connection,
    instance_id: str,
    request_id: str,
    method: str,
    content_hash: bytes,
    run: Callable[[], Answer],
) -> Answer:
    """Run a call, or give the answer it got before; in the transaction of its effects.

    Args:
        connection: in a write transaction.
        instance_id: whose call it is; empty for the operator's.
        request_id: the caller's key; empty: the call is run.
        method: the call's name.
        content_hash: over everything the call asks for.
        run: has the effects and returns the answer, JSON types only. Where the same call is answered by another process at this very
            moment, the key is taken when its answer is there, and the transaction is repeated (`Catalog.transact`).

    Raises:
        InvalidArgument: the key was used before, for something else.
    """
    if not request_id:
        return run()
    now = now_us()
    _EXPIRE.run(connection, before=now - KEPT_US)
    known = _find(connection, instance_id, request_id, method, content_hash, now - KEPT_US)
    if known is not None:
        return known
    answer = run()
    _INSERT.run(
        connection,
        instance_id=instance_id,
        request_id=request_id,
        method=method,
        content_hash=content_hash,
        answer=json.dumps(answer, ensure_ascii=False, separators=(",", ":")),
        create_time=now,
    )
    return answer


def _find(
    connection: Connection, instance_id: str, request_id: str, method: str, content_hash: bytes, since: int
) -> Answer | None:
    known = _FIND.run(connection, instance_id=instance_id, request_id=request_id, since=since).first()
    if known is None:
        return None
    if (known[0], known[1]) != (method, content_hash):
        raise _reused(request_id)
    found: Answer = json.loads(known[2])
    return found


def _reused(request_id: str) -> InvalidArgument:
    return InvalidArgument(
        f"request_id {request_id!r} was used before with other content: draw a new one for a new request",
        reason="REQUEST_ID_REUSED",
        values={"request_id": request_id},
        fields=[FieldViolation("request_id", "must not repeat that of another request")],
    )
