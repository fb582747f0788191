"""Refine jobs: sessions and documents that wait for a second look, and what that look needs to know of their scope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, union, update

from service.catalog import schema
from service.catalog.clock import database_now
from service.catalog.sql import Statement, in_list, json_list, upsert
from service.domain.kinds import SourceKind
from service.domain.refining import Known, KnownEntity, KnownStatement, fingerprint

MOST_MESSAGES = 200
"""The latest messages of a session that get a second look together."""

MOST_KNOWN = 500
"""Entities, and statements, of a scope that the second look compares with."""

_j, _m, _o, _e, _a = schema.refine_jobs, schema.messages, schema.observations, schema.entities, schema.entity_aliases
_COLUMNS = [column.name for column in _j.columns]
_put = upsert(_j).values({name: bindparam(name) for name in _COLUMNS})
_PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=["job_id"],
        set_={name: _put.excluded[name] for name in ("due_time", "extractor_version", "attempts")},
    )
)
_DUE = Statement(
    select(_j).where(_j.c.shard == bindparam("shard"), _j.c.due_time <= database_now()).order_by(_j.c.due_time).limit(1)
)
_NOW = Statement(select(database_now()))
_POSTPONE = Statement(
    update(_j).where(_j.c.job_id == bindparam("which")).values(due_time=bindparam("new_due"), attempts=bindparam("new_attempts"))
)
_DROP = Statement(delete(_j).where(_j.c.job_id == bindparam("which"), _j.c.due_time == bindparam("seen_due")))
_MESSAGES_OF = Statement(
    select(_m.c.source_id)
    .join(schema.conversations, schema.conversations.c.conversation == _m.c.conversation)
    .where(
        schema.conversations.c.scope == bindparam("scope"),
        schema.conversations.c.conversation_id == bindparam("conversation"),
        _m.c.session_id == bindparam("session_id"),
    )
    .order_by(_m.c.number.desc())
    .limit(bindparam("most"))
)
_SAID = Statement(
    select(_o.c.source_id, _o.c.type, _o.c.key, _o.c.statement, _o.c.subject, _o.c.details, _o.c.extractor_version).where(
        in_list(_o.c.source_id, "ids")
    )
)
_USERS_WORDS = Statement(
    union(
        select(schema.dead_observations.c.source_id).where(in_list(schema.dead_observations.c.source_id, "ids")),
        select(_o.c.source_id)
        .join(schema.memories, schema.memories.c.memory_id == _o.c.memory_id)
        .where(in_list(_o.c.source_id, "ids"), schema.memories.c.edited == 1),
    )
)
_OBSERVATION_IDS = Statement(select(_o.c.observation_id, _o.c.memory_id).where(_o.c.source_id == bindparam("source_id")))
_FORGET = Statement(delete(_o).where(in_list(_o.c.observation_id, "ids")))
_ENTITIES = Statement(
    select(_e.c.name, _e.c.kind, _a.c.alias_key)
    .join(_a, _a.c.entity_id == _e.c.entity_id)
    .where(_e.c.scope == bindparam("scope"), _a.c.scope == bindparam("scope"))
    .limit(bindparam("most"))
)
_STATEMENTS = Statement(
    select(_o.c.type, _o.c.subject, _o.c.statement, _o.c.polarity)
    .where(_o.c.scope == bindparam("scope"), _o.c.said_time < bindparam("said_before"))
    .order_by(_o.c.said_time.desc(), _o.c.source_id.desc(), _o.c.start.desc(), _o.c.observation_id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class RefineJob:
    """One session or document that waits."""

    job_id: str
    shard: int
    scope: int
    source_kind: str
    source_id: str
    """The document, or the message that made the job due."""
    conversation: str
    session_id: str
    extractor_version: str
    due_time: int
    """Microseconds since 1970 by the database's clock, for workers' clocks may differ; of one that is put: from then on."""
    attempts: int = 0
    create_time: int = 0
    """Drawn when it is put."""


def put_jobs(connection: Connection, jobs: Sequence[RefineJob]) -> None:
    """Let sessions and documents wait; one that waits already is put off."""
    if not jobs:
        return
    now = clock(connection)
    rows = [{name: getattr(job, name) for name in _COLUMNS} for job in jobs]
    _PUT.run_many(connection, [{**row, "due_time": now + row["due_time"], "create_time": now} for row in rows])


def clock(connection: Connection) -> int:
    """What the times of jobs are compared with."""
    return int(_NOW.run(connection).scalar_one())


def due_job(connection: Connection, shard: int) -> RefineJob | None:
    """The job that is due longest."""
    rows = _DUE.rows(connection, shard=shard)
    return RefineJob(**rows[0]) if rows else None


def sources_of(connection: Connection, job: RefineJob) -> tuple[list[str], list[str]]:
    """The messages of a job's session in order, and its document."""
    if job.source_kind == SourceKind.DOCUMENT.value:
        return [], [job.source_id]
    found = _MESSAGES_OF.run(
        connection, scope=job.scope, conversation=job.conversation, session_id=job.session_id, most=MOST_MESSAGES
    )
    return [row[0] for row in found][::-1], []


