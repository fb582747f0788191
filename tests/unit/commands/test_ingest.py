"""What `eunoe ingest` promises, against a service that keeps what it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eunoe.v1 import context_pb2, conversation_pb2, document_pb2, ingestion_pb2, item_result_pb2
from google.rpc import code_pb2, error_details_pb2
from rich.progress import Progress, TaskID

from service.commands import deliver
from service.commands.messages import Spoken
from service.commands.remote import Target, connect
from service.domain.kinds import Role
from tests.unit.commands.conftest import Cli
from tests.unit.commands.fake_service import API_KEY, State, backlog_full, refusal

pytestmark = pytest.mark.usefixtures("service")


def written(path: Path, text: str) -> str:
    """A file with this text; its path."""
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_documents_are_sent_with_their_type_and_scope(cli: Cli, state: State, tmp_path: Path) -> None:
    """Each file becomes one document of the type that was found out, in the scope that was named."""
    chat = written(tmp_path / "chat.txt", "User: I moved.\nAssistant: Where to?\n")
    notes = written(tmp_path / "notes.md", "# Plans\n\nPaint the house.\n")
    done = cli("ingest", chat, notes, "--user", "ana", "--customer", "acme", "--created", "2026-03-02", "--time-zone", "+01:00")
    assert done.exit_code == 0, done.output
    first, second = state.documents
    assert first.document_type == document_pb2.DOCUMENT_TYPE_AI_CHAT_CONVERSATION
    assert second.document_type == document_pb2.DOCUMENT_TYPE_DOCUMENT
    assert second.content == "# Plans\n\nPaint the house.\n"
    assert {(d.user_id, d.customer_id, d.time_zone) for d in state.documents} == {("ana", "acme", "+01:00")}
    assert first.document_create_time.ToJsonString() == "2026-03-01T23:00:00Z"
    assert "3 passages, 2 memories" in done.output


def test_sending_a_file_again_uses_the_same_id(cli: Cli, state: State, tmp_path: Path) -> None:
    """Equal content in the same scope has one id, so that nothing is stored twice; other content or scope has another."""
    notes = written(tmp_path / "notes.md", "one")
    cli("ingest", notes)
    again = cli("ingest", notes)
    cli("ingest", notes, "--customer", "acme")
    cli("ingest", written(tmp_path / "notes.md", "two"))
    ids = [document.document_id for document in state.documents]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert all(document_id.startswith("notes.md-") for document_id in ids)
    assert "known already" in again.output


def test_options_beat_what_is_found_out(cli: Cli, state: State, tmp_path: Path) -> None:
    """Type, id and mode of the caller's choice are sent."""
    done = cli(
        "ingest",
        written(tmp_path / "a.txt", "text"),
        "--type",
        "meeting-transcript",
        "--document-id",
        "d1",
        "--mode",
        "long-range",
    )
    assert done.exit_code == 0
    (document,) = state.documents
    assert document.document_type == document_pb2.DOCUMENT_TYPE_MEETING_TRANSCRIPT
    assert (document.document_id, document.mode) == ("d1", 2)


def test_json_lines_are_streamed_as_a_conversation(cli: Cli, state: State, tmp_path: Path) -> None:
    """Every line is a message of the conversation called like the file, in segments, and again harmless."""
    lines = [{"role": "user", "content": f"line {number}", "speaker": "Ana", "metadata": {"n": number}} for number in range(5)]
    path = written(tmp_path / "call.jsonl", "\n".join(map(json.dumps, lines)))
    done = cli("ingest", path, "--customer", "acme")
    assert done.exit_code == 0, done.output
    assert [message.content for message in state.messages] == [line["content"] for line in lines]
    first = state.messages[0]
    assert (first.conversation_id, first.customer_id, first.speaker, first.role) == (
        "call",
        "acme",
        "Ana",
        conversation_pb2.ROLE_USER,
    )
    assert first.metadata["n"] == 0
    assert "5 messages accepted in conversation call" in done.output
    assert "5 known already" in cli("ingest", path, "--customer", "acme").output
    assert len(state.messages) == 5


