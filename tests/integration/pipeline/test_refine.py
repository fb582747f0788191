"""The second look: when it is due, what it changes, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from service.catalog import edits, outcomes
from service.catalog.engine import Catalog
from service.catalog.memories import MemoryRow
from service.catalog.ownership import FencedError
from service.domain.kinds import IngestionMode, Lane
from service.domain.refining import Known, Refined
from service.domain.source import SearchText, Segmented, StageError
from service.pipeline import refine as refine_module
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.refine import MOST_ATTEMPTS, RefineStep
from tests.support.catalogs import INSTANCE, document, message, record, rows, run_sql, scalar
from tests.support.lines import LineExtractor
from tests.support.stages import HandOwner, NoIndex, check_books, memory, second_look, statements

LONG = IngestionMode.LONG_RANGE


class SecondLook(LineExtractor):
    """Finds with a second look that every preference is a strong one."""

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """The same observations in other words, one per source."""
        del known
        found = []
        for one in talk:
            observations = self.extract(one)[0]
            reworded = [
                replace(said, statement=said.statement.replace("likes", "loves"), key=said.key.replace("likes", "loves"))
                for said in observations
            ]
            found.append(Refined(one.source.source_id, tuple(reworded)))
        return tuple(found)


class StoryTeller(LineExtractor):
    """Finds with a second look that all sources tell one story together."""

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """Each source's own observations, and the story."""
        del known
        found = [self.extract(one)[0] for one in talk]
        told = "; ".join(said.statement for observations in found for said in observations)
        return tuple(
            Refined(one.source.source_id, (*observations, replace(observations[0], statement=told, key=told)))
            for one, observations in zip(talk, found, strict=True)
        )


@dataclass
class Hands:
    """A refine step, driven by hand."""

    catalog: Catalog
    owner: HandOwner

    def step(self) -> RefineStep:
        """A fresh step, as after a restart."""
        return RefineStep(self.catalog, NoIndex(), self.owner.ownership)  # type: ignore[arg-type]

    def due(self) -> None:
        """Time passes."""
        run_sql(self.catalog, "UPDATE refine_jobs SET due_time = 0")

    def look(self, extractor: LineExtractor | None = None) -> None:
        """Work off one job that is due."""
        step = self.step()
        task = step.next_slice()
        assert task is not None
        step.take(answer(task, extractor or SecondLook()))


def answer(task: RefineSlice, extractor: LineExtractor | None = None) -> RefineDone:
    """What a child with a second look says."""
    return second_look(task, extractor or SecondLook())


@pytest.fixture
def hands(catalog: Catalog, owner: HandOwner) -> Hands:
    """The refine step of the one shard."""
    return Hands(catalog, owner)


def finish_indexing(catalog: Catalog) -> None:
    """What transaction 2 does."""
    with catalog.write() as connection:
        for lane in Lane:
            outcomes.finish_ingestions(connection, 0, lane, 1_000)
    run_sql(catalog, "DELETE FROM outbox")


def status(catalog: Catalog) -> str:
    """The status of the one ingestion."""
    return str(scalar(catalog, "SELECT status FROM ingestions"))


