"""What `eunoe ask` and `eunoe keys` promise, against a service that answers as a test wants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eunoe.v1 import context_pb2, conversation_pb2, memory_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from service.rpc.convert.checks import is_time_zone
from tests.unit.commands.conftest import Cli
from tests.unit.commands.fake_service import ADMIN_TOKEN, API_KEY, State


def when(text: str) -> Timestamp:
    """A time of the wire."""
    stamp = Timestamp()
    stamp.FromJsonString(text)
    return stamp


@pytest.fixture
def remembered(state: State) -> State:
    """A service that remembers a flight and the words in which it was told."""
    message = memory_pb2.Source(message=memory_pb2.MessageSource(conversation_id="call", message_id="m", number=4))
    document = memory_pb2.Source(document=memory_pb2.DocumentSource(document_id="notes.md-1"))
    state.context = context_pb2.Context(
        items=[
            context_pb2.ContextItem(
                type=context_pb2.ITEM_TYPE_TEMPORAL_EVENT,
                content="Ana flies to Porto \x1b[2Jon 12 June",
                confidence=0.87,
                said_time=when("2026-03-02T12:00:00Z"),
                event_time=when("2026-06-12T12:00:00Z"),
                event_precision=memory_pb2.TIME_PRECISION_DAY,
                sources=[message, document],
                signals=[context_pb2.Signal(name="bm25", value=1.5)],
            ),
            context_pb2.ContextItem(type=context_pb2.ITEM_TYPE_EXCERPT, content="I fly on the 12th", subject="Ana", confidence=1),
        ],
        recent_turns=[conversation_pb2.Message(role=conversation_pb2.ROLE_ASSISTANT, content="Good trip!")],
        retrieval=context_pb2.Retrieval(degraded=True, reasons=["INDEX_BEHIND", "SOMETHING_NEW"]),
    )
    return state


@pytest.mark.usefixtures("service")
def test_answers_are_shown_with_when_and_where_they_were_said(cli: Cli, remembered: State) -> None:
    """Kind, text, confidence, times and sources stand in the answer, and nothing a terminal would obey."""
    done = cli("ask", "when?", "--user", "ana", "--customer", "acme", "--explain")
    assert done.exit_code == 0, done.output
    for part in (
        "1. temporal event",
        "confidence 0.87",
        "when: 12 Jun 2026",
        "said 2 Mar 2026",
        "conversation call, message 4",
        "document notes.md-1",
        "bm25",
        "2. excerpt  Ana: I fly on the 12th",
        "Assistant: Good trip!",
        "still being processed",
        "Note: SOMETHING_NEW",
    ):
        assert part in done.output
    assert "\x1b" not in done.output
    (request,) = remembered.fetches
    assert (request.user_id, request.customer_id, request.query.search_queries[:]) == ("ana", "acme", ["when?"])
    assert request.query.explain
    assert is_time_zone(request.query.time_zone)


@pytest.mark.usefixtures("service")
def test_the_question_is_narrowed_by_options(cli: Cli, state: State) -> None:
    """Conversation, kinds, number and time are sent as they were given."""
    done = cli(
        "ask",
        "q",
        "--conversation",
        "c",
        "--type",
        "facts",
        "--type",
        "excerpts",
        "--max",
        "3",
        "--as-of",
        "2026-03-02",
        "--accurate",
    )
    assert "Nothing is remembered in conversation c." in done.output
    (request,) = state.fetches
    assert request.conversation_id == "c"
    assert list(request.query.types) == [context_pb2.ITEM_TYPE_FACT, context_pb2.ITEM_TYPE_EXCERPT]
    assert (request.query.max_results, request.query.as_of.ToJsonString()) == (3, "2026-03-02T00:00:00Z")
    assert request.query.mode == context_pb2.FETCH_MODE_ACCURATE


@pytest.mark.usefixtures("service", "remembered")
def test_json_is_the_whole_answer(cli: Cli) -> None:
    """Programs get everything, under the names of the wire."""
    answer = json.loads(cli("ask", "q", "--json").output)
    assert answer["items"][1]["content"] == "I fly on the 12th"
    assert answer["retrieval"]["reasons"] == ["INDEX_BEHIND", "SOMETHING_NEW"]


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("options", [("--max", "0"), ("--max", "51"), ("--as-of", "then"), ("--type", "poems")])
def test_wrong_options_are_refused(cli: Cli, state: State, options: tuple[str, ...]) -> None:
    """Status 2, and nothing is asked."""
    assert cli("ask", "q", *options).exit_code == 2
    assert not state.fetches


def test_a_named_service_gets_only_the_key_that_was_named(cli: Cli, state: State, service: str) -> None:
    """The local service's credentials never go to an address that was named; flags and variables both work."""
    assert "no API key" in cli("ask", "q", "--address", service).output
    assert not state.fetches
    assert cli("ask", "q", "--address", service, "--api-key", API_KEY).exit_code == 0
    assert cli("ask", "q", EUNOE_ADDRESS=service, EUNOE_API_KEY=API_KEY).exit_code == 0
    wrong = cli("ask", "q", "--api-key", "eunoe_other")
    assert wrong.exit_code == 1
    assert "does not accept this credential" in wrong.output


@pytest.mark.usefixtures("service")
def test_keys_are_made_listed_and_revoked(cli: Cli, state: State) -> None:
    """The secret alone goes to standard output, so that a script can take it; the list goes over all pages."""
    made = cli("keys", "create", "voice agent")
    assert made.exit_code == 0, made.output
    assert made.stdout == "eunoe_k0_shown-once\n"
    cli("keys", "create", "other", "--instance", "second")
    assert [key.instance_id for key in state.keys] == ["default", "second"]
    assert cli("keys", "revoke", "k0").exit_code == 0
    listed = cli("keys", "list").output
    assert "voice agent" in listed
    assert "k1" in listed
    assert "revoked" in listed
    assert "valid" in listed
    assert "no such key" in cli("keys", "revoke", "k9").output


def test_a_remote_admin_needs_its_token(cli: Cli, state: State, service: str) -> None:
    """The admin token comes from the environment; the only instance there is need not be named."""
    assert "EUNOE_ADMIN_TOKEN" in cli("keys", "create", "--address", service).output
    assert cli("keys", "create", "--address", service, EUNOE_ADMIN_TOKEN=ADMIN_TOKEN).exit_code == 0
    assert state.keys[0].instance_id == "only"


@pytest.mark.usefixtures("service")
def test_lost_credentials_are_no_traceback(cli: Cli, tmp_path: Path) -> None:
    """A credentials file that is gone leaves a clear way out."""
    (tmp_path / "data" / "credentials.json").unlink()
    assert "--api-key" in cli("ask", "q").output
