"""The numbers of the log: heads, applied, indexed, the outbox, attempts and dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, select, update

from service.catalog import schema
from service.catalog.ids import now_us
from service.catalog.sql import Statement, in_list, insertion, json_list, upsert
from service.domain.writes import LogEntry

_heads, _applied, _indexed, _outbox = schema.log_heads, schema.log_applied, schema.log_indexed, schema.outbox
_held, _attempts, _dead = schema.log_held, schema.log_attempts, schema.dead_letters

_DRAW = Statement(
    update(_heads)
    .where(_heads.c.shard == bindparam("which_shard"), _heads.c.lane == bindparam("which_lane"))
    .values(seq=_heads.c.seq + bindparam("count"))
    .returning(_heads.c.seq)
)
_APPEND = insertion(_outbox, [column.name for column in _outbox.columns])
_UNINDEXED = Statement(
    select(func.count())
    .select_from(_outbox)
    .where(_outbox.c.instance_id == bindparam("instance_id"), _outbox.c.lane == bindparam("lane"))
)
_PROGRESS = {
    table.name: Statement(select(table.c.shard, table.c.lane, table.c.seq))
    for table in (_heads, schema.log_published, _applied, _indexed)
}
_OLDEST = Statement(
    select(_outbox.c.shard, _outbox.c.lane, _outbox.c.create_time).join(
        _indexed,
        and_(_indexed.c.shard == _outbox.c.shard, _indexed.c.lane == _outbox.c.lane, _outbox.c.seq == _indexed.c.seq + 1),
    )
)
_READ = Statement(
    select(_outbox)
    .where(
        _outbox.c.shard == bindparam("shard"),
        _outbox.c.lane == bindparam("lane"),
        _outbox.c.seq > bindparam("after"),
    )
    .order_by(_outbox.c.seq)
    .limit(bindparam("most"))
)


def _advance(table: Any) -> Statement:
    return Statement(
        update(table)
        .where(
            table.c.shard == bindparam("which_shard"),
            table.c.lane == bindparam("which_lane"),
            table.c.seq < bindparam("new_seq"),
        )
        .values(seq=bindparam("new_seq"))
    )


_ADVANCE_APPLIED, _ADVANCE_INDEXED = _advance(_applied), _advance(_indexed)
_TRIM = Statement(
    delete(_outbox).where(
        _outbox.c.shard == bindparam("shard"), _outbox.c.lane == bindparam("lane"), _outbox.c.seq <= bindparam("upto")
    )
)
_TRIM_ATTEMPTS = Statement(
    delete(_attempts).where(
        _attempts.c.shard == bindparam("shard"),
        _attempts.c.lane == bindparam("lane"),
        _attempts.c.seq <= bindparam("upto"),
    )
)
_held_insert = upsert(_held).values({name: bindparam(name) for name in ("shard", "lane", "first_seq", "last_seq", "owner_epoch")})
_HOLD = Statement(
    _held_insert.on_conflict_do_update(
        index_elements=["shard", "lane"],
        set_={name: _held_insert.excluded[name] for name in ("first_seq", "last_seq", "owner_epoch")},
    )
)
_HELD = Statement(select(_held).where(_held.c.shard == bindparam("shard")))
_RELEASE_ALL = Statement(delete(_held))
_RELEASE = Statement(delete(_held).where(_held.c.shard == bindparam("shard")))
_attempts_insert = upsert(_attempts).values(
    {name: bindparam(name) for name in ("shard", "lane", "seq", "errors", "owner_deaths", "stage", "reason")}
)
_COUNT_ATTEMPT = Statement(
    _attempts_insert.on_conflict_do_update(
        index_elements=["shard", "lane", "seq"],
        set_={
            "errors": _attempts.c.errors + _attempts_insert.excluded.errors,
            "owner_deaths": _attempts.c.owner_deaths + _attempts_insert.excluded.owner_deaths,
            "stage": _attempts_insert.excluded.stage,
            "reason": _attempts_insert.excluded.reason,
        },
    )
)
_ATTEMPTS = Statement(select(_attempts).where(_attempts.c.shard == bindparam("shard")))
_TRIED = Statement(
    select(_attempts.c.errors, _attempts.c.owner_deaths).where(
        _attempts.c.shard == bindparam("shard"), _attempts.c.lane == bindparam("lane"), _attempts.c.seq == bindparam("seq")
    )
)
_BURY = Statement(
    upsert(_dead)
    .values({column.name: bindparam(column.name) for column in _dead.columns})
    .on_conflict_do_nothing(index_elements=["shard", "lane", "seq", "log_epoch"])
)
_FORGET_ATTEMPTS = Statement(
    update(_attempts)
    .where(
        exists().where(
            _outbox.c.shard == _attempts.c.shard,
            _outbox.c.lane == _attempts.c.lane,
            _outbox.c.seq == _attempts.c.seq,
            in_list(_outbox.c.source_id, "ids"),
        )
    )
    .values(reason="")
)
_FORGET_DEAD = Statement(update(_dead).where(in_list(_dead.c.source_id, "ids")).values(reason=""))


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often a record was tried in vain."""

    errors: int
    """Errors of its own and deaths of the child that worked on it."""
    owner_deaths: int
    stage: str
    reason: str


