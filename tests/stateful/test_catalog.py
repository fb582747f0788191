"""A state machine over the catalog: whatever callers, owners and time do, what is served is what a dictionary says.

Beside the catalog run a reader, which only ever hears of changes, and an index that is a dictionary, which only ever hears of
what is pending: both must always come to hold exactly what is live.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from service.catalog import edits, items
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.items import TOMBSTONE_US
from service.catalog.memories import get_memory
from service.catalog.recording import Answer, Write
from service.domain.errors import AlreadyExists
from service.domain.item import Item
from service.domain.kinds import Lane
from service.domain.scope import ScopeRef
from service.domain.source import SearchText
from service.domain.writes import AcceptedDocument, DocumentWrite, MessageWrite, RecordedMessage
from service.pipeline.index import IndexStep
from service.pipeline.store import Outcome
from tests.support.catalogs import (
    CUSTOMER,
    INSTANCE,
    MINUTE,
    NEIGHBOUR,
    NOW,
    USER,
    Catalogs,
    SqliteCatalogs,
    document,
    message,
    record,
    rows,
    run_sql,
)
from tests.support.dictionary_index import DictionaryIndex
from tests.support.lines import LINE
from tests.support.stages import HandOwner, check_books, live

pytestmark = pytest.mark.timeout(180)
LINES = ["likes tea", "likes TEA", "saw the sea", "home Porto", "home Lisbon", "not home Porto", "how are you?"]
SCOPES = {"one": USER, "two": USER, "three": NEIGHBOUR, "four": CUSTOMER}
"""The scope of each conversation."""

lines = st.lists(st.sampled_from(LINES), min_size=1, max_size=2, unique=True).map("\n".join)
times = st.integers(-3, 3).map(lambda minutes: NOW + minutes * MINUTE)
lanes = st.sampled_from(Lane)
messages = st.sampled_from(sorted(SCOPES)).flatmap(
    lambda talk: st.fixed_dictionaries(
        {
            "content": lines,
            "conversation": st.just(talk),
            "scope": st.just(SCOPES[talk]),
            "message_id": st.integers(1, 6).map(lambda number: f"m{number}"),
            "said": times,
            "lane": lanes,
        }
    )
)
documents = st.fixed_dictionaries(
    {
        "content": st.sampled_from(LINES),
        "document_id": st.integers(1, 4).map(lambda number: f"d{number}"),
        "scope": st.sampled_from([USER, NEIGHBOUR, CUSTOMER]),
        "written": times,
        "lane": lanes,
    }
)


@dataclass
class Known:
    """A source as the model knows it."""

    write: Write
    answer: RecordedMessage | AcceptedDocument
    statements: dict[int, str]
    """Offset of a statement -> its key."""
    is_applied: bool = False

    @property
    def scope(self) -> ScopeRef:
        """Whose it is."""
        return self.write.scope


@dataclass
class Reader:
    """Somebody who holds a scope in memory and hears of changes only."""

    change_number: int = 0
    held: dict[str, Item] = field(default_factory=dict)


class CatalogMachine(RuleBasedStateMachine):
    """Callers, an owner, a reader, an index and the model."""

    sources = Bundle("sources")

    catalogs: Catalogs

    @initialize()
    def begin(self) -> None:
        """A fresh deployment."""
        self.resources = ExitStack()
        self.catalog = self.resources.enter_context(self.catalogs.fresh())
        self.owner = HandOwner(self.catalog)
        self.writer = DictionaryIndex()
        self.index = IndexStep(self.catalog, self.writer, self.owner.ownership)
        self.index.open()
        self.known: dict[str, Known] = {}
        self.counts: dict[str, int] = {}
        self.dead: set[tuple[str, int]] = set()
        self.edited: dict[str, tuple[ScopeRef, str]] = {}
        self.absorbed: dict[tuple[str, int], str] = {}
        self.readers: dict[int, Reader] = {}
        self.edits = self.drawn = 0

    def teardown(self) -> None:
        """Close what was opened."""
        self.resources.close()

    @rule(target=sources, specifications=st.lists(messages | documents, min_size=1, max_size=4), at_once=st.integers(0, 9))
    def record_group(self, specifications: list[dict[str, Any]], at_once: int) -> MultipleResults[str]:
        """One commit group, perhaps with ids that are taken, also within the group; some of what waits is applied at once."""
        writes = [message(**each) if "conversation" in each else document(**each) for each in specifications]
        for write in writes:  # ids of its own, so that a run can be repeated to the letter
            self.drawn += 1
            write.source_id = f"{self.drawn:032x}"
        answers = record(self.catalog, *writes)
        for write, answer in zip(writes, answers, strict=True):
            self._check_answer(write, answer)
        for lane in Lane:
            self._apply(self.owner.waiting(lane)[:at_once])
        return multiple(*(write.source_id for write in writes if write.source_id in self.known))

    def _check_answer(self, write: Write, answer: Answer) -> None:
        first = next((known for known in self.known.values() if _key(known.write) == _key(write)), None)
        if first is not None and first.write.content_hash != write.content_hash:
            assert isinstance(answer, AlreadyExists)
            return
        assert not isinstance(answer, Exception)
        if first is not None:
            assert answer.is_duplicate and answer.entry == first.answer.entry
            return
        assert not answer.is_duplicate
        if isinstance(write, MessageWrite):
            assert isinstance(answer, RecordedMessage)
            self.counts[write.conversation_id] = self.counts.get(write.conversation_id, 0) + 1
            assert answer.number == self.counts[write.conversation_id]
        found = {match.start(): f"user {match['kind']} {match['rest']}".casefold() for match in LINE.finditer(write.content)}
        self.known[write.source_id] = Known(write, answer, found)

    @rule()
    def store_all(self) -> None:
        """Transaction 1 for all that waits, over both lanes."""
        self._apply([outcome for lane in Lane for outcome in self.owner.waiting(lane)])

    def _apply(self, batch: Sequence[Outcome]) -> None:
        if not batch:
            return
        self.owner.store(batch)
        for outcome in batch:
            if outcome.record.source_id in self.known:
                self.known[outcome.record.source_id].is_applied = True

    @rule()
    def flush(self) -> None:
        """The index follows, and transaction 2."""
        while self.index.flush():
            pass
        assert self.writer.tables[self.index.table.name] == {item.item_id: item for item in live(self.catalog)}

    @rule(is_lost=st.booleans())
    def restart(self, is_lost: bool) -> None:
        """The owner dies, whatever it was at, perhaps with the directory of the index; another one takes over."""
        if is_lost:
            self.writer.tables.clear()
            self.writer.states.clear()
        self.owner.take_over()
        self.index = IndexStep(self.catalog, self.writer, self.owner.ownership)
        self.index.open()

    @rule(is_late=st.booleans())
    def read(self, is_late: bool) -> None:
        """Readers hear what changed since they last read, perhaps days ago, and load anew only when they are told to."""
        if is_late:
            self._purge()
        for (scope,) in rows(self.catalog, "SELECT scope FROM scopes"):
            self._read(scope, self.readers.setdefault(scope, Reader()))

    def _read(self, scope: int, reader: Reader) -> None:
        with self.catalog.read() as connection:
            told = items.changes_since(connection, scope, reader.change_number)
            number, columns = items.items_of_scope(connection, scope)
            everything = {item.item_id: item for item in columns.items()}
            if told is None:
                reader.change_number, reader.held = number, everything
            else:
                reader.change_number = told.change_number
                reader.held |= {item.item_id: item for item in told.changed}
                for item_id in told.deleted:
                    reader.held.pop(item_id, None)
        assert reader.held == everything

    def _purge(self) -> None:
        run_sql(
            self.catalog,
            "UPDATE items SET deleted_time = deleted_time - :day WHERE deleted_time IS NOT NULL",
            day=TOMBSTONE_US + 1,
        )
        with self.catalog.write() as connection:
            items.purge_tombstones(connection, 0, 3)

    @rule(choice=st.randoms(use_true_random=False))
    def edit_memory(self, choice: Random) -> None:
        """A user rewrites a memory."""
        memory_id = self._any_memory(choice)
        if memory_id is None:
            return
        self.edits += 1
        text = f"User wrote number {self.edits}"
        with self.catalog.write() as connection:
            row = get_memory(connection, INSTANCE, memory_id)
            assert row is not None
            edits.update_memory(
                connection,
                MemoryEdit(
                    instance_id=INSTANCE,
                    memory_id=memory_id,
                    guard=Guard(row.scope.user_id, row.scope.customer_id),
                    generation=1,
                    resolved_against=row.item.version,
                    statement=text,
                    search=SearchText("", bytes(768), 4, False),
                    key=text.casefold(),
                ),
            )
        for observation in self._observations(memory_id):
            self.absorbed[observation] = memory_id
        self.edited[memory_id] = (row.scope, text)

    @rule(choice=st.randoms(use_true_random=False))
    def delete_memory(self, choice: Random) -> None:
        """A user deletes a memory."""
        memory_id = self._any_memory(choice)
        if memory_id is None:
            return
        self.dead.update(self._observations(memory_id))
        self.edited.pop(memory_id, None)
        with self.catalog.write() as connection:
            edits.delete_memory(connection, INSTANCE, memory_id, Guard(), 0, 1)

    @rule(source=sources)
    def delete_source(self, source: str) -> None:
        """A user deletes a document, or a whole conversation."""
        known = self.known.get(source)
        if known is None:
            return
        with self.catalog.write() as connection:
            if isinstance(known.write, DocumentWrite):
                gone = [source]
                edits.delete_document(connection, INSTANCE, known.write.document_id, Guard(), 1)
            else:
                talk = known.write.conversation_id
                self.counts.pop(talk)
                gone = [name for name, each in self.known.items() if getattr(each.write, "conversation_id", "") == talk]
                edits.delete_conversation(connection, INSTANCE, talk, Guard(), 1)
        for name in gone:
            del self.known[name]

    def _any_memory(self, choice: Random) -> str | None:
        found = [row[0] for row in rows(self.catalog, "SELECT memory_id FROM memories ORDER BY scope, key")]
        return choice.choice(found) if found else None

    def _observations(self, memory_id: str) -> list[tuple[str, int]]:
        found = rows(self.catalog, "SELECT source_id, start FROM observations WHERE memory_id = :it", it=memory_id)
        return [(row[0], row[1]) for row in found]

    def _applied(self) -> dict[str, Known]:
        return {name: known for name, known in self.known.items() if known.is_applied}

    @invariant()
    def memories_are_what_was_said(self) -> None:
        """Every statement that is not deleted is a memory of its scope, once, and nothing else is, but for what users wrote."""
        expected = {
            (known.scope, key)
            for name, known in self._applied().items()
            for start, key in known.statements.items()
            if (name, start) not in self.dead and (name, start) not in self.absorbed
        }
        expected |= {(scope, text.casefold()) for scope, text in self.edited.values()}
        scopes = self._scopes()
        found = [(scopes[item.scope], item.text.casefold()) for item in live(self.catalog, memories_only=True)]

        assert len(found) == len(set(found))
        assert set(found) == expected

    @invariant()
    def excerpts_are_what_was_recorded(self) -> None:
        """Every turn and document has its excerpt or one with its words, unless all it says was deleted; then it has none."""
        scopes = self._scopes()
        passages = [item for item in live(self.catalog) if item.kind == "passage"]
        served = {(scopes[item.scope], item.text.casefold()) for item in passages}
        live_sources = dict(rows(self.catalog, "SELECT passage_id, source_id FROM passages"))
        for item in passages:
            assert not self._is_deleted_talk(self.known[live_sources[item.item_id]])
        for known in self._applied().values():
            if not self._is_deleted_talk(known):
                assert (known.scope, known.write.content.casefold()) in served

    @invariant()
    def sources_exist(self) -> None:
        """No item names a source that is deleted, and every memory that nobody wrote names one."""
        exist = {_key(known.write) for known in self._applied().values()}
        for item in live(self.catalog):
            named = [
                (source.get("conversation_id", ""), source.get("message_id") or source["document_id"])
                for source in json.loads(item.details)["sources"]
            ]
            assert set(named) <= exist
            assert named or item.item_id in self.edited

    def _is_deleted_talk(self, known: Known) -> bool:
        said = {(known.write.source_id, start) for start in known.statements}
        return bool(said) and said <= self.dead

    def _scopes(self) -> dict[int, ScopeRef]:
        kinds = {ref.kind.value: ref.kind for ref in SCOPES.values()}
        return {
            row[0]: ScopeRef(kinds[row[1]], row[2], row[3])
            for row in rows(self.catalog, "SELECT scope, kind, customer_id, user_id FROM scopes")
        }

    @invariant()
    def the_books_balance(self) -> None:
        """What must hold between the tables does."""
        check_books(self.catalog)


def _key(write: Write) -> tuple[str, str]:
    if isinstance(write, MessageWrite):
        return (write.conversation_id, write.message_id)
    return ("", write.document_id)


def test_the_catalog_is_what_a_dictionary_says(catalogs: Catalogs) -> None:
    """Whatever happens, on either database; most of it on the one that takes a quarter of the time."""
    examples = 40 if isinstance(catalogs, SqliteCatalogs) else 12

    class Machine(CatalogMachine):
        """On this database."""

    Machine.catalogs = catalogs
    run_state_machine_as_test(Machine, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None))
