"""Dead letters: what is told of them, and that putting them back does what the first try should have done, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from service.catalog import deadletters, edits
from service.catalog.deadletters import DeadLetter
from service.catalog.edits import Guard
from service.catalog.engine import Catalog
from service.domain.kinds import Lane
from service.domain.source import StageError
from tests.support.catalogs import INSTANCE, NOW, OTHER_INSTANCE, document, message, record, rows, run_sql, scalar
from tests.support.owners import OwnerThread, check_finished, check_index
from tests.support.stages import HandOwner, check_books, excerpts, statements, told_by

Cli = Callable[..., Result]
WHY = StageError("embed", "GAVE_UP", "given up after 3 attempts: [/MEMORYERROR]")


pytestmark = pytest.mark.usefixtures("named_instances")


def bury(owner: HandOwner, at: Sequence[int] = (0,)) -> None:
    """Store what waits; the records at these places are given up."""
    batch = owner.waiting()
    owner.store([replace(one, embedded=None, failure=WHY) if place in at else one for place, one in enumerate(batch)])
    with owner.catalog.write() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
        connection.exec_driver_sql("UPDATE log_indexed SET seq = (SELECT max(seq) FROM log_applied) WHERE lane = 0")


def letters(catalog: Catalog, instance: str = "") -> list[DeadLetter]:
    """All there are."""
    with catalog.read() as connection:
        found = deadletters.list_letters(connection, instance, "", 100)
        assert deadletters.count_letters(connection, instance) == len(found)
    return found


def replay(catalog: Catalog, *ids: str) -> int:
    """Put letters back."""
    return catalog.transact(lambda connection: deadletters.replay(connection, ids))


def status(catalog: Catalog) -> str:
    """Of the one ingestion."""
    return str(scalar(catalog, "SELECT status FROM ingestions"))


def test_a_letter_tells_what_failed(catalog: Catalog, owner: HandOwner) -> None:
    """Whose it is, what it was, where and why it failed, how often and when, and the beginning of what was said."""
    record(catalog, document("likes tea\n" + "and so on " * 100, document_id="notes"))
    bury(owner)

    (letter,) = letters(catalog)

    assert (letter.instance, letter.customer_id, letter.user_id, letter.document_id) == ("default", "acme", "ana", "notes")
    assert (letter.stage, letter.reason) == ("embed", f"GAVE_UP: {WHY.message}")
    assert letter.excerpt.startswith("likes tea") and len(letter.excerpt) == deadletters.EXCERPT
    assert letter.characters > len(letter.excerpt)
    assert letter.create_time > NOW
    with catalog.read() as connection:
        assert deadletters.find_letter(connection, letter.ingestion_id) == letter


def test_a_replay_does_what_the_first_try_should_have_done(catalog: Catalog, owner: HandOwner) -> None:
    """Same memories and excerpts as without the failure; the ingestion goes FAILED, QUEUED, COMPLETED."""
    record(catalog, message("likes tea", said=1), message("home Porto", said=2), document("home Lisbon", written=3))
    bury(owner, at=(0, 2))
    assert status(catalog) == "failed"
    assert statements(catalog) == ["User home Porto"]

    assert replay(catalog, *(letter.letter_id for letter in letters(catalog))) == 2

    assert letters(catalog) == []
    assert rows(catalog, "SELECT status, errors, finish_time FROM ingestions") == [("queued", "[]", None)]
    owner.work()
    assert scalar(catalog, "SELECT outcome FROM ingestions") == "completed"
    assert statements(catalog) == ["User home Lisbon", "User home Porto", "User likes tea"]
    check_books(catalog)


def test_a_replay_twice_is_one(catalog: Catalog, owner: HandOwner) -> None:
    """Again, by another process at the same moment, or after it was worked: each letter is put back once and says everything once."""
    record(catalog, *[message(f"likes tea number {turn}", message_id=f"m{turn}") for turn in range(20)])
    bury(owner, at=range(20))
    ids = [letter.letter_id for letter in letters(catalog)]

    with ThreadPoolExecutor(4) as threads:
        put_back = sum(threads.map(lambda _: replay(catalog, *ids), range(4)))

    assert put_back == 20
    assert scalar(catalog, "SELECT count(*) FROM outbox") == 20
    owner.work()
    before = told_by(catalog)
    assert len(statements(catalog)) == len(excerpts(catalog)) == 20
    assert replay(catalog, *ids) == 0
    owner.work()
    assert told_by(catalog) == before
    check_books(catalog)


def test_a_replay_waits_behind_nobody_and_holds_nobody_up(catalog: Catalog, owner: HandOwner) -> None:
    """It gets the next number of the bulk lane, and its source's row says so: what was written at a position is there when it is reached."""
    record(catalog, message("likes tea"))
    bury(owner)

    replay(catalog, letters(catalog)[0].letter_id)

    assert rows(catalog, "SELECT lane, seq FROM outbox") == [(Lane.BOOTSTRAP, 1)]
    assert rows(catalog, "SELECT lane, seq FROM messages") == [(Lane.BOOTSTRAP, 1)]


