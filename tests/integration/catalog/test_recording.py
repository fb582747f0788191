"""Recording: each sentence of the idempotency rules, sessions, and the scope that a first message fixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.catalog.engine import Catalog
from service.catalog.log import count_unindexed
from service.domain.errors import AlreadyExists, EunoeError, FailedPrecondition, InvalidArgument
from service.domain.kinds import Lane
from service.domain.scope import CLIENT_SCOPE, ScopeRef
from service.domain.writes import AcceptedDocument, LogEntry, RecordedMessage
from tests.support.catalogs import (
    CUSTOMER,
    INSTANCE,
    MINUTE,
    NEIGHBOUR,
    NOW,
    OTHER_INSTANCE,
    USER,
    document,
    message,
    new_catalog,
    record,
    rows,
    scalar,
)


def recorded(catalog: Catalog, *args: Any, **kwargs: Any) -> RecordedMessage:
    """The answer to a message that is accepted."""
    (answer,) = record(catalog, message(*args, **kwargs))
    assert isinstance(answer, RecordedMessage), answer
    return answer


def refused(catalog: Catalog, write: Any) -> EunoeError:
    """The refusal of a write."""
    (answer,) = record(catalog, write)
    assert isinstance(answer, EunoeError), answer
    return answer


def accepted(catalog: Catalog, *args: Any, **kwargs: Any) -> AcceptedDocument:
    """The answer to a document that is accepted."""
    (answer,) = record(catalog, document(*args, **kwargs))
    assert isinstance(answer, AcceptedDocument), answer
    return answer


def test_the_same_request_gets_the_first_answer(catalog: Catalog) -> None:
    """The same request_id with equal content is answered as the first time, and nothing is written twice."""
    first = recorded(catalog, "hi", message_id="m", request_id="r")
    again = recorded(catalog, "hi", message_id="m", request_id="r", recorded=NOW + MINUTE)

    assert again.is_duplicate
    assert (again.number, again.session_id, again.record_time, again.entry) == (1, first.session_id, NOW, first.entry)
    assert scalar(catalog, "SELECT count(*) FROM outbox") == 1


def test_a_repeat_without_request_gets_the_first_answer(catalog: Catalog) -> None:
    """No request_id and equal content under a known key is answered as the first time."""
    first = recorded(catalog, "hi", message_id="m", request_id="r")

    assert recorded(catalog, "hi", message_id="m").entry == first.entry


def test_a_reused_request_is_refused(catalog: Catalog) -> None:
    """The same request_id with other content is INVALID_ARGUMENT."""
    recorded(catalog, "hi", message_id="m", request_id="r")

    error = refused(catalog, message("ho", message_id="m", request_id="r"))

    assert isinstance(error, InvalidArgument) and error.reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize("content", ["hi", "ho"])
def test_another_request_under_a_taken_key(catalog: Catalog, content: str) -> None:
    """Another request_id under a known message_id is ALREADY_EXISTS with the first id, whatever the content."""
    recorded(catalog, "hi", message_id="m", request_id="r")

    error = refused(catalog, message(content, message_id="m", request_id="r2"))

    assert isinstance(error, AlreadyExists) and error.values["first_id"] == "m"


def test_other_content_without_request_under_a_taken_key(catalog: Catalog) -> None:
    """Other content under a known key is refused with the first id, and the first content stays."""
    recorded(catalog, "hi", message_id="m")

    error = refused(catalog, message("ho", message_id="m"))

    assert isinstance(error, AlreadyExists) and error.values["first_id"] == "m"
    assert rows(catalog, "SELECT content FROM messages") == [("hi",)]


def test_a_request_serves_as_the_key(catalog: Catalog) -> None:
    """Where only a request_id is given it is the key: its repeat is recognised, with other content refused."""
    first = recorded(catalog, "hi", request_id="r")

    assert first.message_id == "r"
    assert recorded(catalog, "hi", request_id="r").number == 1
    assert isinstance(refused(catalog, message("ho", request_id="r")), InvalidArgument)


def test_without_any_key_everything_is_new(catalog: Catalog) -> None:
    """Without keys two equal messages are two turns."""
    assert [recorded(catalog, "yes").number for _ in range(2)] == [1, 2]


def test_tolerant_writes_count_duplicates(catalog: Catalog) -> None:
    """In batches and streams a known key with equal content is a duplicate whatever its request; with other content an error."""
    recorded(catalog, "hi", message_id="m", request_id="r")

    assert recorded(catalog, "hi", message_id="m", request_id="r2", tolerant=True).is_duplicate
    assert isinstance(refused(catalog, message("ho", message_id="m", tolerant=True)), AlreadyExists)


def test_message_ids_are_unique_in_their_conversation(catalog: Catalog) -> None:
    """The same message_id in another conversation or instance is another message."""
    recorded(catalog, "hi", message_id="m")

    assert not recorded(catalog, "ho", message_id="m", conversation="other").is_duplicate
    assert not recorded(catalog, "ho", message_id="m", instance=OTHER_INSTANCE).is_duplicate


def test_documents_follow_the_same_rules(catalog: Catalog) -> None:
    """A document_id is unique in its instance; its repeat gets the first ingestion, another request learns the first id."""
    first = accepted(catalog, "text", document_id="d", request_id="r")

    again = accepted(catalog, "text", document_id="d", request_id="r")
    elsewhere = accepted(catalog, "text", document_id="d", instance=OTHER_INSTANCE)
    other_request = refused(catalog, document("text", document_id="d", request_id="r2"))
    reused = refused(catalog, document("other", document_id="d", request_id="r"))
    other_content = refused(catalog, document("other", document_id="d"))

    assert again.is_duplicate and (again.ingestion_id, again.entry) == (first.ingestion_id, first.entry)
    assert not elsewhere.is_duplicate and elsewhere.ingestion_id != first.ingestion_id
    assert isinstance(other_request, AlreadyExists) and other_request.values["first_id"] == first.ingestion_id
    assert isinstance(reused, InvalidArgument)
    assert isinstance(other_content, AlreadyExists)
    assert scalar(catalog, "SELECT count(*) FROM ingestions") == 2


def test_a_duplicate_document_tells_its_own_shard(tmp_path: Path) -> None:
    """A repeat that names another user is answered with the position of the first, in the shard of the first."""
    sharded = new_catalog(tmp_path, shards=16)
    first = accepted(sharded, "text", document_id="d", scope=CLIENT_SCOPE)
    again = accepted(sharded, "text", document_id="d", scope=CUSTOMER)
    sharded.close()

    assert again.entry == first.entry == LogEntry(first.entry.shard, Lane.REALTIME, 1)


def test_the_first_message_fixes_the_scope(catalog: Catalog) -> None:
    """A later message that names another scope is FAILED_PRECONDITION, and its group goes on without it."""
    recorded(catalog, "hi")

    answers = record(
        catalog, message("mine"), message("not mine", scope=NEIGHBOUR), message("wider", scope=CUSTOMER), message("mine")
    )

    assert [isinstance(answer, FailedPrecondition) for answer in answers] == [False, True, True, False]
    assert [answer.number for answer in answers if isinstance(answer, RecordedMessage)] == [2, 3]


def test_a_scope_is_fixed_within_the_first_group(catalog: Catalog) -> None:
    """The first message of a conversation fixes its scope for those behind it in the very same group."""
    first, second = record(catalog, message("mine"), message("not mine", scope=NEIGHBOUR))

    assert isinstance(first, RecordedMessage) and isinstance(second, FailedPrecondition)
    assert rows(catalog, "SELECT user_id FROM conversations JOIN scopes USING (scope)") == [("ana",)]


def test_instances_do_not_share_conversations(catalog: Catalog) -> None:
    """The same conversation_id in another instance is another conversation, of whatever scope."""
    recorded(catalog, "hi")

    assert recorded(catalog, "ho", instance=OTHER_INSTANCE, scope=CUSTOMER).number == 1


def test_a_session_lasts_while_turns_are_near(catalog: Catalog) -> None:
    """A turn less than 30 minutes after the last one belongs to its session, one 30 minutes after it to a new one."""
    first = recorded(catalog, recorded=NOW)
    near = recorded(catalog, recorded=NOW + 30 * MINUTE - 1)
    far = recorded(catalog, recorded=NOW + 60 * MINUTE - 1)

    assert first.session_id and near.session_id == first.session_id
    assert far.session_id not in ("", first.session_id)


def test_sessions_follow_the_time_said(catalog: Catalog) -> None:
    """Turns loaded today are parted by when they were said, not by when they were recorded."""
    first = recorded(catalog, said=NOW - 600 * MINUTE)
    near = recorded(catalog, said=NOW - 590 * MINUTE)
    far = recorded(catalog, said=NOW - 500 * MINUTE)
    live = recorded(catalog)

    assert near.session_id == first.session_id
    assert len({first.session_id, far.session_id, live.session_id}) == 3


def test_a_named_session_is_kept(catalog: Catalog) -> None:
    """A session that the caller names is used, and continued by turns without one."""
    recorded(catalog)
    named = recorded(catalog, session="monday")

    assert named.session_id == "monday"
    assert recorded(catalog, recorded=NOW + MINUTE).session_id == "monday"


def test_sessions_within_one_group(catalog: Catalog) -> None:
    """Turns of one group are parted into sessions as if they had come one by one."""
    answers = record(catalog, *[message(recorded=NOW + after * MINUTE) for after in (0, 10, 45, 50)])

    sessions = [answer.session_id for answer in answers if isinstance(answer, RecordedMessage)]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]


def test_a_conversation_tells_when_its_own_last_turn_was_recorded(catalog: Catalog) -> None:
    """Not when another one of the same group was."""
    record(catalog, message(conversation="one"), message(conversation="two", recorded=NOW + MINUTE), message(conversation="one"))

    assert rows(catalog, "SELECT conversation_id, update_time FROM conversations ORDER BY conversation_id") == [
        ("one", NOW),
        ("two", NOW + MINUTE),
    ]


def test_lanes_are_numbered_apart(catalog: Catalog) -> None:
    """Each lane has numbers of its own, and the conversation's numbers run through both."""
    answers = record(catalog, *[message(lane=lane) for lane in (Lane.REALTIME, Lane.BOOTSTRAP, Lane.REALTIME)])

    assert [(answer.number, answer.entry) for answer in answers if isinstance(answer, RecordedMessage)] == [
        (1, LogEntry(0, 0, 1)),
        (2, LogEntry(0, 1, 1)),
        (3, LogEntry(0, 0, 2)),
    ]


