"""What inverted lists promise: exact counts, whatever way the rows came."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from service.retrieval.postings import Postings

_TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=6).map(" ".join), max_size=90)


def _held(postings: Postings) -> dict[str, dict[int, float]]:
    found = {term: postings.find(term) for term in "abcdefg"}
    return {term: dict(zip(hit[0].tolist(), hit[1].tolist(), strict=True)) for term, hit in found.items() if hit and len(hit[0])}


def _expected(texts: list[str]) -> dict[str, dict[int, float]]:
    counted: dict[str, dict[int, float]] = {}
    for row, text in enumerate(texts):
        for term, count in Counter(text.split()).items():
            counted.setdefault(term, {})[row] = float(count)
    return counted


@settings(max_examples=60, deadline=None)
@given(st.lists(_TEXTS, max_size=4))
def test_every_row_is_listed_with_its_counts(batches: list[list[str]]) -> None:
    """Large and small batches, merges and renumbering keep the lists exact."""
    postings, texts = Postings(), []
    for batch in batches:
        lengths = postings.add(batch)
        assert lengths.tolist() == [len(text.split()) for text in batch]
        texts.extend(batch)
        assert _held(postings) == _expected(texts)
        texts = texts[::2]
        postings.keep(np.arange(0, 2 * len(texts), 2, dtype=np.int32))
        assert _held(postings) == _expected(texts)


def test_many_small_additions_are_merged() -> None:
    """Rows added one by one for long end up in the same lists as rows added at once."""
    texts = [f"a w{number % 17} w{number % 5}" for number in range(700)]
    grown, loaded = Postings(), Postings()
    loaded.add(texts)
    for text in texts:
        grown.add([text])
    for term in ("a", "w3", "w16"):
        lists = [postings.find(term) for postings in (grown, loaded)]
        assert all(found is not None for found in lists)
        assert [[array.tolist() for array in found] for found in lists if found] == [
            [array.tolist() for array in found] for found in reversed(lists) if found
        ]


def test_an_unknown_term_is_in_no_row() -> None:
    """A term that no row holds has no list."""
    assert Postings().find("tea") is None