def test_what_was_deleted_is_not_put_back(catalog: Catalog, owner: HandOwner) -> None:
    """A letter whose document its user deleted is not shown any more, and no replay brings it back."""
    record(catalog, document("likes tea", document_id="d"))
    bury(owner)
    (letter,) = letters(catalog)
    with catalog.write() as connection:
        edits.delete_document(connection, INSTANCE, "d", Guard(), 1)

    assert letters(catalog) == []
    assert replay(catalog, letter.letter_id) == 0
    assert status(catalog) == "failed"


def test_what_is_still_poison_dies_again(catalog: Catalog, tmp_path: Path) -> None:
    """It gets as many attempts as at first, ends FAILED again, and its neighbours are worked."""
    record(catalog, message("likes tea"), document("fail in embed", document_id="poison"))
    index = str(tmp_path / "index")
    with OwnerThread(catalog, index) as owner:
        owner.finish()
        (first,) = letters(catalog)
        replay(catalog, first.letter_id)
        record(catalog, message("likes rain"))
        owner.finish()

    (again,) = letters(catalog)
    assert (again.letter_id, again.attempts, first.attempts) == (first.letter_id, 3, 3)
    assert again.create_time > first.create_time
    assert status(catalog) == "failed"
    assert len(statements(catalog)) == 2
    check_finished(catalog)
    check_index(catalog, index)


def test_the_command_line(catalog: Catalog, owner: HandOwner, cli: Cli) -> None:
    """List, show and replay, for a person and as JSON; what is not there is said, and repeating is no failure."""
    assert cli("dead-letter", "list").output == "There are no dead letters.\n"
    assert json.loads(cli("dead-letter", "list", "--json").output) == []
    poison = "likes tea\x1b[31m"
    record(catalog, message(poison, message_id="m1"), message("likes rain", instance=OTHER_INSTANCE, message_id="m2"))
    bury(owner, at=(0, 1))
    one, _other = letters(catalog)

    listed, shown = cli("dead-letter", "list").output, cli("dead-letter", "show", one.letter_id).output
    assert "m1 of talk" in listed and "m2 of talk" in listed and "[/MEMORYERROR]" in listed
    assert "m2 of talk" not in cli("dead-letter", "list", "--instance", "default").output
    assert "1 more" in cli("dead-letter", "list", "--limit", "1").stderr
    assert [entry["message_id"] for entry in json.loads(cli("dead-letter", "list", "--json").output)] == ["m1", "m2"]
    assert json.loads(cli("dead-letter", "show", one.letter_id, "--json").output)["excerpt"] == poison
    assert "likes tea" in shown and "\x1b" not in shown and "acme" in shown

    assert cli("dead-letter", "replay").exit_code == 2
    assert cli("dead-letter", "replay", "--all", "--instance", "default").exit_code == 2
    assert cli("dead-letter", "replay", one.letter_id).output == "1 put back.\n"
    assert cli("dead-letter", "replay", one.letter_id).output.startswith("0 put back; ")
    assert cli("dead-letter", "show", one.letter_id).exit_code == 1
    assert cli("dead-letter", "replay", "--instance", "other").output == "1 put back.\n"
    assert cli("dead-letter", "replay", "--all").output == "0 put back.\n"
    owner.work()
    assert len(statements(catalog)) == 2


def test_many_are_put_back_page_by_page(catalog: Catalog, owner: HandOwner, cli: Cli) -> None:
    """More than one transaction's worth, with a bar."""
    record(catalog, *[message(f"likes tea number {turn}") for turn in range(250)])
    bury(owner, at=range(250))

    done = cli("dead-letter", "replay", "--all")

    assert done.stdout == "250 put back.\n"
    assert "putting back" in done.stderr
    assert scalar(catalog, "SELECT count(DISTINCT seq) FROM outbox WHERE lane = 1") == 250


def test_an_older_schema_is_told(catalog: Catalog, cli: Cli) -> None:
    """What this version cannot read is refused with what to do."""
    run_sql(catalog, "UPDATE alembic_version SET version_num = '0000'")
    try:
        done = cli("dead-letter", "list")
        assert done.exit_code == 1
        assert "this service needs 0001: " in done.output
    finally:
        run_sql(catalog, "UPDATE alembic_version SET version_num = '0001'")