def test_the_backlog_counts_per_instance_and_lane(catalog: Catalog) -> None:
    """The backlog is what waits in the outbox, of one instance in one lane; repeats do not count."""
    record(catalog, message(message_id="m"), message(message_id="m"), message(), document(lane=Lane.BOOTSTRAP))
    record(catalog, message(instance=OTHER_INSTANCE))

    with catalog.read() as connection:
        counts = {
            (instance, lane): count_unindexed(connection, instance, lane)
            for instance in (INSTANCE, OTHER_INSTANCE)
            for lane in Lane
        }
    assert counts == {(INSTANCE, 0): 2, (INSTANCE, 1): 1, (OTHER_INSTANCE, 0): 1, (OTHER_INSTANCE, 1): 0}


@pytest.mark.parametrize(
    "name", ["a'b", 'a"b', "a%b", "../a", "a\\b", "x'); DROP TABLE messages; --", "ünï", "🦊", "a\nb", "[1,2]", "$[0]"]
)
def test_ids_are_text_never_code(catalog: Catalog, name: str) -> None:
    """Whatever an id contains is only an id: it is found again, and finds nothing else."""
    scope = ScopeRef(USER.kind, name, name)
    record(catalog, message("decoy", conversation="a", message_id="a", scope=USER))

    first = recorded(catalog, "hi", conversation=name, message_id=name, scope=scope)
    again = recorded(catalog, "hi", conversation=name, message_id=name, scope=scope)
    paper = accepted(catalog, "text", document_id=name, scope=scope)

    assert (first.number, first.is_duplicate, again.is_duplicate) == (1, False, True)
    assert accepted(catalog, "text", document_id=name, scope=scope).ingestion_id == paper.ingestion_id
    assert rows(catalog, "SELECT conversation_id FROM conversations ORDER BY conversation") == [("a",), (name,)]
