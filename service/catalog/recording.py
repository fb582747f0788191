"""One commit group: messages and documents of many callers, written in one transaction with a handful of statements.

Order of work (and of row locks): new scopes, conversations, what is known already, log heads, then the inserts, each kind sorted.
An item's own refusal is a result, not an exception: it never costs its neighbours anything.

Several processes may write at once. What two of them number stands under a row lock; what two of them create, one creates: the
other one's transaction is repeated (`Overtaken`, or the database's refusal of the second row) and finds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from service.catalog import log, schema
from service.catalog.heads import Head, Key, Place, lock_heads, move_heads, open_heads
from service.catalog.rows import Accepted, answer_of, document_row, message_row
from service.catalog.scopes import ensure_scope
from service.catalog.sql import Statement, insertion, json_list, json_rows, together
from service.domain.errors import AlreadyExists, EunoeError, FailedPrecondition, InvalidArgument
from service.domain.kinds import SourceKind
from service.domain.scope import ScopeRef
from service.domain.writes import DocumentWrite, MessageWrite

Write = MessageWrite | DocumentWrite
Answer = Accepted | EunoeError

_c, _m, _d = schema.conversations, schema.messages, schema.documents


def _known(table: Any, columns: Sequence[Any], first: Any, second: Any) -> Statement:
    pairs, (left, right) = json_rows("pairs", first.type, second.type)
    return Statement(select(*columns).select_from(pairs).join(table, and_(first == left, second == right)))


_KNOWN_MESSAGES = _known(
    _m,
    [
        _m.c.conversation,
        _m.c.message_id,
        _m.c.request_id,
        _m.c.content_hash,
        _m.c.session_id,
        _m.c.record_time,
        _m.c.number,
        _m.c.lane,
        _m.c.seq,
    ],
    _m.c.conversation,
    _m.c.message_id,
)
_KNOWN_DOCUMENTS = _known(
    _d,
    [
        _d.c.instance_id,
        _d.c.document_id,
        _d.c.request_id,
        _d.c.content_hash,
        _d.c.ingestion_id,
        _d.c.record_time,
        _d.c.lane,
        _d.c.seq,
        _d.c.scope,
    ],
    _d.c.instance_id,
    _d.c.document_id,
)
_SHARD_OF_SCOPE = Statement(select(schema.scopes.c.shard).where(schema.scopes.c.scope == bindparam("scope")))
_INSERT_MESSAGES = insertion(_m, [column.name for column in _m.columns if column.name != "message"])
_INSERT_DOCUMENTS = insertion(_d, [column.name for column in _d.columns if column.name != "document"])
_INSERT_INGESTIONS = insertion(schema.ingestions, [column.name for column in schema.ingestions.columns if not column.nullable])


_NUMBER_OF_MESSAGE = Statement(
    select(_m.c.number)
    .join(_c, _c.c.conversation == _m.c.conversation)
    .where(
        _c.c.instance_id == bindparam("instance_id"),
        _c.c.conversation_id == bindparam("conversation_id"),
        _m.c.message_id == bindparam("message_id"),
    )
)


def is_known(connection: Connection, write: Write) -> bool:
    """Whether a write's key is taken already: then it is recognised or refused, and stores nothing."""
    if isinstance(write, DocumentWrite):
        return bool(_KNOWN_DOCUMENTS.rows(connection, pairs=json_list([(write.instance_id, write.document_id)])))
    found = _NUMBER_OF_MESSAGE.run(
        connection, instance_id=write.instance_id, conversation_id=write.conversation_id, message_id=write.message_id
    )
    return found.first() is not None


MOST_SCOPES = 50_000
"""Scopes whose numbers are kept: about 20 MB."""


