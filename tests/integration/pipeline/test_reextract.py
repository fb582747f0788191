"""Reading again: what an older extractor has read becomes what the present one finds, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import Result

from service.catalog import edits, reextraction
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.catalog.reextraction import Which
from service.catalog.refining import MOST_MESSAGES
from service.domain.kinds import IngestionMode
from service.domain.refining import Known, Refined
from service.domain.source import Observation, SearchText, Segmented, StageError
from service.extractors import rules
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.deadletter import MAX_ERRORS
from service.pipeline.prepare import embed_texts, refine, reread
from service.pipeline.reextract import ReextractStep
from service.pipeline.refine import RefineStep
from service.pipeline.store import Ownership
from tests.support.catalogs import INSTANCE, OTHER_INSTANCE, document, message, record, rows, run_sql, scalar
from tests.support.lines import HashEmbedder, LineExtractor
from tests.support.owners import OwnerThread, check_finished, check_index
from tests.support.stages import HandOwner, NoIndex, check_books, memory, statements

pytestmark = pytest.mark.usefixtures("named_instances")

Cli = Callable[..., Result]
LONG = IngestionMode.LONG_RANGE


class Newer(LineExtractor):
    """Knows by now that what is liked is loved."""

    version = "lines-2"

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """See `LineExtractor.extract`."""
        found, errors = super().extract(segmented)
        return tuple(_loved(said) for said in found), errors

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """The same, in a session."""
        del known
        return tuple(Refined(one.source.source_id, self.extract(one)[0]) for one in talk)


def _loved(said: Observation) -> Observation:
    return replace(said, statement=said.statement.replace("likes", "loves"), key=said.key.replace("likes", "loves"))


@dataclass
class Hands:
    """The steps of an owner with a newer extractor, driven by hand."""

    catalog: Catalog
    owner: HandOwner
    extractor: LineExtractor

    @property
    def ownership(self) -> Ownership:
        """The owner's, as a newer version of it would have it."""
        return replace(self.owner.ownership, extractor_version=self.extractor.version)

    def step(self) -> ReextractStep:
        """A fresh one, as after a restart."""
        return ReextractStep(self.catalog, self.ownership, lambda: None)

    def answer(self, task: RefineSlice) -> RefineDone:
        """What the child says."""
        found = (reread if task.is_first_look else refine)(task.session, self.extractor)
        return RefineDone(task.key, tuple(one.finished(embed_texts(one.prepared.statements, HashEmbedder())) for one in found))

    def want(self, which: Which = Which(), page: int = 2) -> int:  # noqa: B008 - frozen
        """What the command does. Returns how many sources are to be read."""
        after = ""
        while True:
            with self.catalog.write() as connection:
                after = reextraction.want_again(connection, which, self.extractor.version, after, page)
            if not after:
                break
        return self.left()

    def left(self) -> int:
        """How many sources are still to be read."""
        with self.catalog.read() as connection:
            return reextraction.count_unread(connection)

    def work(self) -> int:
        """Everything, with a fresh step each time, as if the owner died after each. Returns how many slices it took."""
        slices = 0
        while self.left():
            step = self.step()
            task = step.next_slice()
            if task is not None:
                step.take(self.answer(task))
            slices += 1
        self.second_looks()
        return slices

    def second_looks(self) -> None:
        """What was handed on."""
        while True:
            refining = RefineStep(self.catalog, NoIndex(), self.ownership)  # type: ignore[arg-type]
            task = refining.next_slice()
            if task is None:
                return
            refining.take(self.answer(task))


@pytest.fixture
def hands(catalog: Catalog, owner: HandOwner) -> Hands:
    """The steps of the one shard."""
    return Hands(catalog, owner, Newer())


