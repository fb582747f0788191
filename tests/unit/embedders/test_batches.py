"""The plan of forward passes."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from service.embedders.batches import BATCH_TEXTS, BATCH_TOKENS, PASS_COST, plan_batches

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


def cost(lengths: Sequence[int], batches: Sequence[Sequence[int]]) -> int:
    """Padded word pieces plus the fixed part of every pass."""
    return sum(PASS_COST + len(batch) * max(lengths[index] for index in batch) for batch in batches)


@given(LENGTHS)
def test_every_text_is_in_exactly_one_batch(lengths: list[int]) -> None:
    """No text is lost, none is embedded twice."""
    assert sorted(index for batch in plan_batches(lengths) for index in batch) == list(range(len(lengths)))


@given(LENGTHS)
def test_batches_keep_within_their_bounds(lengths: list[int]) -> None:
    """A batch has a bounded number of texts, and of word pieces unless it is a single text."""
    for batch in plan_batches(lengths):
        assert len(batch) <= BATCH_TEXTS
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= BATCH_TOKENS


@given(LENGTHS)
def test_the_plan_costs_no_more_than_the_obvious_ones(lengths: list[int]) -> None:
    """Neither one pass per text nor plain chunks of the sorted texts are cheaper."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    size = max(1, min(BATCH_TEXTS, BATCH_TOKENS // max(lengths, default=1)))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    planned = cost(lengths, plan_batches(lengths))
    assert planned <= cost(lengths, [[index] for index in order])
    assert planned <= cost(lengths, chunks)


def test_texts_of_equal_length_share_full_batches() -> None:
    """Thirty-two short messages take two passes."""
    assert [len(batch) for batch in plan_batches([33] * 32)] == [16, 16]


def test_one_long_text_does_not_pad_the_short_ones() -> None:
    """A page among one-line messages has a pass of its own."""
    assert plan_batches([12, 240, 11, 13])[-1] == [1]