def test_long_conversations_go_in_segments(cli: Cli, state: State, tmp_path: Path) -> None:
    """A stream is acknowledged at its end, so a long file is several streams."""
    count = deliver.SEGMENT_ITEMS * 2 + 1
    path = written(tmp_path / "long.jsonl", "\n".join('{"role": "user", "content": "%d"}' % n for n in range(count)))  # noqa: UP031 - braces
    assert cli("ingest", path).exit_code == 0
    assert (state.streams, len(state.messages)) == (3, count)


def test_a_talk_is_taken_apart_where_a_conversation_is_named(cli: Cli, state: State, tmp_path: Path) -> None:
    """With --conversation the turns of a chat are its messages; a text that is no talk is refused."""
    chat = written(tmp_path / "chat.txt", "Ana: shall we?\nBen: yes.\nAna: good.\nBen: bye.\n")
    assert cli("ingest", chat, "--conversation", "c1").exit_code == 0
    assert [(message.speaker, message.content) for message in state.messages][:2] == [("Ana", "shall we?"), ("Ben", "yes.")]
    assert {message.conversation_id for message in state.messages} == {"c1"}
    refused = cli("ingest", written(tmp_path / "text.txt", "just words"), "--conversation", "c1")
    assert refused.exit_code == 1
    assert "no talk" in refused.output


def test_one_bad_file_does_not_hold_up_the_others(cli: Cli, state: State, tmp_path: Path) -> None:
    """What can be sent is sent; the rest is listed with its reason, and the status says so."""
    large = written(tmp_path / "large.txt", "x" * 200_000)
    done = cli("ingest", large, written(tmp_path / "good.txt", "good"))
    assert done.exit_code == 1
    assert "200,000 bytes are more than a document may have (102,400)" in done.output
    assert [document.content for document in state.documents] == ["good"]


def test_a_broken_line_stops_its_file_where_it_stands(cli: Cli, state: State, tmp_path: Path) -> None:
    """The line is named, and what was acknowledged before it stays."""
    lines = ['{"role": "user", "content": "x"}'] * deliver.SEGMENT_ITEMS + ["broken"]
    done = cli("ingest", written(tmp_path / "a.jsonl", "\n".join(lines)))
    assert done.exit_code == 1
    assert f"line {deliver.SEGMENT_ITEMS + 1}: not a JSON object" in done.output
    assert len(state.messages) == deliver.SEGMENT_ITEMS
    assert f"{deliver.SEGMENT_ITEMS:,} messages accepted" in done.output


def test_refused_messages_are_named_by_their_line(cli: Cli, state: State, tmp_path: Path) -> None:
    """An item error of the service points to the line of the file, not to a place in a segment."""
    state.item_errors = [item_result_pb2.ItemError(index=1, reason="LIMIT_EXCEEDED", message="too long", field="content")]
    path = written(tmp_path / "a.jsonl", '{"role":"user","content":"a"}\n\n\n{"role":"user","content":"b"}\n')
    done = cli("ingest", path)
    assert done.exit_code == 1
    assert "line 4: too long (content) [LIMIT_EXCEEDED]" in done.output


def test_a_full_backlog_is_waited_for(cli: Cli, state: State, tmp_path: Path) -> None:
    """When the service says that waiting helps, the call is sent again with the same ids."""
    state.refusals = [backlog_full(), backlog_full()]
    path = written(tmp_path / "a.jsonl", '{"role":"user","content":"a"}')
    assert cli("ingest", path).exit_code == 0
    assert len(state.messages) == 1
    state.refusals = [backlog_full()]
    assert cli("ingest", written(tmp_path / "a.txt", "text")).exit_code == 0
    assert len(state.documents) == 1