def test_what_an_older_version_has_read_is_read_again(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Messages and documents of either look; what the present version has read, and what it finds alike, is not touched twice."""
    record(catalog, message("likes tea"), message("saw the sea"), document("likes rain\nhome Porto"))
    record(catalog, message("likes jazz", conversation="long", mode=LONG), document("likes snow", mode=LONG))
    owner.work()
    hands.owner.refine()

    assert hands.want() == 5
    assert hands.want() == 5
    hands.work()

    loved = ["User loves jazz", "User loves rain", "User loves snow", "User loves tea"]
    assert statements(catalog) == ["User home Porto", *loved, "User saw the sea"]
    assert hands.want() == 0
    assert rows(catalog, "SELECT DISTINCT extractor_version FROM observations") == [("lines-2",)]
    assert scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0
    check_books(catalog)


def test_the_same_again_changes_nothing(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """All, once more by the same version: no item gets another version."""
    record(catalog, message("likes tea"), document("likes rain"))
    owner.work()
    hands.want()
    hands.work()
    before = rows(catalog, "SELECT item_id, version FROM items ORDER BY item_id")

    assert hands.want(Which(is_all=True)) == 2
    hands.work()

    assert rows(catalog, "SELECT item_id, version FROM items ORDER BY item_id") == before


def test_there_and_back_again(catalog: Catalog, owner: HandOwner) -> None:
    """An older version after a newer one finds what it had found, although those memories' ids are tombstones now."""
    record(catalog, message("likes tea"))
    owner.work()
    for extractor in (Newer(), LineExtractor(), Newer(), LineExtractor()):
        again = Hands(catalog, owner, extractor)
        again.want()
        again.work()
        check_books(catalog)

    assert statements(catalog) == ["User likes tea"]


def test_what_its_user_changed_stays(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """A memory deleted or edited by its user does not come back in other words; everything else is read."""
    record(catalog, *[message(f"likes {what}", message_id=what) for what in ("tea", "rain", "snow")])
    owner.work()
    edited = memory(catalog, "User likes rain").item
    with catalog.write() as connection:
        edits.delete_memory(connection, INSTANCE, memory(catalog, "User likes tea").item.item_id, Guard(), 0, 1)
        search = SearchText("hates rain", edited.vector, 3, has_time_word=False)
        change = MemoryEdit(INSTANCE, edited.item_id, Guard(), 1, edited.version, "User hates rain", search, "user hates rain")
        edits.update_memory(connection, change)

    hands.want()
    hands.work()

    assert statements(catalog) == ["User hates rain", "User loves snow"]
    assert hands.left() == 0
    check_books(catalog)


def test_a_document_deleted_meanwhile_stays_deleted(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Between the child's reading and the store."""
    record(catalog, document("likes tea", document_id="d"))
    owner.work()
    hands.want()
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    with catalog.write() as connection:
        edits.delete_document(connection, INSTANCE, "d", Guard(), 1)
    step.take(hands.answer(task))
    assert statements(catalog) == []
    assert hands.left() == 0
    check_books(catalog)


def test_one_scope_alone(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Of one instance, customer or user; the others wait until they are asked for."""
    record(catalog, message("likes tea"), message("likes rain", instance=OTHER_INSTANCE))
    owner.work()
    assert hands.want(Which(instance="default", customer_id="nobody")) == 0
    assert hands.want(Which(instance="other", customer_id="acme", user_id="ana")) == 1
    hands.work()
    assert statements(catalog) == ["User likes tea", "User loves rain"]


def test_a_session_is_read_once(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """A second look reads the whole of it, so its other messages need none of their own."""
    record(catalog, *[message(f"likes tea number {turn}", session="s", mode=LONG) for turn in range(20)])
    owner.work()
    hands.want()
    assert hands.work() == 1
    assert all("loves" in text for text in statements(catalog))
    assert len(statements(catalog)) == 20


def test_a_session_longer_than_a_second_look_reads(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """What came long before its end is read too, by itself."""
    count = MOST_MESSAGES + 5
    record(catalog, *[message(f"likes tea number {turn}", session="s", mode=LONG) for turn in range(count)])
    owner.work()
    hands.want(page=1_000)
    hands.work()
    assert len(statements(catalog)) == count
    assert all("loves" in text for text in statements(catalog))


def test_what_cannot_be_read_stays_as_it_was(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """After three failures of its own it is given up, and tried again the next time; its neighbours are read."""
    record(catalog, *[message(f"likes {what}", message_id=what) for what in ("tea", "rain", "snow")])
    owner.work()
    hands.want()
    step = hands.step()
    failures = 0
    while (task := step.next_slice()) is not None:
        if any("rain" in source.content for source in task.session.sources):
            failures += len(task.session.sources) == 1
            step.take(RefineDone(task.key, (), StageError("extract", "LOOKUPERROR", "cannot")))
        else:
            step.take(hands.answer(task))

    assert failures == MAX_ERRORS
    assert statements(catalog) == ["User likes rain", "User loves snow", "User loves tea"]
    with catalog.read() as connection:
        assert reextraction.count_given_up(connection) == 1
    assert hands.want() == 1
    hands.work()
    assert statements(catalog) == ["User loves rain", "User loves snow", "User loves tea"]


def test_a_fenced_owner_changes_nothing(catalog: Catalog, owner: HandOwner, hands: Hands) -> None:
    """Another process took over while the child was reading; it does the work."""
    record(catalog, message("likes tea"))
    owner.work()
    hands.want()
    step = hands.step()
    task = step.next_slice()
    assert task is not None
    owner.take_over()
    with pytest.raises(FencedError):
        step.take(hands.answer(task))
    assert statements(catalog) == ["User likes tea"] and hands.left() == 1
    hands.work()
    assert statements(catalog) == ["User loves tea"]


def test_a_running_owner_does_it_beside_its_other_work(catalog: Catalog, tmp_path: Path) -> None:
    """Also when its child is killed in the middle, and while records come in; the index follows, and everything ends."""
    index = str(tmp_path / "index")
    record(catalog, *[message(f"likes tea number {turn}") for turn in range(60)], document("likes snow", mode=LONG))
    with OwnerThread(catalog, index) as owner:
        owner.finish()
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0)
        run_sql(catalog, "UPDATE passages SET extractor_version = ''")
        run_sql(catalog, "UPDATE observations SET extractor_version = 'older', statement = 'User likes what?'")
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM observations WHERE statement = 'User likes what?'") < 61)
        owner.kill_child()
        record(catalog, *[message(f"saw the sea {turn}", conversation="another") for turn in range(5)])
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM passages WHERE extractor_version = ''") == 0)
        owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM refine_jobs") == 0)
        owner.finish()

    assert len(statements(catalog)) == 66
    assert scalar(catalog, "SELECT count(*) FROM observations WHERE statement = 'User likes what?'") == 0
    check_books(catalog)
    check_finished(catalog)
    check_index(catalog, index)


def test_the_command_marks_and_says_who_does_it(catalog: Catalog, owner: HandOwner, cli: Cli) -> None:
    """Without a service it is for the next one; what is read by the present version needs nothing; a wrong name is told."""
    record(catalog, message("likes tea"), message("likes rain", instance=OTHER_INSTANCE))
    owner.work()
    run_sql(catalog, "UPDATE passages SET extractor_version = :it", it=rules.VERSION)

    assert cli("reextract").output == "Nothing is to be read again.\n"
    assert cli("reextract", "--instance", "absent").exit_code == 1
    assert cli("reextract", "--customer", "acme").exit_code == 2
    assert cli("reextract", "--all", "--instance", "other", "--no-wait").output.startswith(
        "1 messages and documents will be read again"
    )
    assert scalar(catalog, "SELECT count(*) FROM passages WHERE extractor_version = ''") == 1
