"""What users change by hand: guards, versions, permanent deletion, and what is left of everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from service.catalog import edits, log, outcomes, schema
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.engine import Catalog
from service.catalog.memories import MemoryRow
from service.catalog.recording import Write
from service.domain.errors import Aborted, NotFound
from service.domain.scope import CLIENT_SCOPE, ScopeRef
from service.domain.source import SearchText, StageError
from service.domain.writes import LogEntry
from tests.support.catalogs import CUSTOMER, INSTANCE, MINUTE, NOW, OTHER_INSTANCE, USER, document, message, record, rows, scalar
from tests.support.stages import HandOwner, check_books, excerpts, live, memory, sources_of, statements

ANYBODY = Guard()
TABLES = [table.name for table in schema.metadata.sorted_tables]


@pytest.fixture
def owner(catalog: Catalog) -> HandOwner:
    """The owner of the one shard."""
    return HandOwner(catalog)


def process(owner: HandOwner, *writes: Write) -> None:
    """Record sources and apply them."""
    record(owner.catalog, *writes)
    owner.work()
    check_books(owner.catalog)


def forget(catalog: Catalog, memory_id: str, guard: Guard = ANYBODY, *, version: int = 0, instance: str = INSTANCE) -> None:
    """Delete a memory."""
    with catalog.write() as connection:
        edits.delete_memory(connection, instance, memory_id, guard, version, 1)
    check_books(catalog)


def remove_document(catalog: Catalog, document_id: str, guard: Guard = ANYBODY, *, instance: str = INSTANCE) -> None:
    """Delete a document."""
    with catalog.write() as connection:
        edits.delete_document(connection, instance, document_id, guard, 1)
    check_books(catalog)


def remove_conversation(catalog: Catalog, conversation: str, guard: Guard = ANYBODY, *, instance: str = INSTANCE) -> None:
    """Delete a conversation."""
    with catalog.write() as connection:
        edits.delete_conversation(connection, instance, conversation, guard, 1)
    check_books(catalog)


def edit(catalog: Catalog, row: MemoryRow, statement: str | None = None, **changes: object) -> MemoryRow:
    """Edit a memory that was read before."""
    search = SearchText("analysed", bytes(768), 2, False) if statement else None
    wanted = MemoryEdit(
        instance_id=INSTANCE,
        memory_id=row.item.item_id,
        guard=ANYBODY,
        generation=1,
        resolved_against=row.item.version,
        statement=statement,
        search=search,
        key=(statement or row.item.text).casefold(),
    )
    with catalog.write() as connection:
        found = edits.update_memory(connection, replace(wanted, **changes))  # type: ignore[arg-type]
    check_books(catalog)
    return found


def test_a_deleted_memory_is_gone_at_once(catalog: Catalog, owner: HandOwner) -> None:
    """After a deletion the memory, its words, its vector, its excerpt and its entities are nowhere in the catalog's items."""
    process(owner, message("home Porto", message_id="m1"), message("saw the sea", message_id="m2"))
    porto = memory(catalog, "User home Porto").item.item_id

    forget(catalog, porto)

    assert statements(catalog) == ["User saw the sea"]
    assert excerpts(catalog) == ["saw the sea"]
    assert scalar(catalog, "SELECT count(*) FROM entities") == 0
    assert scalar(catalog, "SELECT count(*) FROM observations WHERE statement LIKE '%Porto%'") == 0
    assert scalar(catalog, "SELECT count(*) FROM items WHERE text LIKE '%Porto%' OR details LIKE '%Porto%'") == 0
    assert rows(catalog, "SELECT is_live, text, length(vector) FROM items WHERE item_id = :id", id=porto) == [(0, "", 0)]
    with pytest.raises(NotFound):
        forget(catalog, porto)


