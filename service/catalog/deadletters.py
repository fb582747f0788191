"""Dead letters: records that were given up, whose they are, and putting them back into the log.

A letter goes by the id of its source. Those whose source its user has deleted meanwhile have nothing that could be put back, and are not shown.
How a record becomes one is in `log.bury`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, func, or_, select, update

from service.catalog import log, outcomes, schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement, in_list, json_list
from service.domain.kinds import Lane, SourceKind

EXCERPT = 600
"""Characters of what was said that a letter shows."""

_l, _s, _i = schema.dead_letters, schema.scopes, schema.instances
_m, _c, _d, _g = schema.messages, schema.conversations, schema.documents, schema.ingestions
_SOURCES = {SourceKind.MESSAGE: _m, SourceKind.DOCUMENT: _d}


def _letters(*columns: Any) -> Select[Any]:
    """Of an instance, or (empty) of all, those whose source still exists."""
    return (
        select(*columns)
        .select_from(_l)
        .join(_i, _i.c.instance_id == _l.c.instance_id)
        .join(_s, _s.c.scope == _l.c.scope)
        .outerjoin(_m, _m.c.source_id == _l.c.source_id)
        .outerjoin(_c, _c.c.conversation == _m.c.conversation)
        .outerjoin(_d, _d.c.source_id == _l.c.source_id)
        .outerjoin(_g, and_(_g.c.source_id == _l.c.source_id, _d.c.source_id.is_not(None)))
        .where(
            or_(_m.c.source_id.is_not(None), _d.c.source_id.is_not(None)),
            or_(bindparam("instance") == "", _i.c.name == bindparam("instance")),
        )
    )


_SHOWN = _letters(
    _l.c.source_id.label("letter_id"),
    _i.c.name.label("instance"),
    _s.c.customer_id,
    _s.c.user_id,
    _l.c.source_kind,
    func.coalesce(_c.c.conversation_id, "").label("conversation_id"),
    func.coalesce(_m.c.message_id, "").label("message_id"),
    func.coalesce(_d.c.document_id, "").label("document_id"),
    func.coalesce(_g.c.ingestion_id, "").label("ingestion_id"),
    _l.c.stage,
    _l.c.reason,
    _l.c.attempts,
    _l.c.create_time,
    func.substr(func.coalesce(_m.c.content, _d.c.content), 1, EXCERPT).label("excerpt"),
    func.length(func.coalesce(_m.c.content, _d.c.content)).label("characters"),
)
_PAGE = Statement(_SHOWN.where(_l.c.source_id > bindparam("after")).order_by(_l.c.source_id).limit(bindparam("most")))
_ONE = Statement(_SHOWN.where(or_(_l.c.source_id == bindparam("which"), _g.c.ingestion_id == bindparam("which"))))
_COUNT = Statement(_letters(func.count()))
_IDS = Statement(
    _letters(_l.c.source_id).where(_l.c.source_id > bindparam("after")).order_by(_l.c.source_id).limit(bindparam("most"))
)
_LOCK = {
    kind: Statement(
        select(table.c.source_id).where(in_list(table.c.source_id, "ids")).order_by(table.c.source_id).with_for_update(of=table)
    )
    for kind, table in _SOURCES.items()
}
_TAKE = Statement(delete(_l).where(_l.c.source_id == bindparam("which")).returning(_l))
_SHARD = Statement(select(_s.c.shard).where(_s.c.scope == bindparam("scope")))
_MOVE = {
    kind: Statement(
        update(table)
        .where(table.c.source_id == bindparam("source_id"))
        .values(lane=bindparam("new_lane"), seq=bindparam("new_seq"))
    )
    for kind, table in _SOURCES.items()
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was given up."""

    letter_id: str
    """Of its source."""
    instance: str
    customer_id: str
    user_id: str
    source_kind: str
    conversation_id: str
    message_id: str
    document_id: str
    ingestion_id: str
    """Empty for messages."""
    stage: str
    reason: str
    attempts: int
    create_time: int
    """When it was given up."""
    excerpt: str
    characters: int
    """Of the whole source."""

    def told(self) -> dict[str, Any]:
        """All of it, by name."""
        return asdict(self)


def list_letters(connection: Connection, instance: str, after: str, most: int) -> list[DeadLetter]:
    """A page of letters in the order in which their sources were accepted, after an id; of one instance, or of all where none is named."""
    return [DeadLetter(**row) for row in _PAGE.rows(connection, instance=instance, after=after, most=most)]


def find_letter(connection: Connection, which: str) -> DeadLetter | None:
    """A letter by its id or that of its ingestion."""
    found = _ONE.rows(connection, instance="", which=which)
    return DeadLetter(**found[0]) if found else None


def count_letters(connection: Connection, instance: str) -> int:
    """How many letters an instance has, or all have where none is named."""
    return int(_COUNT.run(connection, instance=instance).scalar_one())


def letter_ids(connection: Connection, instance: str, after: str, most: int) -> list[str]:
    """A page of ids, as `list_letters`."""
    return [row[0] for row in _IDS.run(connection, instance=instance, after=after, most=most)]


def replay(connection: Connection, letter_ids: Sequence[str]) -> int:
    """Put letters back into the log, with fresh attempts, and their ingestions to QUEUED. In a write transaction.

    Each gets a new number of the bootstrap lane, so that what is poisonous still keeps no realtime record waiting. What is no letter
    (any more) is left alone, so that doing it twice, or two at the same time, does it once. Returns how many were put back.
    """
    ids = sorted(set(letter_ids))
    existing = {row[0] for kind in SourceKind for row in _LOCK[kind].run(connection, ids=json_list(ids))}
    letters = [row for source_id in ids if source_id in existing for row in _TAKE.rows(connection, which=source_id)[:1]]
    for letter in letters:
        letter["shard"] = int(_SHARD.run(connection, scope=letter["scope"]).scalar_one())
    _number(connection, letters)
    for kind in SourceKind:
        _MOVE[kind].run_many(
            connection,
            [
                {"source_id": letter["source_id"], "new_lane": letter["lane"], "new_seq": letter["seq"]}
                for letter in letters
                if letter["source_kind"] == kind.value
            ],
        )
    log.append_records(connection, letters)
    outcomes.reopen_ingestions(connection, [letter["source_id"] for letter in letters])
    return len(letters)


def _number(connection: Connection, letters: Sequence[dict[str, Any]]) -> None:
    """Give letters the next numbers of their shards."""
    counts: dict[tuple[int, int], int] = {}
    for letter in letters:
        place = (letter["shard"], int(Lane.BOOTSTRAP))
        counts[place] = counts.get(place, 0) + 1
    following = log.draw_seqs(connection, counts)
    now = now_us()
    for letter in letters:
        place = (letter["shard"], int(Lane.BOOTSTRAP))
        letter |= {"lane": place[1], "seq": following[place], "create_time": now}
        following[place] += 1