def test_a_refusal_is_shown_with_reason_and_fields(cli: Cli, state: State, tmp_path: Path) -> None:
    """The caller sees what the service said, in words."""
    field = error_details_pb2.BadRequest.FieldViolation(field="document.user_id", description="a user needs a customer here")
    info = error_details_pb2.ErrorInfo(reason="SCOPE_FORBIDDEN", domain="eunoe")
    bad = error_details_pb2.BadRequest(field_violations=[field])
    state.refusals = [refusal(code_pb2.INVALID_ARGUMENT, "the instance is strict", info, bad)]
    done = cli("ingest", written(tmp_path / "a.txt", "text"), "--user", "ana")
    assert done.exit_code == 1
    assert "the instance is strict [SCOPE_FORBIDDEN]" in done.output
    assert "document.user_id: a user needs a customer here" in done.output


def test_a_document_that_fails_later_is_told(cli: Cli, state: State, tmp_path: Path) -> None:
    """Waiting shows what processing could not do; not waiting does not ask."""
    error = ingestion_pb2.IngestionError(code="EXTRACT_FAILED", message="no statement\x1b[31m could be read")
    state.ingestion = ingestion_pb2.Ingestion(status=ingestion_pb2.INGESTION_STATUS_PARTIAL_SUCCESS, errors=[error])
    path = written(tmp_path / "a.txt", "text")
    done = cli("ingest", path)
    assert done.exit_code == 1
    assert "partly done" in done.output
    assert "EXTRACT_FAILED: no statement" in done.output
    assert "\x1b" not in done.output
    assert cli("ingest", path, "--no-wait").exit_code == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--created", "yesterday"), "2026-03-02"),
        (("--type", "poem"), "poem"),
        (("--mode", "slow"), "slow"),
    ],
)
def test_options_are_checked_before_anything_is_sent(
    cli: Cli, state: State, tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    """A wrong option is refused with what is allowed."""
    done = cli("ingest", written(tmp_path / "a.txt", "text"), *options)
    assert done.exit_code == 2
    assert reason in done.output
    assert not state.documents


def test_one_document_id_is_for_one_file(cli: Cli, tmp_path: Path) -> None:
    """An id for several files would make all but the first an error."""
    paths = [written(tmp_path / name, name) for name in "ab"]
    assert "names one document" in cli("ingest", *paths, "--document-id", "d").output


def test_a_missing_file_is_named(cli: Cli, tmp_path: Path) -> None:
    """Status 2, before anything is sent."""
    done = cli("ingest", str(tmp_path / "missing.txt"))
    assert done.exit_code == 2
    assert "missing.txt" in done.output


class NotedProgress(Progress):
    """Notes how far its bars were."""

    def __init__(self) -> None:
        super().__init__(disable=True)
        self.noted: list[float] = []

    def update(self, task_id: TaskID, **changes: Any) -> None:
        """See `Progress.update`."""
        self.noted.append(changes.get("completed", 0))
        super().update(task_id, **changes)


def test_the_bar_moves_while_messages_are_sent(service: str) -> None:
    """A long file is not silent until a segment is acknowledged: every message that leaves moves the bar."""
    progress = NotedProgress()
    target = Target(service, API_KEY, None, None, tls=False, ca=None)
    spoken = (Spoken(line, Role.USER, f"line {line}", message_id=str(line)) for line in range(deliver.SEGMENT_ITEMS + 50))
    with connect(target) as connection:
        deliver.Delivery(connection, deliver.Labels("", "", None, "", ""), progress).stream("a.jsonl", "talk", spoken)

    assert progress.noted == list(range(1, deliver.SEGMENT_ITEMS + 51))


@pytest.mark.slow
def test_of_several_addresses_the_first_that_answers_is_called(cli: Cli, service: str) -> None:
    """A process of the service that is away does not keep the command line from the others."""
    done = cli("ask", "q", "--address", f"127.0.0.1:9,{service}", "--api-key", API_KEY)
    assert done.exit_code == 0, done.output
    assert "HOST:PORT" in cli("ask", "q", "--address", f"{service},9").output


def test_what_is_no_terminal_gets_whole_lines(cli: Cli, state: State) -> None:
    """Output that goes into a file or another program is not wrapped at any width."""
    long = "word " * 100 + "end"
    state.context.items.add(type=context_pb2.ITEM_TYPE_FACT, content=long)
    assert f"1. fact  {long}\n" in cli("ask", "q", COLUMNS="60").output