class Recorder:
    """Writes groups. Keeps the numbers of scopes it has seen, which never change, unless the group that created them failed."""

    def __init__(self, shards: int) -> None:
        """Take the deployment's number of shards."""
        self._shards = shards
        self._scopes: dict[tuple[str, ScopeRef], Place] = {}
        self._fresh: list[tuple[str, ScopeRef]] = []

    def record(self, connection: Connection, writes: Sequence[Write]) -> list[Answer]:
        """Write a group inside the caller's transaction.

        Args:
            connection: in a write transaction.
            writes: in the order in which they were submitted.

        Returns:
            One answer per write, in order: what it became, or why this one was refused.
        """
        self._forget_fresh()
        if len(self._scopes) >= MOST_SCOPES:
            self._scopes.clear()
        places = self._places(connection, writes)
        documents = [write for write in writes if isinstance(write, DocumentWrite)]
        group = _Group(connection)
        if len(documents) < len(writes):
            group.load_conversations(writes, places)
        if documents:
            group.load_documents(documents)
        for write, place in zip(writes, places, strict=True):
            group.take(write, place)
        return group.flush()

    def committed(self) -> None:
        """The group's transaction is durable: scopes created in it exist. A group that nobody says this of has failed."""
        self._fresh = []

    def _places(self, connection: Connection, writes: Sequence[Write]) -> list[Place]:
        """Where each write goes. New scopes are created in one order, as whoever else creates them does."""
        keys = [(write.instance_id, write.scope) for write in writes]
        try:
            return [self._scopes[key] for key in keys]
        except KeyError:
            self._fresh = sorted(set(keys) - self._scopes.keys())
        for instance_id, scope in self._fresh:
            self._scopes[instance_id, scope] = ensure_scope(connection, instance_id, scope, self._shards)
        return [self._scopes[key] for key in keys]

    def _forget_fresh(self) -> None:
        for key in self._fresh:
            self._scopes.pop(key, None)
        self._fresh = []