def test_a_deleted_memory_stays_dead_on_replay(catalog: Catalog, owner: HandOwner) -> None:
    """Applying the same source again brings back neither the memory nor its excerpt; a new statement makes a new memory."""
    record(catalog, message("likes tea"))
    again = owner.waiting()
    owner.store(again)
    forget(catalog, memory(catalog, "User likes tea").item.item_id)

    owner.store(again)
    assert (statements(catalog), excerpts(catalog)) == ([], [])
    assert rows(catalog, "SELECT item_id FROM index_pending WHERE deleted = 0") == [], "nor does the index get it back"

    record(catalog, message("likes tea", conversation="later"))
    owner.work()
    assert statements(catalog) == ["User likes tea"]


def test_an_excerpt_that_others_cite_stays(catalog: Catalog, owner: HandOwner) -> None:
    """An excerpt goes with the last memory that cites it, not before."""
    process(owner, message("likes tea\nsaw the sea"))

    forget(catalog, memory(catalog, "User likes tea").item.item_id)
    assert excerpts(catalog) == ["likes tea\nsaw the sea"]

    forget(catalog, memory(catalog, "User saw the sea").item.item_id)
    assert excerpts(catalog) == []


def test_every_chunk_that_says_it_goes(catalog: Catalog, owner: HandOwner) -> None:
    """Of a long turn every passage that holds the deleted statement is hidden; those that do not hold it stay."""
    process(owner, message("Nothing to see here. " * 70 + "\nlikes secret tea"))
    assert [("secret" in text) for text in excerpts(catalog)] == [True, True]

    forget(catalog, memory(catalog, "User likes secret tea").item.item_id)

    assert [text for text in excerpts(catalog) if "secret" in text] == []


def test_every_source_of_a_deleted_memory_is_hidden(catalog: Catalog, owner: HandOwner) -> None:
    """Turns and documents that say only the deleted thing are all hidden, repeats included."""
    process(
        owner,
        message("likes tea", conversation="one"),
        message("likes tea", conversation="two"),
        document("likes tea", document_id="d"),
        message("how are you?"),
    )

    forget(catalog, memory(catalog, "User likes tea").item.item_id)

    assert excerpts(catalog) == ["how are you?"]


def test_deleting_a_value_revives_the_one_before(catalog: Catalog, owner: HandOwner) -> None:
    """When the value that superseded another is deleted, the other is valid again."""
    process(owner, message("home Porto", said=NOW), message("home Lisbon", said=NOW + MINUTE))
    assert memory(catalog, "User home Porto").item.valid_until == NOW + MINUTE

    forget(catalog, memory(catalog, "User home Lisbon").item.item_id)

    assert memory(catalog, "User home Porto").item.valid_until is None
    assert "superseded_by" not in json.loads(memory(catalog, "User home Porto").item.details)


@pytest.mark.parametrize(
    ("guard", "instance", "found"),
    [
        (Guard("ana", "acme"), INSTANCE, True),
        (Guard("ana"), INSTANCE, True),
        (Guard("", "acme"), INSTANCE, True),
        (Guard("ben", "acme"), INSTANCE, False),
        (Guard("ana", "globex"), INSTANCE, False),
        (ANYBODY, OTHER_INSTANCE, False),
        (Guard("ana", "acme"), OTHER_INSTANCE, False),
    ],
)
@pytest.mark.parametrize("verb", ["memory", "document", "conversation", "update"])
def test_guards(catalog: Catalog, owner: HandOwner, verb: str, guard: Guard, instance: str, found: bool) -> None:
    """A verb by id finds what belongs to the named user, customer and instance; a mismatch is NOT_FOUND and changes nothing."""
    process(owner, message("likes tea"), document("saw the sea", document_id="d"))
    row = memory(catalog, "User likes tea")
    before = rows(catalog, "SELECT * FROM items ORDER BY item_id")
    verbs: dict[str, Callable[[], object]] = {
        "memory": lambda: forget(catalog, row.item.item_id, guard, instance=instance),
        "document": lambda: remove_document(catalog, "d", guard, instance=instance),
        "conversation": lambda: remove_conversation(catalog, "talk", guard, instance=instance),
        "update": lambda: edit(catalog, row, "User likes coffee", guard=guard, instance_id=instance),
    }

    if found:
        verbs[verb]()
    else:
        with pytest.raises(NotFound):
            verbs[verb]()

    assert (rows(catalog, "SELECT * FROM items ORDER BY item_id") == before) is not found


