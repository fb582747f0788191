"""How lines and turns become messages with permanent ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.commands.detect import Unreadable, turns
from service.commands.messages import Spoken, from_json_lines, from_turns, parse_time, with_ids
from service.domain.kinds import Role


def test_a_line_carries_everything_a_message_may_have() -> None:
    """All keys are read; blank lines and a byte order mark are skipped."""
    lines = [
        b"\xef\xbb\xbf\n",
        (
            b'{"role": "assistant", "content": "hi", "speaker": "Bot", "said_time": "2026-03-02T14:05", "time_zone": "+02:00",'
            b' "session_id": "s", "message_id": "m", "metadata": {"a": [1]}}\n'
        ),
        b"  \r\n",
        b'{"role": "user", "content": "x", "speaker": null}',
    ]
    first, second = from_json_lines(lines)
    said = datetime(2026, 3, 2, 14, 5, tzinfo=timezone(timedelta(hours=2)))
    assert first == Spoken(2, Role.ASSISTANT, "hi", "Bot", said, "+02:00", "s", "m", {"a": [1]})
    assert second == Spoken(4, Role.USER, "x")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b"\xff", "not a JSON object in UTF-8"),
        (b'{"role": "system", "content": "x"}', "role is 'system'; it must be 'user' or 'assistant'"),
        (b'{"content": "x"}', "role is None"),
        (b'{"role": "user"}', "content is missing"),
        (b'{"role": "user", "content": ""}', "content is missing or empty"),
        (b'{"role": "user", "content": 3}', "content is 3; it must be a text"),
        (b'{"role": "user", "content": "x", "said_tiem": "y"}', "'said_tiem' is no key"),
        (b'{"role": "user", "content": "x", "said_time": "yesterday"}', "2026-03-02T14:05"),
        (b'{"role": "user", "content": "x", "metadata": "y"}', "metadata is 'y'; it must be an object"),
    ],
)
def test_a_line_that_is_no_message_is_named(line: bytes, reason: str) -> None:
    """The error says which line, which value, and what is allowed; what came before it was given out."""
    found = from_json_lines([b'{"role": "user", "content": "good"}', line])
    assert next(found).content == "good"
    with pytest.raises(Unreadable) as caught:
        next(found)
    assert str(caught.value).startswith("line 2: ")
    assert reason in str(caught.value)


def test_a_time_without_an_offset_is_of_the_time_zone() -> None:
    """An offset of its own wins; a date alone is its midnight."""
    assert parse_time("2026-03-02T14:05", "+01:00").astimezone(UTC) == datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
    assert parse_time("2026-03-02T14:05Z", "+01:00") == datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
    assert parse_time("2026-03-02", "Europe/Rome").astimezone(UTC) == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


def test_ids_stay_when_a_file_is_sent_again_or_grows() -> None:
    """The same lines give the same ids, whatever was added after them; equal lines are told apart."""
    said = [Spoken(number, Role.USER, text) for number, text in enumerate(["yes", "no", "yes"], 1)]
    first = [message.message_id for message in with_ids(said)]
    longer = [message.message_id for message in with_ids([*said, Spoken(4, Role.USER, "more")])]
    assert longer[:3] == first
    assert len(set(longer)) == 4


@given(st.lists(st.builds(Spoken, st.just(1), st.sampled_from(Role), st.sampled_from("ab"), st.sampled_from(["", "x"]))))
def test_ids_are_unique_in_a_conversation(said: list[Spoken]) -> None:
    """No two messages of one file share an id, however alike they are."""
    ids = [message.message_id for message in with_ids(said)]
    assert len(set(ids)) == len(ids)
    assert all(0 < len(message_id) <= 256 for message_id in ids)


def test_an_id_of_the_callers_own_is_kept() -> None:
    """Ids that stand in the file are permanent keys already."""
    assert next(with_ids([Spoken(1, Role.USER, "x", message_id="own")])).message_id == "own"


def test_turns_without_a_time_get_the_one_that_was_given() -> None:
    """A talk's own dates win; what has none gets the caller's time, or none at all."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    text = "[2026-03-02 14:05] User: I moved.\n[2026-03-02 14:06] Assistant: Where to?\n"
    dated = list(from_turns(turns(text, now), unknown=now, said=None))
    assert [message.said_time for message in dated] == [datetime(2026, 3, 2, 14, minute, tzinfo=UTC) for minute in (5, 6)]
    plain = turns("User: I moved.\nAssistant: Where to?\n", now)
    assert [message.said_time for message in from_turns(plain, unknown=now, said=None)] == [None, None]
    assert [message.said_time for message in from_turns(plain, unknown=now, said=now)] == [now, now]


def test_what_stands_before_the_first_speaker_is_left_out() -> None:
    """A title is nobody's message."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    found = turns("A call about the roof\n\nUser: It leaks.\nAssistant: Since when?\n", now)
    assert [message.content for message in from_turns(found, unknown=now, said=None)] == ["It leaks.", "Since when?"]
