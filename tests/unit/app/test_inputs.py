"""From what a caller sent to what is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app.inputs import REALTIME_BYTES, NewDocument, NewMessage, digest, document_write, message_write
from service.app.principal import Principal, guard_of
from service.domain.errors import InvalidArgument
from service.domain.kinds import DocumentType, IngestionMode, Isolation, Lane, Role, ScopeKind
from service.domain.scope import CLIENT_SCOPE, ScopeRef

STRICT = Principal("a" * 32, "mine", Isolation.STRICT, "k")
USERS_ONLY = Principal("b" * 32, "theirs", Isolation.EQUALS_CUSTOMER, "k")
TURN = NewMessage("talk", Role.USER, "hi", "ana", "acme", "", "", "", None, "", IngestionMode.FAST, Lane.REALTIME, "")
NOTE = NewDocument("text", DocumentType.NOTE, "", "ana", "acme", None, "", IngestionMode.LONG_RANGE, None, "")

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=4))
def test_digests_differ(one: list[str], other: list[str]) -> None:
    """Two lists of texts have one digest only where they are the same list."""
    assert (digest(*one) == digest(*other)) == ((one or [""]) == (other or [""]))


def test_the_key_of_a_message() -> None:
    """Its own id, else the call's, else a drawn one."""
    assert message_write(STRICT, replace(TURN, message_id="m"), "r", 0).message_id == "m"
    assert message_write(STRICT, TURN, "r", 0).message_id == "r"
    drawn = message_write(STRICT, TURN, "", 0)
    assert drawn.message_id is drawn.source_id


@pytest.mark.parametrize(
    "other",
    [
        replace(TURN, content="ho"),
        replace(TURN, role=Role.ASSISTANT),
        replace(TURN, speaker="Ana"),
        replace(TURN, said_time=0),
        replace(TURN, session_id="s"),
        replace(TURN, metadata='{"a":1}'),
        replace(TURN, user_id="ben"),
        replace(TURN, time_zone="UTC"),
    ],
)
def test_other_content_has_another_hash(other: NewMessage) -> None:
    """Whatever makes a message what it is, is in its hash."""
    assert message_write(STRICT, TURN, "", 0).content_hash != message_write(STRICT, other, "", 0).content_hash


def test_equal_content_has_one_hash() -> None:
    """Ids and times of recording do not count."""
    one, other = message_write(STRICT, TURN, "r1", 1), message_write(STRICT, replace(TURN, message_id="m"), "r2", 2)

    assert one.content_hash == other.content_hash


@pytest.mark.parametrize(
    ("content", "is_single", "asked", "lane"),
    [
        ("x" * REALTIME_BYTES, True, None, Lane.REALTIME),
        ("x" * (REALTIME_BYTES + 1), True, None, Lane.BOOTSTRAP),
        ("é" * (REALTIME_BYTES // 2 + 1), True, None, Lane.BOOTSTRAP),
        ("x", False, None, Lane.BOOTSTRAP),
        ("x", False, Lane.REALTIME, Lane.REALTIME),
        ("x", True, Lane.BOOTSTRAP, Lane.BOOTSTRAP),
    ],
)
def test_lanes_of_documents(content: str, is_single: bool, asked: Lane | None, lane: Lane) -> None:
    """A small document that came alone is worked on first, others later, and a caller may ask for either."""
    write = document_write(STRICT, replace(NOTE, content=content, lane=asked), "", 0, is_single=is_single)

    assert lane == write.lane


def test_forbidden_combinations() -> None:
    """The isolation decides whom a write may name."""
    with pytest.raises(InvalidArgument):
        message_write(STRICT, replace(TURN, customer_id=""), "", 0)
    with pytest.raises(InvalidArgument):
        message_write(USERS_ONLY, TURN, "", 0)


def test_guards_of_users_only() -> None:
    """Where there are users only, a customer is the user or a mistake."""
    ana = ScopeRef(ScopeKind.USER, "", "ana")

    assert guard_of(USERS_ONLY, "ana", "ana").admits(ana)
    assert not guard_of(USERS_ONLY, "ben", "").admits(ana)
    with pytest.raises(InvalidArgument):
        guard_of(USERS_ONLY, "ana", "acme")


@pytest.mark.parametrize(
    ("user_id", "customer_id", "is_admitted"),
    [
        ("", "", True),
        ("ana", "", True),
        ("", "acme", True),
        ("ana", "acme", True),
        ("ben", "acme", False),
        ("ana", "other", False),
    ],
)
def test_guards(user_id: str, customer_id: str, is_admitted: bool) -> None:
    """A guard narrows by what it names."""
    assert is_admitted == guard_of(STRICT, user_id, customer_id).admits(ScopeRef(ScopeKind.USER, "acme", "ana"))


def test_a_guard_never_admits_wider_scopes() -> None:
    """What belongs to everybody is not the user's."""
    assert not guard_of(STRICT, "ana", "acme").admits(CLIENT_SCOPE)