@pytest.mark.parametrize(
    ("scope", "guard", "admitted"),
    [
        (USER, Guard("ana", "acme"), True),
        (USER, Guard("", "acme"), True),
        (CUSTOMER, Guard("", "acme"), True),
        (CUSTOMER, Guard("ana", "acme"), False),
        (CLIENT_SCOPE, Guard("", "acme"), False),
        (CLIENT_SCOPE, Guard("ana"), False),
        (ScopeRef(USER.kind, "", "ana"), Guard("ana", "ana"), True),
        (ScopeRef(USER.kind, "", "ana"), Guard("", "ana"), True),
        (ScopeRef(USER.kind, "", "ana"), Guard("ana", "acme"), False),
    ],
)
def test_what_a_guard_admits(scope: ScopeRef, guard: Guard, admitted: bool) -> None:
    """A guard admits what lies in the named user or customer; in users-only instances the customer is the user."""
    assert guard.admits(scope) is admitted
    assert ANYBODY.admits(scope)


def test_versions_guard_changes(catalog: Catalog, owner: HandOwner) -> None:
    """A change that names another version than the current one is ABORTED and changes nothing."""
    process(owner, message("likes tea"))
    row = memory(catalog, "User likes tea")
    edit(catalog, row, "User likes green tea")
    before = rows(catalog, "SELECT * FROM items ORDER BY item_id")

    with pytest.raises(Aborted):
        edit(catalog, row, "User likes black tea")
    with pytest.raises(Aborted):
        forget(catalog, row.item.item_id, version=row.item.version)

    assert rows(catalog, "SELECT * FROM items ORDER BY item_id") == before
    forget(catalog, row.item.item_id, version=row.item.version + 1)


def test_an_edit_changes_what_it_names(catalog: Catalog, owner: HandOwner) -> None:
    """An edit changes text, confidence or metadata, each alone, and raises the version."""
    process(owner, message("likes tea"))
    row = memory(catalog, "User likes tea")

    worded = edit(catalog, row, "User likes green tea")
    surer = edit(catalog, worded, confidence=0.1)
    tagged = edit(catalog, surer, metadata='{"tag":1}')

    assert (worded.item.text, worded.item.confidence, worded.is_edited) == ("User likes green tea", row.item.confidence, True)
    assert (surer.item.text, surer.item.confidence, surer.item.metadata) == ("User likes green tea", 0.1, "")
    assert (tagged.item.confidence, tagged.item.metadata) == (0.1, '{"tag":1}')
    assert [each.item.version for each in (row, worded, surer, tagged)] == [1, 2, 3, 4]


def test_extraction_never_overwrites_an_edit(catalog: Catalog, owner: HandOwner) -> None:
    """What is said later adds provenance to an edited memory, and may end it, but changes neither words nor confidence."""
    process(owner, message("home Porto", message_id="m1", said=NOW))
    row = edit(catalog, memory(catalog, "User home Porto"), confidence=0.2, metadata='{"checked":true}')

    process(owner, message("home PORTO", message_id="m2", said=NOW + MINUTE))
    process(owner, message("home Lisbon", message_id="m3", said=NOW + 2 * MINUTE))

    after = memory(catalog, "User home Porto")
    assert after.item.item_id == row.item.item_id
    assert (after.item.text, after.item.confidence, after.item.metadata) == ("User home Porto", 0.2, '{"checked":true}')
    assert sources_of(after.item) == ["m1", "m2"]
    assert after.item.valid_until == NOW + 2 * MINUTE


