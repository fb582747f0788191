"""What fetches read: live items, changes since a number, tombstones while they last, and a conversation's last turns."""

from __future__ import annotations

import pytest

from service.catalog import edits, items
from service.catalog.edits import Guard
from service.catalog.engine import Catalog
from service.catalog.items import RECENT_UNINDEXED, TOMBSTONE_US, Changes
from service.domain.kinds import Isolation, Lane
from service.domain.scope import CLIENT_SCOPE, read_chain
from tests.support.catalogs import CUSTOMER, INSTANCE, NEIGHBOUR, OTHER_INSTANCE, USER, document, message, record, run_sql, scalar
from tests.support.stages import HandOwner, live, memory

CHAIN = read_chain(Isolation.STRICT, "ana", "acme")


@pytest.fixture
def owner(catalog: Catalog) -> HandOwner:
    """The owner of the one shard."""
    return HandOwner(catalog)


def changes(catalog: Catalog, after: int) -> Changes | None:
    """What changed in the one scope."""
    with catalog.read() as connection:
        return items.changes_since(connection, 1, after)


def forget(catalog: Catalog, text: str) -> str:
    """Delete the memory with this text, and tell its id."""
    memory_id = memory(catalog, text).item.item_id
    with catalog.write() as connection:
        edits.delete_memory(connection, INSTANCE, memory_id, Guard(), 0, 1)
    return memory_id


def grow_old(catalog: Catalog, microseconds: int) -> None:
    """Let tombstones be so much older."""
    run_sql(catalog, "UPDATE items SET deleted_time = deleted_time - :by WHERE deleted_time IS NOT NULL", by=microseconds)


def purge(catalog: Catalog, most: int = 1000) -> int:
    """Purge old tombstones."""
    with catalog.write() as connection:
        return items.purge_tombstones(connection, 0, most)


def test_changes_tell_what_came_and_what_went(catalog: Catalog, owner: HandOwner) -> None:
    """Changes since a number are the items as they are now, and the ids of what is gone since."""
    record(catalog, message("likes tea"))
    owner.work()
    first = changes(catalog, 0)
    assert first is not None and not first.deleted
    assert sorted(item.text for item in first.changed) == ["User likes tea", "likes tea"]

    record(catalog, message("saw the sea"))
    owner.work()
    gone = forget(catalog, "User likes tea")
    since = changes(catalog, first.change_number)

    assert since is not None
    assert sorted(item.text for item in since.changed) == ["User saw the sea", "saw the sea"]
    assert gone in since.deleted and len(since.deleted) == 2
    nothing = changes(catalog, since.change_number)
    assert nothing == Changes(since.change_number, (), ())


def test_a_hidden_repeat_is_told_as_gone(catalog: Catalog, owner: HandOwner) -> None:
    """A document's passage that is hidden behind a turn recorded later is told as gone, and as changed when it is shown again."""
    record(catalog, document("How are you?", document_id="d"))
    owner.work()
    (before,) = live(catalog)
    seen = scalar(catalog, "SELECT change_number FROM scopes")

    record(catalog, message("How are you?"))
    owner.work()
    hidden = changes(catalog, seen)
    assert hidden is not None and hidden.deleted == (before.item_id,)

    with catalog.write() as connection:
        edits.delete_conversation(connection, INSTANCE, "talk", Guard(), 1)
    shown = changes(catalog, hidden.change_number)
    assert shown is not None and [item.item_id for item in shown.changed] == [before.item_id]


def test_tombstones_last_a_day(catalog: Catalog, owner: HandOwner) -> None:
    """A tombstone younger than a day stays; then it goes, and readers older than it are told to load anew."""
    record(catalog, message("likes tea"), message("saw the sea"))
    owner.work()
    before = scalar(catalog, "SELECT change_number FROM scopes")
    forget(catalog, "User likes tea")
    after = scalar(catalog, "SELECT change_number FROM scopes")

    grow_old(catalog, TOMBSTONE_US - 60_000_000)
    assert purge(catalog) == 0
    assert changes(catalog, before) is not None

    grow_old(catalog, 61_000_000)
    assert purge(catalog) == 2
    assert changes(catalog, before) is None
    assert changes(catalog, after) == Changes(after, (), ())
    assert scalar(catalog, "SELECT count(*) FROM items WHERE deleted_time IS NOT NULL") == 0


def test_tombstones_purged_in_part(catalog: Catalog, owner: HandOwner) -> None:
    """Whoever is told changes although some tombstones are gone is told every deletion since."""
    record(catalog, *[message(f"likes {name}") for name in ("tea", "milk", "rain")])
    owner.work()
    known = {0: set[str]()}
    for name in ("tea", "milk", "rain"):
        forget(catalog, f"User likes {name}")
        known[scalar(catalog, "SELECT change_number FROM scopes")] = {item.item_id for item in live(catalog)}
    gone_for_good = {item.item_id for item in live(catalog)}
    grow_old(catalog, TOMBSTONE_US + 1)

    for _ in range(6):
        for after, held in known.items():
            told = changes(catalog, after)
            if told is not None and after:
                assert held - set(told.deleted) == gone_for_good
        assert purge(catalog, most=1) == 1
    assert changes(catalog, min(after for after in known if after)) is None