def fingerprints(connection: Connection, source_ids: Sequence[str], version: str) -> dict[str, frozenset[str]]:
    """source id → what it says so far; what another version of the extractor found is like nothing that this one finds."""
    found: dict[str, set[str]] = {}
    for row in _SAID.rows(connection, ids=json_list(source_ids)):
        names = tuple(mention["name"] for mention in json.loads(row["details"]).get("mentions", []))
        found.setdefault(row["source_id"], set()).add(
            fingerprint(row["type"], row["key"], row["statement"], row["subject"], names)
            if row["extractor_version"] == version
            else ""
        )
    return {source_id: frozenset(prints) for source_id, prints in found.items()}


def known_of(connection: Connection, scope: int, said_before: int) -> Known:
    """What a scope knows: its names, and the latest of what was said before a time (microseconds), the first said first.

    What was said later does not count: whether it is processed already differs from run to run.
    """
    entities: dict[str, KnownEntity] = {}
    for name, kind, alias in _ENTITIES.run(connection, scope=scope, most=4 * MOST_KNOWN):
        known = entities.get(name, KnownEntity(name, kind))
        entities[name] = KnownEntity(name, kind, (*known.aliases, alias))
    rows = _STATEMENTS.rows(connection, scope=scope, said_before=said_before, most=MOST_KNOWN)
    statements = tuple(KnownStatement(row["type"], row["subject"], row["statement"], row["polarity"]) for row in rows)
    return Known(tuple(entities.values())[:MOST_KNOWN], statements[::-1])


def users_words(connection: Connection, source_ids: Sequence[str]) -> set[str]:
    """Those of these sources of which a user has deleted or edited a memory."""
    return {row[0] for row in _USERS_WORDS.run(connection, ids=json_list(source_ids))}


def forget_others(connection: Connection, source_id: str, kept: set[str]) -> set[str]:
    """Remove a source's observations that it does not make any more. Returns the memories they belonged to."""
    gone = {row[0]: row[1] for row in _OBSERVATION_IDS.run(connection, source_id=source_id) if row[0] not in kept}
    _FORGET.run(connection, ids=json_list(sorted(gone)))
    return set(gone.values())


def postpone(connection: Connection, job: RefineJob, after_us: int) -> None:
    """Count an attempt in vain, and wait so long."""
    _POSTPONE.run(connection, which=job.job_id, new_due=clock(connection) + after_us, new_attempts=job.attempts + 1)


def drop_job(connection: Connection, job: RefineJob) -> bool:
    """Its work is done, unless more was said meanwhile. Returns whether it is gone."""
    return bool(_DROP.run(connection, which=job.job_id, seen_due=job.due_time).rowcount)