def test_an_edited_memory_outlives_its_sources(catalog: Catalog, owner: HandOwner) -> None:
    """What a user wrote stays when the source it was first extracted from is deleted; what nobody edited goes."""
    process(owner, document("likes tea\n\nsaw the sea", document_id="d"))
    edit(catalog, memory(catalog, "User likes tea"), "User likes green tea")

    remove_document(catalog, "d")

    assert statements(catalog) == ["User likes green tea"]
    assert sources_of(memory(catalog, "User likes green tea").item) == []
    assert excerpts(catalog) == []


def test_deleting_what_ended_an_edited_memory_revives_it(catalog: Catalog, owner: HandOwner) -> None:
    """An edited memory is ended by what was said later, for as long as that stands."""
    process(owner, message("home Porto", conversation="one", said=NOW))
    edit(catalog, memory(catalog, "User home Porto"), confidence=0.2)
    process(owner, message("home Lisbon", conversation="two", said=NOW + MINUTE))
    assert memory(catalog, "User home Porto").item.valid_until == NOW + MINUTE

    remove_conversation(catalog, "two")

    after = memory(catalog, "User home Porto")
    assert (after.item.valid_until, after.superseded_by) == (None, "")
    assert "superseded_by" not in json.loads(after.item.details)


def test_what_only_a_deleted_source_named_leaves_the_graph(catalog: Catalog, owner: HandOwner) -> None:
    """A memory that loses a source, or its last one, keeps no name that nothing else says."""
    process(owner, document("home Porto", document_id="d"))
    edit(catalog, memory(catalog, "User home Porto"), "User has moved")

    remove_document(catalog, "d")

    assert statements(catalog) == ["User has moved"]
    assert scalar(catalog, "SELECT count(*) FROM entities") == 0
    assert scalar(catalog, "SELECT count(*) FROM items WHERE details LIKE '%Porto%'") == 0


def test_the_next_read_of_changes_shows_an_edit(catalog: Catalog, owner: HandOwner) -> None:
    """Edits and deletions draw a change number, so that a cached scope hears of them with its next fetch."""
    process(owner, message("likes tea"), message("saw the sea"))
    tea, sea = memory(catalog, "User likes tea"), memory(catalog, "User saw the sea")
    before = scalar(catalog, "SELECT change_number FROM scopes")

    edit(catalog, tea, "User likes green tea")
    forget(catalog, sea.item.item_id)

    changed = dict(rows(catalog, "SELECT item_id, change_number FROM items WHERE change_number > :n", n=before))
    assert changed[tea.item.item_id] == before + 1
    assert changed[sea.item.item_id] == before + 2
    assert scalar(catalog, "SELECT change_number FROM scopes") == before + 2
    pending = dict(rows(catalog, "SELECT item_id, deleted FROM index_pending"))
    assert (pending[tea.item.item_id], pending[sea.item.item_id]) == (0, 1)


def test_a_deleted_document_takes_along_what_is_its_alone(catalog: Catalog, owner: HandOwner) -> None:
    """With a document go its excerpts and the memories that it alone says; shared memories lose it as a source."""
    process(owner, message("likes tea", message_id="m1"), document("likes tea\n\nsaw the sea", document_id="d"))
    assert sorted(sources_of(memory(catalog, "User likes tea").item)) == ["d", "m1"]

    remove_document(catalog, "d")

    assert statements(catalog) == ["User likes tea"]
    assert excerpts(catalog) == ["likes tea"]
    assert sources_of(memory(catalog, "User likes tea").item) == ["m1"]
    assert memory(catalog, "User likes tea").item.confidence == 0.75