def draw_seqs(connection: Connection, counts: Mapping[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    """The first of so many fresh numbers per (shard, lane). Heads stay locked until commit, so commit order is number order."""
    places = sorted(counts)
    drawn = _DRAW.run_each(
        connection, [{"which_shard": shard, "which_lane": lane, "count": counts[shard, lane]} for shard, lane in places]
    )
    return {place: int(row[0]) - counts[place] + 1 for place, row in zip(places, drawn, strict=True) if row is not None}


def append_records(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put records into the outbox; keys as the table's columns."""
    _APPEND.run(connection, rows)


def count_unindexed(connection: Connection, instance_id: str, lane: int) -> int:
    """How many records of an instance wait in a lane."""
    return int(_UNINDEXED.run(connection, instance_id=instance_id, lane=lane).scalar_one())


def progress(connection: Connection, table: str) -> dict[tuple[int, int], int]:
    """(shard, lane) → seq of `log_heads`, `log_published`, `log_applied` or `log_indexed`."""
    return {(shard, lane): seq for shard, lane, seq in _PROGRESS[table].run(connection)}


def oldest_times(connection: Connection) -> dict[tuple[int, int], int]:
    """(shard, lane) → when the first record that cannot be searched yet was accepted; only where there is one."""
    return {(shard, lane): moment for shard, lane, moment in _OLDEST.run(connection)}


def read_records(connection: Connection, places: Iterable[tuple[int, int, int]], most: int) -> list[list[dict[str, Any]]]:
    """Of each (shard, lane, number) the next outbox rows after the number, in order, `most` at most."""
    return _READ.rows_each(
        connection, [{"shard": shard, "lane": lane, "after": after, "most": most} for shard, lane, after in places]
    )


def advance_applied(connection: Connection, shard: int, lane: int, seq: int) -> None:
    """Say that everything up to `seq` has had its effects; in the transaction of the effects."""
    _ADVANCE_APPLIED.run(connection, which_shard=shard, which_lane=lane, new_seq=seq)


def advance_indexed(connection: Connection, shard: int, lane: int, seq: int) -> None:
    """Say that everything up to `seq` can be searched, and drop its outbox rows and attempts."""
    _ADVANCE_INDEXED.run(connection, which_shard=shard, which_lane=lane, new_seq=seq)
    _TRIM.run(connection, shard=shard, lane=lane, upto=seq)
    _TRIM_ATTEMPTS.run(connection, shard=shard, lane=lane, upto=seq)


def hold(connection: Connection, shard: int, lane: int, first: int, last: int, owner_epoch: int) -> None:
    """Note which records this owner is about to work on, so that its death can be counted for them."""
    _HOLD.run(connection, shard=shard, lane=lane, first_seq=first, last_seq=last, owner_epoch=owner_epoch)


def count_owner_death(connection: Connection, shard: int) -> None:
    """Count the death of a former owner for everything it held and did not finish, and forget what it held."""
    applied = progress(connection, "log_applied")
    for row in _HELD.rows(connection, shard=shard):
        after = max(row["first_seq"] - 1, applied[(shard, row["lane"])])
        (waiting,) = read_records(connection, [(shard, row["lane"], after)], row["last_seq"] - after)
        for record in waiting:
            if record["seq"] <= row["last_seq"]:
                entry = LogEntry(shard, row["lane"], record["seq"])
                count_attempt(connection, entry, errors=0, owner_deaths=1, stage="store", reason="OWNER_DIED")
    release(connection, shard)


def release(connection: Connection, shard: int) -> None:
    """Forget what an owner held: it stops in good order."""
    _RELEASE.run(connection, shard=shard)


def release_all(connection: Connection) -> None:
    """Forget what any owner held: all of them stop in good order."""
    _RELEASE_ALL.run(connection)


def count_attempt(connection: Connection, entry: LogEntry, *, errors: int, owner_deaths: int, stage: str, reason: str) -> None:
    """Add to the attempts of one record."""
    _COUNT_ATTEMPT.run(
        connection,
        shard=entry.shard,
        lane=entry.lane,
        seq=entry.seq,
        errors=errors,
        owner_deaths=owner_deaths,
        stage=stage,
        reason=reason,
    )


def attempts(connection: Connection, shard: int) -> dict[tuple[int, int], Attempts]:
    """(lane, seq) → attempts, for the few records that have any."""
    return {
        (row["lane"], row["seq"]): Attempts(row["errors"], row["owner_deaths"], row["stage"], row["reason"])
        for row in _ATTEMPTS.rows(connection, shard=shard)
    }


def bury(connection: Connection, record: Mapping[str, Any], log_epoch: int, stage: str, reason: str) -> None:
    """Make a record a dead letter; `deadletters` puts it back."""
    number = {name: record[name] for name in ("shard", "lane", "seq")}
    _BURY.run(
        connection,
        **number,
        attempts=max(_TRIED.run(connection, **number).first() or (0,)),
        log_epoch=log_epoch,
        instance_id=record["instance_id"],
        scope=record["scope"],
        source_kind=record["source_kind"],
        source_id=record["source_id"],
        stage=stage,
        reason=reason,
        create_time=now_us(),
    )


def forget_reasons(connection: Connection, source_ids: Sequence[str]) -> None:
    """Keep that sources failed, and where, but not the words of it: an error may quote what was deleted."""
    ids = json_list(source_ids)
    _FORGET_ATTEMPTS.run(connection, ids=ids)
    _FORGET_DEAD.run(connection, ids=ids)


def highest(entries: Iterable[LogEntry]) -> dict[tuple[int, int], int]:
    """(shard, lane) → highest seq: the entries of one position."""
    found: dict[tuple[int, int], int] = {}
    for entry in entries:
        key = (entry.shard, entry.lane)
        found[key] = max(entry.seq, found.get(key, 0))
    return found