def test_only_long_range_waits_for_a_second_look(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Fast sources are done at once."""
    record(catalog, message("likes tea"), document("likes rain"))
    owner.work()
    assert rows(catalog, "SELECT * FROM refine_jobs") == []
    assert hands.step().next_slice() is None


def test_a_session_has_one_job_after_its_last_message(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Each message puts it off; the job then sees all of them in order."""
    record(catalog, message("likes tea", session="s", mode=LONG), message("likes rain", session="s", mode=LONG))
    owner.work()
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 1
    assert hands.step().next_slice() is None  # not yet due
    hands.due()
    task = hands.step().next_slice()
    assert task is not None
    assert [source.content for source in task.session.sources] == ["likes tea", "likes rain"]


def test_a_second_look_knows_what_was_said_before_and_nothing_later(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """However far processing has come: a look that is late finds what an early one found."""
    record(
        catalog,
        document("likes rain", written=2_000),
        document("likes tea", written=1_000),
        document("likes jazz", written=3_000, mode=LONG),
        document("likes snow", written=4_000),
    )
    owner.work()
    task = hands.step().next_slice()
    assert task is not None
    assert [known.statement for known in task.session.known.statements] == ["User likes tea", "User likes rain"]


def test_a_second_look_replaces_the_first(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """New observations come, old ones go, what stays the same is left alone."""
    record(catalog, message("likes tea", session="s", mode=LONG), message("saw the sea", session="s", mode=LONG))
    owner.work()
    before = scalar(catalog, "SELECT change_number FROM scopes")
    hands.due()
    hands.look()
    assert statements(catalog) == ["User loves tea", "User saw the sea"]
    assert not any("likes" in text for text in statements(catalog))
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0
    assert scalar(catalog, "SELECT change_number FROM scopes") == before + 1


def test_a_second_look_twice_changes_nothing(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Killed between the store step and the end of the job: done again, nothing is doubled."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    run_sql(catalog, "CREATE TABLE kept AS SELECT * FROM refine_jobs")
    hands.look()
    first = statements(catalog)
    run_sql(catalog, "INSERT INTO refine_jobs SELECT * FROM kept")
    changes = scalar(catalog, "SELECT change_number FROM scopes")
    hands.look()
    assert statements(catalog) == first
    assert scalar(catalog, "SELECT change_number FROM scopes") == changes


def test_an_ingestion_is_processing_until_its_second_look(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Searchable is not finished; either order of the two ends it."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    finish_indexing(catalog)
    assert status(catalog) == "processing"
    hands.look()
    assert status(catalog) == "completed"


def test_a_job_that_fails_is_tried_again_and_given_up(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """What the first look found stands, and the ingestion ends as a partial success with the reason."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    finish_indexing(catalog)
    for attempt in range(MOST_ATTEMPTS):
        assert status(catalog) == "processing", attempt
        hands.due()
        step = hands.step()
        task = step.next_slice()
        assert task is not None
        step.take(RefineDone(task.key, (), StageError("extract", "LOOKUPERROR", "cannot")))
    assert status(catalog) == "partial_success"
    assert "LOOKUPERROR" in scalar(catalog, "SELECT errors FROM ingestions")
    assert any("likes tea" in text for text in statements(catalog))
    assert hands.step().next_slice() is None


def test_a_child_that_dies_of_it_counts(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Its own death counts an attempt, another's does not."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    step.child_died([1])
    assert scalar(catalog, "SELECT attempts FROM refine_jobs") == 0
    step.look()
    task = step.next_slice()
    assert task is not None
    step.child_died([task.key])
    assert scalar(catalog, "SELECT attempts FROM refine_jobs") == 1


def test_more_said_meanwhile_keeps_the_job(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """A message that arrives while the session is looked at gets its own second look."""
    record(catalog, message("likes tea", session="s", mode=LONG))
    owner.work()
    hands.due()
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    record(catalog, message("likes rain", session="s", mode=LONG))
    owner.work()
    step.take(answer(task))
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 1
    hands.due()
    hands.look()
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0
    assert not any("likes" in text for text in statements(catalog))


def test_a_deleted_memory_does_not_come_back_in_other_words(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """What its user deleted stays deleted, however it would be said now."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    run_sql(catalog, "INSERT INTO dead_observations SELECT observation_id, scope, memory_id, source_id FROM observations")
    hands.look()
    assert not any("loves" in text for text in statements(catalog))


def test_a_fenced_owner_stores_nothing(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Another process took over while the child was reading."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    owner.take_over()
    with pytest.raises(FencedError):
        step.take(answer(task))
    assert not any("loves" in text for text in statements(catalog))


def test_sources_that_are_gone_end_the_job(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Deleted meanwhile: nothing to look at."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    run_sql(catalog, "DELETE FROM documents")
    hands.look()
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0


def test_it_gives_up_after_an_hour(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """However few attempts there were."""
    record(catalog, document("likes tea", mode=LONG))
    owner.work()
    finish_indexing(catalog)
    run_sql(
        catalog,
        "UPDATE refine_jobs SET create_time = create_time - :hour",
        hour=int(refine_module.GIVE_UP.total_seconds() * 1e6) + 1,
    )
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    step.take(RefineDone(task.key, (), StageError("extract", "LOOKUPERROR", "cannot")))
    assert status(catalog) == "partial_success"


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_story_goes_with_what_it_repeats(catalog: Catalog, owner: HandOwner, hands: Hands, *, is_edited: bool) -> None:
    """What a user deleted or put right is told nowhere any more, also not by the episode that several turns made together."""
    record(catalog, message("saw a whale", session="s", mode=LONG), message("saw the sea", session="s", mode=LONG))
    owner.work()
    hands.due()
    hands.look(StoryTeller())
    assert sorted(statements(catalog)) == ["User saw a whale", "User saw a whale; User saw the sea", "User saw the sea"]
    row = memory(catalog, "User saw a whale")
    with catalog.write() as connection:
        if is_edited:
            edits.update_memory(connection, edit_of(row, "User saw a dolphin"))
        else:
            edits.delete_memory(connection, INSTANCE, row.item.item_id, edits.Guard(), 0, 1)
    check_books(catalog)
    assert sorted(statements(catalog)) == (["User saw a dolphin", "User saw the sea"] if is_edited else ["User saw the sea"])


def edit_of(row: MemoryRow, statement: str) -> edits.MemoryEdit:
    """New words for a memory."""
    return edits.MemoryEdit(
        instance_id=INSTANCE,
        memory_id=row.item.item_id,
        guard=edits.Guard(),
        generation=1,
        resolved_against=row.item.version,
        statement=statement,
        search=SearchText("analysed", bytes(768), 2, False),
        key=statement.casefold(),
    )
