"""The words of the API are those of the hosted product."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum

import pytest

from eunoe_client import InvalidInputError
from eunoe_client import _words as words
from eunoe_client._times import When, from_wire, to_wire


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (words.ROLE, "user assistant"),
        (words.INGESTION_MODE, "fast long-range"),
        (words.MERGE_STRATEGY, "replace append smart-merge"),
        (words.STATUS, "queued processing completed partial_success failed"),
        (words.MEMORY_TYPE, "fact preference episode emotion temporal_event"),
        (words.FETCH_MODE, "fast accurate"),
        (words.ISOLATION, "strict equals_customer"),
        (
            words.DOCUMENT_TYPE,
            """ai-chat-conversation human-chat-conversation document email pdf image audio meeting-transcript
            support-ticket knowledge-article note""",
        ),
    ],
)
def test_words_are_spelled_as_the_hosted_product_spells_them(known: words.Words, expected: str) -> None:
    """Hyphens and underscores stand where its users expect them, and each word reads back as itself."""
    assert known.all == tuple(expected.split())
    assert [known.word(known.number(word, "x")) for word in known.all] == list(known.all)


@pytest.mark.parametrize("word", ["facts", "fact", "temporal", "temporal_events", "Excerpts", "EPISODES"])
def test_types_may_be_singular_plural_or_loud(word: str) -> None:
    """Every spelling that the hosted product takes names a type."""
    assert words.ITEM_TYPE.number(word, "types")


def test_all_names_no_type() -> None:
    """`all`, alone or among others, asks for everything."""
    assert words.ITEM_TYPE.numbers(["facts", "all"], "types") == []
    assert words.ITEM_TYPE.numbers(None, "types") == []


def test_an_unknown_word_names_the_field_and_the_words() -> None:
    """A wrong word is refused before anything is sent, and the error teaches the right ones."""
    with pytest.raises(InvalidInputError, match="fast, long-range") as caught:
        words.INGESTION_MODE.number("slow", "mode")
    assert caught.value.fields[0].field == "mode"


def test_an_enum_that_is_a_string_is_its_value() -> None:
    """Callers with enums of their own need not convert them."""

    class Role(str, Enum):  # noqa: UP042 - what callers may have
        USER = "user"

    assert words.ROLE.number(Role.USER, "role") == words.ROLE.number("user", "role")


def test_a_newer_service_may_say_words_unknown_here() -> None:
    """A number that this client does not know is shown, not an error."""
    assert words.STATUS.word(99) == "unknown_99"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2024-03-15T10:30:00Z", datetime(2024, 3, 15, 10, 30, tzinfo=UTC)),
        ("2024-03-15T10:30:00+02:00", datetime(2024, 3, 15, 8, 30, tzinfo=UTC)),
        ("2024-03-15", datetime(2024, 3, 15, tzinfo=UTC)),
        (date(2024, 3, 15), datetime(2024, 3, 15, tzinfo=UTC)),
        (datetime(2024, 3, 15, 10, 30), datetime(2024, 3, 15, 10, 30, tzinfo=UTC)),  # noqa: DTZ001 - what naive times mean is the point
        (datetime(2024, 3, 15, 10, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 3, 15, 15, tzinfo=UTC)),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(when: When, expected: datetime) -> None:
    """Datetimes, dates and ISO texts mean the same moment on the wire, and come back aware."""
    stamp = to_wire(when, "said_at")
    assert stamp is not None
    assert from_wire(stamp) == expected
    assert from_wire(stamp).tzinfo is UTC


@pytest.mark.parametrize("when", ["yesterday", "2024-13-01", 17])
def test_what_is_no_time_is_refused_by_name(when: When) -> None:
    """A time that cannot be read names its field."""
    with pytest.raises(InvalidInputError, match="said_at"):
        to_wire(when, "said_at")