def test_deleted_words_leave_the_file(sqlite_catalog: Catalog) -> None:
    """After a deletion no page of an SQLite database holds the words, neither those of rows nor free ones."""
    owner = HandOwner(sqlite_catalog)
    secret = "\n".join(f"likes xylophone number {each}" for each in range(300))
    process(owner, document(secret, document_id="d"), message("likes xylophones", conversation="one"), message("saw the sea"))

    remove_document(sqlite_catalog, "d")
    remove_conversation(sqlite_catalog, "one")
    sqlite_catalog.checkpoint()

    assert b"xylophone" not in Path(sqlite_catalog.place).read_bytes()


def test_a_deleted_document_frees_its_id(catalog: Catalog, owner: HandOwner) -> None:
    """The same document_id can be ingested again, with other content, as another ingestion."""
    process(owner, document("likes tea", document_id="d"))
    remove_document(catalog, "d")

    process(owner, document("saw the sea", document_id="d"))

    assert statements(catalog) == ["User saw the sea"]
    assert scalar(catalog, "SELECT count(*) FROM ingestions") == 2
    with pytest.raises(NotFound):
        remove_document(catalog, "other")


def test_deleting_a_document_in_process_ends_its_ingestion(catalog: Catalog, owner: HandOwner) -> None:
    """Its ingestion ends FAILED with SOURCE_DELETED, its record counts as applied, and nothing of it appears."""
    record(catalog, document("likes tea", document_id="d"), document("saw the sea", document_id="e"))
    paused = owner.waiting()

    remove_document(catalog, "d")
    owner.store(paused)

    assert statements(catalog) == ["User saw the sea"]
    ((status, errors, finished),) = rows(
        catalog, "SELECT status, errors, finish_time IS NOT NULL FROM ingestions WHERE document_id = 'd'"
    )
    assert (status, finished) == ("failed", 1)
    assert [error["code"] for error in json.loads(errors)] == ["SOURCE_DELETED"]
    assert scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 2
    check_books(catalog)


def test_a_deleted_conversation_is_gone(catalog: Catalog, owner: HandOwner) -> None:
    """With a conversation go its turns and what only they said; its name is free, and numbers begin at 1 again."""
    process(
        owner,
        message("likes tea", message_id="m1"),
        message("saw the sea", message_id="m2"),
        message("likes tea", conversation="other", message_id="m3"),
    )

    remove_conversation(catalog, "talk")

    assert statements(catalog) == ["User likes tea"]
    assert sources_of(memory(catalog, "User likes tea").item) == ["m3"]
    assert excerpts(catalog) == ["likes tea"]
    (answer,) = record(catalog, message("home Porto", message_id="m1"))
    assert not isinstance(answer, Exception) and answer.number == 1  # type: ignore[union-attr]


def test_deleting_a_conversation_in_process(catalog: Catalog, owner: HandOwner) -> None:
    """Turns that were not applied yet when their conversation was deleted leave nothing, whether read before or after."""
    record(catalog, message("likes tea"), message("saw the sea"))
    paused = owner.waiting()[:1]
    remove_conversation(catalog, "talk")

    owner.store(paused)
    owner.work()

    assert live(catalog) == []
    assert scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 2
    check_books(catalog)


TURNS = "User: likes tea\nAssistant: How nice."


def _told_twice(owner: HandOwner, *, recorded_first: bool) -> None:
    talk = [message("likes tea", message_id="m1"), message("How nice.", message_id="m2", role="assistant")]
    paper = [document(TURNS, document_id="d", kind="ai-chat-conversation", written=NOW)]
    for writes in (talk, paper) if recorded_first else (paper, talk):
        process(owner, *writes)


@pytest.mark.parametrize("recorded_first", [True, False])
def test_a_turn_that_is_also_in_a_document_is_one_excerpt(catalog: Catalog, owner: HandOwner, recorded_first: bool) -> None:
    """In either order there is one excerpt of a turn that is recorded and ingested; it names both sources, the turn first."""
    _told_twice(owner, recorded_first=recorded_first)

    assert excerpts(catalog) == ["How nice.", "likes tea"]
    assert statements(catalog) == ["User likes tea"]
    passages = {item.text: item for item in live(catalog) if item.kind == "passage"}
    assert sources_of(passages["likes tea"]) == ["m1", "d"]
    assert passages["likes tea"].conversation == "talk"
    assert sorted(sources_of(memory(catalog, "User likes tea").item)) == ["d", "m1"]