def test_a_scope_is_what_is_live_in_it(catalog: Catalog, owner: HandOwner) -> None:
    """Ids and items of a scope are told with its change number, without what was deleted and nothing of other scopes."""
    record(catalog, message("likes tea"), document("likes rain", scope=CUSTOMER))
    owner.work()
    forget(catalog, "User likes tea")
    scope = scalar(catalog, "SELECT scope FROM scopes WHERE kind = 'user'")

    with catalog.read() as connection:
        emptied = (*items.live_ids(connection, scope), len(items.items_of_scope(connection, scope)[1]))
        number, held = items.items_of_scope(connection, 3 - scope)
        ids = items.live_ids(connection, 3 - scope)
        found = items.items_by_ids(connection, [item.item_id for item in live(catalog)] + ["mem_unknown"])

    assert emptied == (scalar(catalog, "SELECT change_number FROM scopes WHERE kind = 'user'"), [], 0)
    assert number == ids[0] == scalar(catalog, "SELECT change_number FROM scopes WHERE kind = 'customer'")
    assert set(held.items()) == set(found)
    assert {item.item_id for item in found} == set(ids[1])
    assert {item.text for item in found} == {"likes rain", "User likes rain"}


def test_chains_hold_what_exists(catalog: Catalog) -> None:
    """A chain holds the scopes that something was written to, narrowest first, of one instance alone."""
    with catalog.read() as connection:
        assert items.chain_by_ids(connection, INSTANCE, CHAIN) == []

    record(catalog, document(scope=CLIENT_SCOPE), document(scope=USER), document(scope=NEIGHBOUR))
    record(catalog, document(scope=CUSTOMER, instance=OTHER_INSTANCE))
    with catalog.read() as connection:
        found = items.chain_by_ids(connection, INSTANCE, CHAIN)

    assert [state.ref for state in found] == [USER, CLIENT_SCOPE]


def test_an_unregistered_conversation_is_none(catalog: Catalog) -> None:
    """A conversation that nobody recorded a message in does not exist, in no instance."""
    record(catalog, message())

    with catalog.read() as connection:
        assert items.chain_by_conversation(connection, INSTANCE, "other", 10) is None
        assert items.chain_by_conversation(connection, OTHER_INSTANCE, "talk", 10) is None


def test_a_conversation_resolves_its_chain(catalog: Catalog) -> None:
    """A conversation tells its scope chain, narrowest first, and its last turns, oldest first."""
    record(catalog, document(scope=CLIENT_SCOPE), document(scope=CUSTOMER), document(scope=NEIGHBOUR))
    record(catalog, *[message(str(turn)) for turn in range(5)])
    HandOwner(catalog).work()

    with catalog.read() as connection:
        state = items.chain_by_conversation(connection, INSTANCE, "talk", 3)

    assert state is not None
    assert (state.own.ref, [scope.ref for scope in state.chain]) == (USER, [USER, CUSTOMER, CLIENT_SCOPE])
    assert [(turn.number, turn.content, turn.is_waiting) for turn in state.recent] == [
        (3, "2", False),
        (4, "3", False),
        (5, "4", False),
    ]
    assert state.message_count == 5


def test_turns_that_wait_are_recent(catalog: Catalog, owner: HandOwner) -> None:
    """Turns that are not applied yet are among the recent ones, in number order, up to a bound, whatever lane they wait in."""
    record(catalog, message("applied"))
    owner.work()
    record(catalog, *[message(str(turn), lane=Lane(turn % 2)) for turn in range(70)])

    with catalog.read() as connection:
        state = items.chain_by_conversation(connection, INSTANCE, "talk", 2)

    assert state is not None
    numbers = [turn.number for turn in state.recent]
    assert numbers == list(range(71 - RECENT_UNINDEXED + 1, 72))
    assert all(turn.is_waiting for turn in state.recent)


def test_no_turns_wanted(catalog: Catalog) -> None:
    """A limit of zero shows only what waits."""
    record(catalog, message("waits"))

    with catalog.read() as connection:
        before = items.chain_by_conversation(connection, INSTANCE, "talk", 0)
    HandOwner(catalog).work()
    with catalog.read() as connection:
        after = items.chain_by_conversation(connection, INSTANCE, "talk", 0)

    assert before is not None and [turn.content for turn in before.recent] == ["waits"]
    assert after is not None and after.recent == ()
