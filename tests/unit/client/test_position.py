"""Merging positions on the client's side means what the service means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eunoe_client._position import merge_positions
from service.domain.position import decode_position, encode_position

INSTANCE = "0f" * 16
ENTRIES = st.dictionaries(st.tuples(st.integers(0, 65_535), st.integers(0, 255)), st.integers(0, 2**64 - 1), max_size=6)


@given(ENTRIES, ENTRIES)
def test_merging_is_what_the_service_calls_merging(first: dict[tuple[int, int], int], second: dict[tuple[int, int], int]) -> None:
    """The merged token decodes to the service's merge of both."""
    tokens = [encode_position(3, INSTANCE, entries.items()) for entries in (first, second)]
    expected = decode_position(tokens[0], 3, INSTANCE).merge(decode_position(tokens[1], 3, INSTANCE))
    assert decode_position(merge_positions(*tokens), 3, INSTANCE) == expected


def test_a_position_of_another_store_gives_way() -> None:
    """After a restore or on another instance the newer position stands alone, because the older could never be reached."""
    older = encode_position(3, INSTANCE, [((0, 0), 9)])
    newer = encode_position(4, INSTANCE, [((0, 1), 2)])
    assert merge_positions(older, newer) == newer


@given(st.text(max_size=80))
def test_what_is_no_position_is_never_an_error(text: str) -> None:
    """A token of a layout that this client does not know is kept as it came."""
    known = encode_position(3, INSTANCE, [((0, 0), 9)])
    assert merge_positions(known, text) in (text, known)
    assert merge_positions(text, known) == known


def test_nothing_written_is_the_empty_position() -> None:
    """The empty position changes nothing."""
    known = encode_position(3, INSTANCE, [((0, 0), 9)])
    assert (merge_positions("", known), merge_positions(known, ""), merge_positions("", "")) == (known, known, "")
