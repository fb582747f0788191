"""Positions: what a write returns, a read of the same instance understands; nothing else is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import InvalidArgument
from service.domain.position import Position, decode_position, encode_position

EPOCH = 0x1234_5678_9ABC_DEF0
INSTANCE = "0123456789abcdef0123456789abcdef"

entries = st.dictionaries(st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 255)), st.integers(0, 2**63 - 1), max_size=20)


def refused(token: str, epoch: int = EPOCH, instance: str = INSTANCE) -> InvalidArgument:
    """The refusal of a token."""
    with pytest.raises(InvalidArgument) as error:
        decode_position(token, epoch, instance)
    return error.value


@given(st.integers(0, 2**63 - 1), st.binary(min_size=16, max_size=16), entries)
def test_round_trip(epoch: int, instance: bytes, told: dict[tuple[int, int], int]) -> None:
    """A token is plain ASCII without padding and decodes to what it was made of."""
    token = encode_position(epoch, instance.hex(), told.items())

    assert token.isascii() and "=" not in token
    assert decode_position(token, epoch, instance.hex()) == Position(epoch, instance.hex(), told)


@given(entries, st.data())
def test_a_changed_character_is_noticed(told: dict[tuple[int, int], int], data: st.DataObject) -> None:
    """Changing, dropping or adding a character of a token gives a token that is refused, or the same position."""
    token = encode_position(EPOCH, INSTANCE, told.items())
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABab01-_+/=! \n\x00é"))
    for garbled in (token[:at] + other + token[at + 1 :], token[:at] + token[at + 1 :], token[:at] + other + token[at:]):
        try:
            found = decode_position(garbled, EPOCH, INSTANCE)
        except InvalidArgument:
            continue
        assert found.entries == told


@given(st.text(max_size=200))
def test_text_is_no_position(text: str) -> None:
    """Whatever a caller types is refused with a reason, never an exception of the decoder."""
    assert refused(text).reason == "POSITION_INVALID"


def test_empty_is_no_position() -> None:
    """The empty string is garbled too: whether a read has a position at all is decided before."""
    assert refused("").reason == "POSITION_INVALID"


def test_another_s_position_reveals_nothing() -> None:
    """A position of another log epoch or instance and a garbled one are refused in the same words."""
    token = encode_position(EPOCH, INSTANCE, [((0, 0), 5)])

    other_epoch = refused(token, epoch=EPOCH + 1)
    other_instance = refused(token, instance="f" * 32)
    garbled = refused("garbled")

    assert other_epoch.message == other_instance.message == garbled.message
    assert other_epoch.values == other_instance.values == garbled.values == {}


def test_a_position_of_too_many_entries_is_refused() -> None:
    """A token cannot make the service loop over more entries than there are shards."""
    refused(encode_position(EPOCH, INSTANCE, [((shard, 0), 1) for shard in range(1025)]))


@given(entries, entries, entries)
def test_merging_waits_for_both(
    first: dict[tuple[int, int], int], second: dict[tuple[int, int], int], third: dict[tuple[int, int], int]
) -> None:
    """A merged position is reached exactly when both are, in whatever order and grouping they are merged."""
    a, b, c = (Position(EPOCH, INSTANCE, told) for told in (first, second, third))
    merged = a.merge(b)

    assert merged == b.merge(a) == merged.merge(a)
    assert merged.merge(c) == a.merge(b.merge(c))
    assert merged.entries.keys() == first.keys() | second.keys()
    assert all(seq == max(first.get(key, 0), second.get(key, 0)) for key, seq in merged.entries.items())