@pytest.mark.parametrize("recorded_first", [True, False])
@pytest.mark.parametrize("deleted", ["conversation", "document"])
def test_an_excerpt_survives_either_source(catalog: Catalog, owner: HandOwner, recorded_first: bool, deleted: str) -> None:
    """When the conversation or the document is deleted, the excerpt stays with the other one as its source."""
    _told_twice(owner, recorded_first=recorded_first)

    if deleted == "conversation":
        remove_conversation(catalog, "talk")
    else:
        remove_document(catalog, "d")

    left = "d" if deleted == "conversation" else "m1"
    passages = {item.text: item for item in live(catalog) if item.kind == "passage"}
    assert sorted(passages) == ["How nice.", "likes tea"]
    assert sources_of(passages["likes tea"]) == [left]
    assert sources_of(memory(catalog, "User likes tea").item) == [left]

    (remove_document if deleted == "conversation" else remove_conversation)(catalog, left if left == "d" else "talk")
    assert live(catalog) == []


def test_what_errors_say_of_a_document_goes_with_it(catalog: Catalog, owner: HandOwner) -> None:
    """After a deletion no error, dead letter or attempt quotes the document; that it failed, and in which stage, stays."""
    secret = StageError("extract", "VALUEERROR", "cannot read 'likes hemlock'")
    record(catalog, document("likes hemlock", document_id="given up"), document("likes hemlock!", document_id="partly done"))
    record(catalog, document("likes hemlock?", document_id="tried"), message("likes hemlock.", conversation="talk"))
    first, second, *_ = owner.waiting()
    assert second.embedded is not None
    partly = replace(second, embedded=replace(second.embedded, errors=(secret,)))
    owner.store([replace(first, embedded=None, failure=secret), partly])
    with catalog.write() as connection:
        outcomes.finish_ingestions(connection, 0, 0, 2)
        for seq in (3, 4):
            log.count_attempt(connection, LogEntry(0, 0, seq), errors=1, owner_deaths=0, stage="extract", reason=secret.message)
        ((record_of_it,),) = log.read_records(connection, [(0, 0, 3)], 1)
        log.bury(connection, record_of_it, owner.ownership.log_epoch, "extract", secret.message)

    for name in ("given up", "partly done", "tried"):
        remove_document(catalog, name)
    remove_conversation(catalog, "talk")

    assert not any("hemlock" in str(row) for table in TABLES for row in rows(catalog, f"SELECT * FROM {table}"))  # noqa: S608 - our own names
    told = {name: json.loads(errors) for name, errors in rows(catalog, "SELECT document_id, errors FROM ingestions")}
    assert [(error["stage"], error["code"]) for error in told["given up"]] == [("extract", "VALUEERROR")]
    assert [(error["stage"], error["code"]) for error in told["partly done"]] == [("extract", "VALUEERROR")]
    assert [error["code"] for error in told["tried"]] == ["SOURCE_DELETED"]
    assert rows(catalog, "SELECT seq, stage FROM dead_letters ORDER BY seq") == [(1, "extract"), (4, "extract")]


def test_what_fails_after_its_deletion_leaves_no_words(catalog: Catalog, owner: HandOwner) -> None:
    """A document that is deleted while it is worked on, and then given up, is no dead letter."""
    record(catalog, document("likes hemlock", document_id="d"))
    (outcome,) = owner.waiting()
    remove_document(catalog, "d")

    owner.store([replace(outcome, embedded=None, failure=StageError("extract", "VALUEERROR", "cannot read 'likes hemlock'"))])

    assert rows(catalog, "SELECT * FROM dead_letters") == []
    assert scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 1