class _Group:
    """The state of one group."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._heads: dict[Key, Head] = {}
        self._messages: dict[tuple[int, str], Mapping[str, Any]] = {}
        self._documents: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._answers: list[Answer | None] = []
        self._waiting: dict[tuple[int, int], list[tuple[int, dict[str, Any]]]] = {}
        self._doubles: list[tuple[int, int]] = []  # (answer, the answer it repeats)
        self._rows_at: dict[int, dict[str, Any]] = {}

    def load_conversations(self, writes: Sequence[Write], places: Sequence[Place]) -> None:
        """Lock the heads of the group's conversations, opening new ones, and find out which of its messages are known."""
        first = {
            (write.instance_id, write.conversation_id): (write, place)
            for write, place in zip(reversed(writes), reversed(places), strict=True)
            if isinstance(write, MessageWrite)
        }
        self._heads = lock_heads(self._connection, first)
        new = {key: first[key] for key in sorted(first.keys() - self._heads.keys())}
        self._heads |= open_heads(self._connection, new)
        pairs = []
        for write in writes:
            if not isinstance(write, MessageWrite):
                continue
            head = self._heads[write.instance_id, write.conversation_id]
            if not head.is_new and write.message_id != write.source_id:
                pairs.append((head.conversation, write.message_id))
        if pairs:
            for known in _KNOWN_MESSAGES.rows(self._connection, pairs=json_list(pairs)):
                self._messages[known["conversation"], known["message_id"]] = known

    def load_documents(self, documents: Sequence[DocumentWrite]) -> None:
        """Read which of the group's documents are known."""
        pairs = [(write.instance_id, write.document_id) for write in documents]
        for row in _KNOWN_DOCUMENTS.rows(self._connection, pairs=json_list(pairs)):
            self._documents[row["instance_id"], row["document_id"]] = row

    def take(self, write: Write, place: Place) -> None:
        """Accept, recognise or refuse one write."""
        try:
            answer = self._take_message(write, place) if isinstance(write, MessageWrite) else self._take_document(write, place)
        except EunoeError as error:
            answer = error
        self._answers.append(answer)

    def flush(self) -> list[Answer]:
        """Draw the numbers, insert the rows, give the answers."""
        self._number_records()
        rows = [row for batch in self._waiting.values() for _, row in batch]
        messages = [row for row in rows if row["source_kind"] == SourceKind.MESSAGE.value]
        documents = [row for row in rows if row["source_kind"] == SourceKind.DOCUMENT.value]
        documents.sort(key=lambda row: (row["instance_id"], row["document_id"]))
        with together(self._connection):
            _INSERT_MESSAGES.run(self._connection, messages)
            _INSERT_DOCUMENTS.run(self._connection, documents)
            _INSERT_INGESTIONS.run(self._connection, documents)
            log.append_records(self._connection, rows)
            move_heads(self._connection, self._heads.values())
        for at, first in self._doubles:
            self._answers[at] = answer_of(self._rows_at[first], is_duplicate=True)
        return [answer for answer in self._answers if answer is not None]

    def _number_records(self) -> None:
        firsts = log.draw_seqs(self._connection, {place: len(batch) for place, batch in self._waiting.items()})
        for place, batch in self._waiting.items():
            seq = firsts[place]
            for at, row in batch:
                row["seq"] = seq
                self._answers[at] = answer_of(row, is_duplicate=False)
                seq += 1

    def _take_message(self, write: MessageWrite, place: Place) -> Answer | None:
        scope, shard = place
        head = self._heads[write.instance_id, write.conversation_id]
        if head.scope != scope:
            raise FailedPrecondition(
                f"conversation {write.conversation_id!r} belongs to another scope: its first message fixed its user and customer",
                values={"conversation_id": write.conversation_id},
            )
        known = self._messages.get((head.conversation, write.message_id))
        if known is not None:
            _check_repeat(write, known, "message_id", write.message_id)
            return self._repeat(known, shard, write.conversation_id)
        number, session = head.place(write)
        row = message_row(write, head.conversation, scope, shard, number, session)
        self._messages[head.conversation, write.message_id] = row
        self._wait(row, shard, write.lane)
        return None

    def _take_document(self, write: DocumentWrite, place: Place) -> Answer | None:
        scope, shard = place
        known = self._documents.get((write.instance_id, write.document_id))
        if known is not None:
            _check_repeat(write, known, "document_id", known["ingestion_id"])
            if "answer_at" not in known:
                shard = int(_SHARD_OF_SCOPE.run(self._connection, scope=known["scope"]).scalar_one())
            return self._repeat(known, shard, "")
        row = document_row(write, scope, shard)
        self._documents[write.instance_id, write.document_id] = row
        self._wait(row, shard, write.lane)
        return None

    def _wait(self, row: dict[str, Any], shard: int, lane: int) -> None:
        at = len(self._answers)
        row["answer_at"] = at
        self._rows_at[at] = row
        self._waiting.setdefault((shard, int(lane)), []).append((at, row))

    def _repeat(self, known: Mapping[str, Any], shard: int, conversation_id: str) -> Answer | None:
        if "answer_at" in known:  # its first is in this very group, and has no number yet
            self._doubles.append((len(self._answers), known["answer_at"]))
            return None
        return answer_of({**known, "shard": shard, "conversation_id": conversation_id}, is_duplicate=True)


def _check_repeat(write: Write, known: Mapping[str, Any], key: str, first_id: str) -> None:
    """Raise unless the write is a repeat of the known row (design section 5, idempotency)."""
    same_content = write.content_hash == known["content_hash"]
    if write.tolerates_repeats:
        if same_content:
            return
    elif write.request_id and write.request_id == known["request_id"]:
        if same_content:
            return
        raise InvalidArgument(
            f"request_id {write.request_id!r} was used before with other content: draw a new one for a new request",
            reason="REQUEST_ID_REUSED",
            values={"request_id": write.request_id},
        )
    elif not write.request_id and same_content:
        return
    value = write.message_id if isinstance(write, MessageWrite) else write.document_id
    raise AlreadyExists(f"{key} {value!r} is taken", values={key: value, "first_id": first_id})
